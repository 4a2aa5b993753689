"""The builds of one package, ordered as people look for them: newest version first, by platform, accelerator and Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import rattler
from rattler.exceptions import InvalidVersionError

from atheria_pack.mirror.entry import Entry

# Build strings that begin with what the build computes on, GPUs first; `cuda130_py312_h0_500` is one.
_KINDS = ("cuda", "rocm", "hip", "metal", "mps", "xpu", "sycl", "vulkan", "tpu", "gpu", "cpu", "mkl", "openblas", "accelerate")
_ACCELERATOR = re.compile(rf"({'|'.join(_KINDS)})([0-9]*)(?=_)")
_PYTHON = re.compile(r"(?:^|_)py([23])([0-9]{1,2})(?![0-9])")


@dataclass(frozen=True)
class Build:
    """One file of a package."""

    entry: Entry

    @property
    def version(self) -> str:
        return str(self.entry.record.get("version", ""))

    @property
    def string(self) -> str:
        return str(self.entry.record.get("build", ""))

    @property
    def accelerator(self) -> str | None:
        """What it computes on, None where its build string does not say."""
        found = _ACCELERATOR.match(self.string)
        return found[0] if found else None

    @property
    def python(self) -> str | None:
        """The Python that it is for, None where its build string names none."""
        found = _PYTHON.search(self.string)
        return f"{found[1]}.{found[2]}" if found else None

    @cached_property
    def age(self) -> tuple[int, Any]:
        """Sorts versions as conda does; what is no version comes before all that are."""
        return version_order(self.version)


def version_order(version: str) -> tuple[int, Any]:
    """A key that sorts versions as conda does."""
    try:
        return 1, rattler.Version(version)
    except InvalidVersionError:
        return 0, version


def newest_first(entries: Iterable[Entry]) -> list[Build]:
    """The builds of one package."""
    builds = sorted(map(Build, entries), key=lambda build: (build.entry.subdir, accelerator_order(build.accelerator or ""), build.string))
    return sorted(builds, key=lambda build: build.age, reverse=True)


def accelerator_order(name: str) -> tuple[int, int, str]:
    """A key that sorts accelerators: GPUs first, the newest toolkit of a kind before older ones."""
    found = _ACCELERATOR.match(f"{name}_")
    return (_KINDS.index(found[1]), -int(found[2] or 0), name) if found else (len(_KINDS), 0, name)


def accelerators(builds: Iterable[Build]) -> list[str]:
    """Those that builds are for, in order."""
    return sorted({build.accelerator for build in builds if build.accelerator}, key=accelerator_order)


def platforms(builds: Iterable[Build]) -> list[str]:
    """The subdirs that have builds, sorted."""
    return sorted({build.entry.subdir for build in builds})


def cell(builds: Sequence[Build], accelerator: str, platform: str) -> tuple[str, list[str]] | None:
    """The newest version for an accelerator on a platform and the Pythons it is for (none: it needs none). None where there is no build."""
    here = [build for build in builds if build.accelerator == accelerator and build.entry.subdir == platform]
    if not here:
        return None
    pythons = {build.python for build in here if build.age == here[0].age and build.python}
    return here[0].version, sorted(pythons, key=version_order)
