"""Finds the verb, runs it, and turns explained errors into one message and an exit code."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import ModuleType
from typing import Any

from atheria_pack.cli.progress import LastingStream
from atheria_pack.errors import INTERRUPTED, DiskFullError, PackError

_VERBS = ("matrix", "build-all", "archive", "clean", "inspect", "selection", "repro", "variants", "channel")
_STOPPING = (signal.SIGTERM, signal.SIGHUP)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit status."""
    parser = argparse.ArgumentParser(prog="atheria_pack", description="Plans and builds the packages of this project.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    given = sys.argv[1:] if words is None else list(words)
    # Only the verb that is meant is loaded: what all of them need together takes longer to load than most of them to run.
    meant = [name for name in _VERBS if given[:1] == [name]] or _VERBS
    for name in _VERBS:
        if name in meant:
            verb = _module(name)
            verb.add_arguments(verbs.add_parser(name, help=verb.HELP, description=verb.HELP))
        else:
            verbs.add_parser(name)  # so that the usage has it
    arguments = parser.parse_args(given)
    with redirect_stdout(LastingStream(sys.stdout)), redirect_stderr(LastingStream(sys.stderr)):
        status = _run(arguments)
        sys.stdout.flush()  # what is left would else be told at the very end, to a reader that may have gone
    return status


def _module(verb: str) -> ModuleType:
    return importlib.import_module(f"atheria_pack.cli.{verb.replace('-', '_')}")


def _run(arguments: argparse.Namespace) -> int:
    try:
        with _stopped_in_order():
            return int(_module(arguments.verb).run(arguments))
    except PackError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:  # rattler has no class for a full disk, only the text of the operating system
        from atheria_pack.worker import DISK_FULL_TEXT

        if DISK_FULL_TEXT not in str(error):
            raise
        full = DiskFullError(f"{error}: free some space, or give --output a roomier place. What was built is kept")
        print(f"error: {full}", file=sys.stderr)
        return full.exit_code
    except KeyboardInterrupt:
        print("interrupted; what was built is kept, the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


@contextmanager
def _stopped_in_order() -> Iterator[None]:
    """Whoever stops the program, a shutdown or a terminal that closes, stops it as Ctrl-C does."""
    previous = {number: signal.signal(number, _interrupt) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt
