"""Reads `recipes/bootstrap/`: what each package is made from, as its recipe says under `extra: bootstrap`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from atheria_pack.bootstrap.wheels import WheelPin
from atheria_pack.errors import BootstrapError

MadeFrom = Literal["wheel", "interpreter", "compiler", "runtime-library", "c-library", "hip-compiler", "facts"]


@dataclass(frozen=True)
class RenamedSymbols:
    """A library whose dynamic symbols lose a prefix, and the soname it gets."""

    library: str
    remove_prefix: str
    soname: str


@dataclass(frozen=True)
class BootstrapRecipe:
    """A folder of `recipes/bootstrap/`.

    - `made_from`: where the content comes from.
    - `per_python`: one package for each interpreter.
    - `instances`: facts of each package that the recipe makes, where it makes several; one instance without facts else.
    - `wheels`: the pinned wheels; one for each Python if `per_python`, else one.
    - `drop`: patterns of wheel members that are left out.
    - `version_components`: how many components of the wheel's version the package keeps; 0 for all.
    - `library`: soname of the runtime library that is copied.
    - `compiler_family`: the recipe is only for this family of compilers.
    - `subdirs`: the platforms it is made on; empty for all.
    - `targets`: platforms it helps to compile for, and only they need it; empty if it is needed for this one.
    - `also_for`: other platforms that a package is made for as well, from a wheel of theirs.
    - `noarch_python`: for any Python; `entry_points` are the console scripts it lists.
    - `variants`: variant keys that this package answers, for the platform it is named after or for all; values may name
      facts in braces.
    """

    folder: Path
    name: str
    made_from: MadeFrom
    per_python: bool
    instances: tuple[dict[str, str], ...]
    wheels: tuple[WheelPin, ...]
    drop: tuple[str, ...]
    version_components: int
    library: str | None
    rename: RenamedSymbols | None
    compiler_family: str | None
    subdirs: tuple[str, ...]
    targets: tuple[str, ...]
    also_for: tuple[str, ...]
    noarch_python: bool
    entry_points: dict[str, str]
    variants: dict[str, str]

    @property
    def path(self) -> Path:
        """The recipe file."""
        return self.folder / "recipe.yaml"

    def wheel_for(self, python: str | None, subdir: str) -> WheelPin | None:
        """The wheel to unpack for this Python ("3.12") and platform, None if the recipe pins none for them."""
        for pin in self.wheels:
            if pin.python in (None, python) and pin.runs_on(subdir):
                return pin
        return None

    def digest(self) -> str:
        """A digest of every file in the folder."""
        total = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                total.update(f"{path.relative_to(self.folder)}\0{len(content)}\0".encode())
                total.update(content)
        return total.hexdigest()


_KEYS = {
    "made_from",
    "for_each",
    "instances",
    "origin",
    "wheels",
    "drop",
    "version_components",
    "library",
    "rename_symbols",
    "compiler_family",
    "subdirs",
    "targets",
    "also_for",
    "variants",
}


def read_recipe(folder: Path) -> BootstrapRecipe:
    """Read one folder.

    Raises:
        BootstrapError: the recipe does not say what it is made from, or says something unknown.
    """
    path = folder / "recipe.yaml"
    try:
        document: Any = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise BootstrapError(f"{path}: not readable as YAML: {error}") from error
    try:
        facts: dict[str, Any] = document["extra"]["bootstrap"]
        name = str(document["package"]["name"])
    except (KeyError, TypeError) as error:
        raise BootstrapError(f"{path}: needs package/name and extra/bootstrap, but has no {error}") from error
    unknown = sorted(set(facts) - _KEYS)
    if unknown:
        raise BootstrapError(f"{path}: extra/bootstrap has unknown keys {unknown}; known are {sorted(_KEYS)}")
    if facts.get("made_from") not in get_args(MadeFrom):
        raise BootstrapError(f"{path}: made_from is {facts.get('made_from')!r}, expected one of {get_args(MadeFrom)}")
    if facts.get("for_each", "python") != "python":
        raise BootstrapError(f"{path}: for_each is {facts['for_each']!r}; only python is known")
    wheels = tuple(
        WheelPin(str(item["file"]), str(item["sha256"]), str(item["python"]) if "python" in item else None)
        for item in facts.get("wheels", [])
    )
    if (facts["made_from"] == "wheel") != bool(wheels):
        raise BootstrapError(f"{path}: a package made from a wheel pins at least one, and only such a package")
    instances = [{str(key): str(value) for key, value in item.items()} for item in facts.get("instances", [{}])]
    if "for_each" in facts and "instances" in facts:
        raise BootstrapError(f"{path}: packages are for each Python or listed as instances, not both")
    rename = facts.get("rename_symbols")
    build = document.get("build", {})
    entry_points = dict(str(line).split(" = ", 1) for line in build.get("python", {}).get("entry_points", []))
    return BootstrapRecipe(
        folder=folder,
        name=name,
        made_from=facts["made_from"],
        per_python="for_each" in facts,
        instances=tuple(instances),
        wheels=wheels,
        drop=tuple(facts.get("drop", [])),
        version_components=int(facts.get("version_components", 0)),
        library=facts.get("library"),
        rename=RenamedSymbols(**rename) if rename else None,
        compiler_family=facts.get("compiler_family"),
        subdirs=tuple(facts.get("subdirs", [])),
        targets=tuple(facts.get("targets", [])),
        also_for=tuple(facts.get("also_for", [])),
        noarch_python=build.get("noarch") == "python",
        entry_points=entry_points,
        variants={str(key): str(value) for key, value in facts.get("variants", {}).items()},
    )


def read_recipes(folder: Path) -> list[BootstrapRecipe]:
    """Every recipe below `folder`, by name.

    Raises:
        BootstrapError: the folder holds none, or one is not understood.
    """
    recipes = [read_recipe(path.parent) for path in sorted(folder.glob("*/recipe.yaml"))]
    if not recipes:
        raise BootstrapError(f"{folder} holds no recipes; is this a complete checkout?")
    return recipes
