"""Builds of a package, read from their build strings and put in order."""

from __future__ import annotations

import random

import pytest
import rattler
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.page.builds import Build, accelerators, cell, newest_first, platforms
from hypothesis import given
from hypothesis import strategies as st


def build(string: str, version: str = "1.0", subdir: str = "linux-64") -> Entry:
    return Entry(subdir, f"a-{version}-{string}.conda", "packages.conda", "k", {"name": "a", "version": version, "build": string})


@pytest.mark.parametrize(
    ("string", "accelerator", "python"),
    [
        ("cuda130_py312_h0a1b2c3_500", "cuda130", "3.12"),
        ("cpu_generic_py39_h1_0", "cpu", "3.9"),
        ("cpu_py310_0", "cpu", "3.10"),
        ("openblas_h1_100", "openblas", None),
        ("py311h0a1b2c3_0", None, "3.11"),
        ("py27_0", None, "2.7"),
        ("pyhd8ed1ab_0", None, None),
        ("h0a1b2c3_0", None, None),
        ("cpuinfo_h1_0", None, None),
        ("cuda", None, None),
        ("", None, None),
    ],
)
def test_what_a_build_string_says(string: str, accelerator: str | None, python: str | None) -> None:
    found = Build(build(string))
    assert (found.accelerator, found.python) == (accelerator, python)


def test_gpus_come_first_and_the_newest_toolkit_before_older_ones() -> None:
    strings = ["openblas_0", "cpu_0", "cuda129_0", "rocm_0", "cuda130_0", "h0_0", "metal_0", "cuda118_0"]
    assert accelerators(map(Build, map(build, strings))) == ["cuda130", "cuda129", "cuda118", "rocm", "metal", "cpu", "openblas"]


versions_of_conda = st.from_regex(r"([0-9]!)?[0-9]{1,2}(\.[0-9]{1,2}){0,2}(rc1|\.post1|\+l1)?", fullmatch=True)


@given(st.lists(versions_of_conda, min_size=2, max_size=8), st.integers())
def test_versions_are_in_rattlers_order_and_strangers_last(versions: list[str], seed: int) -> None:
    mixed = [*versions, "no version!", "a b"]
    random.Random(seed).shuffle(mixed)
    found = [one.version for one in newest_first(build("h0_0", version) for version in mixed)]
    assert [rattler.Version(version) for version in found[:-2]] == sorted(map(rattler.Version, versions), reverse=True)
    assert set(found[-2:]) == {"no version!", "a b"}


def test_a_cell_is_of_the_newest_version_on_that_platform() -> None:
    builds = newest_first(
        [build("cpu_py312_0", "1.10"), build("cpu_py39_0", "1.10"), build("cpu_py38_0", "1.9"), build("cpu_0", "1.9", "win-64"), build("h0_0", "2.0")]
    )
    assert cell(builds, "cpu", "linux-64") == ("1.10", ["3.9", "3.12"])
    assert cell(builds, "cpu", "win-64") == ("1.9", [])
    assert cell(builds, "rocm", "win-64") is None
    assert platforms(builds) == ["linux-64", "win-64"]
