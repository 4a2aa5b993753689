"""`clean --accel` takes the archives of that accelerator, too, and their lines in the list."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tests" / "python" / "atheria_pack" / "archive"))

from installer import LINUX, listed, publish  # noqa: E402


def test_one_accelerators_archives_go(tmp_path: Path) -> None:
    output = tmp_path / "output"
    (output / "records").mkdir(parents=True)
    for accel, platform in (("cpu", "linux-64"), ("cpu", "osx-arm64"), ("openblas", "linux-64")):
        publish(output / "archives", accel, platform, LINUX)
    command = [sys.executable, "-m", "atheria_pack", "clean", "--output", str(output), "--accel", "cpu"]
    environment = {"PYTHONPATH": str(ROOT / "python"), "PATH": "/usr/bin:/bin"}

    def clean(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert clean("--python", "3.11").returncode == 0
    assert len(listed(output / "archives")) == 3, "no Python is in an archive"
    done = clean("--platform", "linux-64")
    assert done.returncode == 0, done.stderr
    names = ["atheria-cpu-osx-arm64.tar.gz", "atheria-openblas-linux-64.tar.gz"]
    assert [entry["file"] for entry in listed(output / "archives")] == names
    assert clean().returncode == 0
    assert [entry["file"] for entry in listed(output / "archives")] == names[1:]
    assert {path.name for path in (output / "archives").glob("*.tar.gz*")} == {names[1], f"{names[1]}.sha256"}
