"""What each room owes the person who enters it: a README, a first line of purpose, one idea a file."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tree import ROOT, files_below, project_files, read  # noqa: E402

# Above this many lines a file holds more than one reading does.
LINES_MAX = 600
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "stuff"}
# Folders with a README of their own; what lies deeper is told by theirs.
ROOMS = ["native", "native/include/atheria", "native/runtime", "native/runtime/backends", "native/runtime/backends/reference",
         "native/runtime/backends/cpu", "native/runtime/backends/openblas", "native/engine", "native/ffi", "python", "python/bindings",
         "python/atheria", "python/atheria/reference", "python/atheria/laws", "python/atheria/cli", "python/atheria_pack",
         "python/atheria_pack/bootstrap", "recipes", "recipes/bootstrap", "tests", "tests/tidy", "tests/bench", "tests/conformance",
         "tests/programs", "tests/parity"]


def test_every_room_has_a_readme() -> None:
    missing = [room for room in ROOMS if not (ROOT / room / "README.md").is_file()]
    assert not missing, f"no README.md in: {', '.join(missing)}"


def test_no_vague_names() -> None:
    wrong = [str(p) for p in project_files() if VAGUE & {part.split(".")[0] for part in p.parts}]
    assert not wrong, f"say what it is: {', '.join(wrong)}"


def test_python_files_open_with_their_purpose() -> None:
    wrong = [str(p) for p in files_below("python", ".py")
             if read(p).strip() and ast.get_docstring(ast.parse(read(p))) is None]
    assert not wrong, f"no docstring at the top of: {', '.join(wrong)}"


def test_native_files_open_with_their_purpose() -> None:
    wrong = [str(p) for p in files_below("native", ".h", ".hpp", ".cpp", ".c", ".def", ".inl")
             if not re.match(r"(#!.*\n)?(//|/\*) ?\S", read(p))]
    assert not wrong, f"no comment in the first line of: {', '.join(wrong)}"


def test_a_file_holds_one_reading() -> None:
    suffixes = (".py", ".cpp", ".hpp", ".h", ".inl")
    wrong = [f"{p} ({n} lines)" for folder in ("native", "python", "tests") for p in files_below(folder, *suffixes)
             if (n := read(p).count("\n")) > LINES_MAX]
    assert not wrong, f"more than {LINES_MAX} lines, split by idea: {', '.join(wrong)}"


def test_headers_in_c_are_the_contract() -> None:
    wrong = [str(p) for p in files_below("native", ".h") if Path("native/include/atheria") not in p.parents]
    assert not wrong, f".h is C and belongs to include/atheria, .hpp is C++ and stays inside: {', '.join(wrong)}"


def test_tests_repeat_the_tree() -> None:
    """tests/native/x/y_test.cpp is about native/x/y.*; tests/python/x/y_test.py about python/x/y.*, so either can be found from the other."""
    orphans = []
    for path in [*files_below("tests/native", ".cpp"), *files_below("tests/python", ".py")]:
        if not path.stem.endswith("_test"):
            continue
        subject = Path(*path.parts[1:-1]) / path.stem.removesuffix("_test")
        found = [p for p in project_files() if p.with_suffix("") == subject or subject in p.parents]
        if not found:
            orphans.append(f"{path} (no {subject}.*)")
    assert not orphans, "\n".join(orphans)
