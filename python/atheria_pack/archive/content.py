"""What a .conda file holds: its files with their modes, its licences, and where the build's prefix stands in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atheria_pack.digest import sha256_of
from atheria_pack.errors import PackError
from atheria_pack.package_file import INFO, Member, read_package


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
    members = read_package(path)
    info = {member.name: member.data for member in members if member.part == INFO and member.target is None}
    try:
        index = json.loads(info["info/index.json"])
        placeholders = {entry["_path"]: entry.get("prefix_placeholder") for entry in json.loads(info["info/paths.json"])["paths"]}
    except (KeyError, json.JSONDecodeError) as error:
        raise PackError(f"{path.name} is no conda package: {error!r}") from error
    files = {member.name: _entry(member, placeholders.get(member.name)) for member in members if member.part != INFO}
    licences = {name.removeprefix("info/licenses/"): data for name, data in info.items() if name.startswith("info/licenses/")}
    return Content(files, licences, index)


def _entry(member: Member, placeholder: str | None) -> Entry:
    if member.target is not None:
        return Entry(target=member.target)
    return Entry(member.data, bool(member.mode & 0o100), placeholder=placeholder)
