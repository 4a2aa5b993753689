"""The plan: what is made, and when a package would be made again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.bootstrap.interpreters import Interpreter, find_interpreters
from atheria_pack.bootstrap.model import Toolchain
from atheria_pack.bootstrap.plan import Job, Machine, content_key, overlays, plan_jobs
from atheria_pack.bootstrap.recipes import read_recipes
from atheria_pack.bootstrap.toolchain import find_toolchain
from atheria_pack.toolkits.rocm import HipCompiler
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[4]
RECIPES = read_recipes(ROOT / "recipes" / "bootstrap")

texts = st.text(max_size=8)
trees = st.dictionaries(texts, st.one_of(texts, st.dictionaries(texts, texts, max_size=3)), max_size=5)


@given(trees)
def test_the_order_of_inputs_does_not_matter(inputs: dict[str, Any]) -> None:
    assert content_key(inputs) == content_key(dict(reversed(list(inputs.items()))))


@given(trees, trees)
def test_different_inputs_have_different_keys(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (content_key(one) == content_key(other)) == same


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return find_toolchain(os.environ)


@pytest.fixture(scope="module")
def interpreters() -> dict[str, Interpreter]:
    found, _ = find_interpreters(os.environ)
    if not found:
        pytest.skip("this machine has no interpreter that can be packaged")
    return found


@pytest.fixture(scope="module")
def jobs(interpreters: dict[str, Interpreter], toolchain: Toolchain) -> list[Job]:
    return plan_jobs(RECIPES, Machine("linux-64", interpreters, toolchain))


def keys(jobs: list[Job]) -> dict[str, str]:
    return {job.label: job.key for job in jobs}


def test_every_recipe_is_planned_once_an_instance_and_python(jobs: list[Job], interpreters: dict[str, Interpreter]) -> None:
    labels = [job.label for job in jobs]
    assert len(labels) == len(set(labels))
    for recipe in RECIPES:
        if recipe.made_from == "hip-compiler":
            continue  # the machine of this test has none
        count = len(interpreters) if recipe.per_python else len(recipe.instances)
        assert [job.recipe for job in jobs].count(recipe) == count, recipe.name


def test_a_second_plan_has_the_same_keys(jobs: list[Job], interpreters: dict[str, Interpreter], toolchain: Toolchain) -> None:
    assert keys(jobs) == keys(plan_jobs(RECIPES, Machine("linux-64", interpreters, toolchain)))
    assert len(set(keys(jobs).values())) == len(jobs)


def test_another_compiler_remakes_what_comes_from_it_and_keeps_the_rest_usable(
    jobs: list[Job], interpreters: dict[str, Interpreter], toolchain: Toolchain
) -> None:
    newer = keys(plan_jobs(RECIPES, Machine("linux-64", interpreters, replace(toolchain, version="99.1.0"))))
    for name in ("gcc_linux-64", "gxx_linux-64", "libgcc", "libstdcxx"):
        if name in newer:
            assert newer[name] != keys(jobs)[name]
    for name in ("pip", "cmake", "libopenblas"):
        assert newer[name] == keys(jobs)[name], f"{name} does not depend on the compiler"


def test_the_overlay_tells_this_machines_compiler(jobs: list[Job], toolchain: Toolchain) -> None:
    found = overlays(jobs)["linux-64"]
    assert found["cxx_compiler_version"] == [toolchain.major] == found["c_compiler_version"]
    assert found["c_stdlib_version"] == [toolchain.glibc]
    assert (found["c_compiler"], found["cxx_compiler"], found["c_stdlib"]) == (["gcc"], ["gxx"], ["sysroot"])
    assert found["pybind11_abi"] == ["12"]
    assert "cuda_compiler_version" not in found, "12.9 has no compiler here, and its rows must say so, not get another"


HIP = HipCompiler(Path("/usr/bin/hipcc"), "5.2.21153", "15.0.6", Path("/usr"))


def test_a_hip_compiler_adds_its_package_and_its_keys_and_touches_nothing_else(
    jobs: list[Job], interpreters: dict[str, Interpreter], toolchain: Toolchain
) -> None:
    assert "hip_compiler_version" not in overlays(jobs)["linux-64"]
    more = plan_jobs(RECIPES, Machine("linux-64", interpreters, toolchain, HIP))
    assert keys(more).items() - keys(jobs).items() == {("hip-clang_linux-64", keys(more)["hip-clang_linux-64"])}
    assert keys(jobs).items() <= keys(more).items()
    found = overlays(more)
    assert found["linux-64"]["hip_compiler_version"] == ["5.2"]
    assert all("hip_compiler_version" not in found[platform] for platform in ("linux-aarch64", "osx-arm64", "win-64"))
    newer = plan_jobs(RECIPES, Machine("linux-64", interpreters, toolchain, replace(HIP, version="7.2.1")))
    assert {label for label, _ in keys(newer).items() - keys(more).items()} == {"hip-clang_linux-64"}


def test_cross_compilers_answer_for_their_platform_only(jobs: list[Job]) -> None:
    found = overlays(jobs)
    compilers = {platform: (keys["c_compiler"], keys["cxx_compiler"]) for platform, keys in found.items()}
    assert compilers == {
        "linux-64": (["gcc"], ["gxx"]),
        "linux-aarch64": (["gcc"], ["gxx"]),
        "osx-arm64": (["clang"], ["clangxx"]),
        "win-64": (["vs2022"], ["vs2022"]),
    }
    assert found["linux-aarch64"]["c_stdlib_version"] == ["2.28"]
    assert "c_stdlib_version" not in found["osx-arm64"], "there is a package for each deployment target of the pins"
    assert all(keys["pybind11_abi"] == ["12"] for keys in found.values())


def test_what_only_another_platform_needs_is_told_apart(jobs: list[Job]) -> None:
    def serving(*platforms: str) -> set[str]:
        return {job.name for job in jobs if job.serves(platforms, "linux-64")}

    native = serving("linux-64")
    assert {"cmake", "gcc_linux-64", "cuda-nvcc_linux-64", "cuda-nvcc-tools"} <= native
    assert not {name for name in native if name.startswith(("zig", "vs")) or name.endswith(("aarch64", "arm64"))}
    assert serving("linux-64", "win-64") - native == {"zig", "zig-libraries_win-64", "vs2022_win-64", "vs_win-64", "cuda-nvcc_win-64"}
    assert native <= serving("linux-aarch64"), "what runs here is needed for every platform"


def test_another_platform_gets_nothing_that_runs_only_here(interpreters: dict[str, Interpreter], toolchain: Toolchain) -> None:
    planned = plan_jobs(RECIPES, Machine("linux-aarch64", interpreters, toolchain))
    assert not [job.label for job in planned if job.wheel and "x86_64" in job.wheel.file]
    assert not [job.label for job in planned if job.recipe.name.endswith("_linux-64")]
