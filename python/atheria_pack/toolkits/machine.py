"""Finds what else builds use or could use: compilers, OpenBLAS, Metal, Vulkan's headers, and emulators for packages of other
platforms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from atheria_pack.toolkits.model import Toolkit
from atheria_pack.toolkits.probe import first, number, on_path, said

OLDEST_COMPILERS = {"gcc": 11, "clang": 16}  # C++20
HEADER_FOLDERS = (Path("/usr/include"), Path("/usr/local/include"))
WINE = ("wine64", "/usr/lib/wine/wine64", "wine", "wine-stable")  # Debian's package wine64 alone puts none on PATH
QEMU_ROOTS = (Path("/usr/aarch64-linux-gnu"), Path("/usr/aarch64-redhat-linux/sys-root"))


def find_compilers(environment: Mapping[str, str]) -> list[Toolkit]:
    """C++ compilers: the one that CXX names, g++, clang++, and those with a version in their names. The first fit one is used."""
    names = [*([environment["CXX"].split()[0]] if environment.get("CXX") else []), "g++", "clang++"]
    names += [f"{name}-{major}" for name, newest in (("g++", 20), ("clang++", 24)) for major in range(newest, 10, -1)]
    found: list[Toolkit] = []
    seen: set[Path] = set()
    used = False
    for name in names:
        path = on_path(name, environment)
        if path is None and name == names[0] and environment.get("CXX"):
            found.append(Toolkit("compiler", name, "", "", False, "named by CXX, but not on PATH"))
        if path is None or path.resolve() in seen:
            continue
        seen.add(path.resolve())
        text = said([path, "--version"], environment)
        family = "clang" if "clang" in text else "gcc"
        version = first(r"clang version (\d+(?:\.\d+)+)", text) or first(r"(\d+\.\d+\.\d+)", _without_vendor(text))
        oldest = OLDEST_COMPILERS[family]
        if not version:
            found.append(Toolkit("compiler", family, "", str(path), False, "tells no version"))
        elif number(version)[:1] < (oldest,):
            found.append(Toolkit("compiler", family, version, str(path), False, f"too old for C++20, which needs {family} {oldest}"))
        elif used:
            found.append(Toolkit("compiler", family, version, str(path), False, "comes later than the one used"))
        else:
            why = "named by CXX" if environment.get("CXX") and name == names[0] else "the first that compiles C++20"
            found.append(Toolkit("compiler", family, version, str(path), True, why))
            used = True
    return found or [Toolkit("compiler", "gcc", "", "", False, "no C++ compiler on PATH; install one (on Debian: g++)")]


def _without_vendor(text: str) -> str:
    """The first line of `g++ --version` without what stands in brackets: the distribution's version of its package."""
    return re.sub(r"\([^)]*\)", "", text.partition("\n")[0])


def find_openblas(environment: Mapping[str, str]) -> list[Toolkit]:
    """OpenBLAS as pkg-config knows it. Packages take the channel's; builds for development take this one."""
    program = on_path("pkg-config", environment)
    if program is None:
        return [Toolkit("openblas", "openblas", "", "", False, "no pkg-config on PATH to ask; packages take the channel's")]
    for name in ("openblas", "scipy-openblas"):
        version = said([program, "--modversion", name], environment).strip()
        if version:
            folder = said([program, "--variable=libdir", name], environment).strip()
            return [Toolkit("openblas", name, version, folder, True, "builds for development link it; packages take the channel's")]
    return [Toolkit("openblas", "openblas", "", str(program), False, "pkg-config knows none; packages take the channel's")]


def find_metal(environment: Mapping[str, str]) -> list[Toolkit]:
    """Apple's shader compiler, which only checks: packages carry the kernels as text that macOS compiles at first use."""
    xcrun = on_path("xcrun", environment)
    if xcrun is None:
        return [Toolkit("metal", "metal", "", "", False, "no xcrun on PATH, as everywhere but on macOS; packages need none")]
    path = said([xcrun, "--sdk", "macosx", "--find", "metal"], environment).strip()
    if not path:
        return [Toolkit("metal", "metal", "", str(xcrun), False, "xcrun finds no metal compiler; Xcode has it, its command line tools do not")]
    version = first(r"version (\S+)", said([xcrun, "--sdk", "macosx", "metal", "--version"], environment))
    return [Toolkit("metal", "metal", version, path, True, "checks the kernels; packages carry them as text")]


def find_vulkan(environment: Mapping[str, str], folders: Sequence[Path] = HEADER_FOLDERS) -> list[Toolkit]:
    """Vulkan's headers, which nothing here uses yet."""
    roots = [Path(environment["VULKAN_SDK"]) / "include"] if environment.get("VULKAN_SDK") else []
    for folder in (*roots, *folders):
        header = folder / "vulkan" / "vulkan_core.h"
        if header.is_file():
            text = header.read_text("utf-8", "replace")
            patch = first(r"#define VK_HEADER_VERSION (\d+)", text)
            series = re.search(r"#define VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION\(0, (\d+), (\d+)", text)
            version = f"{series[1]}.{series[2]}.{patch}" if series else patch
            return [Toolkit("vulkan", "headers", version, str(header), False, "there is no Vulkan backend")]
    return [Toolkit("vulkan", "headers", "", "", False, "none found; there is no Vulkan backend")]


def find_emulators(environment: Mapping[str, str], roots: Sequence[Path] = QEMU_ROOTS, wine: Sequence[str] = WINE) -> list[Toolkit]:
    """What runs the tests of packages for other platforms. Without them these packages are compiled, and their programs not run."""
    return [_qemu(environment, roots), _wine(environment, wine)]


def _qemu(environment: Mapping[str, str], roots: Sequence[Path]) -> Toolkit:
    path = on_path("qemu-aarch64", environment) or on_path("qemu-aarch64-static", environment)
    if path is None:
        return Toolkit("emulator", "qemu", "", "", False, "no qemu-aarch64: programs of linux-aarch64 are not run (on Debian: qemu-user)")
    version = first(r"version (\d+(?:\.\d+)+)", said([path, "--version"], environment))
    root = next((root for root in roots if any(root.glob("**/lib/ld-linux-aarch64.so.1"))), None)
    if root is None:
        advice = "no C library of linux-aarch64 for it: its programs are not run (on Debian: libc6-arm64-cross)"
        return Toolkit("emulator", "qemu", version, str(path), False, advice)
    return Toolkit("emulator", "qemu", version, str(path), True, f"runs programs of linux-aarch64, with the C library in {root}")


def _wine(environment: Mapping[str, str], candidates: Sequence[str]) -> Toolkit:
    path = next((path for path in (on_path(name, environment) for name in candidates) if path), None)
    if path is None:
        return Toolkit("emulator", "wine", "", "", False, "no wine64: programs of win-64 are not run (on Debian: wine64)")
    version = first(r"wine-(\d+(?:\.\d+)*)", said([path, "--version"], environment))
    if not version:
        return Toolkit("emulator", "wine", "", str(path), False, "tells no version: programs of win-64 are not run")
    return Toolkit("emulator", "wine", version, str(path), True, "runs programs of win-64")
