"""Compilers, libraries and emulators: found by their own words, and what is missing says what follows."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from atheria_pack.toolkits import find_toolkits
from atheria_pack.toolkits.machine import find_compilers, find_emulators, find_metal, find_openblas, find_vulkan

sys.path.insert(0, str(Path(__file__).parent))

from machine_of_scripts import script  # noqa: E402

GCC = 'echo "g++ (Debian 7.7.7-14) {version}"'


def here(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}"}


def test_the_first_compiler_for_cpp20_is_used_and_old_ones_say_so(tmp_path: Path) -> None:
    script(tmp_path / "g++", GCC.format(version="9.4.0"))
    script(tmp_path / "g++-13", GCC.format(version="13.2.0"))
    script(tmp_path / "clang++", 'echo "Debian clang version 15.0.6"')
    script(tmp_path / "clang++-18", 'echo "clang version 18.1.3"')
    found = {one.version: (one.chosen, one.reason) for one in find_compilers(here(tmp_path))}
    assert found == {
        "9.4.0": (False, "too old for C++20, which needs gcc 11"),
        "15.0.6": (False, "too old for C++20, which needs clang 16"),
        "13.2.0": (True, "the first that compiles C++20"),
        "18.1.3": (False, "comes later than the one used"),
    }
    (named, *_) = find_compilers({**here(tmp_path), "CXX": "clang++-18"})
    assert (named.name, named.chosen, named.reason) == ("clang", True, "named by CXX")
    missing, *_ = find_compilers({**here(tmp_path), "CXX": "clang++-19 -m32"})
    assert (missing.name, missing.chosen, missing.reason) == ("clang++-19", False, "named by CXX, but not on PATH")


def test_no_compiler_says_what_to_install(tmp_path: Path) -> None:
    (none,) = find_compilers(here(tmp_path))
    assert not none.chosen and "install one" in none.reason


def test_openblas_is_what_pkg_config_says(tmp_path: Path) -> None:
    (none,) = find_openblas(here(tmp_path))
    assert "no pkg-config" in none.reason
    script(tmp_path / "pkg-config", "exit 1")
    (unknown,) = find_openblas(here(tmp_path))
    assert not unknown.chosen and "pkg-config knows none" in unknown.reason
    script(tmp_path / "pkg-config", 'case "$*" in "--modversion scipy-openblas") echo 0.3.34;; *libdir*) echo /lib/blas;; *) exit 1;; esac')
    (found,) = find_openblas(here(tmp_path))
    assert (found.name, found.version, found.path, found.chosen) == ("scipy-openblas", "0.3.34", "/lib/blas", True)


def test_metal_needs_a_whole_xcode(tmp_path: Path) -> None:
    assert "no xcrun" in find_metal(here(tmp_path))[0].reason
    script(tmp_path / "xcrun", "exit 72")
    assert "command line tools do not" in find_metal(here(tmp_path))[0].reason
    script(tmp_path / "xcrun", 'case "$*" in *--find*) echo /dev/metal;; *) echo "Apple metal version 32023.620";; esac')
    (found,) = find_metal(here(tmp_path))
    assert (found.version, found.path, found.chosen) == ("32023.620", "/dev/metal", True)


def test_vulkans_headers_tell_their_version(tmp_path: Path) -> None:
    assert find_vulkan({}, [tmp_path])[0].path == ""
    header = tmp_path / "sdk" / "include" / "vulkan" / "vulkan_core.h"
    header.parent.mkdir(parents=True)
    header.write_text(
        "#define VK_HEADER_VERSION 296\n#define VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION(0, 1, 3, VK_HEADER_VERSION)\n"
    )
    (found,) = find_vulkan({"VULKAN_SDK": str(tmp_path / "sdk")}, [])
    assert (found.version, found.path, found.chosen) == ("1.3.296", str(header), False)


def test_qemu_needs_a_c_library_of_the_other_platform(tmp_path: Path) -> None:
    root = tmp_path / "aarch64-linux-gnu"
    assert "no qemu-aarch64" in find_emulators(here(tmp_path), [root], [])[0].reason
    script(tmp_path / "qemu-aarch64-static", 'echo "qemu-aarch64 version 9.1.0"')
    without = find_emulators(here(tmp_path), [root], [])[0]
    assert (without.version, without.chosen) == ("9.1.0", False) and "no C library of linux-aarch64" in without.reason
    (root / "lib").mkdir(parents=True)
    (root / "lib" / "ld-linux-aarch64.so.1").touch()
    assert find_emulators(here(tmp_path), [root], [])[0].chosen


def test_wine_may_lie_outside_path(tmp_path: Path) -> None:
    hidden = script(tmp_path / "lib" / "wine64", 'echo "wine-8.0 (Debian 8.0~repack-4)"')
    missing = find_emulators(here(tmp_path), [], ["wine64"])[1]
    assert not missing.chosen and "no wine64" in missing.reason
    found = find_emulators(here(tmp_path), [], ["wine64", str(hidden)])[1]
    assert (found.version, found.path, found.chosen) == ("8.0", str(hidden), True)


def test_everything_is_plain_data_and_no_path_is_no_error(tmp_path: Path) -> None:
    found = [one.as_json() for one in find_toolkits(here(tmp_path), "13.0.88")]
    assert json.loads(json.dumps(found)) == found
    assert {one["kind"] for one in found} == {"compiler", "cuda", "rocm", "openblas", "metal", "vulkan", "emulator"}
    assert all(one["reason"] for one in found)


def test_a_program_that_hangs_or_prints_rubbish_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atheria_pack.toolkits.probe.TIMEOUT_S", 1)
    script(tmp_path / "g++", "exec /bin/sleep 30")
    script(tmp_path / "clang++", r"printf '\377\376 clang version 19.1.0'")
    found = {one.name: one for one in find_compilers(here(tmp_path))}
    assert found["gcc"].reason == "tells no version" and found["clang"].version == "19.1.0"


def test_this_machine_has_the_compiler_that_its_tests_were_built_with() -> None:
    compilers = [one for one in find_toolkits(os.environ) if one.kind == "compiler" and one.chosen]
    assert len(compilers) == 1 and Path(compilers[0].path).is_file()
