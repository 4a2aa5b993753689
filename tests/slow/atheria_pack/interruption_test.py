"""What happens when a run is stopped, doubled, or out of space: nothing that was built is lost."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402


def wait_for(path: Path, process: subprocess.Popen[str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, f"build-all ended early: {process.communicate()}"
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped (a container's first process may never do it)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def slow_core(project: Project) -> Path:
    """Make the Python packages wait inside their build; answers the file that tells that one waits."""
    waiting = project.root / "waiting"
    project.edit_recipe("cp $PREFIX/include/stamp.h $PREFIX/share/pystamp", f"echo $$ > {waiting}; sleep 300 & wait")
    return waiting


def start(project: Project, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        project.command(*words), cwd=project.root, env=project.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_keeps_what_is_finished_and_goes_on(project: Project, number: signal.Signals) -> None:
    original = project.recipe.read_text()
    waiting = slow_core(project)
    with start(project, "--accel", "cpu", "--python", "3.10") as process:
        wait_for(waiting, process)
        process.send_signal(number)
        told, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted; what was built is kept" in told
    assert not runs(int(waiting.read_text())), "the build script outlived the run"
    assert project.states() == {
        "fix-variant=cpu": "built",
        "libfix=cpu": "built",
        "libfix-dev=cpu": "built",
        "fix-core=cpu_py310": "not run",
    }
    assert len(project.published()) == 3

    waiting.unlink()
    with start(project, "--accel", "cpu", "--python", "3.10") as process:  # same recipe: what is finished is not built again
        wait_for(waiting, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert project.states()["libfix=cpu"] == "up to date"
    project.recipe.write_text(original)
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0


def test_a_killed_run_is_resumed(project: Project) -> None:
    waiting = slow_core(project)
    with start(project, "--accel", "cpu", "--python", "3.10") as process:
        wait_for(waiting, process)
        process.kill()
        process.wait()
        orphan = int(waiting.read_text())
        deadline = time.monotonic() + 10
        while runs(orphan):
            assert time.monotonic() < deadline, "the build script outlived the run that was killed"
            time.sleep(0.05)
        waiting.unlink()
    with start(project, "--accel", "cpu", "--python", "3.10") as process:
        wait_for(waiting, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert project.states()["libfix=cpu"] == "up to date"


def test_a_second_run_in_the_same_folder_is_refused(project: Project) -> None:
    waiting = slow_core(project)
    with start(project, "--accel", "cpu", "--python", "3.10") as process:
        wait_for(waiting, process)
        refused = project.build("--accel", "cpu")
        assert refused.returncode == 3
        assert re.fullmatch(
            rf"error: {re.escape(str(project.output))} is in use by process {process.pid}, since [-0-9]+ [:0-9]+; "
            r"wait for it, or build elsewhere with --output FOLDER\n",
            refused.stderr,
        )
        elsewhere = project.build("--only", "fix-variant=cpu", output=project.root / "elsewhere")
        assert elsewhere.returncode == 0
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_a_full_disk_is_told_and_what_was_built_is_kept(project: Project, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs here ({mounted.stderr.strip()}), and only a real full disk tells")
    try:
        project.edit_recipe(
            "cp $PREFIX/include/stamp.h $PREFIX/share/pystamp",
            "test ${{ python | version_to_buildstring }} != 311 || head -c 64M /dev/zero > $PREFIX/share/big; "
            "cp $PREFIX/include/stamp.h $PREFIX/share/pystamp",
        )
        done = project.build("--accel", "cpu", "--jobs", "1", output=small / "output")
        assert done.returncode == 5, done.stdout + done.stderr
        assert f"error: the disk of {small / 'output'} ran full" in done.stderr
        assert "What was built is kept" in done.stderr
        kept = {path.name for path in (small / "output" / "channel" / "linux-64").glob("*.conda")}
        assert {"fix-variant-1-cpu.conda"} < kept
        shutil.rmtree(small / "output" / "work", ignore_errors=True)
        again = project.build("--accel", "cpu", "--python", "3.10", output=small / "output")
        assert again.returncode == 0 and "up to date: linux-64/libfix=cpu" in again.stdout
    finally:
        subprocess.run(["umount", str(small)], check=True)
