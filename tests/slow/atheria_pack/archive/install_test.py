"""The installer where it has to wait."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python" / "atheria_pack" / "archive"))

from installer import Machine, install, publish_family  # noqa: E402


def test_two_at_once(tmp_path: Path) -> None:
    """The second waits for the first, and one that does not end is told; the lock of a killed one counts for nothing, as far as this
    machine can tell: another may share the folder."""
    archives, prefix = tmp_path / "archives", tmp_path / "p"
    publish_family(archives)
    (prefix / ".lock").mkdir(parents=True)
    here = os.uname().nodename
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    for holder, told in ((f"{os.getpid()} {here}", f"{os.getpid()} of {here}"), (f"{gone} not-{here}", f"{gone} of not-{here}")):
        (prefix / ".lock" / "process").write_text(f"{holder}\n")
        busy = install(archives, prefix, machine=Machine(tmp_path / "m"))
        assert busy.returncode == 6 and f"another install (process {told}) works in {prefix}" in busy.stderr
    (prefix / ".lock" / "process").write_text(f"{gone} {here}\n")
    assert install(archives, prefix, machine=Machine(tmp_path / "m")).returncode == 0
    assert not (prefix / ".lock").exists()
