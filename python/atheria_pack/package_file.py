"""Package files (.conda) member by member: reads them whole, and writes them so that equal members give equal bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import zstandard

from atheria_pack.atomic import replaced
from atheria_pack.errors import PackageFileError

INFO, CONTENT = "info", "pkg"
# What conda's own tools take; rattler-build's 15 makes packages some 8 % larger.
_LEVEL = 19
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the format knows no earlier date, and this one says nothing
_FORMAT = b'{"conda_pkg_format_version":2}'
_FORMAT_NAME = "metadata.json"


@dataclass(frozen=True)
class Member:
    """A file or symbolic link of a package.

    `part` is `info` or `pkg`. `target` is that of a symbolic link, None for files. `mode`, `mtime` and `owner` are as the archive
    has them; writing does not keep them but for whether a file is executable.
    """

    part: str
    name: str
    data: bytes
    target: str | None = None
    mode: int = 0o644
    mtime: int = 0
    owner: str = "0:0"

    def with_data(self, data: bytes) -> Member:
        """The same member with other content."""
        return replace(self, data=data)


def read_package(path: Path) -> list[Member]:
    """All files and links of a package, in the order of the archive. PackageFileError names a file that is torn or no .conda."""
    try:
        with zipfile.ZipFile(path) as archive:
            torn = archive.testzip()
            if torn:
                raise PackageFileError(f"{path.name} is damaged: its part {torn} has another checksum than was written")
            names = archive.namelist()
            wanted = {f"{part}-{path.stem}.tar.zst": part for part in (CONTENT, INFO)}
            if set(names) != {*wanted, _FORMAT_NAME}:
                raise PackageFileError(f"{path.name} holds {', '.join(sorted(names))}; expected {', '.join([*wanted, _FORMAT_NAME])}")
            return [member for name in names if name in wanted for member in _unpacked(wanted[name], archive.read(name), path.name)]
    except (zipfile.BadZipFile, tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise PackageFileError(f"{path.name} ({path.stat().st_size} bytes) is not a whole .conda file: {error}; build it again") from error


def _unpacked(part: str, packed: bytes, package: str) -> Iterator[Member]:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True) as stream:
        unpacked = io.BytesIO(stream.read())
    with tarfile.open(fileobj=unpacked, mode="r:") as archive:
        for entry in archive:
            if entry.isdir():
                continue  # some writers list them; an installation makes the folders of its files anyway
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is None and not entry.issym():
                raise PackageFileError(f"{package}: {entry.name} is neither a file nor a symbolic link (tar type {entry.type!r})")
            yield Member(
                part,
                entry.name,
                content.read() if content else b"",
                None if content else entry.linkname,
                entry.mode,
                int(entry.mtime),
                f"{entry.uid}:{entry.gid}{entry.uname and ' ' + entry.uname}",
            )


def package_bytes(stem: str, members: Sequence[Member], epoch: int) -> bytes:
    """A .conda file of these members; `stem` is its name without the suffix, `epoch` the Unix time of every member.

    A function of its arguments alone, whatever machine, user or hour it is: members sorted, owners, modes and dates settled. Same
    versions of zstandard are needed for the same bytes.
    """
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as archive:
        _store(archive, _FORMAT_NAME, _FORMAT)
        for part in (CONTENT, INFO):  # info last, where readers of remote files look for it
            chosen = sorted((member for member in members if member.part == part), key=lambda member: member.name)
            _store(archive, f"{part}-{stem}.tar.zst", _packed(chosen, epoch))
    return result.getvalue()


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    entry.create_system = 3  # unix, also where this runs on Windows
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def _packed(members: Sequence[Member], epoch: int) -> bytes:
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member in members:
            entry = tarfile.TarInfo(member.name)
            entry.mtime = epoch
            if member.target is None:
                entry.mode = 0o755 if member.mode & 0o111 else 0o644
                entry.size = len(member.data)
                archive.addfile(entry, io.BytesIO(member.data))
            else:
                entry.type, entry.mode, entry.linkname = tarfile.SYMTYPE, 0o777, member.target
                archive.addfile(entry)
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True, threads=0).compress(unpacked.getvalue())


def write_package(path: Path, data: bytes) -> None:
    """Replace a package file, in one step."""
    with replaced(path) as stream:
        stream.write(data)
