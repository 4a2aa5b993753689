"""How jobs end: the result of a worker read, its packages kept, and what nothing needs any more removed."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atheria_pack.digest import sha256_of
from atheria_pack.launch import Running
from atheria_pack.logs import tail, telling_line
from atheria_pack.plan import Decision, Job
from atheria_pack.record import BuiltPackage, Record, forget_record, load_records, save_record
from atheria_pack.worker import DISK_FULL, DISK_FULL_TEXT
from atheria_pack.workspace import Workspace


@dataclass(frozen=True)
class JobResult:
    """How a job ended. `state`: built, up to date, failed, blocked (what it needs failed), skipped, not run.

    `not_run` has the reasons why tests of its packages did not run, with how many for each. `preview`: it may fail.
    """

    job: Job
    state: str
    reason: str
    seconds: float = 0.0
    packages: tuple[BuiltPackage, ...] = ()
    tests_passed: int = 0
    tests_failed: int = 0
    log: Path | None = None
    tail: tuple[str, ...] = ()
    preview: bool = False

    @property
    def good(self) -> bool:
        """Whether its packages are there and current."""
        return self.state in ("built", "up to date")

    @property
    def not_run(self) -> dict[str, int]:
        """Why tests of its packages did not run, and how many for each reason."""
        counted: dict[str, int] = {}
        for package in self.packages:
            for reason, count in package.not_run.items():
                counted[reason] = counted.get(reason, 0) + count
        return counted

@dataclass
class Run:
    """All results of a run, by job; `interrupted` after Ctrl-C, `disk_full` when the disk ran full."""

    results: dict[str, JobResult] = field(default_factory=dict)
    interrupted: bool = False
    disk_full: bool = False

    @property
    def good(self) -> bool:
        """Whether nothing failed and nothing was left out for lack of a good supplier or time, previews aside."""
        return not self.interrupted and all(r.good or r.preview or r.state == "skipped" for r in self.results.values())


def collect(workspace: Workspace, active: Running) -> JobResult:
    """How a worker that ended did: its packages stored and recorded, or the reason why there are none."""
    seconds = time.monotonic() - active.started
    job = active.job
    try:
        outcome = json.loads((active.folder / "result.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        last = "; ".join(tail(active.log, "", 1))
        outcome = {"packages": [], "tests": [], "untested": 0, "error": f"the worker ended with status {active.process.returncode}: {last}"}
        if active.process.returncode == DISK_FULL:  # so full that the result could not be written
            outcome["error"] = DISK_FULL_TEXT
    tests = outcome["tests"]
    passed = sum(test["success"] is True for test in tests)
    failed = sum(test["success"] is False for test in tests)
    if DISK_FULL_TEXT in str(outcome["error"]):
        shutil.rmtree(active.folder, ignore_errors=True)  # what is left of it fills the disk, and the log is kept
    if outcome["error"]:
        _disown(workspace, active.decision, failed > 0)
        return JobResult(
            job,
            "failed",
            telling_line(active.log, outcome["error"]),
            seconds,
            tests_passed=passed,
            tests_failed=failed,
            log=active.log,
            tail=tail(active.log, outcome["error"]),
        )
    packages = tuple(
        _store(workspace, Path(path), output.identifier, [test for test in tests if test["package"] == output.name])
        for path, output in zip(outcome["packages"], job.outputs, strict=True)
    )
    save_record(
        workspace.records,
        Record(job.identifier, active.decision.key, dict(active.decision.parts), packages, seconds, not outcome["untested"]),
    )
    shutil.rmtree(active.folder, ignore_errors=True)
    return JobResult(job, "built", active.decision.reason, seconds, packages, passed, failed, active.log)


def _disown(workspace: Workspace, decision: Decision, tests_failed: bool) -> None:
    """Forget a build of the same content that was kept without its tests, now that they ran and failed."""
    kept = load_records(workspace.records).get(decision.job.identifier)
    if tests_failed and kept is not None and kept.key == decision.key and not kept.tested:
        forget_record(workspace.records, decision.job.identifier)


def _store(workspace: Workspace, made: Path, cell: str, tests: Sequence[Mapping[str, Any]]) -> BuiltPackage:
    not_run: dict[str, int] = {}
    for test in tests:
        if test["success"] is None:
            not_run[test["reason"]] = not_run.get(test["reason"], 0) + 1
    ran = len(tests) - sum(not_run.values())
    package = BuiltPackage(cell, made.parent.name, made.name, sha256_of(made), made.stat().st_size, ran, not_run)
    target = package.path(workspace.packages)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, target)
    return package


def is_disk_full(result: JobResult) -> bool:
    """Whether a job failed because the disk is full."""
    return result.state == "failed" and any(DISK_FULL_TEXT in line for line in (result.reason, *result.tail))
