"""`channel verify`: every byte of a mirror against what it names, its indexes against each other, and solves from it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path

from atheria_pack.cli.channel.progress import binary, watcher
from atheria_pack.cli.options import callers_folder
from atheria_pack.errors import UsageError
from atheria_pack.mirror.places import open_place
from atheria_pack.mirror.verify import Verdict, verify

HELP = "read every byte of a mirror and compare it with what its generation names; solve what was asked for from it"

_SHOWN = 5  # files that nobody names; --json has all
_MOST_JOBS = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mirror", metavar="MIRROR", help="a folder or s3://BUCKET/PREFIX")
    parser.add_argument("--all", action="store_true", help="all kept generations; default: the visible one")
    parser.add_argument("--allowed-signers", metavar="FILE", type=Path, help="generations have to be signed by one of these (OpenSSH's format)")
    parser.add_argument("--no-solve", action="store_true", help="do not solve what was asked for from the mirror")
    parser.add_argument("--jobs", metavar="N", type=int, default=min(8, os.cpu_count() or 1),
                        help="files read at a time; default: one per core, up to 8")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout, talk on stderr")


def run(arguments: argparse.Namespace) -> int:
    here = callers_folder()
    place = open_place(arguments.mirror if "://" in arguments.mirror else str(here / arguments.mirror))
    if not 1 <= arguments.jobs <= _MOST_JOBS:
        raise UsageError(f"--jobs {arguments.jobs}: expected 1 to {_MOST_JOBS}")
    signers = here / arguments.allowed_signers if arguments.allowed_signers else None
    if signers and not signers.is_file():
        raise UsageError(f"--allowed-signers {arguments.allowed_signers}: no such file")
    verdict = verify(
        place, every=arguments.all, allowed_signers=signers, solve=not arguments.no_solve, jobs=arguments.jobs,
        watch=partial(watcher, stream=sys.stderr),
    )  # fmt: skip
    if arguments.json:
        json.dump(verdict.to_json(), sys.stdout, indent=1)
        print()
    else:
        print(*_lines(verdict), sep="\n")
    return 1 if verdict.troubles else 0


def _lines(verdict: Verdict) -> list[str]:
    numbers = f"generation{'s' if len(verdict.generations) > 1 else ''} {', '.join(map(str, verdict.generations))}"
    rate = f", {binary(verdict.size / verdict.seconds)}/s" if verdict.seconds else ""
    lines = [*map(str, verdict.troubles)]
    if verdict.extra:
        more = f" and {len(verdict.extra) - _SHOWN} more" if len(verdict.extra) > _SHOWN else ""
        lines.append(f"no kept generation names {', '.join(verdict.extra[:_SHOWN])}{more}; `channel gc` removes what a mirror made in time")
    for number, principal in verdict.signed_by.items():
        lines.append(f"generation {number}: {f'signed by {principal}' if principal else 'signed; --allowed-signers FILE checks by whom'}")
    solved = f", {verdict.solved} combinations of spec and machine solved" if verdict.solved else ""
    read = f"{verdict.files} files, {binary(verdict.size)} read in {verdict.seconds:.1f} s{rate}{solved}"
    count = len(verdict.troubles)
    state = f"{count} trouble{'s' if count > 1 else ''}" if count else "all as published"
    return [*lines, f"{verdict.address}, {numbers}: {state}; {read}"]
