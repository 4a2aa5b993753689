"""SHA256SUMS of generations, a kind of file at a time, and two of them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from atheria_pack.mirror import history
from atheria_pack.mirror.airgap.listing import BundleError, Kind, kind_of
from atheria_pack.mirror.generation import read_sums
from atheria_pack.mirror.layout import SUMS
from atheria_pack.mirror.places.place import Place


def sums_of(place: Place, generation: int, kind: Kind) -> Iterator[tuple[str, str]]:
    """The (path, sha256) of one kind in a generation that is in the mirror, in order. BundleError when its SHA256SUMS is missing,
    ManifestError when it is not the one that its manifest names."""
    try:
        yield from _of_kind(history.sums(place, generation), kind, place.address)
    except FileNotFoundError as error:
        raise BundleError(f"{place.address}: {SUMS} of generation {generation} is missing; `channel verify` tells what else is") from error


def sums_in(path: Path, kind: Kind, where: str) -> Iterator[tuple[str, str]]:
    """The same for a file of this machine."""
    with open(path, "rb") as stream:
        yield from _of_kind(read_sums(stream, where), kind, where)


def side_by_side(one: Iterable[tuple[str, str]], other: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str | None, str | None]]:
    """Every path with its sha256 in the one and in the other, None where it is not; both have to be in order, and each is walked once."""
    ones, others = iter(one), iter(other)
    left, right = next(ones, None), next(others, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield left[0], left[1], None
            left = next(ones, None)
        elif left is None or right[0] < left[0]:
            yield right[0], None, right[1]
            right = next(others, None)
        else:
            yield left[0], left[1], right[1]
            left, right = next(ones, None), next(others, None)


def _of_kind(lines: Iterator[tuple[str, str]], kind: Kind, where: str) -> Iterator[tuple[str, str]]:
    return ((path, sha256) for path, sha256 in lines if kind_of(path, where) is kind)
