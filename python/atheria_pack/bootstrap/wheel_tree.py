"""Turns a verified wheel into the tree a recipe packages."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from atheria_pack.bootstrap.elf import dynamic_symbols
from atheria_pack.bootstrap.interpreter_tree import PREFIX_MARK
from atheria_pack.bootstrap.recipes import BootstrapRecipe, RenamedSymbols
from atheria_pack.bootstrap.tools import run_tool
from atheria_pack.bootstrap.wheels import WheelPin, console_scripts, unpack_wheel, verify_wheel
from atheria_pack.errors import BootstrapError

_LICENSE_NAME = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", re.IGNORECASE)

_SCRIPT = """\
#!{prefix}/bin/python{python}
import sys

from {module} import {name}

sys.exit({function}())
"""


def make_wheel_tree(recipe: BootstrapRecipe, pin: WheelPin, wheel: Path, python: str | None, tree: Path) -> None:
    """Verify and unpack `wheel` into `tree/wheel`, and what derives from it into `tree/licenses`, `tree/bin` and `tree/renamed`.

    `tree/bin` holds the console scripts when the package is for one Python; packages for any Python list theirs in the
    recipe, and the two lists are compared here. `tree/licenses` holds the wheel's licence files, flat, for recipes that
    package no .dist-info.

    Raises:
        BootstrapError: the wheel is damaged, or the recipe lists other scripts than the wheel declares.
    """
    verify_wheel(wheel, pin.sha256)
    dist_info = unpack_wheel(wheel, tree / "wheel", recipe.drop)
    _gather_licenses(dist_info, tree / "licenses")
    scripts = console_scripts(dist_info)
    if recipe.noarch_python and scripts != recipe.entry_points:
        raise BootstrapError(
            f"{recipe.path}: lists the console scripts {recipe.entry_points}, but {pin.file} declares {scripts}; "
            "make build/python/entry_points agree"
        )
    (tree / "bin").mkdir(parents=True)
    if python is not None and recipe.per_python:
        for command, target in scripts.items():
            module, function = target.split(":")
            text = _SCRIPT.format(prefix=PREFIX_MARK, python=python, module=module, name=function.split(".")[0], function=function)
            (tree / "bin" / command).write_text(text, "utf-8")
            (tree / "bin" / command).chmod(0o755)
    if recipe.rename is not None:
        _rename_symbols(recipe.rename, tree)


def _gather_licenses(dist_info: Path, target: Path) -> None:
    """Copy licence files: those in `licenses/` (PEP 639), and those older wheels keep beside METADATA."""
    target.mkdir()
    beside = [path for path in dist_info.iterdir() if path.is_file() and _LICENSE_NAME.match(path.name)]
    folder = dist_info / "licenses"
    for path in sorted([*beside, *(one for one in folder.rglob("*") if one.is_file())]):
        name = "-".join(path.relative_to(folder if path.is_relative_to(folder) else dist_info).parts)
        shutil.copyfile(path, target / name)


def _rename_symbols(rename: RenamedSymbols, tree: Path) -> None:
    source = tree / "wheel" / rename.library
    target = tree / "renamed" / rename.soname
    target.parent.mkdir()
    shutil.copy2(source, target)
    symbols = sorted(set(dynamic_symbols(source)))
    renamed = {symbol: symbol.removeprefix(rename.remove_prefix) for symbol in symbols if symbol.startswith(rename.remove_prefix)}
    clash = sorted(set(renamed.values()) & set(symbols))
    if not renamed or clash:
        what = f"{clash[0]} exists already" if clash else "no symbol has it"
        raise BootstrapError(f"{rename.library}: the prefix {rename.remove_prefix!r} cannot be taken off: {what}")
    with tempfile.NamedTemporaryFile("w", suffix=".symbols") as names:
        names.writelines(f"{old} {new}\n" for old, new in renamed.items())
        names.flush()
        run_tool("patchelf", ["--rename-dynamic-symbols", names.name, "--set-soname", rename.soname, str(target)])
