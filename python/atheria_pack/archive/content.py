"""What a .conda file holds: its files with their modes, its licences, and where the build's prefix stands in them."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from conda_package_streaming.package_streaming import stream_conda_component

from atheria_pack.digest import sha256_of
from atheria_pack.errors import PackError


@dataclass(frozen=True)
class Entry:
    """A file or link of a tree. `target` is set for links only; `placeholder` is the build's prefix where it stands in the file."""

    data: bytes = b""
    executable: bool = False
    target: str | None = None
    placeholder: str | None = None


@dataclass(frozen=True)
class Content:
    """A package: its files by path in the prefix, its licence files by name, and its index."""

    files: dict[str, Entry]
    licences: dict[str, bytes]
    index: dict[str, Any]


def read_content(path: Path, sha256: str) -> Content:
    """Read a package whose digest is known. PackError for a file that is missing, damaged, or another one."""
    if not path.is_file():
        raise PackError(f"{path} is missing, although its channel lists it; `./run build-all` makes it again")
    if (found := sha256_of(path)) != sha256:
        raise PackError(f"{path} is not what its channel lists: sha256 {found}, expected {sha256}; `./run build-all` makes it again")
    try:
        info = {member.name: data for member, data in _members(path, "info") if member.isfile()}
        placeholders = {
            entry["_path"]: entry.get("prefix_placeholder") for entry in json.loads(info["info/paths.json"])["paths"]
        }
        files = {member.name: _entry(member, data, placeholders.get(member.name)) for member, data in _members(path, "pkg")}
        index = json.loads(info["info/index.json"])
    except (zipfile.BadZipFile, zstandard.ZstdError, tarfile.TarError, KeyError, json.JSONDecodeError) as error:
        raise PackError(f"{path.name} is no conda package: {error!r}") from error
    licences = {name.removeprefix("info/licenses/"): data for name, data in info.items() if name.startswith("info/licenses/")}
    return Content(files, licences, index)


def _members(path: Path, component: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    with open(path, "rb") as stream:
        for tar, member in stream_conda_component(str(path), stream, component):
            if member.isdir():
                continue
            opened = tar.extractfile(member) if member.isfile() else None
            yield member, opened.read() if opened else b""


def _entry(member: tarfile.TarInfo, data: bytes, placeholder: str | None) -> Entry:
    if member.issym():
        return Entry(target=member.linkname)
    if not member.isfile():
        raise PackError(f"{member.name} is neither a file nor a symbolic link, and an archive can hold nothing else")
    return Entry(data, bool(member.mode & 0o100), placeholder=placeholder)
