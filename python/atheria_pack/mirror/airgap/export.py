"""From a mirror to a bundle: the visible generation, without the files that an earlier one had already."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from atheria_pack.errors import PackError
from atheria_pack.mirror.airgap.bundle import Progress, Silent, write_bundle
from atheria_pack.mirror.airgap.lineage import LineageError, base_for, kept_manifests
from atheria_pack.mirror.airgap.listing import BundleError, Counts, Head, Kind, Member, kind_of, write_listing
from atheria_pack.mirror.airgap.signature import read_claims, sign
from atheria_pack.mirror.airgap.sums import side_by_side, sums_of
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.layout import MANIFEST, SIGNATURE, SUMS, generation_folder
from atheria_pack.mirror.places.place import Place

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Exported:
    """What a bundle holds: generation and base by number, its files, its own size in bytes (0 for a dry run), and the fingerprint of the key that
    signed it."""

    generation: int
    base: int | None
    counts: Counts
    bundle_size: int
    signed_by: str | None


def export(
    place: Place, target: Path, since: int | None = None, key: Path | None = None, dry_run: bool = False, progress: Progress = Silent
) -> Exported:
    """Write the visible generation of a mirror to `target`, without what generation `since` has; signed by `key`.

    LineageError for a generation that is not there, BundleError for a file of the mirror that is missing or damaged, SignatureError for a key
    that cannot be used; `target` is as before then.
    """
    manifests = kept_manifests(place)
    if not manifests:
        raise LineageError(f"{place.address}: has no generation yet, so there is nothing to export; `channel mirror` makes one")
    if not target.parent.is_dir():
        raise PackError(f"{target.parent}: no such folder to write the bundle to; make it, or name another one")
    current = max(manifests)
    manifest = manifests[current]
    base = None if since is None else base_for(since, manifests, place.address)
    ancestors = {number: found.digest for number, found in manifests.items() if number < current}
    head = Head(current, manifest.published, base.digest if base else None, manifest.digest, ancestors)
    generation = _Generation(place, manifest)
    counts = Counts()
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:

        def counted() -> Iterator[Member]:
            for member in generation.members(base):
                counts.add(member, kind_of(member.path, place.address))
                yield member

        listing = write_listing(Path(folder) / "bundle.json", head, counted())
        signature = sign(listing.path, key) if key else None
        size = 0 if dry_run else write_bundle(target, listing, signature, generation.open, progress)
    return Exported(current, since, counts, size, read_claims(signature).fingerprint if signature else None)


class _Generation:
    """The files of a generation that is in a mirror."""

    def __init__(self, place: Place, manifest: Manifest) -> None:
        self._place = place
        self._manifest = manifest
        self._folder = generation_folder(manifest.generation)
        self._small = {MANIFEST: manifest.to_bytes()}
        if place.look(f"{self._folder}/{SIGNATURE}") is not None:
            self._small[SIGNATURE] = place.read(f"{self._folder}/{SIGNATURE}")

    def members(self, base: Manifest | None) -> Iterator[Member]:
        """What a bundle has of it, in order, and never all at once in memory."""
        for path, content in sorted(self._small.items()):
            yield Member(path, len(content), hashlib.sha256(content).hexdigest())
        yield self._sums_member()
        for kind in (Kind.INDEX, Kind.SHARD, Kind.PACKAGE):
            had = sums_of(self._place, base.generation, kind) if base else iter(())
            for path, sha256, before in side_by_side(sums_of(self._place, self._manifest.generation, kind), had):
                if sha256 is not None and sha256 != before:
                    yield Member(path, self._size_of(path), sha256)

    def open(self, member: Member) -> BinaryIO:
        """A file of it for reading."""
        if member.path in self._small:
            return io.BytesIO(self._small[member.path])
        try:
            return self._place.open(self._where(member.path))
        except FileNotFoundError as error:
            raise BundleError(self._lost(member.path)) from error

    def _where(self, path: str) -> str:
        return f"{self._folder}/{path}" if kind_of(path, self._place.address) <= Kind.INDEX else path

    def _size_of(self, path: str) -> int:
        found = self._place.look(self._where(path))
        if found is None:
            raise BundleError(self._lost(path))
        return found.size

    def _sums_member(self) -> Member:
        path = f"{self._folder}/{SUMS}"
        digest = hashlib.sha256()
        size = 0
        try:
            with self._place.open(path) as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
        except FileNotFoundError as error:
            raise BundleError(self._lost(SUMS)) from error
        if digest.hexdigest() != self._manifest.sums:
            raise BundleError(f"{self._place.address}: {path} has sha256 {digest.hexdigest()}, expected {self._manifest.sums} as its manifest says; "
                              "`channel verify` tells what else is damaged")
        return Member(SUMS, size, self._manifest.sums)

    def _lost(self, path: str) -> str:
        return (f"{self._place.address}: {path} of generation {self._manifest.generation} is missing; `channel verify` tells what else is, "
                "`channel mirror` fetches it again")
