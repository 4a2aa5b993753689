"""Checks that the indexes of a channel say the same, record by record: json, zst, shards, run_exports, packages.jsonl and SHA256SUMS."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import zstandard

from atheria_pack.mirror.entry import CLASSIC_TABLES
from atheria_pack.mirror.generation import ManifestError
from atheria_pack.mirror.index import provenance, shards
from atheria_pack.mirror.index.write import canonical
from atheria_pack.mirror.inventory import Inventory, OnDisk
from atheria_pack.mirror.layout import PACKAGES, REPODATA, REPODATA_ZST, RUN_EXPORTS, RUN_EXPORTS_ZST, SHARD_INDEX, is_package, shard_path
from atheria_pack.mirror.sources.index_stream import IndexStream
from atheria_pack.mirror.sources.source import SourceError
from atheria_pack.mirror.sources.tables import members

Opener = Callable[[str], BinaryIO]
"""Opens a file of a channel by its path; FileNotFoundError where there is none."""

_PIECE = 1 << 16
_OF_SHARDS_ALONE = ("base_url", "shards_base_url", "created_at")


def disagreements(open_path: Opener, subdirs: Iterable[str], named: Inventory) -> Iterator[str]:
    """What is wrong, a line each, with the path it is about. Nothing where all agree.

    `named`: what SHA256SUMS lists. Memory: that of the largest shard.
    """
    with _Listed() as listed:
        for subdir in subdirs:
            yield from _subdir(open_path, subdir, listed)
        yield from _sums(listed, named)
        yield from _provenance(open_path, listed)


class _Listed(OnDisk):
    """The records of all repodata.json, and the lines of packages.jsonl."""

    def __init__(self) -> None:
        super().__init__(
            """CREATE TABLE records (subdir TEXT, tbl TEXT, key TEXT, digest BLOB, path TEXT, sha256 TEXT, seen INTEGER DEFAULT 0,
                PRIMARY KEY (subdir, tbl, key)) WITHOUT ROWID;
            CREATE INDEX by_path ON records (path);
            CREATE TABLE lines (path TEXT PRIMARY KEY, sha256 TEXT) WITHOUT ROWID;"""
        )

    def __enter__(self) -> _Listed:
        return self


def _subdir(open_path: Opener, subdir: str, listed: _Listed) -> Iterator[str]:
    path = f"{subdir}/{REPODATA}"
    info: Any = None
    try:
        with open_path(path) as stream:
            for table, key, value in members(IndexStream(stream, path, packed=False)):
                if table:
                    yield from _listed(subdir, table, key, value, path, listed)
                elif key == "info":
                    info = value
    except FileNotFoundError:
        yield f"{path}: missing"
        return
    except SourceError as error:
        yield str(error)
        return
    yield from _same_packed(open_path, path, f"{subdir}/{REPODATA_ZST}")
    yield from _shards(open_path, subdir, listed, info)
    yield from _run_exports(open_path, subdir, listed)


def _listed(subdir: str, table: str, key: str, record: Any, path: str, listed: _Listed) -> Iterator[str]:
    sha256 = str(record.get("sha256", "")) if isinstance(record, dict) else ""
    row = (subdir, table, key, _digest(record), f"{subdir}/{_file_name(table, key)}", sha256)
    try:
        listed.execute("INSERT INTO records (subdir, tbl, key, digest, path, sha256) VALUES (?, ?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError:
        yield f"{path}: {key} stands in {table} twice"


def _same_packed(open_path: Opener, plain: str, packed: str) -> Iterator[str]:
    digest = hashlib.sha256()
    with open_path(plain) as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    unpacked = hashlib.sha256()
    try:
        with open_path(packed) as stream, zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True) as reader:
            while piece := reader.read(_PIECE):
                unpacked.update(piece)
    except FileNotFoundError:
        yield f"{packed}: missing"
        return
    except zstandard.ZstdError as error:
        yield f"{packed}: torn ({error})"
        return
    if unpacked.digest() != digest.digest():
        yield f"{packed}: does not hold what {plain} holds"


def _shards(open_path: Opener, subdir: str, listed: _Listed, info: Any) -> Iterator[str]:
    path = f"{subdir}/{SHARD_INDEX}"
    try:
        with open_path(path) as stream:
            told, names = shards.read_index(stream)
            yield from _info(path, told, info)
            for name, digest in names:
                yield from _shard(open_path, subdir, name, digest, listed)
    except FileNotFoundError:
        yield f"{path}: missing"
        return
    except ValueError as error:
        yield f"{path}: {error}"
        return
    for table, key in listed.execute("SELECT tbl, key FROM records WHERE subdir = ? AND seen = 0 ORDER BY tbl, key", (subdir,)):
        yield f"{path}: {key} of {table} is in {REPODATA} and in no shard"


def _info(path: str, told: dict[str, Any], info: Any) -> Iterator[str]:
    own = {member: told.get(member) for member in ("base_url", "shards_base_url")}
    if own != {"base_url": "", "shards_base_url": "./shards/"}:
        yield f"{path}: says that files lie at {own}, expected beside it"
    if {member: value for member, value in told.items() if member not in _OF_SHARDS_ALONE} != info:
        yield f"{path}: its info is not that of {REPODATA}"


def _shard(open_path: Opener, subdir: str, name: str, digest: str, listed: _Listed) -> Iterator[str]:
    path = shard_path(subdir, digest)
    try:
        with open_path(path) as stream:
            content = stream.read()
        if shards.digest_of(content) != digest:
            yield f"{path}, the shard of {name}: has sha256 {shards.digest_of(content)}"
            return
        for table, key, record in shards.decode_shard(content):
            row = listed.execute("SELECT digest, seen FROM records WHERE subdir = ? AND tbl = ? AND key = ?", (subdir, table, key)).fetchone()
            if row is None:
                yield f"{path}, the shard of {name}: has {key} of {table}, which {REPODATA} has not"
            elif row[0] != _digest(record):
                yield f"{path}, the shard of {name}: its record of {key} is not that of {REPODATA}"
            elif row[1]:
                yield f"{path}, the shard of {name}: {key} of {table} is in another shard as well"
            elif record.get("name") != name:
                yield f"{path}, the shard of {name}: has {key}, whose name is {record.get('name')}"
            listed.execute("UPDATE records SET seen = 1 WHERE subdir = ? AND tbl = ? AND key = ?", (subdir, table, key))
    except FileNotFoundError:
        yield f"{path}, the shard of {name}: missing"
    except (ValueError, TypeError, AttributeError) as error:
        yield f"{path}, the shard of {name}: no shard ({error})"


def _run_exports(open_path: Opener, subdir: str, listed: _Listed) -> Iterator[str]:
    path = f"{subdir}/{RUN_EXPORTS}"
    try:
        with open_path(path) as stream:
            for table, key, _ in members(IndexStream(stream, path, packed=False)):
                if table and not listed.execute("SELECT 1 FROM records WHERE subdir = ? AND tbl = ? AND key = ?", (subdir, table, key)).fetchone():
                    yield f"{path}: has {key} of {table}, which {REPODATA} has not"
    except FileNotFoundError:
        try:
            open_path(f"{subdir}/{RUN_EXPORTS_ZST}").close()
        except FileNotFoundError:
            return  # no source had any
        yield f"{path}: missing, but {RUN_EXPORTS_ZST} is there"
        return
    except SourceError as error:
        yield str(error)
        return
    yield from _same_packed(open_path, path, f"{subdir}/{RUN_EXPORTS_ZST}")


def _sums(listed: _Listed, named: Inventory) -> Iterator[str]:
    for path, sha256 in listed.execute("SELECT DISTINCT path, sha256 FROM records ORDER BY path"):
        wanted = named.digest(path)
        if wanted is None:
            yield f"{path}: is in {REPODATA} and not in SHA256SUMS"
        elif wanted != sha256:
            yield f"{path}: sha256 {sha256} in {REPODATA}, {wanted} in SHA256SUMS"
    for path, _ in named.sums():
        if is_package(path) and not listed.execute("SELECT 1 FROM records WHERE path = ?", (path,)).fetchone():
            yield f"{path}: is in SHA256SUMS and in no {REPODATA}"


def _provenance(open_path: Opener, listed: _Listed) -> Iterator[str]:
    try:
        with open_path(PACKAGES) as stream:
            for one in provenance.read(stream, PACKAGES):
                listed.execute("INSERT OR REPLACE INTO lines VALUES (?, ?)", (one.path, one.sha256))
    except FileNotFoundError:
        yield f"{PACKAGES}: missing"
        return
    except ManifestError as error:
        yield str(error)
        return
    missing = "SELECT DISTINCT path, sha256 FROM records EXCEPT SELECT path, sha256 FROM lines ORDER BY 1"
    for path, sha256 in listed.execute(missing):
        yield f"{PACKAGES}: does not tell of {path} with sha256 {sha256}, which {REPODATA} has"
    for (path,) in listed.execute("SELECT path FROM lines EXCEPT SELECT path FROM records ORDER BY 1"):
        yield f"{PACKAGES}: tells of {path}, which no {REPODATA} has"


def _digest(record: Any) -> bytes:
    return hashlib.sha256(canonical(record).encode("utf-8", "surrogatepass")).digest()


def _file_name(table: str, key: str) -> str:
    """The file of a key: those of v3 lack the suffix, which is the table's name (CEP 48)."""
    return key if table in CLASSIC_TABLES else f"{key}.{table.partition('.')[2]}"
