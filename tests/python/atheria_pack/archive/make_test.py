"""One archive from a channel's packages, and what the list says of it."""

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.archive.choice import choices
from atheria_pack.archive.facts import build_date, requirements_of
from atheria_pack.archive.make import make_archive
from atheria_pack.errors import PackError

sys.path.insert(0, str(Path(__file__).parent))

from packages import capabilities, write_family, write_package  # noqa: E402

CUDA = {"toolkit": "13.0", "architectures": ["sm_120", "sm_75", "sm_90a"], "ptx": ["compute_120"], "left_out": [], "minimum_driver": "580"}


def make(tmp_path: Path, folder: str = "out") -> dict[str, Any]:
    (choice,) = choices(tmp_path / "channel", ["linux-64"])
    return make_archive(choice, "file:///nowhere", tmp_path / folder, tmp_path / "cache", lambda _line: None)


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def test_what_is_in_it(tmp_path: Path) -> None:
    write_family(tmp_path / "channel")
    entry = make(tmp_path)
    files = contents(tmp_path / "out" / entry["file"])
    names = {name.removeprefix("atheria-cpu-linux-64/") for name in files}
    assert {"BUILD_INFO.txt", "INSTALL.txt", "include/atheria/engine.h", "lib/libatheria_engine.so.0.1", "share/atheria/archive.json",
            "share/licenses/libatheria-runtime/LICENSE"} <= names  # fmt: skip
    assert not [name for name in names if name.startswith(("etc/", "info/"))]
    text = files["atheria-cpu-linux-64/BUILD_INFO.txt"].decode()
    assert text.startswith("atheria-cpu-linux-64 0.1.0\n") and "libatheria-engine 0.1.0 cpu_h1000000_200" in text
    facts = json.loads(files["atheria-cpu-linux-64/share/atheria/archive.json"])
    assert [package["name"] for package in facts["packages"]][0] == "libatheria-runtime"
    assert entry["unpacked"] == sum(map(len, files.values()))


def test_the_same_packages_give_the_same_bytes(tmp_path: Path) -> None:
    write_family(tmp_path / "channel")
    assert make(tmp_path, "a")["sha256"] == make(tmp_path, "b")["sha256"]


def test_what_cuda_needs_is_in_the_list(tmp_path: Path) -> None:
    write_family(tmp_path / "channel", "cuda130", cuda=CUDA)
    entry = make(tmp_path)
    assert (entry["needs_driver"], entry["needs_compute"]) == ("580", "7.5")
    assert "NVIDIA's driver 580 or newer" in contents(tmp_path / "out" / entry["file"])["atheria-cuda130-linux-64/BUILD_INFO.txt"].decode()


def test_what_metal_needs() -> None:
    assert requirements_of({}, {"metal": {"language": "3.0", "minimum_macos": "13.0"}, "cuda": None}) == {"macos": "13.0"}


def test_packages_that_say_they_are_others(tmp_path: Path) -> None:
    write_family(tmp_path / "channel", "cpu")
    facts = {"share/atheria/libatheria-runtime/capabilities.json": capabilities("openblas")}
    write_package(tmp_path / "channel", "libatheria-runtime", "cpu_h1000000_200", facts)
    with pytest.raises(PackError, match="its files say that they are openblas for linux-64"):
        make(tmp_path)


@pytest.mark.parametrize(("date", "expected"), [("2026-11-20T12:00:00Z", 1795176000), (None, 315532800), ("1970-01-01T00:00:00Z", 315532800)])
def test_the_date_is_the_sources(date: str | None, expected: int) -> None:
    assert build_date({"date": date}) == expected
