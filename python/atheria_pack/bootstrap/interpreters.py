"""Finds the CPython interpreters of this machine and decides which can become a `python` package, with a reason if not."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atheria_pack.bootstrap.model import RejectedInterpreter

OLDEST, NEWEST = (3, 10), (3, 13)

# Where version managers keep complete interpreters: a folder, below which each child is a prefix.
# The first column names the layout; the second is an environment variable that moves the folder.
_LAYOUTS = (
    ("pyenv", "PYENV_ROOT", "~/.pyenv", "versions/*"),
    ("uv", "UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python", "*"),
    ("mise", "MISE_DATA_DIR", "~/.local/share/mise", "installs/python/*"),
    ("asdf", "ASDF_DATA_DIR", "~/.asdf", "installs/python/*"),
    ("rye", "RYE_HOME", "~/.rye", "py/*"),
    ("conda", "CONDA_ROOT", "~/miniforge3", "."),
    ("conda", "CONDA_ROOT", "~/miniforge3", "envs/*"),
    ("conda", "CONDA_ROOT", "~/mambaforge", "."),
    ("conda", "CONDA_ROOT", "~/miniconda3", "."),
    ("conda", "CONDA_ROOT", "~/miniconda3", "envs/*"),
    ("conda", "CONDA_ROOT", "~/anaconda3", "."),
)
# Prefixes or executables named by the user; looked at first.
EXPLICIT_VARIABLE = "ATHERIA_BOOTSTRAP_PYTHONS"

ADVICE_GET_ONE = (
    "install a self-contained one, for example with `uv python install {minor}` or `pyenv install {minor}`, "
    f"or name its prefix in {EXPLICIT_VARIABLE}"
)

_PROBE = r"""
import json, os, sys, sysconfig
def importable(name):
    try:
        __import__(name)
        return True
    except (ImportError, OSError, AttributeError):
        return False
v = sysconfig.get_config_var
stdlib = sysconfig.get_path("stdlib")
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "release": sys.version_info.releaselevel,
    "prefix": sys.prefix,
    "base_prefix": getattr(sys, "base_prefix", sys.prefix),
    "stdlib": stdlib,
    "executable": sys.executable,
    "machine": os.uname().machine,
    "abiflags": getattr(sys, "abiflags", ""),
    "free_threaded": bool(v("Py_GIL_DISABLED")),
    "debug": bool(v("Py_DEBUG")),
    "shared": bool(v("Py_ENABLE_SHARED")),
    "library": v("INSTSONAME") or v("LDLIBRARY") or "",
    "configured_prefix": v("prefix") or "",
    "header": os.path.isfile(os.path.join(sysconfig.get_path("include"), "Python.h")),
    "externally_managed": os.path.isfile(os.path.join(stdlib, "EXTERNALLY-MANAGED")),
    "dist_packages": any("dist-packages" in p for p in sys.path),
    "missing": [m for m in ("zlib", "ssl", "hashlib", "ctypes", "_posixsubprocess", "math", "select",
                            "sqlite3", "lzma", "bz2", "readline", "curses") if not importable(m)],
}))
"""
_ESSENTIAL = ("zlib", "ssl", "hashlib", "ctypes", "_posixsubprocess", "math", "select")


@dataclass(frozen=True)
class Interpreter:
    """A CPython that can be packaged: it is complete below `prefix` and has the usual layout."""

    prefix: Path
    version: tuple[int, int, int]
    layout: str
    shared_library: str | None
    configured_prefix: str
    missing_modules: tuple[str, ...]

    @property
    def minor(self) -> str:
        """ "3.12" """
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def text(self) -> str:
        """ "3.12.1" """
        return ".".join(map(str, self.version))

    @property
    def executable(self) -> Path:
        """The real program, under its versioned name."""
        return self.prefix / "bin" / f"python{self.minor}"

    @property
    def stdlib(self) -> Path:
        """The standard library's folder."""
        return self.prefix / "lib" / f"python{self.minor}"


@dataclass(frozen=True)
class Candidate:
    """A program that may be an interpreter, and how it was come by. Lower rank is preferred."""

    path: Path
    layout: str
    rank: int


def find_candidates(environment: Mapping[str, str]) -> list[Candidate]:
    """Every program on this machine that looks like a Python 3, each real file once, preferred ones first."""
    found: list[Candidate] = []
    for named in filter(None, environment.get(EXPLICIT_VARIABLE, "").split(os.pathsep)):
        path = Path(named).expanduser()
        found.append(Candidate(path if path.is_file() else _program_of(path), "named", 0))
    for rank, (layout, variable, default, pattern) in enumerate(_LAYOUTS, start=1):
        folder = Path(environment.get(variable) or default).expanduser()
        if folder.is_dir():
            prefixes = [folder] if pattern == "." else sorted(folder.glob(pattern))
            found.extend(Candidate(_program_of(prefix), layout, rank) for prefix in prefixes)
    for variable in ("CONDA_PREFIX", "CONDA_PREFIX_1"):
        if environment.get(variable):
            found.append(Candidate(_program_of(Path(environment[variable])), "conda", 20))
    found.append(Candidate(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}", "running", 30))
    for folder_name in filter(None, environment.get("PATH", "").split(os.pathsep)):
        folder = Path(folder_name)
        names = ["python3", *(f"python3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1))]
        found.extend(Candidate(folder / name, "PATH", 40) for name in names if not _is_shim(folder / name))
    unique: dict[Path, Candidate] = {}
    for candidate in found:
        if candidate.path.is_file() and os.access(candidate.path, os.X_OK):
            unique.setdefault(candidate.path.resolve(), candidate)
    return list(unique.values())


def _program_of(prefix: Path) -> Path:
    """The program of a prefix; a path that does not exist if the prefix has none."""
    programs = [path for path in sorted(prefix.glob("bin/python3.*")) if re.fullmatch(r"python3\.\d+t?", path.name)]
    return programs[-1] if programs else prefix / "bin" / "python3"


def _is_shim(path: Path) -> bool:
    """Whether the file is a script that starts some interpreter chosen elsewhere (pyenv, asdf, mise)."""
    try:
        with path.open("rb") as stream:
            return stream.read(2) == b"#!"
    except OSError:
        return True


def probe(program: Path) -> dict[str, Any] | str:
    """Ask an interpreter about itself; a text saying what went wrong if it cannot answer."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LD_"))}
    environment.pop("__PYVENV_LAUNCHER__", None)
    try:
        done = subprocess.run([str(program), "-I", "-c", _PROBE], capture_output=True, text=True, timeout=60, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not start: {error}"
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        return f"it does not start: {lines[-1] if lines else f'exit status {done.returncode}'}"
    try:
        facts = json.loads(done.stdout)
    except json.JSONDecodeError:
        return f"it printed {done.stdout[:60]!r} instead of facts about itself"
    return facts if isinstance(facts, dict) else "it printed no facts about itself"


def classify(program: Path, layout: str, facts: dict[str, Any] | str) -> Interpreter | RejectedInterpreter | None:
    """Decide on one interpreter. None means that it is not worth a word: out of the supported range, or a virtual
    environment of an interpreter that is found under its own name."""
    if isinstance(facts, str):
        return RejectedInterpreter(program, "?", facts, "repair or remove it; " + ADVICE_GET_ONE.format(minor="3.12"))
    version = (int(facts["version"][0]), int(facts["version"][1]), int(facts["version"][2]))
    minor = f"{version[0]}.{version[1]}"
    text = ".".join(map(str, version))
    if not OLDEST <= version[:2] <= NEWEST or facts["prefix"] != facts["base_prefix"]:
        return None

    def rejected(reason: str, advice: str = ADVICE_GET_ONE.format(minor=minor)) -> RejectedInterpreter:
        return RejectedInterpreter(program, text, reason, advice)

    prefix = Path(facts["prefix"])
    if facts["implementation"] != "cpython":
        return rejected(f"it is {facts['implementation']}, not CPython")
    if str(prefix) in ("/usr", "/") or facts["externally_managed"] or facts["dist_packages"]:
        return rejected(
            f"it belongs to the operating system (prefix {prefix}): its standard library is patched and spread over "
            "folders that cannot be packaged"
        )
    if facts["release"] != "final":
        return rejected(f"it is a pre-release ({facts['release']})")
    if facts["free_threaded"]:
        return rejected("it is a free-threaded build; its extension modules have another ABI (cp313t)")
    if facts["debug"]:
        return rejected("it is a debug build; its extension modules have another ABI")
    expected = prefix / "lib" / f"python{minor}"
    if Path(facts["stdlib"]).resolve() != expected.resolve():
        return rejected(f"its standard library is in {facts['stdlib']}, expected {expected}")
    if not (prefix / "bin" / f"python{minor}").is_file():
        return rejected(f"{prefix}/bin has no python{minor}")
    if not facts["header"]:
        return rejected("it has no Python.h, so extensions cannot be compiled against it")
    broken = [name for name in facts["missing"] if name in _ESSENTIAL]
    if broken:
        return rejected(
            f"it cannot import {', '.join(broken)}",
            "it was built without their libraries (zlib, OpenSSL, libffi); install their development files and rebuild "
            "it, or " + ADVICE_GET_ONE.format(minor=minor),
        )
    library = str(facts["library"])
    has_library = facts["shared"] and ".so" in library and (prefix / "lib" / library).is_file()
    if facts["shared"] and not has_library:
        return rejected(f"it was built with a shared library, but {prefix}/lib/{library} is not there")
    if (prefix / "conda-meta").is_dir():
        layout = "conda"
    return Interpreter(
        prefix=prefix,
        version=version,
        layout=layout,
        shared_library=library if has_library else None,
        configured_prefix=str(facts["configured_prefix"]),
        missing_modules=tuple(facts["missing"]),
    )


def choose(found: Iterable[tuple[Candidate, Interpreter]]) -> dict[str, Interpreter]:
    """One interpreter per minor version, oldest first: what the user named, else the newest patch release, else the
    first place in the order of search."""
    best: dict[str, tuple[tuple[bool, tuple[int, int, int], int], Interpreter]] = {}
    for candidate, interpreter in found:
        merit = (candidate.layout == "named", interpreter.version, -candidate.rank)
        if interpreter.minor not in best or merit > best[interpreter.minor][0]:
            best[interpreter.minor] = (merit, interpreter)
    return {minor: best[minor][1] for minor in sorted(best, key=lambda text: int(text.split(".")[1]))}


def find_interpreters(environment: Mapping[str, str]) -> tuple[dict[str, Interpreter], list[RejectedInterpreter]]:
    """The interpreters to package, by minor version, and those that were found and are not fit."""
    candidates = find_candidates(environment)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda candidate: probe(candidate.path), candidates))
    fit: list[tuple[Candidate, Interpreter]] = []
    rejected: list[RejectedInterpreter] = []
    for candidate, facts in zip(candidates, answers, strict=True):
        verdict = classify(candidate.path, candidate.layout, facts)
        if isinstance(verdict, Interpreter):
            fit.append((candidate, verdict))
        elif verdict is not None:
            rejected.append(verdict)
    return choose(fit), rejected


def identity(interpreter: Interpreter) -> dict[str, str]:
    """What a package made of this interpreter depends on: its version and the digests of program, library and the list
    (name, size, time) of its standard library's files."""
    listing = hashlib.sha256()
    for folder, names, files in os.walk(interpreter.stdlib):
        names[:] = sorted(name for name in names if name not in ("site-packages", "__pycache__"))
        for name in sorted(files):
            status = os.lstat(os.path.join(folder, name))
            relative = os.path.relpath(os.path.join(folder, name), interpreter.stdlib)
            listing.update(f"{relative}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    files_of = [interpreter.executable]
    if interpreter.shared_library:
        files_of.append(interpreter.prefix / "lib" / interpreter.shared_library)
    binary = hashlib.sha256()
    for path in files_of:
        binary.update(path.read_bytes())
    return {"version": interpreter.text, "binary": binary.hexdigest(), "stdlib": listing.hexdigest()}
