"""Turns an interpreter of this machine into a tree that runs from any prefix."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from atheria_pack.bootstrap.elf import GLIBC_LIBRARIES, is_elf, read_dynamic
from atheria_pack.bootstrap.interpreters import Interpreter
from atheria_pack.bootstrap.tools import run_tool
from atheria_pack.errors import BootstrapError

# Stands for the prefix in text files; the recipe's script puts the real one in.
PREFIX_MARK = "@ATHERIA_BOOTSTRAP_PREFIX@"

BUNDLED = "bundled-libs"  # below the standard library: libraries of this machine that the modules need

_DROPPED_FOLDERS = {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "turtledemo", "tkinter"}
_DROPPED_MODULES = re.compile(r"(_tkinter|_test\w*|_ctypes_test|_xx\w+|xx\w+|nis)\.")
_DROPPED_FILES = re.compile(r".*\.(a|o)|turtle\.py|EXTERNALLY-MANAGED")


def make_interpreter_tree(interpreter: Interpreter, tree: Path) -> None:
    """Copy what a `python` package needs into the empty folder `tree`.

    Left out: site-packages, tests, Tk, static libraries. Debug symbols are stripped. Every library outside glibc that
    modules need is copied beside them and found through `$ORIGIN`. The interpreter's own prefix becomes `PREFIX_MARK`.

    Raises:
        BootstrapError: a library that a module needs is not on this machine, or strip or patchelf fails.
    """
    minor = interpreter.minor
    _copy_programs(interpreter, tree)
    stdlib = tree / "lib" / f"python{minor}"
    shutil.copytree(interpreter.stdlib, stdlib, symlinks=True, ignore=_ignored)
    for path in sorted((interpreter.prefix / "lib").glob(f"libpython{minor}*.so*")) + sorted(
        (interpreter.prefix / "lib").glob("libpython3.so")
    ):
        shutil.copy2(path, tree / "lib" / path.name, follow_symlinks=False)
    shutil.copytree(
        interpreter.prefix / "include" / f"python{minor}",
        tree / "include" / f"python{minor}",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for path in sorted((interpreter.prefix / "lib" / "pkgconfig").glob("python*.pc")):
        if path.name in ("python3.pc", "python3-embed.pc") or minor in path.name:
            (tree / "lib" / "pkgconfig").mkdir(exist_ok=True)
            shutil.copy2(path, tree / "lib" / "pkgconfig" / path.name, follow_symlinks=False)
    _make_writable(tree)
    binaries = [path for path in sorted(tree.rglob("*")) if is_elf(path)]
    run_tool("strip", ["--strip-unneeded", *map(str, binaries)])
    _bundle_libraries(interpreter, tree, binaries)
    # The prefix it was configured with may differ from where it lies: python-build-standalone is configured for /install.
    mark_prefix(tree, minor, {str(interpreter.prefix), str(interpreter.prefix.resolve()), interpreter.configured_prefix})


def _copy_programs(interpreter: Interpreter, tree: Path) -> None:
    minor = interpreter.minor
    (tree / "bin").mkdir(parents=True)
    (tree / "lib").mkdir()
    shutil.copy2(interpreter.executable, tree / "bin" / f"python{minor}")
    for name in ("python3", "python"):
        (tree / "bin" / name).symlink_to(f"python{minor}")
    config = interpreter.prefix / "bin" / f"python{minor}-config"
    if config.is_file():
        shutil.copy2(config, tree / "bin" / config.name)
        for name in ("python3-config", "python-config"):
            (tree / "bin" / name).symlink_to(config.name)


def _ignored(folder: str, names: list[str]) -> set[str]:
    dropped = {name for name in names if name in _DROPPED_FOLDERS and os.path.isdir(os.path.join(folder, name))}
    dropped |= {name for name in names if _DROPPED_FILES.fullmatch(name)}
    if os.path.basename(folder) == "lib-dynload":
        dropped |= {name for name in names if _DROPPED_MODULES.match(name)}
    return dropped


def _make_writable(tree: Path) -> None:
    for path in tree.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o600)


def needed_libraries(binaries: Iterable[Path]) -> dict[str, Path]:
    """Where the loader finds each library that `binaries` need, directly or not, by soname; glibc's are left out.

    Raises:
        BootstrapError: the loader does not find one.
    """
    found: dict[str, Path] = {}
    for binary in binaries:
        done = subprocess.run(
            ["ldd", str(binary)], capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "LC_ALL": "C"}
        )
        for line in done.stdout.splitlines():
            name, arrow, where = line.strip().partition(" => ")
            if not arrow or name in GLIBC_LIBRARIES:
                continue
            if where.startswith("not found"):
                raise BootstrapError(f"{binary} needs {name}, which is not on this machine; install the library it is part of")
            found[name] = Path(where.split(" (")[0])
    return found


def _bundle_libraries(interpreter: Interpreter, tree: Path, binaries: list[Path]) -> None:
    """Copy the libraries that the original files resolve to, and make every file find its own through $ORIGIN."""
    bundle = tree / "lib" / f"python{interpreter.minor}" / BUNDLED
    own = {path.name for path in (tree / "lib").glob("libpython*")}
    originals = [interpreter.prefix / path.relative_to(tree) for path in binaries if set(_needs(path)) - GLIBC_LIBRARIES - own]
    for soname, source in sorted(needed_libraries(originals).items()):
        if soname in own:
            continue
        bundle.mkdir(exist_ok=True)
        shutil.copyfile(source.resolve(), bundle / soname)
        (bundle / soname).chmod(0o755)
    for path in binaries + sorted(bundle.glob("*")):
        needs = set(_needs(path)) - GLIBC_LIBRARIES
        folders = sorted({tree / "lib" if name in own else bundle for name in needs}, key=lambda folder: folder != tree / "lib")
        rpath = ":".join(_from_origin(path.parent, folder) for folder in folders)
        section = read_dynamic(path)
        if section is not None and (rpath or section.rpaths):
            run_tool("patchelf", ["--set-rpath", rpath, str(path)] if rpath else ["--remove-rpath", str(path)])


def _from_origin(here: Path, there: Path) -> str:
    """An rpath that leads from a file in `here` to `there`, wherever the tree is put."""
    relative = os.path.relpath(there, here)
    return "$ORIGIN" if relative == "." else f"$ORIGIN/{relative}"


def _needs(path: Path) -> tuple[str, ...]:
    section = read_dynamic(path)
    return section.needed if section is not None else ()


def mark_prefix(tree: Path, minor: str, prefixes: set[str]) -> None:
    """Put `PREFIX_MARK` for every one of `prefixes` in the text files that configuration left behind, where a path begins
    with it: after a quote, a space, an equals sign, a comma, or -L and -I."""
    known = sorted(prefixes - {"", "/", "/usr"}, key=len, reverse=True)
    if not known:
        return
    pattern = re.compile(rb"(?:(?<![\w./-])|(?<=-[LI]))(?:" + b"|".join(re.escape(p.encode()) for p in known) + rb")(?![\w.-])")
    stdlib = tree / "lib" / f"python{minor}"
    places = [
        *(tree / "bin").glob("python*-config"),
        *(tree / "lib" / "pkgconfig").glob("*.pc"),
        *stdlib.glob("_sysconfigdata*.py"),
        *stdlib.glob("_sysconfig_vars*.json"),
        *stdlib.glob("config-*/*"),
        *stdlib.glob("build-details.json"),
    ]
    for path in places:
        if path.is_symlink() or not path.is_file() or is_elf(path):
            continue
        content = path.read_bytes()
        marked = pattern.sub(PREFIX_MARK.encode(), content)
        if marked != content:
            path.write_bytes(marked)
