"""Whether there is anything to do at all, told without solving: the sources' indexes as they were, the mirror's files as they were verified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from atheria_pack.mirror import history
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.inventory import Inventory
from atheria_pack.mirror.layout import (
    CHANNELDATA,
    REPODATA,
    REPODATA_ZST,
    RUN_EXPORTS,
    RUN_EXPORTS_ZST,
    SHARD_INDEX,
    generation_folder,
    is_index,
)
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.sources.http import RefusedError
from atheria_pack.mirror.sources.source import Source
from atheria_pack.mirror.stamps import Stamps, sha256_of

# What a subdir may have; of each group one file is read.
_PACKAGES = (REPODATA_ZST, REPODATA, SHARD_INDEX)
_EXPORTS = (RUN_EXPORTS_ZST, RUN_EXPORTS, SHARD_INDEX)


def sources_unchanged(manifest: Manifest, sources: Sequence[Source], subdirs: Iterable[str]) -> bool:
    """Whether the sources have the very indexes that a generation was made from, and none that it lacked. SourceError as for any reading."""
    told = manifest.sources
    if [source.address for source in sources] != [one.get("address") for one in told]:
        return False
    wanted = sorted({*subdirs, "noarch"})
    for source, one in zip(sources, told, strict=True):
        indexes = one.get("indexes", {})
        if CHANNELDATA not in indexes and _digest(source, CHANNELDATA):
            return False
        for subdir in wanted:
            for group in (_PACKAGES, _EXPORTS):
                if not any(f"{subdir}/{name}" in indexes for name in group) and any(_digest(source, f"{subdir}/{name}") for name in group):
                    return False
        if not all(_digest(source, path) == sha256 for path, sha256 in indexes.items()):
            return False
    return True


def files_unchanged(place: Place, manifest: Manifest, stamps: Stamps, reread: bool) -> bool:
    """Whether every file that the visible generation names is there with the bytes that it names.

    A file is read only where it changed since it was verified, or for `reread`.
    """
    folder = generation_folder(manifest.generation)
    with Inventory() as inventory:
        for path, sha256 in history.sums(place, manifest.generation):
            inventory.name(path, sha256)
        for subdir in (*manifest.packages, "noarch", folder):
            inventory.see(place.files(subdir))
        for path, sha256 in inventory.sums():
            found = inventory.found(f"{folder}/{path}" if is_index(path) else path)
            if found is None or not stamps.check(found.path, sha256, reread=reread, found=found):
                return False
            if is_index(path) and not stamps.shown(path, found, sha256):  # a link may be gone, or somebody's file be in its place
                return False
    return True


def _digest(source: Source, path: str) -> str:
    """sha256 of a file, empty where there is none, or where it is refused: then a reading of everything tells what that means."""
    try:
        with source.open(path) as answer:
            return sha256_of(answer.stream)
    except (FileNotFoundError, RefusedError):
        return ""
