"""Which finished builds are published: every newest one that installs, and the earlier ones that these were made with.

A package pins those it was made with exactly. So a build is published with the very builds of its suppliers, which stay
in the store until nothing that is published needs them: an edit that was built in part, a compile error or Ctrl-C takes
nothing from the channel that installed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.plan import Job
from atheria_pack.record import BuiltPackage, Record, damage

BuildName = tuple[str, str]  # job and key


@dataclass(frozen=True)
class Publication:
    """The builds to publish, and their files: a package by `subdir/file`."""

    builds: frozenset[BuildName]
    packages: Mapping[str, BuiltPackage]


def publication(
    newest: Mapping[str, Record], earlier: Iterable[Record], lost: Collection[BuildName], jobs: Iterable[Job]
) -> Publication:
    """Decide what is published.

    A newest build is, when every build that it was made with is there, down to the last, and when each package of ours that
    any of several builds can supply (`Job.loose`) has one that was made with the same builds of the rest.

    Args:
        newest, earlier: finished builds, as `load_records` and `load_earlier` answer them.
        lost: builds whose stored files are gone or damaged.
        jobs: the jobs of the recipes as they are now; records of other platforms may have none.
    """
    there = {(r.job, r.key): r for r in [*earlier, *newest.values()] if (r.job, r.key) not in lost}
    closures: dict[BuildName, dict[str, str] | None] = {}
    for name in there:
        _close(name, there, closures)
    whole = {name: closure for name, closure in closures.items() if closure is not None}
    known = {job.identifier: job for job in jobs}
    builds: set[BuildName] = set()
    for record in newest.values():
        closure = whole.get((record.job, record.key))
        if closure is not None and _has_loose(known.get(record.job), closure, whole):
            builds |= set(closure.items())
    # The newest build owns a file's name in the store; an earlier one of the same name is pinned by that name, and holds.
    stored = {_place(package): package for record in newest.values() for package in record.packages}
    files = {_place(package): package for name in sorted(builds) for package in there[name].packages}
    return Publication(frozenset(builds), {place: stored.get(place, package) for place, package in files.items()})


def lost_builds(newest: Mapping[str, Record], earlier: Iterable[Record], store: Path) -> set[BuildName]:
    """The builds whose stored files are gone or damaged. A file that a newest build made again under its name counts for
    that one only."""
    owned = {_place(package) for record in newest.values() for package in record.packages}
    lost = {(record.job, record.key) for record in newest.values() if damage(record.packages, store)}
    for record in earlier:
        if damage([package for package in record.packages if _place(package) not in owned], store):
            lost.add((record.job, record.key))
    return lost


def _place(package: BuiltPackage) -> str:
    return f"{package.subdir}/{package.file_name}"


def _close(
    name: BuildName, there: Mapping[BuildName, Record], closures: dict[BuildName, dict[str, str] | None]
) -> dict[str, str] | None:
    """A build and all it was made with, key by job; None when one of them is not there."""
    if name in closures or name not in there:
        return closures.get(name)
    closure: dict[str, str] | None = {name[0]: name[1]}
    for supplier in there[name].upstream.items():
        below = _close(supplier, there, closures)
        closure = None if closure is None or below is None else closure | below
    closures[name] = closure
    return closure


def _has_loose(job: Job | None, closure: Mapping[str, str], whole: Mapping[BuildName, Mapping[str, str]]) -> bool:
    needs = [job.needs[name] for name in sorted(job.loose)] if job else []
    return all(
        any(
            build[0] in suppliers and all(closure.get(other, key) == key for other, key in below.items())
            for build, below in whole.items()
        )
        for suppliers in needs
    )
