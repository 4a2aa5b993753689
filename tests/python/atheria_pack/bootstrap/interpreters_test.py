"""Interpreters: which are packaged, and whether a refusal says why."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.bootstrap.interpreters import (
    EXPLICIT_VARIABLE,
    Candidate,
    Interpreter,
    choose,
    classify,
    find_candidates,
    identity,
    probe,
)
from atheria_pack.bootstrap.model import RejectedInterpreter
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def layout(tmp_path: Path) -> dict[str, Any]:
    """The facts of a fit interpreter, with the files that they name."""
    prefix = tmp_path / "3.12.9"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python3.12").touch(0o755)
    (prefix / "lib" / "python3.12").mkdir(parents=True)
    (prefix / "lib" / "libpython3.12.so.1.0").touch()
    return {
        "implementation": "cpython",
        "version": [3, 12, 9],
        "release": "final",
        "prefix": str(prefix),
        "base_prefix": str(prefix),
        "stdlib": str(prefix / "lib" / "python3.12"),
        "free_threaded": False,
        "debug": False,
        "shared": True,
        "library": "libpython3.12.so.1.0",
        "configured_prefix": str(prefix),
        "header": True,
        "externally_managed": False,
        "dist_packages": False,
        "missing": [],
    }


def verdict(facts: dict[str, Any] | str) -> Interpreter | RejectedInterpreter | None:
    return classify(Path("python3"), "PATH", facts)


def test_a_complete_interpreter_is_fit(layout: dict[str, Any]) -> None:
    found = verdict(layout)
    assert isinstance(found, Interpreter)
    assert (found.minor, found.text, found.shared_library) == ("3.12", "3.12.9", "libpython3.12.so.1.0")


def test_one_without_a_shared_library_is_fit_too(layout: dict[str, Any]) -> None:
    found = verdict(layout | {"shared": False, "library": "libpython3.12.a"})
    assert isinstance(found, Interpreter) and found.shared_library is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"externally_managed": True}, "belongs to the operating system"),
        ({"dist_packages": True}, "belongs to the operating system"),
        ({"prefix": "/usr", "base_prefix": "/usr"}, r"belongs to the operating system \(prefix /usr\)"),
        ({"implementation": "pypy"}, "is pypy, not CPython"),
        ({"release": "candidate"}, "pre-release"),
        ({"free_threaded": True}, "free-threaded"),
        ({"debug": True}, "debug build"),
        ({"header": False}, r"no Python\.h"),
        ({"stdlib": "/elsewhere/lib/python3.12"}, "standard library is in /elsewhere"),
        ({"library": "libpython3.12.so.9.9"}, r"libpython3\.12\.so\.9\.9 is not there"),
        ({"missing": ["ssl", "lzma"]}, "cannot import ssl"),
    ],
)
def test_a_refusal_gives_its_reason_and_advice(layout: dict[str, Any], change: dict[str, Any], reason: str) -> None:
    found = verdict(layout | change)
    assert isinstance(found, RejectedInterpreter)
    assert re.search(reason, found.reason), found.reason
    assert "3.12" in found.advice and found.version == "3.12.9"


@pytest.mark.parametrize("change", [{"version": [3, 9, 1]}, {"version": [3, 14, 0]}, {"base_prefix": "/another"}])
def test_what_is_out_of_range_or_virtual_is_passed_over(layout: dict[str, Any], change: dict[str, Any]) -> None:
    assert verdict(layout | change) is None


def test_optional_modules_may_be_missing(layout: dict[str, Any]) -> None:
    found = verdict(layout | {"missing": ["readline", "sqlite3"]})
    assert isinstance(found, Interpreter) and found.missing_modules == ("readline", "sqlite3")


def test_one_that_does_not_start_is_explained(tmp_path: Path) -> None:
    program = tmp_path / "python3.12"
    program.write_text("#!/bin/sh\necho 'error while loading shared libraries: libpython3.12.so.1.0' >&2\nexit 127\n")
    program.chmod(0o755)
    found = classify(program, "PATH", probe(program))
    assert isinstance(found, RejectedInterpreter)
    assert "does not start" in found.reason and "libpython3.12.so.1.0" in found.reason


def test_this_interpreter_answers_the_probe() -> None:
    facts = probe(Path(sys.executable))
    assert isinstance(facts, dict)
    assert facts["version"] == list(sys.version_info[:3]) and facts["base_prefix"] == sys.base_prefix


versions = st.tuples(st.just(3), st.integers(10, 13), st.integers(0, 20))


@given(st.lists(st.tuples(versions, st.sampled_from(["named", "pyenv", "PATH"]), st.integers(0, 40)), max_size=12))
def test_the_choice_is_the_named_one_or_the_newest(found: list[tuple[tuple[int, int, int], str, int]]) -> None:
    pairs = [
        (Candidate(Path("p"), layout, rank), Interpreter(Path(str(index)), version, layout, None, "", ()))
        for index, (version, layout, rank) in enumerate(found)
    ]
    chosen = choose(pairs)
    assert list(chosen) == sorted({one.minor for _, one in pairs}, key=lambda text: int(text[2:]))
    for minor, interpreter in chosen.items():
        same = [one for _, one in pairs if one.minor == minor]
        named = [one for one in same if one.layout == "named"]
        assert interpreter.version == max(one.version for one in named or same)
        assert not named or interpreter.layout == "named"


def test_version_managers_are_searched_and_shims_are_not(tmp_path: Path) -> None:
    real = tmp_path / "pyenv" / "versions" / "3.11.5" / "bin" / "python3.11"
    real.parent.mkdir(parents=True)
    real.touch(0o755)
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "python3.11").write_text("#!/bin/sh\nexec pyenv exec python3.11\n")
    (shims / "python3.11").chmod(0o755)
    found = find_candidates({"PYENV_ROOT": str(tmp_path / "pyenv"), "PATH": str(shims), "HOME": str(tmp_path)})
    assert [one.path for one in found if one.layout == "pyenv"] == [real]
    assert not any(shims in one.path.parents for one in found)


def test_an_interpreter_named_by_the_user_comes_first(tmp_path: Path) -> None:
    real = tmp_path / "mine" / "bin" / "python3.12"
    real.parent.mkdir(parents=True)
    real.touch(0o755)
    found = find_candidates({EXPLICIT_VARIABLE: str(tmp_path / "mine"), "PATH": ""})
    assert found[0] == Candidate(real, "named", 0)


def test_the_identity_changes_with_any_file_of_the_standard_library(layout: dict[str, Any]) -> None:
    interpreter = verdict(layout)
    assert isinstance(interpreter, Interpreter)
    module = interpreter.stdlib / "os.py"
    module.write_text("a = 1\n")
    before = identity(interpreter)
    assert identity(interpreter) == before
    (interpreter.stdlib / "__pycache__").mkdir()
    (interpreter.stdlib / "__pycache__" / "os.cpython-312.pyc").touch()
    (interpreter.stdlib / "site-packages").mkdir()
    (interpreter.stdlib / "site-packages" / "other.py").touch()
    assert identity(interpreter) == before, "what is not packaged does not count"
    os.utime(module, ns=(1, 1))
    assert identity(interpreter) != before
    changed = identity(interpreter)
    interpreter.executable.write_bytes(b"another program")
    assert identity(interpreter) != changed
