"""Whether a bundle and a mirror together have every file that the bundle's generation names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

from atheria_pack.errors import PackError
from atheria_pack.mirror.airgap.listing import BundleError, Kind, Listing, kind_of
from atheria_pack.mirror.airgap.sums import side_by_side, sums_in, sums_of
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.layout import SUMS, generation_folder
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.stamps import Stamps

_CHUNK = 1 << 20


class LostFileError(PackError):
    """A bundle leaves out a file because its base has it, and the mirror has lost it or has it damaged. The text names it."""


class ChangedPackageError(PackError):
    """A bundle has other bytes for a package than the mirror's generations name. Packages never change, so one of both is wrong."""


def check_contents(
    place: Place, kept: Iterable[int], listing: Listing, sums: Path, manifest: Manifest, indexes: Path | None, where: str
) -> None:
    """Prove that the bundle has or the mirror keeps what `sums`, the bundle's SHA256SUMS, names. To be called before the rest is read.

    `kept`: the mirror's generations. `indexes`: the folder that the indexes which the bundle leaves out are copied to. None, for a dry run: they are
    not copied, and whether the mirror's packages are still those that it once verified is not asked, as only a writer may note the answers.
    BundleError when the lists of the bundle do not fit each other, LostFileError and ChangedPackageError when they do not fit the mirror.
    """
    with open(sums, "rb") as stream:
        count = sum(1 for _ in stream)
    if count != manifest.files:
        raise BundleError(f"{where}: {SUMS} has {count} lines, and the manifest says {manifest.files} files; they were not made together")
    generations = sorted(kept, reverse=True)
    for kind in (Kind.INDEX, Kind.SHARD, Kind.PACKAGE):
        members = ((member.path, member.sha256) for member in listing.members() if kind_of(member.path, where) is kind)
        left_out: Iterator[tuple[str, str]] = _left_out(sums_in(sums, kind, where), members, where)
        if kind is Kind.INDEX:
            _take_indexes(place, generations, left_out, indexes)
        else:
            _check_kept(place, left_out, indexes is not None)
            for generation in generations:
                _refuse_changed(sums_in(sums, kind, where), sums_of(place, generation, kind), generation, place, where)


def _left_out(named: Iterable[tuple[str, str]], members: Iterable[tuple[str, str]], where: str) -> Iterator[tuple[str, str]]:
    """What SHA256SUMS names and the bundle does not bring."""
    for path, sha256, brought in side_by_side(named, members):
        if sha256 is None:
            raise BundleError(f"{where}: {path} is in the bundle, but not in {SUMS} of its generation; the bundle was put together by hand")
        if brought is None:
            yield path, sha256
        elif brought != sha256:
            raise BundleError(f"{where}: {path} has sha256 {brought} in the bundle and {sha256} in {SUMS}; the bundle was put together by hand")


def _take_indexes(place: Place, generations: list[int], left_out: Iterable[tuple[str, str]], to: Path | None) -> None:
    """Copy the indexes that did not change from an earlier generation; there are few."""
    earlier = {
        (path, sha256): generation for generation in reversed(generations) for path, sha256 in sums_of(place, generation, Kind.INDEX)
    }
    for path, sha256 in left_out:
        if (path, sha256) not in earlier:
            raise LostFileError(_lost(place, path, "no kept generation has it"))
        digest = hashlib.sha256()
        target = to / path if to else None
        if target:
            target.parent.mkdir(parents=True, exist_ok=True)
        source = f"{generation_folder(earlier[path, sha256])}/{path}"
        try:
            with place.open(source) as stream, open(target or os.devnull, "wb") as copy:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    copy.write(chunk)
        except FileNotFoundError as error:
            raise LostFileError(_lost(place, source, "it is missing")) from error
        if digest.hexdigest() != sha256:
            raise LostFileError(_lost(place, source, f"it has sha256 {digest.hexdigest()}, expected {sha256}"))


def _check_kept(place: Place, left_out: Iterable[tuple[str, str]], writing: bool) -> None:
    """Files that the bundle does not bring have to be there; those that were verified and not touched since are not read again."""
    with Stamps(place) if writing else nullcontext() as stamps:
        for path, sha256 in left_out:
            if place.look(path) is None:
                raise LostFileError(_lost(place, path, "it is missing"))
            if stamps is not None and not stamps.check(path, sha256):
                raise LostFileError(_lost(place, path, f"its bytes are not those of sha256 {sha256}"))


def _refuse_changed(
    named: Iterable[tuple[str, str]], before: Iterable[tuple[str, str]], generation: int, place: Place, where: str
) -> None:
    for path, sha256, had in side_by_side(named, before):
        if sha256 is not None and had is not None and sha256 != had:
            raise ChangedPackageError(
                f"{where}: brings {path} with sha256 {sha256}, and generation {generation} of {place.address} names it with {had}; packages never "
                f"change, so one of both is not what it claims to be. Ask who made it; once generation {generation} has left by `channel gc`, "
                "nothing is compared with it"
            )


def _lost(place: Place, path: str, why: str) -> str:
    return f"{place.address}: {path} is left out by the bundle, as its base has it, but here {why}; export without --since, and import that"
