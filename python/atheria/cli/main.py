"""`atheria VERB ...`: finds the verb, runs it, and makes one line and an exit code of every error."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from ..errors import AtheriaError, OutOfMemoryError
from ..version import __version__
from . import VERBS


def make_parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    parser = argparse.ArgumentParser(prog="atheria", description="Learned quantum cellular automata.")
    parser.add_argument("--version", action="version", version=f"atheria {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, module in VERBS.items():
        summary = (module.__doc__ or "").splitlines()[0]
        module.add_arguments(verbs.add_parser(name, help=summary, description=summary))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 2 for wrong usage, 141 if who reads our output closed it, else that of the error's class."""
    args = make_parser().parse_args(argv)
    try:
        code = int(VERBS[args.verb].run(args))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Who read our output has enough (`| head`). The interpreter's own flush at its end must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except AtheriaError as error:
        print(f"atheria {args.verb}: {error}", file=sys.stderr)
        return error.exit_code
    except MemoryError as error:
        print(f"atheria {args.verb}: not enough memory: {error}; ask for less (--size, --init-size)", file=sys.stderr)
        return OutOfMemoryError.exit_code
    except KeyboardInterrupt:
        print(f"atheria {args.verb}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
