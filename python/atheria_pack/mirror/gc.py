"""Removes what nobody can need any more: generations superseded long ago, and the packages and shards that only they named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from atheria_pack.errors import PackError, UsageError
from atheria_pack.mirror import history
from atheria_pack.mirror.generation import ManifestError
from atheria_pack.mirror.inventory import Inventory
from atheria_pack.mirror.layout import (
    INCOMING,
    MANIFEST,
    PARTIAL,
    PRIVATE,
    SHARDS,
    SUMS,
    UnsafeNameError,
    checked_file_name,
    checked_subdir,
    generation_folder,
    is_index,
    is_sidecar,
)
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.stamps import Stamps

DAY = 86_400  # seconds
_SHARD = re.compile(r"[0-9a-f]{64}\.msgpack\.zst")
_SUFFIXES = (".conda", ".tar.bz2", ".whl")


class ClockError(PackError):
    """The clock contradicts what the mirror recorded, so nobody can tell how old anything is. The text has both times."""


@dataclass(frozen=True)
class Garbage:
    """What went, or would go. `size` in bytes of `files` packages, shards and their like; `strangers`: files that no mirror makes, left."""

    generations: tuple[int, ...]
    kept: tuple[int, ...]
    files: int
    size: int
    unfinished: int
    strangers: tuple[str, ...]


def collect(place: Place, *, keep: int, grace: float, now: int, dry_run: bool = False) -> Garbage:
    """Remove generations but the `keep` newest and those superseded less than `grace` seconds ago, then files that none of the kept ones names.

    Those files have to be older than `grace` as well: a run that was killed before it published may have left them for the next one. So have
    unfinished downloads and imports. What does not look like a mirror's own is never touched. `now`: Unix time in seconds.

    ClockError where `now` is before the newest generation was published, unless `grace` is 0, when no time is compared. UsageError for a
    `keep` below 1.
    """
    if keep < 1:
        raise UsageError(f"--keep {keep}: the visible generation always stays, so 1 is the least")
    if grace < 0:
        raise UsageError(f"--grace {grace / DAY:g}: needs 0 days or more")
    history.visible(place)  # a place without generations is refused before a lock is made in it
    if dry_run:
        return _collected(place, keep, grace, now, None)
    with place.writing(), Stamps(place) as stamps:
        return _collected(place, keep, grace, now, stamps)


def _collected(place: Place, keep: int, grace: float, now: int, stamps: Stamps | None) -> Garbage:
    """`stamps`: None for a dry run."""
    history.shown(place)  # without its manifest the visible generation would count as a leftover
    dropped, kept = _divided(place, keep, grace, now)
    files = size = unfinished = 0
    strangers = []
    with Inventory() as inventory:
        # Read to the end before anything goes: a torn list of a kept generation must not cost what it names.
        for number in kept:
            for path, digest in _sums(place, number):
                if not is_index(path):
                    inventory.name(path, digest)
        inventory.see(found for found in place.files("") if not found.path.startswith(f"{PRIVATE}/") and not is_index(found.path))
        if stamps:
            for number in (*dropped, *history.leftovers(place)):
                place.remove(f"{generation_folder(number)}/{MANIFEST}")  # first: without it the rest is a leftover
                place.remove_folder(generation_folder(number))
                stamps.forget(f"{generation_folder(number)}/")
        for found in inventory.strangers():
            if not _is_ours(found.path):
                strangers.append(found.path)
            elif not grace or now - found.changed >= grace:
                files += 1
                size += found.size
                if stamps:
                    place.remove(found.path)
                    stamps.forget(found.path)
    for leftover in _unfinished(place, grace, now):
        unfinished += 1
        if stamps:
            _remove(leftover)
    return Garbage(tuple(dropped), tuple(kept), files, size, unfinished, tuple(strangers))


def _sums(place: Place, number: int) -> Iterator[tuple[str, str]]:
    try:
        yield from history.sums(place, number)
    except FileNotFoundError as error:
        lost = f"{generation_folder(number)}/{SUMS}"
        raise ManifestError(f"{place.address}: {lost} is gone, so nothing tells which files that generation needs; nothing was removed. Restore "
                            f"it from a copy{'' if number == place.current() else f', or remove {generation_folder(number)}'}") from error


def _divided(place: Place, keep: int, grace: float, now: int) -> tuple[list[int], list[int]]:
    """The generations to drop and to keep, both oldest first."""
    numbers = history.numbers(place)
    published = {number: history.manifest(place, number).published for number in numbers}
    newest = numbers[-1]
    if grace and now < published[newest]:
        raise ClockError(
            f"{place.address}: the clock says {_date(now)}, and generation {newest} was published {_date(published[newest])}; nothing was removed. "
            "Set the clock right. If it was wrong when that generation was published, --grace 0 removes by --keep alone, whatever the clock says"
        )
    superseded = dict(zip(numbers, (published[number] for number in numbers[1:]), strict=False))
    dropped = [number for number in numbers[:-keep] if not grace or now - superseded[number] >= grace]
    return dropped, [number for number in numbers if number not in dropped]


def _is_ours(path: str) -> bool:
    """Whether a path is one that a mirror puts a package, a sidecar or a shard at."""
    subdir, _, rest = path.partition("/")
    folder, _, name = rest.rpartition("/")
    if folder == SHARDS:
        return _SHARD.fullmatch(name) is not None
    try:
        checked_subdir(subdir, path)
        checked_file_name(name, path)
    except UnsafeNameError:
        return False
    return not folder and (is_sidecar(name) or name.endswith(_SUFFIXES))


def _unfinished(place: Place, grace: float, now: int) -> Iterator[Path]:
    """What downloads and imports left that nobody went on with for the grace time."""
    for folder in (PARTIAL, INCOMING):
        top = place.scratch / folder
        if top.is_dir() and not top.is_symlink():
            for path in sorted(top.iterdir()):
                if not grace or now - path.lstat().st_ctime >= grace:
                    yield path


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
