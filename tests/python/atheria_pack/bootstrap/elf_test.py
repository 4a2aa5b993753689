"""The ELF reader against readelf and against damaged files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.bootstrap.elf import dynamic_symbols, is_elf, newest_glibc, read_dynamic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

READELF = shutil.which("readelf")
needs_readelf = pytest.mark.skipif(READELF is None, reason="readelf (binutils) is not on PATH")


@pytest.fixture(scope="module")
def binary() -> Path:
    """The C library: large, with everything the reader looks at except a need."""
    import math

    module = getattr(math, "__file__", None)
    return Path(module) if module else Path(sys.executable).resolve()


def readelf(*arguments: str) -> str:
    assert READELF is not None
    return subprocess.run([READELF, "-W", *arguments], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}).stdout


@needs_readelf
def test_needs_and_versions_agree_with_readelf(binary: Path) -> None:
    section = read_dynamic(binary)
    assert section is not None
    said = readelf("-d", str(binary))
    assert list(section.needed) == re.findall(r"\(NEEDED\)\s+Shared library: \[(.*)\]", said)
    assert [section.soname] == (re.findall(r"\(SONAME\)\s+Library soname: \[(.*)\]", said) or [None])
    wanted = {(int(a), int(b)) for a, b in re.findall(r"Name: GLIBC_(\d+)\.(\d+)", readelf("-V", str(binary)))}
    assert section.glibc == max(wanted)


@needs_readelf
def test_symbols_agree_with_readelf(binary: Path) -> None:
    said = [line.split() for line in readelf("--dyn-syms", str(binary)).splitlines()]
    names = [row[7].split("@")[0] for row in said if len(row) > 7 and row[0][:-1].isdigit()]
    assert sorted(filter(None, dynamic_symbols(binary))) == sorted(names)


def test_text_is_no_elf(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("script")
    assert not any(is_elf(path) for path in tmp_path.iterdir())
    assert read_dynamic(tmp_path / "script") is None
    assert newest_glibc(tmp_path) == (0, 0)


def test_the_newest_version_of_a_tree_counts(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    shutil.copy(binary, tmp_path / "deep" / "module.so")
    section = read_dynamic(binary)
    assert section is not None and newest_glibc(tmp_path) == section.glibc > (2, 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(64, 6000))
def test_a_file_cut_short_is_an_error_with_its_name(binary: Path, tmp_path: Path, length: int) -> None:
    cut = tmp_path / "cut.so"
    cut.write_bytes(binary.read_bytes()[:length])
    try:
        read_dynamic(cut)
    except ValueError as error:
        assert "cut.so" in str(error)
