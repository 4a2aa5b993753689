"""`repro`: build cells twice in different surroundings, and say whether the packages are the same, byte for byte."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import Any, TextIO

from atheria_pack.channel.base import BaseChannel
from atheria_pack.cli.options import add_selection, channel_of, request_of, workspace_of
from atheria_pack.cli.progress import PlainLines
from atheria_pack.errors import INTERRUPTED, UsageError
from atheria_pack.matrix import Matrix, Request, survey
from atheria_pack.outcome import Run
from atheria_pack.plan import Job, State
from atheria_pack.platforms import PLATFORMS
from atheria_pack.repro.own_check import RebuildError, check_rebuild
from atheria_pack.repro.twice import DIFFER, FIRST, SECOND, Verdict, build_in, judge, seen_from, workspace_for
from atheria_pack.variants import ACCEL_KEY
from atheria_pack.workspace import Workspace

HELP = "build cells twice in different surroundings and compare the packages byte for byte"
_SHOWN = 12  # differences per cell on the screen; --json has all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cells", metavar="CELL", nargs="*", help="cells to build, as globs (atheria-core=cpu_py3*), with what they "
                        "need; default: every cell that can be built, which takes long")
    add_selection(parser, "this machine's, and those that CELLs begin with")
    parser.add_argument("--quick", action="store_true", help="one cell of every package, all of one accelerator")
    parser.add_argument("--keep", action="store_true", help="keep both builds; else only packages that differ are kept")
    parser.add_argument("--no-rebuild", action="store_true", help="leave out py-rattler-build's own rebuild check, which is made "
                        "on one cell of every package")


def run(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    talk = sys.stderr if arguments.json else sys.stdout
    workspace = workspace_of(arguments)
    request = request_of(arguments)
    only = (*request.only, *arguments.cells)
    request = replace(request, platforms=request.platforms if arguments.platform else platforms_named(only, request.native), only=only)
    with workspace.locked():
        request, channel, matrix = _chosen(arguments, workspace, request)
        if not any(decision.state is not State.SKIPPED for decision in matrix.decisions):
            reasons = dict.fromkeys(decision.reason for decision in matrix.decisions)
            raise UsageError(f"none of these cells can be built here: {'; '.join(reasons)}")
        print(f"channel: {channel.name} ({channel.note})\nthe second build has another {DIFFER}", file=talk, flush=True)
        runs, stores = _build_twice(workspace, request, channel, matrix, talk)
        verdicts = judge(runs[0], runs[1], [store.packages for store in stores])
        own: list[Verdict] = []
        if not arguments.no_rebuild and not any(outcome.interrupted for outcome in runs):
            own = _own_check(runs[0], stores[0], seen_from(stores[0].output, channel).uri, request.native, talk)
        bad = [verdict for verdict in (*verdicts, *own) if not verdict.good]
        if not arguments.keep:
            _clean(stores, bad)
    status = status_of(runs, verdicts, own)
    if arguments.json:
        json.dump(as_json(request, channel, verdicts, own, time.monotonic() - started, status), sys.stdout, indent=1)
        print()
    _print_end(verdicts, own, stores, time.monotonic() - started, arguments.keep or bool(bad), talk)
    return status


def _chosen(arguments: argparse.Namespace, workspace: Workspace, request: Request) -> tuple[Request, BaseChannel, Matrix]:
    channel = channel_of(arguments, workspace, request, nullcontext())
    matrix = survey(workspace, request, channel, tests=False)
    if arguments.quick:
        buildable = [decision.job for decision in matrix.decisions if decision.state is not State.SKIPPED]
        request = replace(request, only=tuple(output for job in one_of_each(buildable) for output in names_of(job)))
        matrix = survey(workspace, request, channel, tests=False)
    return request, channel, matrix


def platforms_named(patterns: Sequence[str], native: str) -> tuple[str, ...]:
    """The platforms that cells are asked for of, where no option says: this machine's, and those that stand in their names."""
    return tuple(name for name in PLATFORMS if name == native or any(pattern.startswith(f"{name}/") for pattern in patterns))


def names_of(job: Job) -> list[str]:
    """The cells of a job."""
    return [output.identifier for output in job.outputs]


def one_of_each(jobs: Sequence[Job]) -> list[Job]:
    """A job for every package name: of those that agree with the first job's variant where one does, the last (newest Python)."""
    chosen: dict[tuple[str, ...], Job] = {}
    for job in jobs:
        key = tuple(output.name for output in job.outputs)
        if key not in chosen or _accel(job) == _accel(jobs[0]):
            chosen[key] = job
    return list(chosen.values())


def _accel(job: Job) -> str | None:
    return job.outputs[0].variant.get(ACCEL_KEY)


def _build_twice(
    workspace: Workspace, request: Request, channel: BaseChannel, matrix: Matrix, talk: TextIO
) -> tuple[list[Run], list[Workspace]]:
    jobs = [decision.job for decision in matrix.decisions]
    runs: list[Run] = []
    stores = [workspace_for(surroundings, workspace) for surroundings in (FIRST, SECOND)]
    for surroundings, store in zip((FIRST, SECOND), stores, strict=True):
        print(f"== {'second' if runs else 'first'} build, in {store.output}", file=talk, flush=True)
        if runs and runs[0].interrupted:
            runs.append(Run(interrupted=True))
        else:
            runs.append(build_in(surroundings, store, request, channel, lambda: PlainLines(jobs, talk)))
    return runs, stores


def _own_check(outcome: Run, store: Workspace, channel: str, native: str, talk: TextIO) -> list[Verdict]:
    built = [result.job for result in outcome.results.values() if result.good and result.job.platform == native]
    found = []
    for job in one_of_each(built):
        print(f"== rattler-build's own rebuild of {', '.join(names_of(job))}", file=talk, flush=True)
        try:
            found.extend(check_rebuild(job, store, channel))
        except RebuildError as error:  # told with the other verdicts, which it does not undo
            found.extend(Verdict(cell, "not built", str(error)) for cell in names_of(job))
    return found


def _clean(stores: Sequence[Workspace], bad: Sequence[Verdict]) -> None:
    """Remove both builds; of those with differences the packages and logs stay, to look into."""
    for store in stores:
        if not bad:
            shutil.rmtree(store.output)
            continue
        for folder in (store.cache, store.work, store.output / "home"):
            shutil.rmtree(folder, ignore_errors=True)


def status_of(runs: Sequence[Run], verdicts: Sequence[Verdict], own: Sequence[Verdict]) -> int:
    """The exit status: 0 only if something was compared and all of it agrees."""
    if any(outcome.interrupted for outcome in runs):
        return INTERRUPTED
    return 0 if any(verdict.state == "identical" for verdict in verdicts) and all(v.good for v in (*verdicts, *own)) else 1


def as_json(
    request: Request, channel: BaseChannel, verdicts: Sequence[Verdict], own: Sequence[Verdict], seconds: float, status: int
) -> dict[str, Any]:
    """The outcome for other programs."""
    return {
        "schema": 1,
        "status": status,
        "platform": request.native,
        "channel": {"name": channel.name, "note": channel.note},
        "differing": DIFFER,
        "seconds": seconds,
        "cells": [_as_json(verdict) for verdict in verdicts],
        "rebuild": [_as_json(verdict) for verdict in own],
    }


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "cell": verdict.cell,
        "state": verdict.state,
        "reason": verdict.reason,
        "packages": [str(path) for path in verdict.packages],
        "sha256": list(verdict.digests),
        "differences": [asdict(difference) for difference in verdict.differences],
    }


def _print_end(
    verdicts: Sequence[Verdict], own: Sequence[Verdict], stores: Sequence[Workspace], seconds: float, kept: bool, talk: TextIO
) -> None:
    for title, group in (("built twice", verdicts), ("rattler-build's own rebuild", own)):
        if group:
            print(f"{title}:", file=talk)
        for verdict in group:
            print(f"  {verdict.state:10} {verdict.cell}  {verdict.reason or verdict.digests[0]}", file=talk)
            for difference in verdict.differences[:_SHOWN]:
                print(f"    {difference}", file=talk)
            if len(verdict.differences) > _SHOWN:
                print(f"    and {len(verdict.differences) - _SHOWN} more; --json has all", file=talk)
    counts = {state: sum(verdict.state == state for verdict in verdicts) for state in ("identical", "differs", "not built", "skipped")}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    same, alike = (sum(verdict.state == state for verdict in own) for state in ("identical", "same files"))
    rebuilt = f"; of {len(own)} rebuilds {same} identical, {alike} in all but rattler-build's record" if own else ""
    print(f"{told}{rebuilt}; {seconds:.1f} s", file=talk)
    if kept:
        print(f"kept: {', '.join(str(store.output) for store in stores)}", file=talk)
