"""The output folder belongs to one process at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.errors import BusyError, UsageError
from atheria_pack.workspace import Workspace, find_workspace


def test_finds_the_project_from_below(project: Path) -> None:
    workspace = find_workspace(project / "src", None)
    assert (workspace.root, workspace.output) == (project, project / "output")
    assert find_workspace(project, project / "elsewhere").output == project / "elsewhere"


def test_outside_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not inside the project"):
        find_workspace(tmp_path, None)


def test_the_second_is_refused_and_told_who(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, tmp_path / "output")
    program = (
        "import sys; from pathlib import Path; from atheria_pack.workspace import Workspace\n"
        f"with Workspace(Path({str(tmp_path)!r}), Path({str(tmp_path / 'output')!r})).locked():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        told = rf"in use by process {holder.pid}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d; wait for it, or build elsewhere with --output"
        with pytest.raises(BusyError, match=told), workspace.locked():
            raise AssertionError("the lock was given twice")
        holder.stdin.close()
        holder.wait()
    with workspace.locked():
        pass


@pytest.mark.parametrize("place", ["file", "file/below", "loop"])
def test_a_place_that_takes_no_folder_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    told = rf"--output {tmp_path / place}: no folder can be made there \("
    with pytest.raises(UsageError, match=told), Workspace(tmp_path, tmp_path / place).locked():
        raise AssertionError("there is nothing to lock")
