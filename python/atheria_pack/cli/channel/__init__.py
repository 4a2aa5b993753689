"""`channel VERB`: mirror channels. A verb is a file of this folder, with HELP, add_arguments and run as the verbs one floor up have them."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sqlite3
import sys
import tempfile
from types import ModuleType

from atheria_pack.errors import INTERRUPTED, DiskFullError, PackError
from atheria_pack.mirror.layout import PRIVATE

HELP = "mirror channels for clusters: closed under dependencies, verified, switched at once, carried across an air gap"

# In the order in which somebody meets them.
VERBS = ("mirror", "verify", "rollback", "gc", "audit", "export", "import", "serve", "client-config")

_KEPT = "what the mirror shows is whole and stays, and what was downloaded is kept"


def file_of(verb: str) -> str:
    """The module of a verb: `import` is a word of Python and a dash cannot be in a name, so they are import_ and client_config."""
    return {"import": "import_"}.get(verb, verb.replace("-", "_"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="channel_verb", required=True, metavar="VERB")
    for name in VERBS:
        verb = _module(name)
        verb.add_arguments(verbs.add_parser(name, help=verb.HELP, description=verb.HELP))


def run(arguments: argparse.Namespace) -> int:
    try:
        return int(_module(arguments.channel_verb).run(arguments))
    except KeyboardInterrupt:
        print(f"interrupted; {_KEPT}. The same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of stdout has enough (`channel audit | head`); nothing more can be said to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"{error}: free some space, or give temporary files a roomier place by TMPDIR; {_KEPT}") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise PackError(f"{error}: give whoever runs this the right to it, and run it again; {_KEPT}") from error
        raise
    except sqlite3.OperationalError as error:  # it has no classes, only texts
        if "full" in str(error):
            raise DiskFullError(f"{error}: free some space, or give temporary files a roomier place by TMPDIR; {_KEPT}") from error
        if any(word in str(error) for word in ("readonly", "unable to open")):
            raise PackError(f"a database of the mirror's {PRIVATE} or of {tempfile.gettempdir()}: {error} (permission denied?); {_KEPT}") from error
        raise


def _module(verb: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{file_of(verb)}")
