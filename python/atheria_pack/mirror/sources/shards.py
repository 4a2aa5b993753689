"""A subdir's index in shards (CEP 16): which packages there are by name, and the records of one name at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgpack
import zstandard

from atheria_pack.mirror.entry import CLASSIC_TABLES
from atheria_pack.mirror.layout import SHARD_INDEX
from atheria_pack.mirror.sources.index_stream import IndexStream
from atheria_pack.mirror.sources.reference import resolved
from atheria_pack.mirror.sources.source import Source, SourceError
from atheria_pack.mirror.sources.tables import Member

_VERSION = 1
_OWN = ("base_url", "shards_base_url", "created_at")  # members of `info` about the index itself


class Shards:
    """The shard index of a subdir, read, and its shards, read when asked for. May be used by many threads at once."""

    def __init__(self, source: Source, subdir: str) -> None:
        """Read the index. FileNotFoundError where there is none, SourceError where it is none of version 1."""
        path = f"{subdir}/{SHARD_INDEX}"
        self._source = source
        self._label = f"{source.address}/{path}"
        with source.open(path) as answer:
            stream = IndexStream(answer.stream, self._label, packed=True)
            value = _unpacked(stream.read(), self._label)
        self.sha256 = stream.sha256
        version = value.get("version", _VERSION)  # which rattler's indexer leaves out
        if version != _VERSION:
            raise SourceError(f"{self._label} is of version {version!r}; this program reads version {_VERSION}")
        info, shards = value.get("info"), value.get("shards")
        if not isinstance(info, dict) or not isinstance(shards, dict):
            raise SourceError(f"{self._label} is broken: it has no info and shards")
        self._digests = {str(name): _digest(name, digest, self._label) for name, digest in shards.items()}
        self.base_url = info.get("base_url")
        base = info.get("shards_base_url") or "./"
        self.base, self._folder = resolved(source, path, str(base))
        self.info = {key: plain(member, self._label) for key, member in info.items() if key not in _OWN}

    @property
    def names(self) -> Mapping[str, str]:
        """The names of the packages, each with the sha256 of its shard."""
        return self._digests

    def members(self, name: str) -> list[Member]:
        """(table, key, record) of every package of a name, and ("", key, value) of the other members of its shard.

        SourceError for a shard that is missing, or is not what the index says.
        """
        digest = self._digests[name]
        path = f"{self._folder}/{digest}.msgpack.zst".lstrip("/")
        label = f"{self.base.address}/{path} (the shard of {name})"
        try:
            with self.base.open(path) as answer:
                packed = answer.stream.read()
        except FileNotFoundError as error:
            raise SourceError(f"{label} is not there though {self._label} names it; the source was changed meanwhile or is incomplete") from error
        except OSError as error:
            raise SourceError(f"{label} cannot be read: {error.strerror or error}") from error
        found = hashlib.sha256(packed).hexdigest()
        if found != digest:
            raise SourceError(f"{label} has {len(packed)} bytes of the sha256 {found}; expected {digest}")
        return list(_members(_unpacked(_decompressed(packed, label), label), label))


def plain(value: Any, label: str) -> Any:
    """A value of msgpack in JSON types: bytes, which digests are there, as hexadecimal digits. SourceError where JSON has no such value."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise SourceError(f"{label} is broken: a key is no text")
        return {key: plain(member, label) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member, label) for member in value]
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SourceError(f"{label} is broken: it has a value of msgpack's type {type(value).__name__}, which no index has")


def _members(shard: dict[str, Any], label: str) -> Iterator[Member]:
    for key, value in shard.items():
        if key in CLASSIC_TABLES:
            yield from _table(key, value, label)
        elif key == "v3":
            for name, table in _object(value, "v3", label).items():
                yield from _table(f"v3.{name}", table, label)
        else:
            yield "", key, plain(value, label)


def _table(name: str, table: Any, label: str) -> Iterator[Member]:
    for key, record in _object(table, name, label).items():
        yield name, key, plain(record, label)


def _object(value: Any, name: str, label: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SourceError(f"{label} is broken: its member {name} is no map")
    return value


def _digest(name: Any, digest: Any, label: str) -> str:
    if not isinstance(name, str) or not isinstance(digest, bytes) or len(digest) != hashlib.sha256().digest_size:
        raise SourceError(f"{label} is broken: the shard of {name!r} has no sha256 of 32 bytes")
    return digest.hex()


def _decompressed(packed: bytes, label: str) -> bytes:
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    try:
        content = unpacker.decompress(packed)
    except zstandard.ZstdError as error:
        raise SourceError(f"{label} is broken: {error}") from error
    if not unpacker.eof:
        raise SourceError(f"{label} is torn: its {len(packed)} bytes end in the middle of a zstandard frame")
    return content


def _unpacked(content: bytes, label: str) -> dict[str, Any]:
    try:
        value = msgpack.unpackb(content)
    except ValueError as error:  # every error of msgpack's is one
        raise SourceError(f"{label} is broken: {len(content)} bytes that are no msgpack ({str(error) or type(error).__name__})") from error
    if not isinstance(value, dict):
        raise SourceError(f"{label} is broken: no map at its top")
    return value
