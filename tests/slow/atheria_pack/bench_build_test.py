"""The benchmark of build-all on the small project: it times both ways, and its counts see a compiler that runs too often."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(ROOT / "tests" / "bench"))

from build_all import compilations, staging_compilations  # noqa: E402
from conftest import Project  # noqa: E402

LINES = 'echo "[1/2] a"; echo "[2/2] b"'
COMPILED = 'echo "[1/2] Building CXX object runtime/a.cpp.o"; echo "[2/2] Building CXX object engine/{}.cpp.o"'


def bench(project: Project) -> tuple[int, dict[str, Any], str]:
    result = project.root / "result.json"
    words = ["--channel", str(project.channel), "--only", "*", "--python", "3.10,3.11", "--json", str(result)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "bench" / "build_all.py"), *words],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(result.read_text()) if result.exists() else {}, done.stdout + done.stderr


def test_a_staging_build_compiles_once_per_accelerator_and_a_warm_run_nothing(project: Project) -> None:
    project.edit_recipe(LINES, COMPILED.format("b"))
    code, result, told = bench(project)
    assert code == 0, told
    rows = {(row["candidate"], row["state"]): row for row in result["rows"]}
    assert len(rows) == 4 and result["accels"] == ["cpu", "openblas"] and len(result["cells"]) == 10
    cold = rows["build-all", "cold"]
    assert (cold["staging"], cold["repeated"]) == (4, 0), "two files for each of two accelerators"
    assert rows["loop", "cold"]["staging"] >= 4, "once per output, unless two outputs start in the same second and share a folder"
    assert (rows["build-all", "warm"]["compilations"], rows["loop", "warm"]["compilations"]) == (0, 0)
    assert all(row["seconds"] > 0 for row in rows.values()) and "times as fast" in told


def test_a_file_compiled_twice_fails_the_benchmark(project: Project) -> None:
    project.edit_recipe(LINES, COMPILED.format("b") + "; echo '[3/3] Building CXX object runtime/a.cpp.o'")
    code, _, told = bench(project)
    assert code == 1 and "build-all compiled 2 files of staging builds twice" in told


def test_a_failing_build_ends_it_with_its_log(project: Project) -> None:
    project.edit_recipe(LINES, "echo the last words; false")
    code, _, told = bench(project)
    assert code == 1 and "build-all ended with 1" in told and "the last words" in told


@pytest.mark.parametrize(
    ("log", "counted", "staged"),
    [
        ("[3/9] Building CXX object runtime/a.o\n[4/9] Building C object consumer.o\n[5/9] Linking CXX x\n", 2, 1),
        ("  [3/9] Building CXX object runtime/a.o\n", 0, 0),
        ("[1/2] Building CUDA object engine/k.cu.o\n[1/2] Building CUDA object engine/k.cu.o\n", 2, 2),
    ],
)
def test_what_counts_as_a_compilation(log: str, counted: int, staged: int) -> None:
    assert (sum(compilations(log).values()), sum(staging_compilations(log).values())) == (counted, staged)
