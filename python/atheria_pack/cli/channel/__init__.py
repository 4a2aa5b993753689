"""`channel VERB`: mirror channels. A verb is a file of this folder, with HELP, add_arguments and run as the verbs one floor up have them."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from types import ModuleType

HELP = "mirror channels for clusters: closed under dependencies, verified, switched at once, carried across an air gap"

# In the order in which somebody meets them.
VERBS = ("mirror", "verify", "rollback", "gc", "audit", "export", "import", "serve", "client-config")


def file_of(verb: str) -> str:
    """The module of a verb: `import` is a word of Python and a dash cannot be in a name, so they are import_ and client_config."""
    return {"import": "import_"}.get(verb, verb.replace("-", "_"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="channel_verb", required=True, metavar="VERB")
    for name in VERBS:
        if importlib.util.find_spec(f"{__name__}.{file_of(name)}") is not None:
            verb = _module(name)
            verb.add_arguments(verbs.add_parser(name, help=verb.HELP, description=verb.HELP))


def run(arguments: argparse.Namespace) -> int:
    try:
        return int(_module(arguments.channel_verb).run(arguments))
    except BrokenPipeError:  # the reader of stdout has enough (`channel audit | head`); nothing more can be said to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _module(verb: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{file_of(verb)}")
