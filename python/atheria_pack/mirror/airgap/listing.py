"""bundle.json: what a bundle holds, what it builds on, and in which order its members come.

It is JSON with a line per file, so that it is written, checked and read without ever being in memory as a whole:

    {"schema": 1, "generation": 5, "published": 1700000000, "base": "<sha256>", "manifest": "<sha256>", "ancestors": {"4": "<sha256>"}, "files": [
    {"path": "manifest.json", "size": 812, "sha256": "..."},
    ...
    ], "count": 12, "size": 48190211}

Nothing but these very bytes is read for these values, as with a manifest: whatever was changed in it shows.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO

from atheria_pack.errors import PackError
from atheria_pack.mirror import layout

SCHEMA = 1
LISTING = "bundle.json"
LISTING_SIGNATURE = "bundle.json.sig"

_FILES = ', "files": [\n'
_LONGEST_LINE = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHARD = re.compile(r"[0-9a-f]{64}\.msgpack\.zst")


class BundleError(PackError):
    """A bundle is torn, was changed, or is none. The text names the bundle, the member and what was expected."""


class Kind(IntEnum):
    """What a file of a generation is, in the order in which a bundle has them."""

    MANIFEST = 0
    SIGNATURE = 1
    SUMS = 2
    INDEX = 3
    SHARD = 4
    PACKAGE = 5


@dataclass(frozen=True)
class Member:
    """A file of a bundle, by its path in the channel (the first three kinds: in the generation's folder). `size` in bytes."""

    path: str
    size: int
    sha256: str

    def line(self) -> str:
        return json.dumps({"path": self.path, "size": self.size, "sha256": self.sha256})


@dataclass(frozen=True)
class Head:
    """What a bundle says before its list of files.

    - `generation`, `published`, `manifest` (sha256): of the manifest that it carries.
    - `base`: sha256 of the manifest of the generation whose files it leaves out, None for a full bundle.
    - `ancestors`: sha256 of the manifests of earlier generations that its origin has, by number; the base is one of them.
    """

    generation: int
    published: int
    base: str | None
    manifest: str
    ancestors: Mapping[int, str]

    @property
    def base_generation(self) -> int | None:
        """The number of the base, None for a full bundle."""
        return next((number for number, digest in self.ancestors.items() if digest == self.base), None)

    def line(self) -> str:
        value = {
            "schema": SCHEMA, "generation": self.generation, "published": self.published, "base": self.base, "manifest": self.manifest,
            "ancestors": {str(number): digest for number, digest in sorted(self.ancestors.items())},
        }  # fmt: skip
        return json.dumps(value)[:-1] + _FILES


@dataclass
class Counts:
    """Files of a bundle: all of them, and those that people ask for; `size` in bytes."""

    files: int = 0
    indexes: int = 0
    shards: int = 0
    packages: int = 0
    size: int = 0

    def add(self, member: Member, kind: Kind) -> None:
        self.files += 1
        self.size += member.size
        self.indexes += kind is Kind.INDEX
        self.shards += kind is Kind.SHARD
        self.packages += kind is Kind.PACKAGE


@dataclass(frozen=True)
class Listing:
    """A bundle.json on disk that was read once and is in order. `count` of files, `size` of them in bytes, `sha256` of bundle.json itself."""

    path: Path
    head: Head
    count: int
    size: int
    sha256: str

    def members(self) -> Iterator[Member]:
        """The files, in order. Nothing is checked again."""
        with open(self.path, "rb") as stream:
            stream.readline()
            for line in stream:
                if line.startswith(b"]"):
                    return
                yield Member(**json.loads(line.rstrip(b",\n")))


def kind_of(path: str, where: str) -> Kind:
    """What the file is, by its path; layout.UnsafeNameError, which tells `where` it stood, for a path that no generation has."""
    top = {layout.MANIFEST: Kind.MANIFEST, layout.SIGNATURE: Kind.SIGNATURE, layout.SUMS: Kind.SUMS}
    if path in top:
        return top[path]
    if path in layout.ROOT_FILES:
        return Kind.INDEX
    subdir, _, name = path.partition("/")
    layout.checked_subdir(subdir, f"{where}: {path!r}")
    if name in layout.SUBDIR_INDEXES:
        return Kind.INDEX
    folder, slash, shard = name.partition("/")
    if slash and folder == layout.SHARDS and _SHARD.fullmatch(shard):
        return Kind.SHARD
    layout.checked_file_name(name, f"{where}: {path!r}")
    return Kind.PACKAGE


def order(path: str, where: str) -> tuple[Kind, str]:
    """What the members of a bundle are sorted by."""
    return kind_of(path, where), path


def write_listing(path: Path, head: Head, members: Iterable[Member]) -> Listing:
    """Write bundle.json for members that come in order."""
    count = size = 0
    digest = hashlib.sha256()
    with open(path, "xb") as stream:

        def put(piece: bytes) -> None:
            digest.update(piece)
            stream.write(piece)

        put(head.line().encode())
        for member in members:
            put((b",\n" if count else b"") + member.line().encode())
            count += 1
            size += member.size
        put(b"\n")
        put(_last_line(count, size))
    return Listing(path, head, count, size, digest.hexdigest())


def read_listing(path: Path, where: str) -> Listing:
    """Read a bundle.json through once. BundleError, which says `where` it was, for everything that `write_listing` would not have written;
    layout.UnsafeNameError for a path that must not be written to."""
    digest = hashlib.sha256()
    count = size = 0
    previous: tuple[Kind, str] | None = None
    line, comma = b"", False
    with open(path, "rb") as stream:
        lines = _hashed_lines(stream, digest)
        head = _read_head(next(lines, b""), where)
        for line in lines:
            if line.startswith(b"]"):
                break
            at = f"{where}, line {count + 2}"
            if count and not comma:
                raise BundleError(f"{at}: the line before has no comma; the bundle was changed")
            member, comma = _read_member(line, at)
            here = order(member.path, where)
            if previous is not None and here <= previous:
                raise BundleError(f"{at}: {member.path} stands there twice or out of order; the bundle was changed")
            if count == 0 and (member.path, member.sha256) != (layout.MANIFEST, head.manifest):
                raise BundleError(f"{at}: {member.path} of sha256 {member.sha256}, expected {layout.MANIFEST} of {head.manifest}; it was changed")
            previous = here
            count += 1
            size += member.size
        if comma or line != _last_line(count, size) or next(lines, b""):
            raise BundleError(f"{where}: its end does not fit the {count} files of {size} bytes that it lists; the bundle was changed or torn")
    return Listing(path, head, count, size, digest.hexdigest())


def _last_line(count: int, size: int) -> bytes:
    return f'], "count": {count}, "size": {size}}}\n'.encode()


def _hashed_lines(stream: BinaryIO, digest: Any) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST_LINE):
        digest.update(line)
        yield line


def _read_head(line: bytes, where: str) -> Head:
    text = line.decode("utf-8", "replace")
    try:
        value = json.loads(text.removesuffix(_FILES) + "}")
        schema = value["schema"]
        if schema != SCHEMA:
            raise BundleError(f"{where}: a bundle of schema {schema!r}; this program reads schema {SCHEMA}, so take the program that the origin uses")
        head = Head(
            _count(value["generation"]), _count(value["published"]), value["base"] if value["base"] is None else _digest(value["base"]),
            _digest(value["manifest"]), {int(number): _digest(found) for number, found in value["ancestors"].items()},
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"{where}: not what a bundle begins with ({type(error).__name__}: {error}); it was changed, or is no bundle") from error
    if head.line() != text:
        raise BundleError(f"{where}: its first line was not written by this program or was changed since")
    if head.generation < 1 or any(not 1 <= number < head.generation for number in head.ancestors):
        raise BundleError(f"{where}: generation {head.generation} cannot follow generations {', '.join(map(str, sorted(head.ancestors)))}")
    if head.base is not None and head.base_generation is None:
        raise BundleError(f"{where}: its base {head.base} is none of the earlier generations it names; the bundle was changed")
    return head


def _read_member(line: bytes, where: str) -> tuple[Member, bool]:
    """The file of a line, and whether a comma follows it."""
    text = line.decode("utf-8", "replace")
    comma = text.endswith(",\n")
    try:
        value = json.loads(text.removesuffix("\n").removesuffix(","))
        path = value["path"]
        if not isinstance(path, str):
            raise ValueError(f"path {path!r}")
        member = Member(path, _count(value["size"]), _digest(value["sha256"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f"{where}: {text[:200]!r} is no file with its size and sha256; the bundle was changed or torn") from error
    if member.line() + (",\n" if comma else "\n") != text:
        raise BundleError(f"{where}: {text[:200]!r} was not written by this program or was changed since")
    return member, comma


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError(f"{value!r} is no sha256")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:  # a bool is an int to isinstance
        raise ValueError(f"{value!r} is no count")
    return value
