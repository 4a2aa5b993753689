"""The last line of a CI run: counts what was counted, and never calls a missing or doubtful result passed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUMMARY = Path(__file__).resolve().parents[2] / ".ci" / "summary.py"

CASES = """<testsuites><testsuite>
<testcase name="a" status="run"/>
<testcase name="b"/>
<testcase name="c" status="notrun"><skipped/></testcase>
{extra}</testsuite></testsuites>"""


def report(state: str, reused: bool = False, success: bool = True, seconds: float = 3.0) -> dict[str, Any]:
    return {
        "counts": {state: 4, "tests passed": 2, "tests failed": 0},
        "cells": [{"state": state}] * 4,
        "proofs": [{"success": success, "reused": reused}],
        "seconds": seconds,
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "reports").mkdir()
    for name in ("ctest", "pytest"):
        (tmp_path / "reports" / f"{name}.xml").write_text(CASES.format(extra=""))
    (tmp_path / "first.json").write_text(json.dumps(report("built")))
    (tmp_path / "second.json").write_text(json.dumps(report("up to date", reused=True)))
    return tmp_path


def summary(results: Path, *stages: str) -> tuple[int, str]:
    words = [str(results / name) for name in ("reports", "first.json", "second.json")]
    done = subprocess.run([sys.executable, str(SUMMARY), *words, *stages], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()[-1]


def test_adds_up(results: Path) -> None:
    # two and two cases, four packages with two tests and a proof, and the second build
    assert summary(results) == (0, "12 passed, 0 failed, 2 skipped")


def test_a_failed_case_fails(results: Path) -> None:
    (results / "reports" / "pytest.xml").write_text(CASES.format(extra='<testcase name="d"><failure/></testcase>'))
    assert summary(results) == (1, "12 passed, 1 failed, 2 skipped")


def test_a_missing_or_torn_result_fails(results: Path) -> None:
    (results / "reports" / "ctest.xml").unlink()
    (results / "reports" / "pytest.xml").write_text("<testsuites>")
    assert summary(results)[0] == 1


def test_a_failed_stage_fails_even_when_all_counts_are_good(results: Path) -> None:
    assert summary(results, "lint") == (1, "12 passed, 1 failed, 2 skipped")


@pytest.mark.parametrize(
    "second",
    [
        report("built", reused=True),
        report("up to date", reused=False),
        report("up to date", reused=True, seconds=15.0),
        {**report("up to date", reused=True), "proofs": []},
    ],
    ids=["rebuilt", "proved again", "slow", "no proof"],
)
def test_a_second_build_that_did_something_fails(results: Path, second: dict[str, Any]) -> None:
    (results / "second.json").write_text(json.dumps(second))
    assert summary(results)[0] == 1


@pytest.mark.parametrize(
    "first",
    [report("failed"), report("blocked"), report("built", success=False), {**report("built"), "proofs": []}],
    ids=["failed", "blocked", "not proved", "nothing proved"],
)
def test_a_bad_first_build_fails(results: Path, first: dict[str, Any]) -> None:
    (results / "first.json").write_text(json.dumps(first))
    assert summary(results)[0] == 1
