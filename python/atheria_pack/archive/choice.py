"""Which packages of a channel make an archive: the newest development package of an accelerator and all that it pins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rattler

from atheria_pack.errors import PackError

ROOT = "libatheria-engine-dev"
FAMILY = ("libatheria-engine-dev", "libatheria-engine", "libatheria-runtime-dev", "libatheria-runtime")
_ACCEL = re.compile(r"[a-z]+\d*(?=_)")
_EXACT = re.compile(r"(?P<name>\S+) ==(?P<version>\S+) (?P<build>[^\s*]+)")


@dataclass(frozen=True)
class Listed:
    """A package as a channel's index lists it."""

    name: str
    version: str
    build: str
    number: int
    timestamp: int
    depends: tuple[str, ...]
    sha256: str
    path: Path

    @property
    def accel(self) -> str:
        """First word of the build string."""
        found = _ACCEL.match(self.build)
        return found[0] if found else ""

    @property
    def identifier(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"


@dataclass(frozen=True)
class Choice:
    """The packages of one archive, the library before what needs it."""

    accel: str
    platform: str
    packages: tuple[Listed, ...]

    @property
    def name(self) -> str:
        """Name of the archive and of the folder in it."""
        return f"atheria-{self.accel}-{self.platform}"

    @property
    def version(self) -> str:
        return self.packages[0].version


def choices(channel: Path, platforms: Iterable[str]) -> list[Choice]:
    """An archive's packages for every accelerator that a channel's folder has, by platform and name."""
    found = []
    for platform in platforms:
        listed = _index(channel / platform)
        accels = sorted({package.accel for package in listed if package.name == ROOT})
        found += [Choice(accel, platform, _closed(listed, accel, platform)) for accel in accels]
    return found


def _index(folder: Path) -> list[Listed]:
    try:
        text = (folder / "repodata.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        entries: Mapping[str, Mapping[str, Any]] = json.loads(text)["packages.conda"]
    except (json.JSONDecodeError, KeyError) as error:
        raise PackError(f"{folder}/repodata.json is no index of a channel ({error!r}); `./run build-all` writes it again") from error
    return [
        Listed(
            name=entry["name"],
            version=entry["version"],
            build=entry["build"],
            number=entry["build_number"],
            timestamp=entry.get("timestamp", 0),
            depends=tuple(entry["depends"]),
            sha256=entry["sha256"],
            path=folder / file_name,
        )
        for file_name, entry in entries.items()
        if entry["name"] in FAMILY
    ]


def _newest(packages: Iterable[Listed]) -> Listed | None:
    return max(packages, key=lambda package: (rattler.Version(package.version), package.number, package.timestamp), default=None)


def _closed(listed: list[Listed], accel: str, platform: str) -> tuple[Listed, ...]:
    """The newest engine for developers, the library it pins, and the runtime that library pins, with its own headers."""
    chosen: dict[str, Listed] = {}
    root = _newest(package for package in listed if package.name == ROOT and package.accel == accel)
    assert root is not None, "only accelerators that the index has are asked for"
    chosen[ROOT] = root
    for name in ("libatheria-engine", "libatheria-runtime"):
        wanted = _pinned(chosen.values(), name)
        if wanted is None:
            raise PackError(f"{platform}/{root.identifier} leads to no exact {name}, so its archive would be guesswork; build it again")
        library = next((p for p in listed if (p.name, p.version, p.build) == (name, *wanted)), None)
        if library is None:
            raise PackError(
                f"the channel has no {name} {' '.join(wanted)} for {platform}, which {root.identifier} needs; "
                f"`./run build-all --accel {accel} --platform {platform}` makes it"
            )
        chosen[name] = library
    runtime = chosen["libatheria-runtime"]
    headers = _newest(
        p
        for p in listed
        if p.name == "libatheria-runtime-dev" and _pinned([p], "libatheria-runtime") == (runtime.version, runtime.build)
    )
    if headers is None:
        raise PackError(
            f"the channel has no libatheria-runtime-dev for {platform}/{runtime.identifier}; "
            f"`./run build-all --accel {accel} --platform {platform}` makes it"
        )
    return runtime, headers, chosen["libatheria-engine"], root


def _pinned(packages: Iterable[Listed], name: str) -> tuple[str, str] | None:
    """Version and build of the exact pin on `name` in the dependencies of these packages."""
    for package in packages:
        for depend in package.depends:
            exact = _EXACT.fullmatch(depend)
            if exact and exact["name"] == name:
                return exact["version"], exact["build"]
    return None
