"""What a generation holds, for who has to answer for it: packages, licences, where they came from, and why they are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from atheria_pack.errors import PackError
from atheria_pack.mirror import history
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.index import provenance
from atheria_pack.mirror.index.provenance import Provenance
from atheria_pack.mirror.layout import PACKAGES, generation_folder
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.stamps import sha256_of

NOT_TOLD = "not told"  # in the place of a licence


class UnprovenError(PackError):
    """The list of packages is not the one that the generation names, so nothing is told from it."""


@dataclass
class Count:
    """Packages, and their bytes."""

    packages: int = 0
    size: int = 0

    def add(self, one: Provenance) -> None:
        self.packages += 1
        self.size += one.size


@dataclass
class Totals:
    """All packages together, and by licence and by origin; `unlicensed`: paths of those whose record has no licence."""

    all: Count = field(default_factory=Count)
    licences: dict[str, Count] = field(default_factory=dict)
    origins: dict[str, Count] = field(default_factory=dict)
    unlicensed: list[str] = field(default_factory=list)

    def add(self, one: Provenance) -> None:
        """Count a package."""
        self.all.add(one)
        self.licences.setdefault(one.license or NOT_TOLD, Count()).add(one)
        self.origins.setdefault(channel_of(one), Count()).add(one)
        if not one.license:
            self.unlicensed.append(one.path)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types, sorted."""
        groups = {"licences": self.licences, "origins": self.origins}
        return {
            "packages": self.all.packages,
            "size": self.all.size,
            **{name: {key: vars(count) for key, count in sorted(group.items())} for name, group in groups.items()},
            "unlicensed": self.unlicensed,
        }


def audit(place: Place, number: int | None) -> tuple[Manifest, Iterator[Provenance]]:
    """The manifest of a generation (None: the visible one), and its packages by path, one by one.

    UnprovenError when the list was changed since it was published, NoGenerationError for a generation that is not kept.
    """
    number = history.chosen(place, number)
    manifest = history.shown(place) if number == history.visible(place) else history.manifest(place, number)
    path = f"{generation_folder(number)}/{PACKAGES}"
    wanted = next((digest for name, digest in history.sums(place, number) if name == PACKAGES), None)
    try:
        with place.open(path) as stream:
            found = sha256_of(stream)
    except FileNotFoundError:
        found = "no file"
    if found != wanted:
        raise UnprovenError(f"{place.address}, {path}: {found}, expected sha256 {wanted or 'in its SHA256SUMS, which has none'}; "
                            "`channel verify` tells what else is not as it was published")
    return manifest, _packages(place, path)


def channel_of(one: Provenance) -> str:
    """The channel that a package came from: its address up to the subdir, or the host's folder of a file that lies elsewhere."""
    folder = one.origin.rpartition("/")[0]
    return folder.removesuffix(f"/{one.path.partition('/')[0]}") or one.origin or "not told"


def _packages(place: Place, path: str) -> Iterator[Provenance]:
    with place.open(path) as stream:
        yield from provenance.read(stream, path)
