"""`build-all`: build, test, publish and prove everything this machine can build."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

from atheria_pack.atomic import write_json
from atheria_pack.build import run as run_jobs
from atheria_pack.channel.renew import renew
from atheria_pack.cli.matrix import refuse_skips
from atheria_pack.cli.options import add_selection, channel_of, jobs_of, request_of, workspace_of
from atheria_pack.cli.progress import LiveTable, PlainLines, names
from atheria_pack.environments import assumed_cuda
from atheria_pack.errors import INTERRUPTED, DiskFullError, PackError
from atheria_pack.launch import Order
from atheria_pack.machine import default_jobs
from atheria_pack.matrix import Matrix, Request, survey
from atheria_pack.matrix_view import as_json, text_lines
from atheria_pack.outcome import JobResult, Run
from atheria_pack.plan import Job, State
from atheria_pack.proof import Proof, backend_of, fingerprint_of, prove
from atheria_pack.record import load_records
from atheria_pack.report import as_report, counts, platform_lines
from atheria_pack.variants import ACCEL_KEY
from atheria_pack.worker import DISK_FULL_TEXT
from atheria_pack.workspace import Workspace

HELP = "build, test, publish and prove every package this machine can build"
PROVED_PACKAGE = "atheria-core"


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
    with workspace.locked() as lock:
        if not arguments.dry_run:
            workspace.report.unlink(missing_ok=True)  # of an earlier run: it must not be taken for that of this one
        matrix = survey(workspace, request, channel_of(arguments, workspace, request, nullcontext()), not arguments.no_tests)
        if arguments.dry_run:
            _print_plan(matrix, request, workspace, arguments.json)
            refuse_skips(matrix, request.native, arguments.strict)
            return 0
        refuse_skips(matrix, request.native, arguments.strict)
        print(f"channel: {matrix.channel.name} ({matrix.channel.note})", file=talk, flush=True)
        order = Order(workspace, matrix, request.native, jobs_of(arguments), not arguments.no_tests, lock)
        outcome = Run()
        proofs: list[Proof] = []
        ended: BaseException | None = None
        try:
            _work(order, request, arguments, outcome, proofs, talk)
        except BaseException as error:  # told below with all that was done until then, and raised again
            outcome.interrupted = outcome.interrupted or isinstance(error, KeyboardInterrupt)
            ended = error
        trouble = trouble_of(outcome, proofs, matrix, request.native, arguments, ended)
        status = _status(outcome, proofs, trouble, ended)
        seconds = time.monotonic() - started
        report = as_report(matrix, outcome, proofs, workspace.channel, request, seconds, status, trouble)
        try:
            write_json(workspace.report, report)
        except OSError as error:  # what was wrong before matters more than this
            print(f"{workspace.report} could not be written: {error}", file=sys.stderr)
            ended = ended or error
    if arguments.json:
        json.dump(report, sys.stdout, indent=1)
        print()
    _print_end(outcome, proofs, workspace, arguments, seconds, talk)
    if ended is not None and not outcome.interrupted:
        raise ended
    if outcome.disk_full:
        free = os.statvfs(workspace.output)
        mebibytes = free.f_bavail * free.f_frsize >> 20
        raise DiskFullError(
            f"the disk of {workspace.output} ran full ({mebibytes} MiB free now); free some, or build elsewhere with "
            "--output FOLDER. What was built is kept, the same command goes on from here"
        )
    if trouble and not outcome.interrupted:
        print(f"error: {trouble}", file=sys.stderr)
    return status


def _work(
    order: Order, request: Request, arguments: argparse.Namespace, outcome: Run, proofs: list[Proof], talk: TextIO
) -> None:
    """Build, publish, prove; `outcome` and `proofs` take the results as they come."""
    jobs = [decision.job for decision in order.matrix.decisions]
    display = LiveTable(jobs, talk) if talk.isatty() else PlainLines(jobs, talk)
    with display as listener:
        run_jobs(order, outcome, listener)
    for note in renew(order.workspace, order.matrix.jobs):
        print(f"damaged: {note}", file=talk, flush=True)
    if not arguments.no_proof and not outcome.interrupted:
        _prove(order.workspace, order.matrix, request, outcome, proofs, talk)


def _print_plan(matrix: Matrix, request: Request, workspace: Workspace, as_value: bool) -> None:
    if as_value:
        json.dump(as_json(matrix, request), sys.stdout, indent=1)
        print()
        return
    print(*text_lines(matrix), sep="\n")
    records = load_records(workspace.records)
    build = [decision.job.identifier for decision in matrix.decisions if decision.state is State.BUILD]
    known = [records[job].seconds for job in build if job in records]
    guess = f", about {sum(known) / default_jobs():.0f} s for the {len(known)} built before" if known else ""
    print(f"would run {len(build)} jobs{guess}")


def _prove(
    workspace: Workspace, matrix: Matrix, request: Request, outcome: Run, proofs: list[Proof], talk: TextIO
) -> None:
    made = [result.job for result in outcome.results.values() if result.good and _is_proved(result.job)]
    accels = {
        output.variant[ACCEL_KEY]: assumed_cuda(output)
        for job in made
        if job.platform == request.native
        for output in job.outputs
        if output.name == PROVED_PACKAGE and ACCEL_KEY in output.variant
    }
    fingerprint = fingerprint_of(workspace.channel)
    channels = [workspace.channel.as_uri(), matrix.channel.uri]
    for accel, cuda in sorted(accels.items()):
        proof = prove(accel, channels, request.native, workspace.output / "proof", workspace.cache, fingerprint, cuda)
        print(proof_line(proof), file=talk, flush=True)
        proofs.append(proof)
    foreign = list(dict.fromkeys(job.platform for job in made if job.platform != request.native))
    if foreign:
        print(f"not proved: {', '.join(foreign)}, whose programs do not run on this {request.native} machine", file=talk, flush=True)


def _is_proved(job: Job) -> bool:
    return any(output.name == PROVED_PACKAGE for output in job.outputs)


def proof_line(proof: Proof) -> str:
    """A proof in a line: what was installed, what it computed, or why it did not."""
    word = ("proved without its GPU" if proof.absent else "proved") if proof.success else "NOT proved"
    again = " (nothing changed since)" if proof.reused else ""
    told = [_figures(proof.report)] if proof.report else []
    if proof.backend:
        told.append(f"{backend_of(proof.accel)}: {proof.backend}")
    if proof.absent:
        told.append(f"backend {backend_of(proof.accel)} is there and says: {proof.absent}")
    what = proof.installed or "nothing installed"
    return f"{word}{again}: '{proof.spec}' in {proof.seconds:.1f} s: {'; '.join([what, *told, proof.reason])}"


def _figures(report: Mapping[str, Any]) -> str:
    speed = report.get("steps_per_second", 0.0)
    return f"{speed:.0f} steps/s, {report.get('active_cells')} active cells, backend {report.get('backend')}"


def trouble_of(
    outcome: Run,
    proofs: Sequence[Proof],
    matrix: Matrix,
    native: str,
    arguments: argparse.Namespace,
    ended: BaseException | None,
) -> str | None:
    """What is wrong with a run as a whole: what ended it early, or that it proved nothing of this machine's platform although it
    was to."""
    if outcome.interrupted:
        return "interrupted"
    if ended is not None:
        return str(ended) or repr(ended)
    if outcome.disk_full:
        return "the disk ran full"
    asked = [decision for decision in matrix.decisions if decision.job.platform == native and _is_proved(decision.job)]
    if arguments.no_proof or proofs or not asked:
        return None
    reasons = dict.fromkeys(outcome.results[decision.job.identifier].reason for decision in asked)
    return f"nothing is proved: no {PROVED_PACKAGE} could be made here ({'; '.join(reasons)})"


def _status(outcome: Run, proofs: Sequence[Proof], trouble: str | None, ended: BaseException | None) -> int:
    if outcome.interrupted:
        return INTERRUPTED
    if outcome.disk_full or DISK_FULL_TEXT in str(ended):
        return DiskFullError.exit_code
    if isinstance(ended, PackError):
        return ended.exit_code
    return 0 if trouble is None and outcome.good and all(proof.success for proof in proofs) else 1


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
    print(file=talk)
    for line in platform_lines(outcome):
        print(line, file=talk)
    told = ", ".join(f"{count} {state}" for state, count in counts(outcome).items())
    print(f"{told}; {len([p for p in proofs if p.success])} of {len(proofs)} proofs hold; {seconds:.1f} s", file=talk)
    if Path(workspace.channel).is_dir():
        print(f"channel: {workspace.channel}", file=talk)
    if outcome.interrupted:
        print("interrupted; what was built is kept, the same command goes on from here", file=talk)
