"""`build-all`: build, test, publish and prove everything this machine can build."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from atheria_pack.atomic import write_json
from atheria_pack.build import JobResult, Run, default_jobs, forget_strangers
from atheria_pack.build import run as run_jobs
from atheria_pack.channel.publish import publish, published_files
from atheria_pack.cli.matrix import as_json, print_table, refuse_skips
from atheria_pack.cli.options import add_selection, channel_of, jobs_of, request_of, workspace_of
from atheria_pack.cli.progress import LiveTable, PlainLines, names
from atheria_pack.errors import DiskFullError
from atheria_pack.matrix import Matrix, Request, survey
from atheria_pack.plan import State
from atheria_pack.proof import Proof, fingerprint_of, prove
from atheria_pack.record import load_records, retire
from atheria_pack.report import as_report, counts
from atheria_pack.variants import ACCEL_KEY
from atheria_pack.workspace import Workspace

HELP = "build, test, publish and prove every package this machine can build"
PROVED_PACKAGE = "atheria-core"
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--strict", action="store_true", help="fail when a cell is skipped")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and stop")
    parser.add_argument("--no-tests", action="store_true", help="do not run the packages' own tests")
    parser.add_argument("--no-proof", action="store_true", help="do not install and run the result")


def run(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    talk = sys.stderr if arguments.json else sys.stdout
    workspace = workspace_of(arguments)
    request = request_of(arguments)
    with workspace.locked():
        matrix = survey(workspace, request, channel_of(arguments, workspace, request))
        if arguments.dry_run:
            _print_plan(matrix, request, workspace, arguments.json)
            refuse_skips(matrix, arguments.strict)
            return 0
        refuse_skips(matrix, arguments.strict)
        print(f"channel: {matrix.channel.name} ({matrix.channel.note})", file=talk, flush=True)
        jobs = [decision.job for decision in matrix.decisions]
        display = LiveTable(jobs, talk) if talk.isatty() else PlainLines(jobs, talk)
        with display as listener:
            outcome = run_jobs(workspace, matrix, request.platform, jobs_of(arguments), not arguments.no_tests, listener)
        _publish(workspace, matrix, request, outcome)
        proofs = [] if arguments.no_proof or outcome.interrupted else _prove(workspace, matrix, request, outcome, talk)
        status = _status(outcome, proofs)
        seconds = time.monotonic() - started
        report = as_report(matrix, outcome, proofs, workspace.channel, request.platform, seconds, status)
        write_json(workspace.report, report)
    if arguments.json:
        json.dump(report, sys.stdout, indent=1)
        print()
    _print_end(outcome, proofs, workspace, arguments, seconds, talk)
    if outcome.disk_full:
        free = os.statvfs(workspace.output)
        mebibytes = free.f_bavail * free.f_frsize >> 20
        raise DiskFullError(
            f"the disk of {workspace.output} ran full ({mebibytes} MiB free now); free some, or build elsewhere with "
            "--output FOLDER. What was built is kept, the same command goes on from here"
        )
    return status


def _print_plan(matrix: Matrix, request: Request, workspace: Workspace, as_value: bool) -> None:
    if as_value:
        json.dump(as_json(matrix, request), sys.stdout, indent=1)
        print()
        return
    print_table(matrix, request)
    records = load_records(workspace.records)
    build = [decision.job.identifier for decision in matrix.decisions if decision.state is State.BUILD]
    known = [records[job].seconds for job in build if job in records]
    guess = f", about {sum(known) / default_jobs():.0f} s for the {len(known)} built before" if known else ""
    print(f"would run {len(build)} jobs{guess}")


def _publish(workspace: Workspace, matrix: Matrix, request: Request, outcome: Run) -> None:
    """Publish what is current. A package that was to be rebuilt and was not stays in the store, unpublished: it pins
    packages that are gone."""
    retired = retire(workspace.records, matrix.known, request.platform)
    outdated = {job for job, result in outcome.results.items() if not result.good}
    records = load_records(workspace.records)
    packages = [package for job, record in records.items() if job not in outdated for package in record.packages]
    wanted = {f"{package.subdir}/{package.file_name}" for package in packages}
    complete = wanted == published_files(workspace.channel) and (workspace.channel / "noarch" / "repodata.json").exists()
    if retired or not complete or any(result.state == "built" for result in outcome.results.values()):
        publish(packages, workspace.packages, workspace.channel, [request.platform])
        forget_strangers(workspace)


def _prove(workspace: Workspace, matrix: Matrix, request: Request, outcome: Run, talk: TextIO) -> list[Proof]:
    accels = sorted(
        {
            output.variant[ACCEL_KEY]
            for result in outcome.results.values()
            if result.good
            for output in result.job.outputs
            if output.name == PROVED_PACKAGE and ACCEL_KEY in output.variant
        }
    )
    fingerprint = fingerprint_of(workspace.channel)
    channels = [workspace.channel.as_uri(), matrix.channel.uri]
    proofs = []
    for accel in accels:
        proof = prove(accel, channels, request.platform, workspace.output / "proof", workspace.cache, fingerprint)
        print(proof_line(proof), file=talk, flush=True)
        proofs.append(proof)
    return proofs


def proof_line(proof: Proof) -> str:
    """A proof in a line: what was installed, what it computed, or why it did not."""
    word = "proved" if proof.success else "NOT proved"
    again = " (nothing changed since)" if proof.reused else ""
    told = [_figures(proof.report)] if proof.report else []
    if proof.backend:
        told.append(f"{proof.accel}: {proof.backend}")
    what = proof.installed or "nothing installed"
    return f"{word}{again}: '{proof.spec}' in {proof.seconds:.1f} s: {'; '.join([what, *told, proof.reason])}"


def _figures(report: Mapping[str, Any]) -> str:
    speed = report.get("steps_per_second", 0.0)
    return f"{speed:.0f} steps/s, {report.get('active_cells')} active cells, backend {report.get('backend')}"


def _status(outcome: Run, proofs: Sequence[Proof]) -> int:
    if outcome.interrupted:
        return INTERRUPTED
    return 0 if outcome.good and all(proof.success for proof in proofs) else 1


def redo_command(result: JobResult, arguments: argparse.Namespace) -> str:
    """The command that builds a failed job again, with the options of this run that matter to it."""
    words = ["./run", "build-all", "--only", result.job.outputs[0].identifier]
    for option in ("accel", "python", "platform", "channel", "output"):
        value = getattr(arguments, option)
        if value:
            words += [f"--{option}", str(value)]
    return shlex.join(words)


def _print_end(
    outcome: Run, proofs: Sequence[Proof], workspace: Workspace, arguments: argparse.Namespace, seconds: float, talk: TextIO
) -> None:
    for result in outcome.results.values():
        if result.state == "failed":
            print(f"\nfailed: {names(result.job)}: {result.reason}", file=talk)
            for line in result.tail:
                print(f"  | {line}", file=talk)
            print(f"  log:  {result.log}\n  redo: {redo_command(result, arguments)}", file=talk)
        elif result.state in ("skipped", "blocked"):
            print(f"{result.state}: {names(result.job)}: {result.reason}", file=talk)
    told = ", ".join(f"{count} {state}" for state, count in counts(outcome).items())
    print(f"{told}; {len([p for p in proofs if p.success])} of {len(proofs)} proofs hold; {seconds:.1f} s", file=talk)
    if Path(workspace.channel).is_dir():
        print(f"channel: {workspace.channel}", file=talk)
    if outcome.interrupted:
        print("interrupted; what was built is kept, the same command goes on from here", file=talk)
