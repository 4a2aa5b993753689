"""Runs a command that must not outlive who asked for it: `python -m atheria_pack.guard FD -- COMMAND...`.

The asker holds the other end of the pipe FD and never writes. When that end closes, whatever ended the asker (kill -9, a closed
terminal), the guard ends the whole session it leads, build scripts and compilers too. It may be handed further descriptors to
hold until then: the lock of the output folder stays taken while anything still writes there.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_POLL_SECONDS = 0.05


def session_members(session: int, proc: Path = Path("/proc")) -> list[int]:
    """All processes of a session. Build scripts run in process groups of their own, so that the group is not enough."""
    if not (proc / "self").exists():
        return _listed_members(session)
    members = []
    for stat in proc.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while the list was read
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(int(stat.parent.name))
    return members


def _listed_members(session: int) -> list[int]:
    """The same where there is no /proc (macOS): ps lists the processes, the system tells the session of each."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    members = []
    for line in listed.splitlines():
        pid, state = line.split()[:2]
        try:
            if not state.startswith("Z") and os.getsid(int(pid)) == session:
                members.append(int(pid))
        except (ProcessLookupError, PermissionError):
            continue  # it ended in the meantime, or is somebody else's
    return members


def signal_session(session: int, number: signal.Signals, spared: int | None = None) -> int:
    """Send a signal to all processes of a session but one; answers how many there were."""
    members = [pid for pid in session_members(session) if pid != spared]
    for pid in members:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it ended in the meantime, which is what was wanted
    return len(members)


def guard(asker: int, command: Sequence[str]) -> int:
    """Run the command until it ends or the pipe `asker` closes; answers its exit status."""
    # Whoever stops the session asks all its members at once; the guard is to see the last of them out.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            if select.select([asker], [], [], _POLL_SECONDS)[0]:
                while signal_session(os.getsid(0), signal.SIGKILL, spared=os.getpid()):
                    process.poll()
                    time.sleep(_POLL_SECONDS)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    separator = sys.argv.index("--")
    sys.exit(guard(int(sys.argv[1]), sys.argv[separator + 1 :]))
