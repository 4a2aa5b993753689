"""What a mirror is asked to hold: specs, for which platforms, machines and Pythons, and lock files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import rattler
from rattler.exceptions import InvalidMatchSpecError, ParseSubdirError

from atheria_pack.errors import UsageError
from atheria_pack.mirror.sources.needs import spec_names
from atheria_pack.mirror.wanted.locks import Lock, read_lock
from atheria_pack.mirror.wanted.profiles import PROFILES

_TOGETHER = re.compile(r"\s+&\s+")  # a letter that no spec has
_PYTHON = re.compile(r"\d+(\.\d+){1,2}")
_NOARCH = "noarch"


@dataclass(frozen=True)
class Request:
    """With no spec and no lock file it is for every package of the platforms.

    - `specs`: an environment each; ` & ` between specs puts several into one: `atheria-core=*=cuda* & pytorch >=2.5`.
    - `platforms`: such as `linux-64`, at least one; what is `noarch` comes with any.
    - `profiles`: kinds of machines (`profiles.PROFILES`); none for all kinds.
    - `pythons`: such as `3.12`; an environment that has a Python is solved with each. None for the newest that fits.
    - `locks`: pixi.lock and conda-lock.yml files, whose packages for these platforms are wanted as they are.

    UsageError for what is none of that, LockError for a lock file that cannot be read.
    """

    specs: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    locks: tuple[Path, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in ("specs", "platforms", "profiles", "pythons", "locks"):
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))
        if not self.platforms:
            raise UsageError("no platform is named; expected at least one such as linux-64")
        for platform in self.platforms:
            _check_platform(platform)
        for environment in self.environments:
            for spec in environment:
                _check_spec(spec)
        for profile in self.profiles:
            if profile not in PROFILES:
                raise UsageError(f"there is no profile {profile!r}; expected {', '.join(PROFILES)}")
        for python in self.pythons:
            if not _PYTHON.fullmatch(python):
                raise UsageError(f"{python!r} is no Python; expected a version such as 3.12")

    @property
    def environments(self) -> list[tuple[str, ...]]:
        """The specs of each environment."""
        return [tuple(_TOGETHER.split(spec.strip())) for spec in self.specs]

    @property
    def everything(self) -> bool:
        """Whether every package of the platforms is wanted."""
        return not self.specs and not self.locks

    @cached_property
    def read_locks(self) -> tuple[Lock, ...]:
        """The lock files' packages for the platforms, each file read once."""
        return tuple(read_lock(path, self.platforms) for path in self.locks)

    def names(self) -> frozenset[str] | None:
        """The names that a snapshot has to reach from; None for every package."""
        return None if self.everything else frozenset(self._names())

    def to_json(self) -> dict[str, Any]:
        """For a manifest: sorted, with each lock file's name and sha256 in place of its path."""
        return {
            "specs": sorted(self.specs),
            "platforms": sorted(self.platforms),
            "profiles": sorted(self.profiles),
            "pythons": sorted(self.pythons),
            "locks": sorted(({"name": lock.name, "sha256": lock.sha256} for lock in self.read_locks), key=lambda lock: sorted(lock.items())),
        }

    @property
    def digest(self) -> str:
        """sha256 of `to_json`: the same for the same request in another order."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def _names(self) -> Iterator[str]:
        for environment in self.environments:
            yield from spec_names(environment)
        for lock in self.read_locks:
            for package in lock.packages:
                yield package.name


def _check_platform(platform: str) -> None:
    try:
        rattler.Subdir(platform)
    except ParseSubdirError as error:
        raise UsageError(f"there is no platform {platform!r}; expected one such as linux-64, osx-arm64 or win-64") from error
    if platform == _NOARCH:
        raise UsageError("noarch is no platform of its own, it comes with every one; name a platform such as linux-64")


def _check_spec(spec: str) -> None:
    if "&" in spec.partition("[")[0]:  # which rattler takes for a part of the build
        raise UsageError(f"the spec {spec!r} has an & of its own; specs that belong together are written 'x & y', with a space on both sides")
    try:
        parsed = rattler.MatchSpec(spec)
    except InvalidMatchSpecError as error:
        raise UsageError(f"the spec {spec!r} cannot be read: {error}") from error
    if parsed.channel is not None:
        raise UsageError(f"the spec {spec!r} names a channel; the channels of a mirror are its sources, the first that has a name owns it")
