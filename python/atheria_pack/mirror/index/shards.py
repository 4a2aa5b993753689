"""Shards (CEP 16): a subdir's records by package name, each name a file that is called by its content, and the index of them.

The bytes are those that rattler's indexer would write for the same records, so that clients keep what they have of a channel that was
indexed by either.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, BinaryIO

import msgpack
import zstandard

from atheria_pack.mirror.entry import CLASSIC_TABLES, Entry

LEVEL = 3  # rattler's, for shards
_DIGESTS = ("sha256", "md5", "legacy_bz2_md5", "attestations_sha256")  # members of a record that shards have as bytes
_HEXADECIMAL = re.compile(r"([0-9a-fA-F]{2})+")
_PIECE = 1 << 16


def encode_shard(entries: Iterable[Entry], removed: Iterable[str] = ()) -> bytes:
    """The shard of one name. `removed`: file names of it that the channel lists as taken back."""
    tables: dict[str, Any] = {table: {} for table in CLASSIC_TABLES}
    for entry in sorted(entries, key=_rank):
        table = tables
        for member in members_of(entry.table):
            table = table.setdefault(member, {})
        table[entry.key] = _with_bytes(published(entry.record))
    return _compressed([msgpack.packb({**tables, "removed": sorted(removed)})])


def decode_shard(content: bytes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(table, key, record) of every record in a shard, as repodata.json would have it. ValueError for what is no shard."""
    value = _unpacked(content)
    for member, table in value.items():
        if member == "removed" or not isinstance(table, dict):
            continue
        tables = {member: table} if member in CLASSIC_TABLES else {f"{member}.{name}": inner for name, inner in table.items()}
        for name, records in tables.items():
            for key, record in records.items():
                yield name, key, {member: value.hex() if isinstance(value, bytes) else value for member, value in record.items()}


def read_index(stream: BinaryIO) -> tuple[dict[str, Any], Iterator[tuple[str, str]]]:
    """The `info` of a shard index, and (name, sha256) of the shards, one by one as they are read. ValueError for what `write_index` would not
    write, also while the shards are iterated."""
    entries = _index_entries(stream)
    try:
        return next(entries), entries
    except StopIteration as error:
        raise ValueError("no index of shards: it ends before its info") from error


def _index_entries(stream: BinaryIO) -> Iterator[Any]:
    """First `info`, then a pair for every shard."""
    try:
        with zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True, closefd=False) as plain:
            unpacker = msgpack.Unpacker(plain, read_size=_PIECE, strict_map_key=True)
            members = [unpacker.unpack() for _ in range(unpacker.read_map_header() * 2 - 1)]
            if members[:1] + members[2:3] + members[4:] != ["version", "info", "shards"] or members[1] != 1 or not isinstance(members[3], dict):
                raise ValueError("expected version 1, info and shards")
            yield members[3]
            for _ in range(unpacker.read_map_header()):
                yield unpacker.unpack(), unpacker.unpack().hex()
            if unpacker.read_bytes(1):
                raise ValueError("it goes on after its end")
    except (zstandard.ZstdError, msgpack.exceptions.UnpackException, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"no index of shards ({str(error) or 'torn'})") from error


def write_index(target: BinaryIO, subdir: str, info: Mapping[str, Any], newest: int, shards: Iterable[tuple[str, str]]) -> None:
    """Write the index of a subdir's shards.

    Args:
        info: what the channel says of the subdir in repodata.json.
        newest: the time stamp of the newest record in milliseconds; the index is as old as its content, not as its making.
        shards: (name, sha256) sorted by name.
    """
    head = {
        "subdir": subdir, "base_url": "", "shards_base_url": "./shards/", "created_at": _date(newest),
        **{member: value for member, value in sorted(info.items()) if member != "subdir"},
    }  # fmt: skip
    packer = msgpack.Packer()
    with tempfile.TemporaryFile() as body:  # the number of names stands before them
        count = 0
        for name, digest in shards:
            body.write(packer.pack(name) + packer.pack(bytes.fromhex(digest)))
            count += 1
        body.seek(0)
        with zstandard.ZstdCompressor(level=LEVEL).stream_writer(target, closefd=False) as stream:
            stream.write(packer.pack_map_header(3) + packer.pack("version") + packer.pack(1))
            stream.write(packer.pack("info") + packer.pack(head) + packer.pack("shards") + packer.pack_map_header(count))
            while piece := body.read(_PIECE):
                stream.write(piece)


def published(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as every index has it: that of the source, its digests in small letters, since bytes have no others."""
    return {member: value.lower() if member in _DIGESTS and _bytes_of(value) != value else value for member, value in record.items()}


def members_of(table: str) -> tuple[str, ...]:
    """The members of an index that lead to a table: `packages`, or `v3` and a name."""
    return (table,) if table in CLASSIC_TABLES else tuple(table.split(".", 1))


def _rank(entry: Entry) -> tuple[str, ...]:
    """rattler's order: by name, version and build, so that 1.0 comes before 1.0+local."""
    stem = entry.key.removesuffix(".conda").removesuffix(".tar.bz2") if entry.table in CLASSIC_TABLES else entry.key
    return (entry.table, *stem.rsplit("-", 2), entry.key)


def _with_bytes(record: Mapping[str, Any]) -> dict[str, Any]:
    return {member: _bytes_of(value) if member in _DIGESTS else value for member, value in sorted(record.items())}


def _bytes_of(value: Any) -> Any:
    """A digest as bytes; what is none is carried as it is."""
    return bytes.fromhex(value) if isinstance(value, str) and _HEXADECIMAL.fullmatch(value) else value


def _unpacked(content: bytes) -> dict[str, Any]:
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    try:
        plain = unpacker.decompress(content)
        if not unpacker.eof or unpacker.unused_data:
            raise ValueError(f"torn: {len(content)} bytes that are not one zstandard frame")
        value = msgpack.unpackb(plain, strict_map_key=True)
    except (zstandard.ZstdError, msgpack.exceptions.UnpackException, msgpack.exceptions.ExtraData, UnicodeDecodeError) as error:
        raise ValueError(f"torn ({error})") from error
    if not isinstance(value, dict):
        raise ValueError("no map in it")
    return value


def _compressed(pieces: Iterable[bytes]) -> bytes:
    # As a stream of unknown length: how rattler does it, so the bytes are the same.
    compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
    return b"".join([*(compressor.compress(piece) for piece in pieces), compressor.flush()])


def _date(milliseconds: int) -> str:
    try:
        moment = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):  # a record may claim any number
        moment = datetime.fromtimestamp(0, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def digest_of(content: bytes) -> str:
    """What a shard is called."""
    return hashlib.sha256(content).hexdigest()
