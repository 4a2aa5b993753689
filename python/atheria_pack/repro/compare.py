"""Compares two builds of a package member by member, and says where they part."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.digest import sha256_of
from atheria_pack.package_file import Member, read_package
from atheria_pack.repro.places import place_of

_CONTEXT = 24  # bytes shown around the first that differs


@dataclass(frozen=True)
class Difference:
    """One thing in which two builds of a package differ.

    `member` is the path inside the package, or the part of the archive. `what`: content, mode, owner, time, target, archive, or
    which build alone has it. For content: `offset` of the first byte that differs, `count` of those that do (None where the
    lengths differ), the `place` it falls in (an ELF section, a key of JSON, a line), and the bytes around it of both builds.
    """

    member: str
    what: str
    first: str
    second: str
    offset: int | None = None
    count: int | None = None
    place: str | None = None

    def __str__(self) -> str:
        where = "" if self.offset is None else f" at byte {self.offset}"
        where += f" ({self.place})" if self.place else ""
        many = "" if self.count is None else f", {self.count} bytes in all"
        return f"{self.member}: {self.what} differs{where}{many}\n    first:  {self.first}\n    second: {self.second}"


def compare_packages(first: Path, second: Path) -> list[Difference]:
    """All differences between two package files; none exactly if the files are equal.

    Members are compared first; where they all agree and the files do not, it is their packing, and the part of the archive is named.
    """
    if sha256_of(first) == sha256_of(second):
        return []
    left = {f"{member.part}:{member.name}": member for member in read_package(first)}
    right = {f"{member.part}:{member.name}": member for member in read_package(second)}
    found: list[Difference] = []
    for key in sorted(left.keys() | right.keys(), key=_causes_first):
        one, other = left.get(key), right.get(key)
        if one is None or other is None:
            name = key.split(":", 1)[1]
            found.append(Difference(name, "presence", "present" if one else "absent", "present" if other else "absent"))
        else:
            found.extend(_compare_members(one, other))
    return found or _compare_archives(first, second)


def _causes_first(key: str) -> tuple[int, str]:
    """What is installed comes before what describes it, and the list of digests last: it only repeats what differs."""
    return 2 if key == "info:info/paths.json" else 1 if key.startswith("info:") else 0, key


def _compare_members(one: Member, other: Member) -> Iterator[Difference]:
    if one.data != other.data:
        yield content_difference(one.name, one.data, other.data)
    for what, left, right in (
        ("target", one.target, other.target),
        ("mode", oct(one.mode), oct(other.mode)),
        ("owner", one.owner, other.owner),
        ("time", one.mtime, other.mtime),
    ):
        if left != right:
            yield Difference(one.name, what, str(left), str(right))


def content_difference(name: str, one: bytes, other: bytes) -> Difference:
    """Where two different contents part."""
    offset = first_difference(one, other)
    count = sum(a != b for a, b in zip(one, other, strict=True)) if len(one) == len(other) else None
    left, right = (shown(data, offset) + ("" if count is not None else f"  ({len(data)} bytes in all)") for data in (one, other))
    return Difference(name, "content", left, right, offset, count, place_of(name, one, other, offset))


def first_difference(one: Sequence[int], other: Sequence[int]) -> int:
    """Position of the first byte in which two contents differ: where the shorter ends, if it begins the longer."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def shown(data: bytes, offset: int) -> str:
    """The bytes around an offset, in hex and as text."""
    start = max(0, offset - _CONTEXT // 2)
    piece = data[start : start + _CONTEXT]
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
    return f"{piece.hex(' ')}  |{text}|" if piece else "(ends before)"


def _compare_archives(first: Path, second: Path) -> list[Difference]:
    """For files that differ although their members do not: which part of the archive it is."""
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as other:
        if one.namelist() != other.namelist():
            return [Difference(first.name, "archive order", ", ".join(one.namelist()), ", ".join(other.namelist()))]
        for name in one.namelist():
            if one.read(name) != other.read(name):
                return [content_difference(name, one.read(name), other.read(name))]
    return [content_difference(first.name, first.read_bytes(), second.read_bytes())]
