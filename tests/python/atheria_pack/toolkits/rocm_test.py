"""ROCm: the first hipcc that works is the one, and it is asked as AMD's."""

from __future__ import annotations

import sys
from pathlib import Path

from atheria_pack.toolkits.rocm import HipCompiler, find_hip, find_rocm

sys.path.insert(0, str(Path(__file__).parent))

from machine_of_scripts import hipcc, script  # noqa: E402


def test_the_first_on_path_is_used_and_the_others_are_listed(tmp_path: Path) -> None:
    first = hipcc(tmp_path / "usr" / "bin", "5.2.21153", "15.0.6")
    hipcc(tmp_path / "opt" / "rocm-6.4.1" / "bin", "6.4.43483")
    hipcc(tmp_path / "opt" / "rocm-7.2.0" / "bin", "7.2.26015")
    environment = {"PATH": f"{first.parent}"}
    found = find_rocm(environment, [tmp_path / "opt"])
    assert [(one.version, one.chosen) for one in found] == [("5.2.21153", True), ("7.2.26015", False), ("6.4.43483", False)]
    compiler = find_hip(environment, [tmp_path / "opt"])
    assert compiler == HipCompiler(first, "5.2.21153", "15.0.6", tmp_path / "usr") and compiler.series == "5.2"


def test_without_one_on_path_the_variables_and_then_the_newest_installed(tmp_path: Path) -> None:
    hipcc(tmp_path / "opt" / "rocm-6.4.1" / "bin", "6.4.43483")
    newest = hipcc(tmp_path / "opt" / "rocm-10.1.0" / "bin", "10.1.1")
    named = hipcc(tmp_path / "mine" / "bin", "7.0.1")
    plain = find_hip({"PATH": str(tmp_path)}, [tmp_path / "opt"])
    assert plain is not None and plain.path == newest
    asked = find_hip({"PATH": str(tmp_path), "ROCM_PATH": str(tmp_path / "mine")}, [tmp_path / "opt"])
    assert asked is not None and asked.path == named


def test_a_hipcc_that_fails_is_passed_over(tmp_path: Path) -> None:
    broken = script(tmp_path / "usr" / "bin" / "hipcc", "exit 1")
    good = hipcc(tmp_path / "opt" / "rocm" / "bin", "7.2.1")
    environment = {"PATH": f"{broken.parent}"}
    found = find_rocm(environment, [tmp_path / "opt"])
    assert [(one.path, one.chosen) for one in found] == [(str(broken), False), (str(good), True)]
    assert find_hip(environment, []) is None


def test_none_says_how_to_get_one(tmp_path: Path) -> None:
    (none,) = find_rocm({"PATH": str(tmp_path)}, [tmp_path])
    assert not none.chosen and "no hipcc found; install one" in none.reason
