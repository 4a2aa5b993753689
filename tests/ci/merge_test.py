"""Channels of several machines merged, and the packages of two tools compared."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python" / "atheria_pack" / "archive"))

from packages import write_package  # noqa: E402


def script(name: str, *words: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(ROOT / ".ci" / name), *map(str, words)], capture_output=True, text=True, check=False)


def machine(folder: Path, subdir: str, name: str, base: str = "file:///base", content: bytes = b"x") -> Path:
    write_package(folder / "channel", name, "cpu_h1234567_200", {f"lib/{name}": content}, subdir=subdir)
    shutil.rmtree(folder / "channel" / "noarch", ignore_errors=True) if subdir != "noarch" else None
    (folder / "report.json").write_text(json.dumps({"base_channel": {"uri": base}}))
    return folder


def test_two_machines(tmp_path: Path) -> None:
    first, second = machine(tmp_path / "a", "linux-64", "one"), machine(tmp_path / "b", "osx-arm64", "two")
    machine(first, "noarch", "both")
    machine(second, "noarch", "both")
    done = script("merge.py", tmp_path / "out", first, second)
    assert (done.returncode, done.stdout) == (0, "3 packages\n"), done.stderr
    for subdir, names in (("linux-64", {"one"}), ("osx-arm64", {"two"}), ("noarch", {"both"})):
        index = json.loads((tmp_path / "out" / "channel" / subdir / "repodata.json").read_text())
        assert {entry["name"] for entry in index["packages.conda"].values()} == names
    assert json.loads((tmp_path / "out" / "report.json").read_text())["base_channel"]["uri"] == "file:///base"


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ({"base": "file:///other"}, "built against file:///base, file:///other; one is needed"),
        ({"subdir": "linux-64", "name": "one", "base": "file:///base", "files": True}, "hold different files"),
    ],
)
def test_machines_that_disagree(tmp_path: Path, second: dict[str, object], told: str) -> None:
    first = machine(tmp_path / "a", "linux-64", "one")
    other = machine(tmp_path / "b", str(second.get("subdir", "osx-arm64")), str(second.get("name", "two")), str(second["base"]))
    if second.get("files"):
        write_package(other / "channel", "one", "cpu_h1234567_200", {"lib/more": b"y"})
    done = script("merge.py", tmp_path / "out", first, other)
    assert done.returncode == 1 and told in done.stderr


def test_a_machine_without_packages(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    done = script("merge.py", tmp_path / "out", tmp_path / "a")
    assert done.returncode == 1 and "holds no packages; did its job upload them?" in done.stderr


def family(channel: Path, mark: str, files: tuple[str, ...] = ("lib/x",), number: int = 200) -> Path:
    write_package(channel, "libx", f"cpu_h{mark * 7}_{number}", {path: b"1" for path in files})
    write_package(channel, "x", f"cpu_py312_h{mark * 7}_{number}", {"bin/x": b"1"}, [f"libx ==0.1.0 cpu_h{mark * 7}_{number}", "python"])
    return channel


def test_hashes_do_not_count(tmp_path: Path) -> None:
    done = script("same_packages.py", family(tmp_path / "a", "1"), family(tmp_path / "b", "2"), "linux-64")
    assert (done.returncode, "the same: libx 0.1.0 cpu_200, x 0.1.0 cpu_py312_200" in done.stdout) == (0, True), done.stdout


def test_everything_else_counts(tmp_path: Path) -> None:
    first = family(tmp_path / "a", "1")
    fewer = script("same_packages.py", first, family(tmp_path / "b", "2", files=("lib/y",)), "linux-64")
    assert fewer.returncode == 1
    assert fewer.stdout.splitlines() == ["libx 0.1.0 cpu_200: file lib/x is missing", "libx 0.1.0 cpu_200: file lib/y is not expected"]
    number = script("same_packages.py", first, family(tmp_path / "c", "2", number=201), "linux-64")
    assert number.returncode == 1 and "libx 0.1.0 cpu_201: not among the expected packages" in number.stdout
    nothing = script("same_packages.py", first, tmp_path / "d", "linux-64")
    assert nothing.returncode == 1 and "holds no packages" in nothing.stdout
