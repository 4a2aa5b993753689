"""CUDA: every toolkit is found once, and the choice follows the rule."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from atheria_pack.toolkits.cuda import CudaCompiler, find_cuda, find_nvccs
from atheria_pack.toolkits.model import Toolkit

sys.path.insert(0, str(Path(__file__).parent))

from machine_of_scripts import nvcc, script  # noqa: E402


def environment(*folders: Path, **more: str) -> dict[str, str]:
    return {"PATH": ":".join(str(folder / "bin") for folder in folders), **more}


def chosen(found: list[Toolkit]) -> list[str]:
    return [one.version for one in found if one.chosen]


def test_path_variables_and_install_folders_are_searched_and_each_toolkit_is_listed_once(tmp_path: Path) -> None:
    one, two = tmp_path / "local" / "cuda-12.6", tmp_path / "local" / "cuda-13.0"
    nvcc(one, "12.6.85", 13)
    nvcc(two, "13.0.88", 15)
    (tmp_path / "local" / "cuda").symlink_to(two)
    other = tmp_path / "elsewhere"
    nvcc(other, "12.9.86", 14)
    script(tmp_path / "wrappers" / "bin" / "nvcc", f'exec {two}/bin/nvcc "$@"')
    found = find_nvccs(environment(tmp_path / "wrappers", CUDA_HOME=str(other)), [tmp_path / "local"])
    assert [one.version for one in found if isinstance(one, CudaCompiler)] == ["13.0.88", "12.9.86", "12.6.85"]
    assert [one.newest_gcc for one in found if isinstance(one, CudaCompiler)] == [15, 14, 13]


def test_the_newest_that_takes_the_compiler_is_used_and_the_others_say_why_not(tmp_path: Path) -> None:
    nvcc(tmp_path / "cuda-12.6", "12.6.85", 13)
    nvcc(tmp_path / "cuda-13.0", "13.0.88", 15)
    nvcc(tmp_path / "cuda-13.9", "13.9.1", 11)
    nvcc(tmp_path / "cuda-11.8", "11.8.89", 11)
    found = {one.version: one for one in find_cuda(environment(), "12.2.0", None, [tmp_path])}
    assert chosen([*found.values()]) == ["13.0.88"]
    assert "newest that takes this machine's compiler; takes GCC up to 15" in found["13.0.88"].reason
    assert "does not take this machine's GCC 12.2.0: 11 is the newest for it" in found["13.9.1"].reason
    assert found["12.6.85"].reason.startswith("13.0.88 at ")
    assert found["11.8.89"].reason == "too old: CUDA 12.0 is the oldest that works"


def test_a_named_compiler_is_used_if_it_takes_the_host(tmp_path: Path) -> None:
    named = nvcc(tmp_path / "cuda-12.6", "12.6.85", 13)
    nvcc(tmp_path / "cuda-13.0", "13.0.88", 15)
    (old,) = [one for one in find_cuda(environment(CUDACXX=str(named)), "12.2.0", None, [tmp_path]) if one.chosen]
    assert old.version == "12.6.85" and "named by CUDACXX" in old.reason
    (new,) = [one for one in find_cuda(environment(CUDACXX=str(named)), "14.1.0", None, [tmp_path]) if one.chosen]
    assert new.version == "13.0.88"


def test_how_the_chosen_one_is_reached_is_told(tmp_path: Path) -> None:
    """CMake takes CUDACXX, else what is on PATH: a newer one elsewhere is no use to it unasked."""
    old, new = nvcc(tmp_path / "cuda-12.6", "12.6.85", 13), nvcc(tmp_path / "cuda-13.0", "13.0.88", 15)
    unreached = f"builds for development use it with CUDACXX={new}: the newest"
    for variables, told in (
        (environment(old.parents[1]), unreached),
        (environment(new.parents[1]), "builds for development use it: the newest"),
        (environment(old.parents[1], CUDACXX=str(new)), "builds for development use it: named by CUDACXX"),
        (environment(old.parents[1], CUDACXX=str(tmp_path / "nvcc-14")), unreached),
    ):
        found = find_cuda(variables, "12.2.0", None, [tmp_path])
        assert [one.path for one in found if one.chosen] == [str(new)]
        assert [one.reason for one in found if one.chosen][0].startswith(told)
    assert (found[-1].path, found[-1].reason) == (str(tmp_path / "nvcc-14"), "named by CUDACXX, but no program is there")


def test_the_channels_compiler_builds_packages_whatever_is_installed(tmp_path: Path) -> None:
    nvcc(tmp_path / "cuda-13.9", "13.9.1", 15)
    first, second = find_cuda(environment(), "12.2.0", "13.0.88", [tmp_path])
    assert (first.name, first.version, first.chosen) == ("cuda-nvcc", "13.0.88", True)
    assert (second.name, second.version, second.chosen) == ("nvcc", "13.9.1", True)


@pytest.mark.parametrize(("version", "gcc"), [("13.1.2", 15), ("12.9.86", 14), ("12.6.1", 13), ("12.1.0", 12), ("10.2.89", None)])
def test_without_a_header_the_release_tells_the_newest_gcc(tmp_path: Path, version: str, gcc: int | None) -> None:
    nvcc(tmp_path / "cuda-x", version)
    (found,) = find_nvccs(environment(), [tmp_path])
    assert isinstance(found, CudaCompiler) and found.newest_gcc == gcc


def test_what_does_not_work_is_listed_and_not_used(tmp_path: Path) -> None:
    script(tmp_path / "cuda-1" / "bin" / "nvcc", "exit 3")
    (found,) = find_cuda(environment(), "12.2.0", None, [tmp_path])
    assert not found.chosen and "`nvcc --version` fails" in found.reason
    (none,) = find_cuda(environment(), "12.2.0", None, [tmp_path / "nothing"])
    assert (none.path, none.version, none.chosen) == ("", "", False) and "no nvcc" in none.reason
