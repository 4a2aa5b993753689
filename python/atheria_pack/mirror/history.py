"""The generations of a mirror: which are there, and what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from atheria_pack.errors import PackError
from atheria_pack.mirror.generation import Manifest, ManifestError, read_sums
from atheria_pack.mirror.layout import CURRENT, GENERATIONS, MANIFEST, SUMS, generation_folder
from atheria_pack.mirror.places.place import Place


class NoGenerationError(PackError):
    """There is no mirror, or not the generation that was asked for. The text says which there are."""


def numbers(place: Place) -> list[int]:
    """The generations that are kept, oldest first: those up to the visible one. A later one was never published."""
    visible = place.current() or 0
    return sorted(number for number in _with(place, MANIFEST) if number <= visible)


def leftovers(place: Place) -> list[int]:
    """Folders of generations that never became visible, or that gc was removing: what killed runs left."""
    kept = set(numbers(place))
    return sorted(number for number in _with(place, None) if number not in kept)


def visible(place: Place) -> int:
    """The number of the visible generation; NoGenerationError where there is none."""
    number = place.current()
    if number is None:
        raise NoGenerationError(f"{place.address} has no generation: it is no mirror, or nothing was published yet; `channel mirror` makes one")
    return number


def chosen(place: Place, number: int | None) -> int:
    """The generation `number`, or the visible one for None; NoGenerationError for one that is not kept."""
    newest = visible(place)
    if number is None or number == newest:
        return newest
    kept = numbers(place)
    if number not in kept:
        raise NoGenerationError(f"{place.address} has no generation {number}; there are {', '.join(map(str, kept))}. "
                                f"{'gc removed it' if 0 < number < newest else f'The newest is {newest}'}")
    return number


def manifest(place: Place, number: int) -> Manifest:
    """What a generation says of itself. ManifestError where that is torn, FileNotFoundError where there is none."""
    path = f"{generation_folder(number)}/{MANIFEST}"
    found = Manifest.from_bytes(place.read(path), f"{place.address}, {path}")
    if found.generation != number:
        raise ManifestError(f"{place.address}, {path}: says generation {found.generation}, expected {number}; somebody moved it")
    return found


def shown(place: Place) -> Manifest:
    """What the visible generation says of itself. NoGenerationError where there is none, ManifestError where its manifest is gone or torn."""
    number = visible(place)
    try:
        return manifest(place, number)
    except FileNotFoundError as error:
        whole = [other for other in numbers(place) if other != number]
        back = f", or let {CURRENT} lead to an earlier one that is whole: {', '.join(map(str, whole))}" if whole else ""
        raise ManifestError(
            f"{place.address}: generation {number} is visible, and {generation_folder(number)}/{MANIFEST} is gone; nothing was changed. Restore it "
            f"from a copy (a bundle of that generation has it){back}"
        ) from error


def sums(place: Place, number: int) -> Iterator[tuple[str, str]]:
    """(path, sha256) of everything that a generation names, by path.

    ManifestError when the list is not the one that its manifest names; found at its end, so nothing may be done for good before that.
    """
    path = f"{generation_folder(number)}/{SUMS}"
    digest = hashlib.sha256()
    with place.open(path) as stream:
        yield from read_sums(_hashed(stream, digest.update), f"{place.address}, {path}")
    wanted = manifest(place, number).sums
    if digest.hexdigest() != wanted:
        raise ManifestError(f"{place.address}, {path}: sha256 {digest.hexdigest()}, expected {wanted} as its manifest says; "
                            "it was changed or torn")


def _hashed(lines: Iterator[bytes], update: object) -> Iterator[bytes]:
    for line in lines:
        update(line)  # type: ignore[operator]
        yield line


def _with(place: Place, name: str | None) -> set[int]:
    found = set()
    for file in place.files(GENERATIONS):
        number, _, rest = file.path.removeprefix(f"{GENERATIONS}/").partition("/")
        if number.isdigit() and (name is None or rest == name):
            found.add(int(number))
    return found
