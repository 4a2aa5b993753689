"""Finds the verb, runs it, and turns explained errors into one message and an exit code."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from atheria_pack.cli import archive, build_all, channel, clean, inspect, matrix, repro, selection, variants
from atheria_pack.cli.progress import LastingStream
from atheria_pack.errors import INTERRUPTED, DiskFullError, PackError
from atheria_pack.worker import DISK_FULL_TEXT

_VERBS = {
    "matrix": matrix, "build-all": build_all, "archive": archive, "clean": clean, "inspect": inspect, "selection": selection, "repro": repro,
    "variants": variants, "channel": channel,
}  # fmt: skip
_STOPPING = (signal.SIGTERM, signal.SIGHUP)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit status."""
    parser = argparse.ArgumentParser(prog="atheria_pack", description="Plans and builds the packages of this project.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in _VERBS.items():
        verb.add_arguments(verbs.add_parser(name, help=verb.HELP, description=verb.HELP))
    arguments = parser.parse_args(words)
    with redirect_stdout(LastingStream(sys.stdout)), redirect_stderr(LastingStream(sys.stderr)):
        status = _run(arguments)
        sys.stdout.flush()  # what is left would else be told at the very end, to a reader that may have gone
    return status


def _run(arguments: argparse.Namespace) -> int:
    try:
        with _stopped_in_order():
            return int(_VERBS[arguments.verb].run(arguments))
    except PackError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:  # rattler has no class for a full disk, only the text of the operating system
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
