"""Kinds of machines that a mirror serves, by the names that users type, and what a solver would find on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atheria_pack.errors import UsageError
from atheria_pack.selection import PROFILES as SELECTION
from atheria_pack.selection import Profile

# By name: the machines of selection's table that it stands for, by the words behind their platform.
_MACHINES = {
    "no-gpu": ("no GPU",),
    "cuda12": ("CUDA 12 driver",),
    "cuda13": ("CUDA 13 driver",),
    "rocm": ("AMD GPU",),
    "macos": ("macOS 15", "macOS 12"),
    "windows": ("no GPU",),
}
_SYSTEMS = {"macos": "osx-", "windows": "win-"}  # of the names that are one system's only

# Machines that this project makes no packages for, and others do.
_FURTHER = (
    Profile("osx-64, macOS 15", "osx-64", ("__unix=0=0", "__archspec=1=x86_64_v3", "__osx=15.1=0"), ()),
    Profile("osx-64, macOS 12", "osx-64", ("__unix=0=0", "__archspec=1=x86_64_v3", "__osx=12.6=0"), ()),
    Profile("win-arm64, no GPU", "win-arm64", ("__win=10.0.26100=0", "__archspec=1=aarch64"), ()),
)

PROFILES = tuple(_MACHINES)


@dataclass(frozen=True)
class Machine:
    """A machine to solve for.

    - `label`: what stands in reasons: the names of its profiles, several where no virtual package tells them apart, and which of a
      profile's machines it is where that has several.
    - `virtual`: its virtual packages, `name=version=build` each.
    """

    platform: str
    label: str
    virtual: tuple[str, ...]


def machines(platform: str, profiles: Sequence[str]) -> list[Machine]:
    """The machines of a platform that have one of the profiles; with no profile given, all of the platform.

    UsageError for a platform that has none of them, and for one that is not known at all.
    """
    known = [profile for profile in (*SELECTION, *_FURTHER) if profile.platform == platform]
    if not known:
        platforms = ", ".join(dict.fromkeys(profile.platform for profile in (*SELECTION, *_FURTHER)))
        raise UsageError(f"nothing is known about the machines of {platform}, so specs cannot be solved for it; known are {platforms}")
    found: dict[tuple[str, ...], list[str]] = {}
    for profile in known:
        words = profile.name.partition(", ")[2]
        names = [name if len(_MACHINES[name]) == 1 else f"{name} ({words})" for name in profiles or PROFILES if _stands_for(name, profile)]
        if names:
            found.setdefault(profile.virtual, []).extend(names)
    if not found:
        fitting = [name for name in PROFILES if any(_stands_for(name, profile) for profile in known)]
        raise UsageError(f"{platform} has no machines of the profile {' or '.join(profiles)}; it has {', '.join(fitting)}")
    return [Machine(platform, "/".join(dict.fromkeys(names)), virtual) for virtual, names in found.items()]


def _stands_for(name: str, profile: Profile) -> bool:
    return profile.name.partition(", ")[2] in _MACHINES[name] and profile.platform.startswith(_SYSTEMS.get(name, ""))
