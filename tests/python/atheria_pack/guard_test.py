"""The guard: passes on how its command ended, and lets nothing outlive who asked for it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from atheria_pack.guard import session_members

PYTHON_TREE = Path(__file__).resolve().parents[3] / "python"


def guarded(asker: int, script: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "atheria_pack.guard", str(asker), "--", "sh", "-c", script],
        env={**os.environ, "PYTHONPATH": str(PYTHON_TREE)},
        pass_fds=(asker,),
        start_new_session=True,
    )


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_commands_end_is_the_guards(script: str, status: int) -> None:
    asker, held = os.pipe()
    assert guarded(asker, script).wait(10) == status
    os.close(held)
    os.close(asker)


def test_all_that_was_started_ends_with_the_asker(tmp_path: Path) -> None:
    asker, held = os.pipe()
    started = tmp_path / "started"
    process = guarded(asker, f"(trap '' TERM; echo x > {started}; exec sleep 60) & wait")
    deadline = time.monotonic() + 10
    while not started.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.close(held)
    assert process.wait(10) != 0
    left = [s for s in Path("/proc").glob("[0-9]*/stat") if _session(s) == process.pid]
    os.close(asker)
    assert not left, "something of the session outlived the guard"


def _session(stat: Path) -> int | None:
    try:
        fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[3])


def test_a_session_is_found_without_proc_too(tmp_path: Path) -> None:
    """As on macOS. The shell starts a process of another group, which belongs to the session all the same."""
    script = "import subprocess, sys; p = subprocess.Popen(['sleep', '60'], process_group=0) if sys.version_info >= (3, 11) else "
    script += "subprocess.Popen(['sleep', '60'], preexec_fn=lambda: __import__('os').setpgid(0, 0)); print(p.pid, flush=True); p.wait()"
    leader = subprocess.Popen([sys.executable, "-c", script], start_new_session=True, stdout=subprocess.PIPE, text=True)
    try:
        assert leader.stdout is not None
        sleeper = int(leader.stdout.readline())
        found = session_members(leader.pid, tmp_path / "no-proc")
        assert sorted(found) == sorted(session_members(leader.pid)) == sorted([leader.pid, sleeper])
    finally:
        for pid in session_members(leader.pid):
            os.kill(pid, signal.SIGKILL)
        leader.wait()
    assert session_members(leader.pid, tmp_path / "no-proc") == []
