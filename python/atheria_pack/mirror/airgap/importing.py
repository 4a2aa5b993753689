"""From a bundle to a mirror: everything is proved in .mirror/incoming first, then placed, then made visible at once."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from atheria_pack.errors import DiskFullError, PackError
from atheria_pack.mirror.airgap.bundle import OpenBundle, Progress, Silent
from atheria_pack.mirror.airgap.contents import check_contents
from atheria_pack.mirror.airgap.lineage import is_there, kept_manifests
from atheria_pack.mirror.airgap.listing import BundleError, Counts, Head, Kind, Listing, Member, kind_of
from atheria_pack.mirror.airgap.signature import SignatureError, verify_signature
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.layout import INCOMING, MANIFEST, PRIVATE, SIGNATURE, STAGING, SUMS
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.publish import install
from atheria_pack.mirror.stamps import Stamps

_LARGEST_MANIFEST = 1 << 26  # bytes
_AT_ONCE = 16  # packages on their way; most of the time goes into waiting for the disk or the server
_BATCH = 256


@dataclass(frozen=True)
class Imported:
    """What an import did: generation and base by number, what it took from the bundle, who signed (None: nobody was asked), and whether the mirror
    had it already."""

    generation: int
    base: int | None
    counts: Counts
    signed_by: str | None
    there_already: bool


def import_bundle(
    bundle: Path, place: Place, allowed_signers: Path | None, dry_run: bool = False, progress: Progress = Silent
) -> Imported:
    """Bring a mirror to the generation of a bundle. The bundle has to be signed by one of `allowed_signers`; None: nobody is asked.

    BundleError, SignatureError, LineageError or layout.UnsafeNameError say what is wrong with the bundle; nothing outside .mirror/incoming was
    touched then, and readers see what they saw. A run that was killed is done again by the same call. With `dry_run` everything is checked and
    nothing written.
    """
    try:
        stream = open(bundle, "rb")  # noqa: SIM115 - closed below; only its opening is explained here
    except OSError as error:
        raise BundleError(f"{bundle}: the bundle cannot be read ({error.strerror})") from error
    with stream, tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        if isinstance(place, FolderPlace):
            place.refuse_strangers()  # before a long bundle is read, and in a dry run as well
        opened = OpenBundle(stream, str(bundle), Path(folder))
        signer = _believed(opened, allowed_signers)
        listing = opened.listing()
        head = listing.head
        there = is_there(head, kept_manifests(place), str(bundle), place.address)
        unfinished = any((place.scratch / name).exists() for name in (INCOMING, STAGING))  # a run that was killed when all but this was done
        counts = Counts()
        if not there or unfinished:
            with nullcontext() if dry_run else place.writing():
                there = is_there(head, kept_manifests(place), str(bundle), place.address)  # another run may have been faster
                if not there:
                    with _staging(place, listing, Path(folder) / "checked" if dry_run else None) as staged:
                        _stage(opened, listing, place, staged, allowed_signers, counts, dry_run, progress)
                        if not dry_run:
                            _publish(place, listing, staged)
                if not dry_run:
                    _clear(place)
        return Imported(head.generation, head.base_generation, counts, signer, there)


def _believed(opened: OpenBundle, allowed_signers: Path | None) -> str | None:
    """Who signed the bundle. SignatureError unless it is somebody who may; nobody is asked without `allowed_signers`."""
    if allowed_signers is None:
        return None
    if opened.signature is None:
        raise SignatureError(
            f"{opened.where}: is not signed; export it with --sign KEY. --allow-unsigned imports it as it is, when you know who brought it"
        )
    return verify_signature(opened.listing_path, opened.signature, allowed_signers, what=f"{opened.where}, signature")


@contextmanager
def _staging(place: Place, listing: Listing, elsewhere: Path | None) -> Iterator[Path]:
    """An empty folder for what the bundle brings: in the mirror's incoming folder, or `elsewhere` for a dry run."""
    if elsewhere is not None:
        elsewhere.mkdir()
        yield elsewhere
        return
    for folder in (place.scratch / PRIVATE, place.scratch / INCOMING):
        if folder.is_symlink():
            raise PackError(f"{folder} is a link; what is imported is proved in a folder of the mirror's own. Remove the link")
    _clear(place)  # what killed runs left takes space too
    free = shutil.disk_usage(place.scratch).free
    if free < listing.size:
        raise DiskFullError(
            f"{place.address}: the bundle brings {listing.size} bytes, and {free} are free in {place.scratch}; free some space and import it again"
        )
    staged = place.scratch / INCOMING / listing.sha256
    staged.mkdir(parents=True)
    try:
        yield staged
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFullError(
            f"{place.address}: the disk of {place.scratch} ran full; free {listing.size} bytes and import it again. What is visible stays as it is"
        ) from error
    except PackError:
        _clear(place)  # a bundle that was refused leaves nothing
        raise


def _stage(
    opened: OpenBundle, listing: Listing, place: Place, staged: Path, allowed_signers: Path | None, counts: Counts, dry_run: bool,
    progress: Progress,
) -> None:  # fmt: skip
    """Read the bundle to its end and prove all of it."""
    where = opened.where
    for member in listing.members():
        if kind_of(member.path, where) < Kind.SUMS and member.size > _LARGEST_MANIFEST:
            raise BundleError(f"{where}: {member.path} of {member.size} bytes, expected at most {_LARGEST_MANIFEST}")

    def target(member: Member) -> Path | None:
        kind = kind_of(member.path, where)
        return None if dry_run and kind > Kind.SUMS else _staged(staged, member.path, kind)

    manifest: Manifest | None = None
    complete = False
    with closing(opened.members(target, progress)) as members:
        for member in members:
            kind = kind_of(member.path, where)
            counts.add(member, kind)
            path = _staged(staged, member.path, kind)
            if kind is Kind.MANIFEST:
                manifest = _checked_manifest(path.read_bytes(), listing.head, where)
            elif kind is Kind.SIGNATURE and allowed_signers is not None:
                verify_signature(path.with_name(MANIFEST), path.read_bytes(), allowed_signers, what=f"{where}, {SIGNATURE}")
            elif kind is Kind.SUMS:
                assert manifest is not None, "a listing begins with the manifest"
                if member.sha256 != manifest.sums:
                    raise BundleError(f"{where}: {SUMS} has sha256 {member.sha256}, and the manifest says {manifest.sums}; not made together")
                check_contents(place, kept_manifests(place), listing, path, manifest, None if dry_run else path.parent, where)
                complete = True
    if not complete:
        raise BundleError(f"{where}: {SUMS} is missing, so nobody can tell whether the bundle is complete")


def _staged(staged: Path, path: str, kind: Kind) -> Path:
    """Where a file is staged: the packages apart from what `install` makes visible as a whole."""
    return staged / ("packages" if kind is Kind.PACKAGE else "generation") / path


def _checked_manifest(content: bytes, head: Head, where: str) -> Manifest:
    manifest = Manifest.from_bytes(content, f"{where}, {MANIFEST}")
    if (manifest.generation, manifest.published) != (head.generation, head.published):
        raise BundleError(
            f"{where}: announces generation {head.generation}, published at {head.published}, and its manifest is of generation "
            f"{manifest.generation}, published at {manifest.published}; the bundle was put together by hand"
        )
    parent = head.ancestors.get(head.generation - 1)
    if parent is not None and parent != manifest.parent:
        raise BundleError(f"{where}: names {parent} as generation {head.generation - 1}, and its manifest {manifest.parent}; put together by hand")
    return manifest


def _publish(place: Place, listing: Listing, staged: Path) -> None:
    """Place what was proved, and make the generation visible."""
    packages = (member for member in listing.members() if kind_of(member.path, place.address) is Kind.PACKAGE)

    def bring(member: Member) -> None:
        if not stamps.check(member.path, member.sha256):  # else a killed run brought it
            place.put(member.path, _staged(staged, member.path, Kind.PACKAGE))
            stamps.remember(member.path, member.sha256)

    with Stamps(place) as stamps:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="import") as pool:
            while batch := list(islice(packages, _BATCH)):
                list(pool.map(bring, batch))
        install(place, listing.head.generation, staged / "generation", stamps)


def _clear(place: Place) -> None:
    """Remove what this run and killed ones left in the incoming folder, and the folder."""
    incoming = place.scratch / INCOMING
    if incoming.is_dir() and not incoming.is_symlink():
        shutil.rmtree(incoming)
