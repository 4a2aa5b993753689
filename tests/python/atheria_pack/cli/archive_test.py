"""`archive` as it is typed: what it refuses, and what it leaves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "archive"))

from packages import write_family  # noqa: E402


def archive(output: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "atheria_pack", "archive", "--output", str(output), *words]
    environment = {"PYTHONPATH": str(ROOT / "python"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    write_family(tmp_path / "output" / "channel", "cpu")
    write_family(tmp_path / "output" / "channel", "cuda130")
    write_family(tmp_path / "output" / "channel", "cpu", platform="linux-aarch64")
    return tmp_path / "output"


def test_everything_that_is_built(output: Path) -> None:
    done = archive(output, "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    names = ["atheria-cpu-linux-64", "atheria-cuda130-linux-64", "atheria-cpu-linux-aarch64"]
    assert [entry["name"] for entry in value["archives"]] == names
    there = {path.name for path in (output / "archives").iterdir()}
    expected = {f"{name}.tar.gz{ending}" for name in names for ending in ("", ".sha256")}
    assert there == expected | {"atheria-archives.json", "install.sh"}
    assert f"{names[0]}: " in done.stderr


def test_narrowed(output: Path, tmp_path: Path) -> None:
    done = archive(output, "--accel", "cpu", "--platform", "linux-aarch64", "--to", str(tmp_path / "to"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "to" / "atheria-cpu-linux-aarch64.tar.gz"))
    assert len(list((tmp_path / "to").glob("*.tar.gz"))) == 1


def test_a_dry_run_writes_nothing(output: Path) -> None:
    done = archive(output, "--dry-run", "--accel", "cpu")
    assert done.returncode == 0 and "libatheria-engine-dev-0.1.0-cpu_h1000000_200" in done.stdout
    assert not (output / "archives").exists()
    value = json.loads(archive(output, "--dry-run", "--accel", "cpu", "--platform", "linux-64", "--json").stdout)
    assert [entry["file"] for entry in value["archives"]] == ["atheria-cpu-linux-64.tar.gz"]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--accel", "metla"], 2, "did you mean metal?"),
        (["--platform", "linux-32"], 2, "not one of linux-64, linux-aarch64, osx-arm64, win-64; did you mean linux-64?"),
        (["--accel", "metal", "--platform", "linux-64"], 2, "--accel metal: not in variants.yaml for linux-64; it has "),
        (["--to", "/proc/here"], 2, "--to /proc/here: no folder can be made there ("),
        (["--accel", "openblas"], 1, "openblas is not built: "),
        (["--accel", "cuda130", "--platform", "linux-aarch64"], 1, "`./run build-all --accel cuda130 --platform linux-aarch64 --output "),
        (["--platform", "win-64"], 1, "nothing is built for win-64: "),
    ],
)
def test_refused_in_a_line(output: Path, words: list[str], status: int, told: str) -> None:
    done = archive(output, *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (output / "archives").exists()


def test_nothing_built(tmp_path: Path) -> None:
    output = tmp_path / "empty"
    done = archive(output, "--accel", "cpu")
    told = f"error: there is no channel to archive: {output}/channel is missing; `./run build-all --accel cpu --output {output}` makes it\n"
    assert (done.returncode, done.stderr) == (1, told)
    assert not output.exists()
    (output / "channel").mkdir(parents=True)
    done = archive(output)
    assert done.returncode == 1
    assert f"nothing is built: {output}/channel has nothing to archive; `./run build-all --output {output}` builds it" in done.stderr


def test_a_report_that_says_nothing_is_told(output: Path) -> None:
    (output / "report.json").write_text("{}")
    done = archive(output, "--accel", "cpu", "--platform", "linux-64")
    assert done.returncode == 2 and f"{output / 'report.json'} does not say what was built against (KeyError('base_channel'))" in done.stderr


def test_a_package_that_is_not_the_listed_one(output: Path) -> None:
    path = output / "channel" / "linux-64" / "libatheria-engine-0.1.0-cpu_h1000000_200.conda"
    path.write_bytes(path.read_bytes() + b"x")
    done = archive(output, "--accel", "cpu", "--platform", "linux-64")
    assert done.returncode == 1 and f"{path} is not what its channel lists" in done.stderr
    assert not list((output / "archives").glob("*.tar.gz"))
