"""What CMake reads of ELF files, against what lief reads of the same."""

import shutil
import subprocess
from pathlib import Path

import pytest
from atheria_pack.inspection.binary import read_binary

SCRIPT = Path(__file__).resolve().parents[2] / "recipes" / "scripts" / "loader_needs.cmake"
PROGRAM = """
#include <math.h>
#include <stdio.h>
#include <pthread.h>
#include <dlfcn.h>
void* work(void* x) { printf("%f", pow(*(double*)x, 1.5)); return dlopen("x", 1); }
int start(double x) { pthread_t thread; return pthread_create(&thread, 0, work, &x); }
"""


def needs(folder: Path, *files: Path) -> tuple[list[str], str]:
    """Libraries and glibc as loader_needs gives them."""
    tool = shutil.which("cmake")
    if tool is None:
        pytest.skip("cmake is not on this machine")
    script = folder / "ask.cmake"
    named = " ".join(f'"{file}"' for file in files)
    script.write_text(
        f'cmake_minimum_required(VERSION 3.25)\ninclude("{SCRIPT}")\nloader_needs(libraries glibc {named})\n'
        f'file(WRITE "{folder}/answer" "${{libraries}}\\n${{glibc}}")\n'
    )
    subprocess.run([tool, "-P", script], check=True, capture_output=True)
    libraries, glibc = (folder / "answer").read_text().split("\n")
    return [name for name in libraries.split(";") if name], glibc


def compiled(folder: Path, name: str, source: str, *flags: str) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not on this machine")
    (folder / "source.c").write_text(source)
    made = folder / name
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-o", made, folder / "source.c", *flags], check=True)
    return made


def test_libraries_and_glibc(tmp_path: Path) -> None:
    library = compiled(tmp_path, "one.so", PROGRAM, "-Wl,--no-as-needed", "-lm", "-lgcc_s")
    truth = read_binary(library.read_bytes())
    assert len(truth.needed) >= 3 and truth.version("GLIBC") is not None
    assert needs(tmp_path, library) == (sorted(truth.needed), truth.version("GLIBC"))


def test_several_files_are_joined(tmp_path: Path) -> None:
    """The newest version counts by number: 2.34 is newer than 2.4."""
    first = compiled(tmp_path, "one.so", PROGRAM, "-lm")
    second = compiled(tmp_path, "two.so", "extern int __stack_chk_fail(); int f(void) { return __stack_chk_fail(); }")
    assert read_binary(second.read_bytes()).version("GLIBC") == "2.4" and read_binary(first.read_bytes()).version("GLIBC") == "2.34"
    for order in ((first, second), (second, first)):
        libraries, glibc = needs(tmp_path, *order)
        assert (libraries, glibc) == (sorted({*read_binary(first.read_bytes()).needed, *read_binary(second.read_bytes()).needed}), "2.34")


def test_files_of_other_forms_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.dll").write_bytes(b"MZ" + bytes(200))
    (tmp_path / "empty").write_bytes(b"")
    assert needs(tmp_path, tmp_path / "a.dll", tmp_path / "empty") == ([], "0")
