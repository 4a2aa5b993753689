"""The compiler: the one found works, and none, an old one or a mixed pair is explained."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from atheria_pack.bootstrap.elf import GLIBC_LIBRARIES
from atheria_pack.bootstrap.toolchain import (
    BINUTILS,
    OLDEST_GCC,
    find_binutils,
    find_toolchain,
    glibc_libraries,
    runtime_library,
)
from atheria_pack.errors import BootstrapError


def script(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)


def test_the_compiler_of_this_machine_is_described_as_it_describes_itself() -> None:
    found = find_toolchain(os.environ)
    said = subprocess.run([found.cxx, "--version"], capture_output=True, text=True, check=True).stdout
    assert found.version in said.splitlines()[0]
    assert found.family == "gcc" and int(found.major) >= OLDEST_GCC
    assert sorted(find_binutils(found)) == sorted(BINUTILS)
    libraries = glibc_libraries(found)
    assert set(libraries) <= GLIBC_LIBRARIES and {"libc.so.6", "libm.so.6"} <= set(libraries)
    assert runtime_library(found, "libstdc++.so.6").is_file()
    with pytest.raises(BootstrapError, match=r"finds no libnothing\.so\.1"):
        runtime_library(found, "libnothing.so.1")


def test_no_compiler_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match=r"no usable C\+\+ compiler .* Install GCC 11 or newer \(package `g\+\+`"):
        find_toolchain({"PATH": str(tmp_path)})


def test_a_compiler_too_old_is_refused_by_its_version(tmp_path: Path) -> None:
    for name in ("gcc", "g++"):
        script(tmp_path / name, 'case "$*" in *-dM*) echo "#define __GNUC__ 9";; *) echo 9.4.0;; esac')
    with pytest.raises(BootstrapError, match=r"Refused: .*/gcc is GCC 9\.4\.0, older than 11"):
        find_toolchain({"PATH": str(tmp_path)})


def test_two_versions_are_no_pair(tmp_path: Path) -> None:
    for name, version in (("gcc", "12.2.0"), ("g++", "13.1.0")):
        script(tmp_path / name, f'case "$*" in *-dM*) echo "#define __GNUC__ 12";; *) echo {version};; esac')
    with pytest.raises(BootstrapError, match=r"gcc is GCC 12\.2\.0, but .*g\+\+ is 13\.1\.0"):
        find_toolchain({"PATH": str(tmp_path)})


def test_clang_alone_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("clang", "clang++"):
        script(tmp_path / name, 'echo "#define __clang__ 1"')
    with pytest.raises(BootstrapError, match="is clang, which the bootstrap has no recipes for"):
        find_toolchain({"PATH": str(tmp_path)})


def test_the_compiler_the_user_sets_comes_first(tmp_path: Path) -> None:
    usual = find_toolchain({"PATH": os.environ["PATH"]})
    (tmp_path / "my-gcc").symlink_to(usual.cc)
    (tmp_path / "my-g++").symlink_to(usual.cxx)
    found = find_toolchain({"PATH": os.environ["PATH"], "CXX": str(tmp_path / "my-g++")})
    assert (found.cc, found.cxx) == (tmp_path / "my-gcc", tmp_path / "my-g++")
