"""Runs py-rattler-build's own rebuild check on finished jobs, a process each (`rebuild.py`), and names the bytes if it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from atheria_pack.errors import PackError
from atheria_pack.launch import environment_of
from atheria_pack.logs import tail
from atheria_pack.machine import cores
from atheria_pack.plan import Job
from atheria_pack.repro.rebuild import RESULT_FILE
from atheria_pack.repro.twice import Verdict, compare_cell
from atheria_pack.worker import Task, write_task
from atheria_pack.workspace import Workspace

_RECORD = "info/recipe/rendered_recipe.yaml"


class RebuildError(PackError):
    """The rebuild check could not be made: the build or the rebuild failed. The text has its last lines."""


def check_rebuild(job: Job, workspace: Workspace, channel: str) -> list[Verdict]:
    """A verdict per package of the job: whether `Package.rebuild()` finds it identical.

    `workspace` is that of a finished build, whose packages are what the job needs; `channel` the address it was built against. The
    job is one of this machine's platform: `rebuild` takes no other.
    """
    folder = workspace.output / "rebuild" / job.identifier
    shutil.rmtree(folder, ignore_errors=True)
    own = {output.file_name for output in job.outputs}
    first = job.outputs[0]
    task = Task(
        recipe=str(first.recipe),
        combination=dict(first.combination),
        platform=job.platform,
        native=job.platform,
        packages=[(output.name, output.file_name, output.staging is not None) for output in job.outputs],
        inputs=sorted(str(path) for path in workspace.packages.glob("*/*.conda") if path.name not in own),
        channel=channel,
        folder=str(folder),
        run_tests=False,
    )
    path = write_task(task)
    log = workspace.logs / f"rebuild-{job.identifier}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    status = _run(job, workspace, path, log)
    result = path.with_name(RESULT_FILE)
    if not result.is_file():
        last = "\n".join(f"  | {line}" for line in tail(log, ""))
        raise RebuildError(f"{job.identifier}: py-rattler-build's rebuild ended with status {status} and no result; log {log}\n{last}")
    return [
        _verdict(output.identifier, rebuilt, folder)
        for output, rebuilt in zip(job.outputs, json.loads(result.read_text(encoding="utf-8")), strict=True)
    ]


def _run(job: Job, workspace: Workspace, task: Path, log: Path) -> int:
    watched, held = os.pipe()  # the guard ends everything it started when `held` closes, whatever ends this process
    command = [sys.executable, "-m", "atheria_pack.guard", str(watched), "--", sys.executable, "-m", "atheria_pack.repro.rebuild", str(task)]
    with open(log, "wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment_of(job, workspace, job.platform, cores()),
            cwd=task.parent,  # a rebuild leaves its staging build's files where it runs
            pass_fds=(watched,),
            start_new_session=True,
        )
        try:
            return process.wait()
        finally:
            os.close(held)
            os.close(watched)
            process.wait()


def _verdict(cell: str, rebuilt: dict[str, str], folder: Path) -> Verdict:
    original, other = Path(rebuilt["original"]), Path(rebuilt["rebuilt"])
    digests = (rebuilt["original_sha256"], rebuilt["rebuilt_sha256"])
    if rebuilt["identical"]:
        return Verdict(cell, "identical", "", (original, other), digests)
    again = folder / "renamed" / original.name  # it was called ...-rebuilt-DATE.conda
    again.parent.mkdir(exist_ok=True)
    shutil.copyfile(other, again)
    return excused(compare_cell(cell, original, again))


def excused(verdict: Verdict) -> Verdict:
    """The verdict, or `same files` where only rattler-build's own record of the build differs: every other member is the same.

    py-rattler-build 0.73 solves a staging build's environments anew in a rebuild. It then writes run_exports, records and
    `library_to_package` in the order of a hash table, and the staging build's run_exports a second time.
    """
    if verdict.state == "differs" and {difference.member for difference in verdict.differences} == {_RECORD}:
        return replace(verdict, state="same files", reason=f"is_identical is false for {_RECORD} alone, rattler-build's record of its solves")
    return verdict
