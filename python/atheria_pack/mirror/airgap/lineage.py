"""Which generations follow which: what a bundle may be exported from, and what it may be imported onto.

A mirror's generations count up, and each manifest has its parent's digest; an imported mirror has gaps, as a bundle may leap over generations.
A bundle fits a mirror when the mirror's newest generation is one that the bundle's origin has too, and the mirror keeps the bundle's base.
"""

from __future__ import annotations

from collections.abc import Mapping

from atheria_pack.errors import PackError
from atheria_pack.mirror import history
from atheria_pack.mirror.airgap.listing import Head
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.places.place import Place


class LineageError(PackError):
    """A generation that was asked for is not there, or a bundle does not follow what the mirror has. The text has both numbers."""


def kept_manifests(place: Place) -> dict[int, Manifest]:
    """The manifests of the visible generation and of the earlier ones that are kept, by number in order. Empty in a mirror without any."""
    current = place.current()
    if current is None:
        return {}
    manifests: dict[int, Manifest] = {}
    for number in sorted({*history.numbers(place), current}):
        manifests[number] = history.shown(place) if number == current else history.manifest(place, number)
    for number, manifest in manifests.items():
        parent = manifests.get(number - 1)
        if parent is not None and manifest.parent != parent.digest:
            raise LineageError(
                f"{place.address}: generation {number} names the parent {manifest.parent}, and generation {number - 1} here is {parent.digest}; "
                "two mirrors were mixed"
            )
    return manifests


def base_for(since: int, manifests: Mapping[int, Manifest], where: str) -> Manifest:
    """The generation that a bundle `--since` it leaves out. LineageError when there is no such one."""
    current = max(manifests)
    if since == current:
        raise LineageError(f"{where}: is at generation {current}, so there is nothing since it; publish something first, or leave out --since")
    if since > current:
        raise LineageError(f"{where}: --since {since}, and its newest generation is {current}; is it the mirror that the other side was made from?")
    if since not in manifests:
        kept = ", ".join(map(str, manifests))
        raise LineageError(f"{where}: --since {since}, and the generations that are kept are {kept}; name one of them, or leave out --since "
                           "for a full bundle")
    return manifests[since]


def is_there(head: Head, manifests: Mapping[int, Manifest], bundle: str, mirror: str) -> bool:
    """Whether the mirror shows the very generation of the bundle. LineageError when the bundle does not fit the mirror."""
    if not manifests:
        if head.base is not None:
            raise LineageError(
                f"{bundle}: wrong base; it builds on generation {head.base_generation} ({_short(head.base)}), and {mirror} has no generation yet. "
                "Import a full bundle first: `channel export` without --since"
            )
        return False
    current = max(manifests)
    here = manifests[current].digest
    same_number = manifests.get(head.generation)
    if same_number is not None and same_number.digest != head.manifest:
        raise LineageError(
            f"{bundle}: of another lineage; its generation {head.generation} is {_short(head.manifest)}, and {mirror} has another generation "
            f"{head.generation}, {_short(same_number.digest)}. Import it into a folder of its own"
        )
    if head.generation == current:
        return True
    if head.generation < current:
        raise LineageError(
            f"{bundle}: an old bundle; it brings generation {head.generation}, and {mirror} is past it, at generation {current}. Nothing was "
            "changed; to have the old content again: `channel rollback` on the mirror that was exported, and export that"
        )
    known = head.ancestors.get(current)
    if head.base is not None and known in (None, here) and head.base not in {manifest.digest for manifest in manifests.values()}:
        has = f"generation {current}" if len(manifests) == 1 else f"generations {', '.join(map(str, manifests))}"
        raise LineageError(
            f"{bundle}: wrong base; it builds on generation {head.base_generation} ({_short(head.base)}), and {mirror} has {has}. "
            f"Export again with --since {current} if the origin still has that one, else without --since"
        )
    if known != here:
        origins = ", ".join(map(str, sorted(head.ancestors))) or "none"
        raise LineageError(
            f"{bundle}: of another lineage; {mirror} is at generation {current} ({_short(here)}), which is not one that the bundle's origin has "
            f"(earlier ones there: {origins}). Import a full bundle into a folder of its own"
        )
    return False


def _short(digest: str | None) -> str:
    return f"sha256 {(digest or '')[:12]}"
