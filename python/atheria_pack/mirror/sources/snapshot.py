"""Channels as they are at one moment: their indexes read once each, merged by strict priority, in one table on disk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from atheria_pack.errors import UsageError
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.layout import REPODATA, REPODATA_ZST, RUN_EXPORTS, RUN_EXPORTS_ZST, SHARD_INDEX, checked_subdir
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.entries import entry_of
from atheria_pack.mirror.sources.http import HttpSource, RefusedError
from atheria_pack.mirror.sources.index_stream import IndexStream
from atheria_pack.mirror.sources.needs import needed
from atheria_pack.mirror.sources.origins import Origins
from atheria_pack.mirror.sources.priority import Priority
from atheria_pack.mirror.sources.shards import Shards
from atheria_pack.mirror.sources.source import Source, SourceError
from atheria_pack.mirror.sources.tables import members

_NOARCH = "noarch"
_NOTICES = "notices.json"  # messages of a channel to its users, as conda shows them
_AT_ONCE = 16  # shards that are asked for at a time
_BATCH = 64  # shards in memory at most


class Snapshot:
    """What several channels have. Its table is sorted, its records are the sources' own; close it to remove it from the disk."""

    def __init__(self, sources: Sequence[Source], folder: tempfile.TemporaryDirectory[str]) -> None:
        self.sources = tuple(sources)
        self.scratch = Path(folder.name)
        self.table = RecordTable(self.scratch / "records.sqlite")
        self.notices: list[Any] = []
        self._folder = folder
        self._indexes: list[dict[str, str]] = [{} for _ in sources]
        self.origins = Origins()
        self.own: list[HttpSource] = []  # those that were opened for it

    def manifest_sources(self) -> list[dict[str, Any]]:
        """For a manifest: {address, indexes: {path: sha256}} of each source, in the order of their priority."""
        return [
            {"address": source.address, "indexes": dict(sorted(indexes.items()))}
            for source, indexes in zip(self.sources, self._indexes, strict=True)
        ]

    def source_of(self, entry: Entry) -> Source:
        """The source that has the entry's file: mostly the one whose index named it, another one where that says so (CEP 15)."""
        return self.origins.find(entry)[0]

    def path_in_source(self, entry: Entry) -> str:
        """The path of the entry's file in `source_of(entry)`."""
        return self.origins.find(entry)[1]

    def read(self, number: int, path: str, sha256: str) -> None:
        """Note that an index of a source was read."""
        self._indexes[number][path] = sha256

    def close(self) -> None:
        """Remove the table, and close the connections that were opened for it. Nothing happens the second time."""
        self.table.close()
        self.origins.close()
        for source in self.own:
            source.close()
        self._folder.cleanup()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def snapshot(
    sources: Iterable[Source | str], subdirs: Iterable[str], scratch: Path, names: Iterable[str] | None = None
) -> Snapshot:
    """Read the indexes of channels, the first of which has the highest priority.

    - `subdirs`: which to read; `noarch` is always among them. One that a source lacks is empty there; SourceError when it is `noarch`, or
      the only platform asked for and in no source at all.
    - `scratch`: a folder that is there, for the table.
    - `names`: only these packages and what they may need, which spares most of a source that has shards; None for everything. Of a source
      without shards everything is in the table all the same.

    Strict priority: a package is left out where an earlier source has its name in the same subdir, or in any if one of the two is
    `noarch`; so a client of no platform sees one name from two sources.

    SourceError for an index that is missing or broken, UnsafeNameError for a file name that is none.
    """
    sources = list(sources)
    opened = [open_source(source) if isinstance(source, str) else source for source in sources]
    twice = sorted({source.address for source in opened if sum(source.address == other.address for other in opened) > 1})
    if twice or not opened:
        raise UsageError(f"the source {twice[0]} is named twice" if twice else "no source is named; expected the address of a channel")
    wanted = sorted({checked_subdir(subdir, "the platforms asked for") for subdir in subdirs} | {_NOARCH})
    found = Snapshot(opened, tempfile.TemporaryDirectory(prefix="snapshot-", dir=scratch))
    found.own = [source for source, given in zip(opened, sources, strict=True) if isinstance(source, HttpSource) and source is not given]
    with ExitStack() as undo:
        undo.callback(found.close)
        _Reading(found, wanted, None if names is None else {name.lower() for name in names}).run()
        undo.pop_all()
    return found


class _Reading:
    """The making of a snapshot."""

    def __init__(self, snapshot: Snapshot, subdirs: list[str], names: set[str] | None) -> None:
        self.snapshot = snapshot
        self.subdirs = subdirs
        self.names = names
        self.priority = Priority(len(snapshot.sources))
        self.sharded: list[tuple[int, str, Shards]] = []
        self.bases: dict[tuple[int, str], str] = {}  # of the files, by source and subdir

    def run(self) -> None:
        missing: dict[str, int] = dict.fromkeys(self.subdirs, 0)
        for number, source in enumerate(self.snapshot.sources):
            for subdir in self.subdirs:
                if not self._subdir(number, source, subdir):
                    missing[subdir] += 1
                    if subdir == _NOARCH:
                        raise SourceError(_absent(source, _NOARCH) + "; every channel has one, even if it is empty")
            self._notices(number, source)
        platforms = [subdir for subdir in self.subdirs if subdir != _NOARCH]
        if len(platforms) == 1 and missing[platforms[0]] == len(self.snapshot.sources):
            raise SourceError("; ".join(_absent(source, platforms[0]) for source in self.snapshot.sources))
        if self.names is not None:
            self._reach(self.names)
        for number, source in enumerate(self.snapshot.sources):
            for subdir in self.subdirs:
                self._run_exports(number, source, subdir)

    def _subdir(self, number: int, source: Source, subdir: str) -> bool:
        """Read what the source has of a subdir; False where that is nothing."""
        kinds = [REPODATA_ZST, REPODATA]
        kinds.insert(2 if self.names is None else 0, SHARD_INDEX)
        refused: RefusedError | None = None
        for kind in kinds:
            try:
                if kind == SHARD_INDEX:
                    self._shards(number, source, subdir)
                else:
                    self._whole(number, source, subdir, kind)
            except FileNotFoundError:
                continue  # the next kind of index
            except RefusedError as error:
                refused = error  # which is a refusal only if it is of every kind
                continue
            return True
        if refused:
            raise refused
        return False

    def _whole(self, number: int, source: Source, subdir: str, name: str) -> None:
        path = f"{subdir}/{name}"
        at_first = self.bases[number, subdir] = self.snapshot.origins.below(source, path, None)
        others: dict[str, Any] = {}
        with source.open(path) as answer:
            stream = IndexStream(answer.stream, f"{source.address}/{path}", packed=name.endswith(".zst"))
            self.snapshot.table.add(self._kept(number, self._read_whole(number, source, subdir, path, stream, others)))
        self.snapshot.table.move(subdir, at_first, self.bases[number, subdir])  # for an index whose `info` stands behind its packages
        self.snapshot.read(number, path, stream.sha256)
        self._keep_info(subdir, others)

    def _read_whole(
        self, number: int, source: Source, subdir: str, path: str, stream: IndexStream, others: dict[str, Any]
    ) -> Iterator[Entry]:
        for table, key, value in members(stream):
            if table:
                yield entry_of(subdir, table, key, value, self.bases[number, subdir], stream.label)
            elif key == "info" and isinstance(value, dict):
                self.bases[number, subdir] = self.snapshot.origins.below(source, path, value.pop("base_url", None))
                others[key] = value
            else:
                others[key] = value

    def _shards(self, number: int, source: Source, subdir: str) -> None:
        shards = Shards(source, subdir)
        self.snapshot.read(number, f"{subdir}/{SHARD_INDEX}", shards.sha256)
        self._keep_info(subdir, {"info": shards.info})
        self.sharded.append((number, subdir, shards))
        self.bases[number, subdir] = self.snapshot.origins.below(source, f"{subdir}/{SHARD_INDEX}", shards.base_url)
        self.priority.claim(number, subdir, shards.names)
        if self.names is None:
            self._add(number, subdir, shards, sorted(shards.names))

    def _reach(self, names: set[str]) -> None:
        """Add what the names may need, from the shards of all sources, until nothing new is named."""
        seen: set[str] = set()
        while level := sorted(names - seen):
            seen.update(level)
            names = set()
            for number, subdir, shards in self.sharded:
                self._add(number, subdir, shards, [name for name in level if name in shards.names])
            for name in level:
                for entry in self.snapshot.table.named(name):
                    names.update(needed(entry.record))

    def _add(self, number: int, subdir: str, shards: Shards, names: Iterable[str]) -> None:
        base = self.bases[number, subdir]
        label = f"{self.snapshot.sources[number].address}/{subdir}/{SHARD_INDEX}"
        left = (name for name in names if not self.priority.taken(number, subdir, name))
        with ThreadPoolExecutor(_AT_ONCE, "shards") as threads:
            while batch := list(islice(left, _BATCH)):
                for found in threads.map(shards.members, batch):
                    self.snapshot.table.add(self._of_shard(number, subdir, base, label, found))

    def _of_shard(self, number: int, subdir: str, base: str, label: str, found: list[tuple[str, str, Any]]) -> Iterator[Entry]:
        for table, key, record in found:
            if table:
                yield entry_of(subdir, table, key, record, base, label)
            elif key == "removed" and isinstance(record, list) and record:
                info = self.snapshot.table.info.setdefault(subdir, {})
                info["removed"] = sorted({*info.get("removed", ()), *map(str, record)})

    def _kept(self, number: int, entries: Iterator[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self.priority.claim(number, entry.subdir, (entry.name,))
            if not self.priority.taken(number, entry.subdir, entry.name):
                yield entry

    def _keep_info(self, subdir: str, others: dict[str, Any]) -> None:
        if others.get("repodata_version") == 2:  # of CEP 15, which says that the files lie elsewhere
            others["repodata_version"] = 1
        self.snapshot.table.info.setdefault(subdir, others)

    def _run_exports(self, number: int, source: Source, subdir: str) -> None:
        base = self.bases.get((number, subdir))
        if base is None:
            return  # no index, no packages
        for name in (RUN_EXPORTS_ZST, RUN_EXPORTS):
            path = f"{subdir}/{name}"
            try:
                with source.open(path) as answer:
                    stream = IndexStream(answer.stream, f"{source.address}/{path}", packed=name.endswith(".zst"))
                    self.snapshot.table.set_run_exports(subdir, base, _exports(stream))
            except (FileNotFoundError, RefusedError):  # the packages' index could be read, so a refusal is of a file that is not there
                continue
            self.snapshot.read(number, path, stream.sha256)
            return

    def _notices(self, number: int, source: Source) -> None:
        label = f"{source.address}/{_NOTICES}"
        try:
            with source.open(_NOTICES) as answer:
                stream = IndexStream(answer.stream, label, packed=False)
                found = json.loads(stream.read())
        except (FileNotFoundError, RefusedError):
            return
        except ValueError as error:
            raise SourceError(f"{label} is no JSON: {error}") from error
        self.snapshot.read(number, _NOTICES, stream.sha256)
        self.snapshot.notices += found.get("notices", ()) if isinstance(found, dict) else ()


def _exports(stream: IndexStream) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for table, key, value in members(stream):
        if table:
            exports = value.get("run_exports") if isinstance(value, dict) else None
            if not isinstance(exports, dict):
                raise stream.broken(f"{key} has no object run_exports")
            yield table, key, exports


def _absent(source: Source, subdir: str) -> str:
    return f"{source.address}/{subdir} has none of {REPODATA_ZST}, {REPODATA} and {SHARD_INDEX}"
