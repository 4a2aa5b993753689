"""Environments installed from the channel work wherever they are put, and say where they come from."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.bootstrap import BootstrapChannel
from atheria_pack.bootstrap.elf import GLIBC_LIBRARIES, is_elf, read_dynamic
from rattler import AboutJson
from rattler.package_streaming import PackageArchive

Install = Callable[[Sequence[str], Path], Path]

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# Long, and odd in every way short of a space.
ODD = "an+odd~prefix,with=signs@" + "x" * 120

IMPORTS = (
    "import asyncio, bz2, ctypes, curses, decimal, hashlib, json, lzma, multiprocessing, sqlite3, ssl, sys, sysconfig, uuid, zlib;"
    "import setuptools, wheel, numpy, PIL.Image, pybind11, pip;"
    "assert numpy.linalg.inv(numpy.eye(3) * 2)[0, 0] == 0.5;"
    "assert sqlite3.connect(':memory:').execute('select 6 * 7').fetchone() == (42,);"
    "ssl.create_default_context();"
    "image = PIL.Image.new('RGB', (2, 2)); import io; image.save(io.BytesIO(), 'PNG');"
    "assert sysconfig.get_config_var('LIBDIR') == sys.prefix + '/lib', sysconfig.get_config_var('LIBDIR');"
    "assert sysconfig.get_config_var('INCLUDEPY').startswith(sys.prefix);"
    "print(sys.prefix)"
)


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", params=PYTHONS)
def prefix(request: pytest.FixtureRequest, channel: BootstrapChannel, install: Install, tmp_path_factory: Any) -> Path:
    python = str(request.param)
    if python not in channel.pythons:
        pytest.skip(f"this machine has no Python {python} that can be packaged")
    folder = tmp_path_factory.mktemp("env") / f"{ODD}{python}"
    return install([f"python {python}.*", "numpy", "pillow", "pip", "pybind11"], folder)


def test_python_and_its_packages_work_from_an_odd_prefix(prefix: Path) -> None:
    assert run(prefix / "bin" / "python", "-c", IMPORTS).strip() == str(prefix)
    assert str(prefix) in run(prefix / "bin" / "python", "-m", "pip", "--version")
    assert "No broken requirements" in run(prefix / "bin" / "pip", "check")
    assert run(prefix / "bin" / "numpy-config", "--cflags").startswith(f"-I{prefix}")
    assert f"-I{prefix}" in run(prefix / "bin" / "python3-config", "--includes")


# What manylinux wheels may take from the machine besides glibc.
MANYLINUX = {"libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"}


def test_nothing_is_found_outside_the_prefix_but_what_belongs_to_the_machine(prefix: Path) -> None:
    wrong = []
    for path in prefix.rglob("*"):
        if not is_elf(path):
            continue
        section = read_dynamic(path)
        if section is None:
            continue
        for rpath in section.rpaths:
            if not rpath.startswith("$ORIGIN"):
                wrong.append(f"{path}: rpath {rpath}")
        said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": os.defpath})
        for line in said.stdout.splitlines():
            name, arrow, where = line.strip().partition(" => ")
            allowed = GLIBC_LIBRARIES | (MANYLINUX if "site-packages" in path.parts else set())
            if arrow and name not in allowed and not where.startswith(str(prefix)):
                wrong.append(f"{path}: {name} is {where}")
    assert not wrong, "\n".join(wrong)


async def about(package: Path) -> AboutJson:
    return await (await PackageArchive.from_path(package)).about_json()


def test_every_package_says_that_it_is_not_conda_forges(channel: BootstrapChannel) -> None:
    for package in channel.packages:
        said = asyncio.run(about(package.path))
        assert "not conda-forge's build" in (said.description or ""), package.identifier
        assert package.origin in str(said.extra["bootstrap"]), package.identifier


def test_cmake_ninja_and_pkg_config_run(install: Install, tmp_path: Path) -> None:
    prefix = install(["cmake", "ninja", "pkg-config", "openblas"], tmp_path / "tools")
    assert "cmake version" in run(prefix / "bin" / "cmake", "--version")
    assert run(prefix / "bin" / "ninja", "--version")[0].isdigit()
    assert run(prefix / "bin" / "pkg-config", "--modversion", "openblas").startswith("0.3.")
    assert run(prefix / "bin" / "pkg-config", "--variable=includedir", "openblas").strip() == f"{prefix}/include"
