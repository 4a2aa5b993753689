"""Several at a time: runs side by side in folders of their own, and no more jobs at once than memory carries."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from atheria_pack import build
from atheria_pack.build import run as run_jobs
from atheria_pack.channel.base import BaseChannel
from atheria_pack.launch import Order
from atheria_pack.machine import JOB_MEMORY
from atheria_pack.matrix import Request, survey
from atheria_pack.outcome import JobResult, Run
from atheria_pack.plan import Job
from atheria_pack.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402

CLOCK = "date +%N > $PREFIX/include/stamp.h"


def packages(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("channel/linux-64/*.conda")}


def started_together(project: Project, *runs: tuple[str, ...]) -> list[Path]:
    """Run build-all once per selection, all started within the same second; answers their output folders."""
    time.sleep(1 - time.time() % 1)  # so that the second does not end between two starts
    outputs = [project.root / f"output-{number}" for number in range(len(runs))]
    processes = [
        subprocess.Popen(
            project.command(*words, output=output),
            cwd=project.root,
            env=project.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for words, output in zip(runs, outputs, strict=True)
    ]
    for process in processes:
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0, told
    return outputs


def test_runs_about_different_cells_started_in_the_same_second(project: Project) -> None:
    cpu, openblas = started_together(project, ("--only", "fix-core=cpu_py310"), ("--only", "fix-core=openblas_py311"))
    names = [{name.rsplit("_h", 1)[0] for name in packages(output) if name.startswith("fix-core")} for output in (cpu, openblas)]
    assert names == [{"fix-core-0.1.0-cpu_py310"}, {"fix-core-0.1.0-openblas_py311"}]
    assert [len(packages(output)) for output in (cpu, openblas)] == [4, 4]


def test_runs_about_the_same_cells_started_in_the_same_second_make_the_same_packages(project: Project) -> None:
    project.edit_recipe(CLOCK, "echo x > $PREFIX/include/stamp.h")
    first, second = started_together(project, ("--accel", "cpu"), ("--accel", "cpu"))
    assert packages(first) == packages(second) and len(packages(first)) == 5


class MostAtOnce:
    """Counts the jobs that run at the same time."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def started(self, job: Job) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def phase(self, job: Job, text: str) -> None:
        pass

    def finished(self, result: JobResult) -> None:
        self.now -= result.seconds > 0


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, project: Project) -> Iterator[None]:
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    yield


@pytest.mark.usefixtures("bare_environment")
@pytest.mark.parametrize(("memory", "most"), [(JOB_MEMORY - 1, 1), (JOB_MEMORY, 4)])
def test_a_job_starts_beside_others_only_where_its_memory_is(
    project: Project, monkeypatch: pytest.MonkeyPatch, memory: int, most: int
) -> None:
    """Real builds; only the amount of free memory is forged. One job always runs, or nothing would ever be built."""
    monkeypatch.setattr(build, "available_memory", lambda: memory)
    # Long enough that jobs overlap wherever they may.
    project.edit_recipe("cp $PREFIX/include/stamp.h $PREFIX/share/pystamp", "cp $PREFIX/include/stamp.h $PREFIX/share/pystamp; sleep 1")
    workspace = Workspace(project.root, project.output)
    channel = BaseChannel("empty", project.channel.as_uri(), "")
    outcome, counted = Run(), MostAtOnce()
    with workspace.locked() as lock:
        matrix = survey(workspace, Request(platforms=("linux-64",)), channel, tests=False)
        run_jobs(Order(workspace, matrix, "linux-64", 4, False, lock), outcome, counted)
    assert {result.state for result in outcome.results.values()} == {"built"}
    assert counted.most == most, f"{os.cpu_count()} cores"
