"""What the bootstrap hands to its caller: the channel, what is in it, and what happened on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

EventKind = Literal["note", "fetch", "build", "built", "reused", "index"]


@dataclass(frozen=True)
class BootstrapEvent:
    """One line of progress.

    `kind` is "note" (something found or rejected), "fetch" (wheels are being downloaded), "build" (a package is being
    made), "built", "reused" (taken from the cache) or "index". `package` is `name-version-build` once it is known,
    `name [python]` before, and empty for what concerns no package. `done` of `total` packages are finished.
    """

    kind: EventKind
    package: str
    message: str
    done: int = 0
    total: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class RejectedInterpreter:
    """An interpreter that was found and not packaged, why, and what the user can do about it."""

    path: Path
    version: str
    reason: str
    advice: str


@dataclass(frozen=True)
class Toolchain:
    """The C and C++ compiler of this machine.

    `family` is "gcc", the only one packaged so far; `version` is the full version ("12.2.0"), `cc` and `cxx` the executables, `machine` the
    GNU triplet it compiles for, `glibc` the C library's version ("2.36").
    """

    family: Literal["gcc"]
    version: str
    cc: Path
    cxx: Path
    machine: str
    glibc: str

    @property
    def major(self) -> str:
        """The first component of the version, as variant files write it."""
        return self.version.split(".")[0]


@dataclass(frozen=True)
class MadePackage:
    """A package of the channel: its file, and where its content came from."""

    name: str
    version: str
    build: str
    subdir: str
    path: Path
    origin: str
    key: str

    @property
    def identifier(self) -> str:
        """`name-version-build`, the stem of the file name."""
        return f"{self.name}-{self.version}-{self.build}"


@dataclass(frozen=True)
class BootstrapChannel:
    """A finished, indexed channel.

    - `path`: the folder with `linux-64/` and `noarch/`; `uri` is what solvers take.
    - `pythons`: the minor versions packaged, oldest first ("3.10", ...).
    - `variants_overlays`: by platform, variant keys this channel answers differently from the pins, each with the list of values
      to put in place of the pinned list. A key whose values belong to a zip group has one value here, which stands for every
      row of the group that has one. Merge it after `variants.yaml` and tell the user.
    - `built`, `reused`: `name-version-build` of what this call made and of what it took from the cache.
    """

    path: Path
    pythons: list[str]
    rejected_interpreters: list[RejectedInterpreter]
    toolchain: Toolchain
    variants_overlays: dict[str, dict[str, list[str]]]
    packages: list[MadePackage]
    built: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def uri(self) -> str:
        """The channel as a `file://` address."""
        return self.path.resolve().as_uri()
