"""Solving: what an environment would hold, and one telling line when there is none."""

import json
from pathlib import Path

import pytest
from atheria_pack.solve import Solved, Solver, Unsolvable


def record(name: str, version: str, *depends: str, build: str = "0") -> dict[str, object]:
    return {"name": name, "version": version, "build": build, "build_number": 0, "depends": list(depends), "subdir": "linux-64", "sha256": "ab" * 32}


@pytest.fixture
def channel(tmp_path: Path) -> str:
    records = {
        f"{r['name']}-{r['version']}-{r['build']}.conda": r
        for r in (
            record("app", "1", "lib >=1"),
            record("lib", "1"),
            record("lib", "2"),
            record("lib", "2", build="other"),
            record("gpu", "1", "__cuda"),
            record("old", "1", "lib <1"),
        )
    }
    for subdir, packages in (("linux-64", records), ("noarch", {})):
        (tmp_path / subdir).mkdir()
        (tmp_path / subdir / "repodata.json").write_text(
            json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages})
        )
    return tmp_path.as_uri()


def test_the_environment_names_version_build_and_digest(channel: str) -> None:
    solved = Solver([channel], "linux-64").packages(["app", "lib=*=other"])
    assert solved == Solved((f"app 1 0 {'ab' * 32}", f"lib 2 other {'ab' * 32}"))


def test_no_specs_need_no_channel() -> None:
    assert Solver(["file:///nowhere"], "linux-64").packages([]) == Solved(())


def test_a_package_that_is_not_there_is_named(channel: str) -> None:
    assert Solver([channel], "linux-64", "mine").packages(["app", "hip-compiler >=6"]) == Unsolvable("no hip-compiler in the channel mine")


def test_a_conflict_is_told_to_its_end(channel: str) -> None:
    solved = Solver([channel], "linux-64", "mine").packages(["old"])
    assert isinstance(solved, Unsolvable)
    assert "old 1 would require lib <1, for which no candidates were found" in solved.reason and "(channel mine)" in solved.reason


def test_virtual_packages_can_be_given(channel: str) -> None:
    assert isinstance(Solver([channel], "linux-64", virtual_packages=[]).packages(["gpu"]), Unsolvable)
    assert isinstance(Solver([channel], "linux-64", virtual_packages=["__cuda=12.9=0"]).packages(["gpu"]), Solved)
