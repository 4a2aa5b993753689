"""Runs decided jobs, several at a time, each in its own process and folder; keeps what finishes, whatever else happens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from atheria_pack.guard import signal_session
from atheria_pack.launch import Order, Running, start
from atheria_pack.logs import compiler_step
from atheria_pack.machine import JOB_MEMORY, available_memory
from atheria_pack.outcome import JobResult, Run, collect, is_disk_full
from atheria_pack.plan import Decision, Job, State
from atheria_pack.record import load_records
from atheria_pack.worker import PHASE_FILE
from atheria_pack.workspace import Workspace

_POLL_SECONDS = 0.1
_STOP_SECONDS = 5.0


class Listener(Protocol):
    """Who wants to know while it happens."""

    def started(self, job: Job) -> None: ...

    def phase(self, job: Job, text: str) -> None: ...

    def finished(self, result: JobResult) -> None: ...


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
        _end(order, state, listener, JobResult(decision.job, decision.state.value, decision.reason, packages=kept))
    running: list[Running] = []
    watched, held = os.pipe()  # workers end when `held` closes, whatever ends this process
    try:
        while waiting or running:
            waiting = _start_ready(order, listener, state, waiting, running, watched)
            time.sleep(_POLL_SECONDS)
            for active in list(running):
                _report_phase(active, listener)
                if active.process.poll() is not None:
                    running.remove(active)
                    result = collect(order.workspace, active)
                    state.disk_full = state.disk_full or is_disk_full(result)
                    _end(order, state, listener, result)
            if state.disk_full:
                waiting = _give_up(order, waiting, state, listener, "the disk is full")
    except KeyboardInterrupt:
        state.interrupted = True
        _stop(running)
        for active in running:
            _end(order, state, listener, JobResult(active.job, "not run", "interrupted", log=active.log))
        _give_up(order, waiting, state, listener, "interrupted")
    finally:
        _stop(running)
        os.close(held)
        os.close(watched)


def _end(order: Order, state: Run, listener: Listener, result: JobResult) -> None:
    whole = replace(result, preview=result.job.identifier in order.matrix.previews)
    state.results[result.job.identifier] = whole
    listener.finished(whole)


def _give_up(order: Order, waiting: Sequence[Decision], state: Run, listener: Listener, why: str) -> list[Decision]:
    for decision in waiting:
        _end(order, state, listener, JobResult(decision.job, "not run", why))
    return []


def lacking(job: Job, results: Mapping[str, JobResult]) -> str | None:
    """Why a job whose suppliers have all ended cannot start: the package that none of them supplied."""
    for name, suppliers in job.needs.items():
        if not any(results[supplier].good for supplier in suppliers if supplier in results):
            return f"needs {name}, which failed"
    return None


def _start_ready(
    order: Order, listener: Listener, state: Run, waiting: list[Decision], running: list[Running], watched: int
) -> list[Decision]:
    left = []
    for decision in waiting:
        job = decision.job
        if not all(supplier in state.results for supplier in job.suppliers):
            left.append(decision)
        elif lack := lacking(job, state.results):
            _end(order, state, listener, JobResult(job, "blocked", lack))
        elif len(running) >= order.jobs or (running and available_memory() < JOB_MEMORY):
            left.append(decision)
        else:
            running.append(start(order, decision, _inputs(order.workspace, job, state.results), watched))
            listener.started(job)
    return left


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


def _report_phase(active: Running, listener: Listener) -> None:
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


def _stop(running: Iterable[Running]) -> None:
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
