"""Finds the C and C++ compiler of this machine, its binutils, its runtime libraries and the C library below them."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from atheria_pack.bootstrap.elf import GLIBC_LIBRARIES
from atheria_pack.bootstrap.model import Toolchain
from atheria_pack.errors import BootstrapError

OLDEST_GCC = 11  # C++20

# Programs that come with the compiler, under the triplet's name.
BINUTILS = ("ar", "as", "ld", "nm", "objcopy", "objdump", "ranlib", "readelf", "strip")

_NO_COMPILER = (
    "no usable C++ compiler was found on PATH, and packages cannot be compiled without one. Install GCC "
    f"{OLDEST_GCC} or newer (package `g++` on Debian and Ubuntu, `gcc-c++` on Fedora, RHEL and openSUSE, `gcc` on Arch) and "
    "run again; CC and CXX can name one that is not on PATH"
)


def _output(command: list[str]) -> str:
    """What a compiler prints, in English; an empty text if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "LC_ALL": "C"})
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _family(compiler: Path) -> Literal["gcc", "clang"] | None:
    macros = _output([str(compiler), "-dM", "-E", "-x", "c", "/dev/null"])
    if "__clang__" in macros:
        return "clang"
    return "gcc" if "__GNUC__" in macros else None


def _version(compiler: Path) -> str:
    return _output([str(compiler), "-dumpfullversion"]) or _output([str(compiler), "-dumpversion"])


def _pairs(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names of C and C++ compilers in the order they are tried: what the user set, the plain names, then versioned ones
    from the newest down."""
    pairs: list[tuple[str, str]] = []
    if environment.get("CXX"):
        cxx = environment["CXX"].split()[0]
        guessed = re.sub(r"(clang|g)\+\+(?=[^/]*$)", lambda name: "clang" if name[1] == "clang" else "gcc", cxx)
        pairs.append((environment.get("CC", guessed).split()[0], cxx))
    pairs.append(("gcc", "g++"))
    pairs += [(f"gcc-{major}", f"g++-{major}") for major in range(20, OLDEST_GCC - 1, -1)]
    pairs.append(("clang", "clang++"))  # recognised in order to be refused by name: it has no recipes yet
    return pairs


def find_toolchain(environment: Mapping[str, str]) -> Toolchain:
    """The first pair of compilers on PATH that is new enough for C++20.

    Raises:
        BootstrapError: there is none, or this machine's C library is not glibc.
    """
    name, glibc = platform.libc_ver()
    if name != "glibc" or not glibc:
        raise BootstrapError(
            f"the bootstrap channel makes packages for glibc, but this machine's C library is {name or 'unknown'}; "
            "use a glibc based system or a channel that answers"
        )
    refused: list[str] = []
    path = environment.get("PATH")
    for cc_name, cxx_name in _pairs(environment):
        cc, cxx = shutil.which(cc_name, path=path), shutil.which(cxx_name, path=path)
        if cc is None or cxx is None:
            continue
        family = _family(Path(cc))
        if family is None or _family(Path(cxx)) != family:
            refused.append(f"{cc} and {cxx} are no GCC or Clang pair")
            continue
        if family != "gcc":
            refused.append(f"{cc} is {family}, which the bootstrap has no recipes for")
            continue
        version = _version(Path(cc))
        if not version or int(version.split(".")[0]) < OLDEST_GCC:
            refused.append(f"{cc} is GCC {version or 'of unknown version'}, older than {OLDEST_GCC}")
            continue
        if version != _version(Path(cxx)):
            refused.append(f"{cc} is GCC {version}, but {cxx} is {_version(Path(cxx))}")
            continue
        machine = _output([cc, "-dumpmachine"])
        if machine.split("-")[0] != platform.machine():
            refused.append(f"{cc} compiles for {machine}, not for this machine ({platform.machine()})")
            continue
        return Toolchain(family, version, Path(cc), Path(cxx), machine, glibc)
    raise BootstrapError(_NO_COMPILER + ("" if not refused else ". Refused: " + "; ".join(refused)))


def find_binutils(toolchain: Toolchain) -> dict[str, Path]:
    """The binutils the compiler uses, by plain name.

    Raises:
        BootstrapError: one of them is missing.
    """
    found: dict[str, Path] = {}
    for name in BINUTILS:
        answer = _output([str(toolchain.cc), f"-print-prog-name={name}"])
        program = shutil.which(answer) if answer else None
        if program is None:
            raise BootstrapError(f"{toolchain.cc} finds no program `{name}`; install binutils (package `binutils`) and run again")
        found[name] = Path(program)
    return found


def runtime_library(toolchain: Toolchain, soname: str) -> Path:
    """The real file of a runtime library of the compiler, for example libstdc++.so.6.

    Raises:
        BootstrapError: the compiler does not know it.
    """
    answer = _output([str(toolchain.cxx), f"-print-file-name={soname}"])
    path = Path(answer)
    if not path.is_absolute() or not path.is_file():
        raise BootstrapError(
            f"{toolchain.cxx} finds no {soname}; its runtime libraries are not installed completely: "
            "reinstall the compiler's packages and run again"
        )
    return path.resolve()


def glibc_libraries(toolchain: Toolchain) -> dict[str, Path]:
    """Where this machine keeps the libraries of its C library, by file name; those it does not have are left out."""
    found: dict[str, Path] = {}
    for name in sorted(GLIBC_LIBRARIES):
        path = Path(_output([str(toolchain.cc), f"-print-file-name={name}"]))
        if path.is_absolute() and path.is_file():
            found[name] = Path(os.path.normpath(path))
    loader = next((name for name in GLIBC_LIBRARIES if name.startswith("ld-linux") and (Path("/lib64") / name).exists()), None)
    if loader is not None:
        found.setdefault(loader, Path("/lib64") / loader)
    if "libc.so.6" not in found:
        raise BootstrapError(f"{toolchain.cc} finds no libc.so.6; install the C library's development files (libc6-dev)")
    return found
