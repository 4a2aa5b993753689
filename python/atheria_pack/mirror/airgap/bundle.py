"""A bundle: an uncompressed tar that is written and read in one pass, with memory that does not grow with it.

Its members: bundle.json, bundle.json.sig where it is signed, then the files that bundle.json lists, in that order. Everything in it follows from
bundle.json, so the reader makes every header itself and compares: a link, a device, a name that leaves the folder or a size that lies never gets
as far as being interpreted. What is different is taken apart only to say what it is.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from atheria_pack.errors import BusyError, DiskFullError
from atheria_pack.mirror.airgap.listing import LISTING, LISTING_SIGNATURE, BundleError, Listing, Member, kind_of, order, read_listing
from atheria_pack.mirror.airgap.signature import LARGEST
from atheria_pack.mirror.layout import UnsafeNameError


class Watch(Protocol):
    """Told while a bundle is written or read: so many bytes went by; a member is done."""

    def moved(self, size: int) -> None: ...

    def arrived(self, item: Any) -> None: ...


Progress = Callable[[int, int], AbstractContextManager[Watch]]
"""Makes who is told, for so many files of so many bytes."""


class Silent:
    """Says nothing."""

    def __init__(self, files: int = 0, size: int = 0) -> None:
        pass

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def moved(self, size: int) -> None:
        return None

    def arrived(self, item: Any) -> None:
        return None


_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_CHUNK = 1 << 20
_LARGEST_LISTING = 1 << 30  # bytes: some five million files; a header that says more lies
_LINKS = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a hard link"}
_SPECIAL = {tarfile.DIRTYPE: "a folder", tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device", tarfile.FIFOTYPE: "a pipe"}


def write_bundle(
    target: Path, listing: Listing, signature: bytes | None, open_member: Callable[[Member], BinaryIO], progress: Progress = Silent
) -> int:
    """Write a bundle of what `listing` lists; answers its size in bytes.

    `target` is replaced when the bundle is whole. BundleError when a member is not what the listing promised: the mirror has a damaged file.
    """
    needed = listing.size + listing.count * 2 * _BLOCK
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise DiskFullError(f"{target}: the bundle takes {needed} bytes, and {free} are free; free some space, or write it to a roomier place")
    published = listing.head.published
    nobody = Silent()
    try:
        with _unfinished(target) as out, progress(listing.count, listing.size) as watch:
            with open(listing.path, "rb") as stream:
                _write_member(out, Member(LISTING, os.fstat(stream.fileno()).st_size, listing.sha256), published, stream, nobody, str(target))
            if signature is not None:
                seal = Member(LISTING_SIGNATURE, len(signature), hashlib.sha256(signature).hexdigest())
                _write_member(out, seal, published, io.BytesIO(signature), nobody, str(target))
            for member in listing.members():
                with open_member(member) as stream:
                    _write_member(out, member, published, stream, watch, str(target))
                watch.arrived(member)
            out.write(_END)
            return out.tell()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DiskFullError(f"{target}: the disk ran full while the bundle was written; free {needed} bytes, or write it elsewhere") from error


class OpenBundle:
    """A bundle while it is read, once, from its beginning to its end.

    First what stands before the files: `listing_path` (bundle.json, copied to `folder`) and `signature`, which nobody has to have believed for
    that. Then `listing()`, then `members()`. BundleError for everything that is not as it was written, by the member's name.
    """

    def __init__(self, stream: BinaryIO, where: str, folder: Path) -> None:
        self.where = where
        self._stream = stream
        self.listing_path = folder / LISTING
        self.signature: bytes | None = None
        self._heads: list[tuple[Member, bytes]] = []  # with the header that each had, until it is known which one it has to be
        self._listing: Listing | None = None
        member = self._head_member(LISTING, _LARGEST_LISTING)
        with open(self.listing_path, "xb") as copy:
            for chunk in self._content(member):
                copy.write(chunk)
        if self._peek_name() == LISTING_SIGNATURE:
            member = self._head_member(LISTING_SIGNATURE, LARGEST)
            self.signature = b"".join(self._content(member))

    def listing(self) -> Listing:
        """The checked bundle.json. To be called once its signature is found good, or not asked for."""
        if self._listing is None:
            listing = read_listing(self.listing_path, f"{self.where}, {LISTING}")
            for member, header in self._heads:
                if header != header_of(member, listing.head.published):
                    raise BundleError(f"{self.where}: the header of {member.path} was changed; take a fresh copy of the bundle")
            self._listing = listing
        return self._listing

    def members(self, target: Callable[[Member], Path | None], progress: Progress = Silent) -> Generator[Member, None, None]:
        """Every file, after it was written to `target(member)` (or to nowhere, for None) and found to be what the listing says.

        When the last one was taken, the bundle has ended as it has to.
        """
        listing = self.listing()
        with progress(listing.count, listing.size) as watch:
            for member in listing.members():
                self._expect_header(member, listing)
                self._take(member, target(member), watch)
                watch.arrived(member)
                yield member
        end = self._stream.read(len(_END) + 1)
        if end != _END:
            raise BundleError(self._strange_end(end, listing))

    def _take(self, member: Member, path: Path | None, watch: Watch) -> None:
        digest = hashlib.sha256()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") if path is not None else nullcontext() as copy:
            for chunk in self._content(member):
                digest.update(chunk)
                if copy is not None:
                    copy.write(chunk)
                watch.moved(len(chunk))
        if digest.hexdigest() != member.sha256:
            raise BundleError(
                f"{self.where}: {member.path} has sha256 {digest.hexdigest()}, expected {member.sha256}; it was changed or damaged after the "
                "export, so take a fresh copy of the bundle"
            )

    def _content(self, member: Member) -> Iterator[bytes]:
        """The bytes of a member, and past the zeros that fill its last block."""
        left = member.size
        while left:
            chunk = self._stream.read(min(left, _CHUNK))
            if not chunk:
                raise BundleError(f"{self.where}: ends after {member.size - left} of {member.size} bytes of {member.path}; it was cut short")
            left -= len(chunk)
            yield chunk
        rest = -member.size % _BLOCK
        filling = self._stream.read(rest)
        if filling != bytes(rest):
            raise BundleError(f"{self.where}: {'cut short' if len(filling) < rest else 'something hides'} behind {member.path}; take a fresh copy")

    def _head_member(self, name: str, largest: int) -> Member:
        """The member that comes next, before there is a listing to compare it with."""
        header = self._stream.read(_BLOCK)
        found = _parsed(header)
        if found is None or found.name != name or not found.isreg():
            raise BundleError(f"{self.where}: begins with {_description(found)}, expected {name}; is it a bundle of `channel export`?")
        if not 0 <= found.size <= largest:
            raise BundleError(f"{self.where}: {name} of {found.size} bytes, expected at most {largest}; this is no bundle of `channel export`")
        member = Member(name, found.size, "")
        self._heads.append((member, header))
        return member

    def _peek_name(self) -> str | None:
        here = self._stream.tell()
        found = _parsed(self._stream.read(_BLOCK))
        self._stream.seek(here)
        return found.name if found else None

    def _expect_header(self, member: Member, listing: Listing) -> None:
        wanted = header_of(member, listing.head.published)
        found = self._stream.read(len(wanted))
        if found != wanted:
            raise BundleError(self._strange(found, member, listing))

    def _strange(self, header: bytes, member: Member, listing: Listing) -> str:
        """What stands where the header of `member` has to be, in words."""
        if len(header) < _BLOCK:
            return f"{self.where}: ends where {member.path} has to begin; it was cut short"
        if not any(header[: len(_END)]):
            return f"{self.where}: {member.path} is missing, and what follows it; expected {listing.count} files"
        found = _parsed(header + self._stream.read(_CHUNK))
        if found is None:
            return f"{self.where}: the header of {member.path} is damaged; take a fresh copy of the bundle"
        if not found.isreg():
            return f"{self.where}: {_description(found)}, where a bundle has plain files only; expected {member.path}. Nothing was written under it"
        if found.name == member.path:
            if found.size != member.size:
                return f"{self.where}: {member.path} of {found.size} bytes, expected {member.size}"
            return f"{self.where}: the header of {member.path} was changed; take a fresh copy of the bundle"
        return f"{self.where}: {found.name!r} {self._why_not_here(found.name, member, listing)}; expected {member.path}"

    def _why_not_here(self, name: str, member: Member, listing: Listing) -> str:
        if name in (LISTING, LISTING_SIGNATURE):
            return "comes a second time"
        try:
            kind_of(name, self.where)
        except UnsafeNameError:
            return "is no name of a file in a channel, and nothing was written under it"
        if not any(name == listed.path for listed in listing.members()):
            return f"is not listed in {LISTING}"
        if order(name, self.where) < order(member.path, self.where):
            return "comes a second time, or too late"
        return "comes too early, or something before it is missing"

    def _strange_end(self, end: bytes, listing: Listing) -> str:
        if len(end) < len(_END) and not any(end):
            return f"{self.where}: ends after its files without the mark of the end; it was cut short"
        found = _parsed(end[:_BLOCK])
        if found is not None:
            return f"{self.where}: {_description(found)} after the {listing.count} files that are listed"
        return f"{self.where}: goes on after its end; take a fresh copy of the bundle"


def header_of(member: Member, published: int) -> bytes:
    """The header of a member in a bundle, the same bytes wherever and whenever it is made. `published`: its mtime, Unix time in seconds."""
    info = tarfile.TarInfo(member.path)
    info.size = member.size
    info.mtime = published
    info.mode = 0o644
    return info.tobuf(tarfile.PAX_FORMAT)


def _write_member(out: BinaryIO, member: Member, published: int, stream: BinaryIO, watch: Watch, where: str) -> None:
    out.write(header_of(member, published))
    digest = hashlib.sha256()
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > member.size:
            break
        digest.update(chunk)
        out.write(chunk)
        watch.moved(len(chunk))
    if size != member.size or digest.hexdigest() != member.sha256:
        raise BundleError(
            f"{member.path}: has not the {member.size} bytes of sha256 {member.sha256} that its generation names (read {size}, sha256 "
            f"{digest.hexdigest()}), so {where} is not written; `channel verify` tells what is damaged, `channel mirror` fetches it again"
        )
    out.write(bytes(-size % _BLOCK))


def _parsed(header: bytes) -> tarfile.TarInfo | None:
    """The member that begins with these bytes, as tar would read them; None where they are no header."""
    try:
        with tarfile.open(fileobj=io.BytesIO(header), mode="r:") as archive:
            return archive.next()
    except (tarfile.TarError, ValueError, OverflowError, IndexError):  # what tarfile raises for bytes that are none
        return None


def _description(found: tarfile.TarInfo | None) -> str:
    if found is None:
        return "something that is no tar"
    words: dict[Any, str] = {**_LINKS, **_SPECIAL}
    text = f"{found.name!r}, {words.get(found.type, 'a plain file' if found.isreg() else 'a special file')}"
    return f"{text} to {found.linkname!r}" if found.type in _LINKS else text


@contextmanager
def _unfinished(target: Path) -> Iterator[BinaryIO]:
    """A file that becomes `target` when all went well. What a killed run left under its name is overwritten; two runs at once are a BusyError."""
    scratch = target.with_name(f".{target.name}.unfinished")
    with os.fdopen(os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+b") as out:
        try:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(out.fileno()), scratch.stat()):
                raise FileNotFoundError(scratch)
        except (BlockingIOError, FileNotFoundError) as error:  # locked, or renamed by the other run before it could be locked here
            raise BusyError(f"{target} is being written by another export; wait until it has ended, or name another file") from error
        with ExitStack() as undo:
            undo.callback(scratch.unlink, missing_ok=True)
            out.truncate(0)
            yield out
            out.flush()
            os.fsync(out.fileno())
            os.replace(scratch, target)
            undo.pop_all()
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
