"""Writes every index of a channel from a table of records: the same table gives the same bytes, in the memory of a few records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from atheria_pack.errors import PackError
from atheria_pack.mirror.entry import CLASSIC_TABLES, Entry
from atheria_pack.mirror.index import channeldata, provenance
from atheria_pack.mirror.index.shards import digest_of, encode_shard, members_of, published, write_index
from atheria_pack.mirror.layout import (
    CHANNELDATA,
    PACKAGES,
    REPODATA,
    REPODATA_ZST,
    RUN_EXPORTS,
    RUN_EXPORTS_ZST,
    SHARD_INDEX,
    checked_file_name,
    checked_subdir,
    shard_path,
)
from atheria_pack.mirror.records import RecordTable

LEVEL = 9  # of zstd for whole indexes: a fifth larger than at 19, in a thirtieth of its time
# What says where an index lies or how it was made; here both are known, and not those of the source.
_OF_THE_INDEX = ("base_url", "shards_base_url", "created_at", "subdir")


class RecordError(PackError):
    """A record has something that no index can carry. The text names the file."""


@dataclass
class _Seen:
    """What is only known when all records of a subdir were looked at: time stamps in milliseconds, and the packages of each revision."""

    newest: int = 0
    run_exports: bool = False
    revisions: dict[str, list[int]] = field(default_factory=dict)  # number of packages, oldest, newest; 0 where no record says

    def look(self, entry: Entry) -> None:
        self.newest = max(self.newest, _milliseconds(entry.record.get("timestamp")))
        self.run_exports = self.run_exports or entry.run_exports is not None
        if entry.table not in CLASSIC_TABLES:
            numbers = self.revisions.setdefault(members_of(entry.table)[0], [0, 0, 0])
            numbers[0] += 1
            if indexed := _milliseconds(entry.record.get("indexed_timestamp")):
                numbers[1] = min(numbers[1] or indexed, indexed)
                numbers[2] = max(numbers[2], indexed)


def write_indexes(
    table: RecordTable, folder: Path, described: Callable[[str], Mapping[str, Any] | None] = lambda name: None
) -> Iterator[tuple[str, str]]:
    """Write the indexes below `folder`; yields path and sha256 of each as it is there, shards before what names them.

    `described`: what a source's channeldata.json has for a package's name, None where it has nothing. RecordError and UnsafeNameError for
    records that cannot be published.
    """
    for subdir in sorted({*table.subdirs(), "noarch"}):
        checked_subdir(subdir, "the index of a source")
        (folder / subdir / "shards").mkdir(parents=True, exist_ok=True)
        yield from _write_subdir(table, subdir, folder)
    for path, write in ((PACKAGES, provenance.write), (CHANNELDATA, channeldata.writer(described))):
        with _file(folder / path) as (stream, digest):
            write(table, stream)
        yield path, digest()


def canonical(value: Any) -> str:
    """JSON in one form: members sorted, nothing between them."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _write_subdir(table: RecordTable, subdir: str, folder: Path) -> Iterator[tuple[str, str]]:
    seen = _Seen()
    head = dict(table.info.get(subdir, {}))
    taken_back = _by_name(head.get("removed"))
    names = folder / subdir / ".names"
    try:
        with open(names, "w", encoding="utf-8") as listed:
            for name in table.names(subdir):
                content = _shard(table, name, subdir, seen, taken_back.get(name, ()))
                path = shard_path(subdir, digest_of(content))
                (folder / path).write_bytes(content)
                listed.write(json.dumps([name, digest_of(content)]) + "\n")
                yield path, digest_of(content)
        info = _info(head.pop("info", None), seen)
        path = f"{subdir}/{SHARD_INDEX}"
        with _file(folder / path) as (stream, digest), open(names, encoding="utf-8") as listed:
            write_index(stream, subdir, info, seen.newest, (tuple(json.loads(line)) for line in listed))
        yield path, digest()
    finally:
        names.unlink(missing_ok=True)
    if seen.run_exports:
        about = {"info": {"subdir": subdir, "version": 1}}
        yield from _write_twice(folder, f"{subdir}/{RUN_EXPORTS}", f"{subdir}/{RUN_EXPORTS_ZST}", _document(about, _run_exports(table, subdir)))
    if head.get("repodata_version") == 2:  # CEP 15: only to say that packages lie elsewhere, and here they lie beside the index
        head["repodata_version"] = 1
    head = {member: value for member, value in head.items() if member not in (*CLASSIC_TABLES, *seen.revisions)}
    about = {"info": {**info, "subdir": subdir}, **dict(sorted(head.items())), "repodata_version": head.get("repodata_version", 1)}
    records = ((entry, published(entry.record)) for entry in table.entries(subdir))
    yield from _write_twice(folder, f"{subdir}/{REPODATA}", f"{subdir}/{REPODATA_ZST}", _document(about, records))


def _shard(table: RecordTable, name: str, subdir: str, seen: _Seen, taken_back: Iterable[str]) -> bytes:
    entries = list(table.named(name, subdir))
    for entry in entries:
        checked_file_name(entry.file_name, f"the index of {entry.origin or subdir}")
        seen.look(entry)
    try:
        return encode_shard(entries, taken_back)
    except (OverflowError, UnicodeEncodeError, ValueError, TypeError) as error:
        raise RecordError(f"{subdir}: a record of {name} ({entries[0].file_name} or one of the {len(entries) - 1} others of that name) cannot "
                          f"be written into a shard: {error}. The source's index is not one that clients can read") from error


def _run_exports(table: RecordTable, subdir: str) -> Iterator[tuple[Entry, Any]]:
    return ((entry, {"run_exports": entry.run_exports}) for entry in table.entries(subdir) if entry.run_exports is not None)


def _document(about: Mapping[str, Any], values: Iterable[tuple[Entry, Any]]) -> Iterator[str]:
    """An index in pieces: `about`, then the tables, whose values come sorted by table and key; a line for each."""
    yield canonical(dict(about))[:-1]
    opened: list[str] = []  # members whose maps are open
    seen: set[str] = set()
    between = ""
    left = list(CLASSIC_TABLES)  # clients expect these two, though they may be empty
    for entry, value in values:
        members = list(members_of(entry.table))
        if members != opened:
            while opened != members[: len(opened)]:
                opened.pop()
                yield "}"
            while left and left[0] < entry.table:
                yield f',\n"{left.pop(0)}":{{}}'
            if left and left[0] == entry.table:
                left.pop(0)
            first = ",\n" if not opened or between else ""
            for member in members[len(opened) :]:
                yield f"{first}{canonical(member)}:{{"
                first = ""
            opened, between = members, ""
            seen.add(members[0])
        yield f"{between}\n{canonical(entry.key)}:{canonical(value)}"
        between = ","
    yield "}" * len(opened)
    revisions = about["info"].get("repodata_revisions")
    left += [name for name in sorted(revisions) if name not in seen] if isinstance(revisions, dict) else []
    for table in left:
        yield f',\n"{table}":{{}}'
    yield "}\n"


def _write_twice(folder: Path, plain: str, packed: str, document: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The same document as it is and compressed."""
    with (
        _file(folder / plain) as (stream, digest),
        _file(folder / packed) as (below, packed_digest),
        zstandard.ZstdCompressor(level=LEVEL).stream_writer(below, closefd=False) as compressed,
    ):
        for piece in document:
            try:
                content = piece.encode()
            except UnicodeEncodeError as error:
                raise RecordError(f"{plain}: a record has text that is no Unicode: {piece[:120]!r}") from error
            stream.write(content)
            compressed.write(content)
    yield packed, packed_digest()
    yield plain, digest()


class _Hashing:
    """A file that is hashed while it is written."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return self._stream.write(content)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def _file(path: Path) -> Iterator[tuple[Any, Callable[[], str]]]:
    with open(path, "wb") as stream:
        hashing = _Hashing(stream)
        yield hashing, hashing.digest.hexdigest


def _info(info: Any, seen: _Seen) -> dict[str, Any]:
    """What the source says of the subdir, true of what is here: numbers of packages are those of this index (CEP 48)."""
    told = {member: value for member, value in (info if isinstance(info, dict) else {}).items() if member not in _OF_THE_INDEX}
    revisions = told.get("repodata_revisions")
    if isinstance(revisions, dict):
        told["repodata_revisions"] = {name: _revision(about, seen.revisions.get(name, [0, 0, 0])) for name, about in revisions.items()}
    return told


def _revision(about: Any, numbers: list[int]) -> Any:
    if not isinstance(about, dict):
        return about
    true = {"n_packages": numbers[0], "oldest": numbers[1] or None, "newest": numbers[2] or None}
    return {member: true.get(member, value) for member, value in about.items()}


def _by_name(removed: Any) -> dict[str, list[str]]:
    """File names that a channel took back, by the package's name."""
    found: dict[str, list[str]] = {}
    for file_name in removed if isinstance(removed, list) else ():
        if isinstance(file_name, str) and file_name.count("-") >= 2:
            found.setdefault(file_name.rsplit("-", 2)[0], []).append(file_name)
    return found


def _milliseconds(value: Any) -> int:
    """A time stamp of a record; those of old packages are in seconds."""
    if not isinstance(value, int):
        return 0
    return value * 1000 if 0 < value < 10_000_000_000 else max(0, value)
