"""What the sources' channeldata.json say of packages (CEP 38): the summaries, homes and descriptions that no record has."""

from __future__ import annotations

import json
import sqlite3
from types import TracebackType
from typing import Any

from atheria_pack.mirror.layout import CHANNELDATA
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.sources.http import RefusedError
from atheria_pack.mirror.sources.index_stream import IndexStream
from atheria_pack.mirror.sources.snapshot import Snapshot
from atheria_pack.mirror.sources.tables import members


class Described:
    """What is said of the packages of a table, by name. It lies on disk; close it to remove it."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file without a name, gone when it is closed
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;"
            "CREATE TABLE said (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID; BEGIN;"
        )

    def read(self, snapshot: Snapshot, table: RecordTable) -> None:
        """Read the file of every source that has one, and note its digest with the snapshot's indexes. SourceError for one that is broken."""
        for number in range(len(snapshot.sources)):
            self._read(snapshot, number, table)

    def __call__(self, name: str) -> dict[str, Any] | None:
        """What is said of a package, None where nothing is."""
        row = self._database.execute("SELECT value FROM said WHERE name = ?", (name,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def close(self) -> None:
        """Nothing happens the second time."""
        self._database.close()

    def __enter__(self) -> Described:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read(self, snapshot: Snapshot, number: int, table: RecordTable) -> None:
        source = snapshot.sources[number]
        try:
            with source.open(CHANNELDATA) as answer:
                stream = IndexStream(answer.stream, f"{source.address}/{CHANNELDATA}", packed=False)
                for member, name, value in members(stream):
                    if member == "packages" and isinstance(value, dict) and self._is_of(snapshot, number, table, name):
                        self._database.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (name, json.dumps(value)))
        except (FileNotFoundError, RefusedError):  # the packages' index could be read, so a refusal is of a file that is not there
            return
        snapshot.read(number, CHANNELDATA, stream.sha256)

    def _is_of(self, snapshot: Snapshot, number: int, table: RecordTable, name: str) -> bool:
        """Whether the package is in the table, from this source."""
        entry = next(table.named(name), None)
        if entry is None:
            return False
        owner = snapshot.source_of(entry)
        # Where an index says that its files lie elsewhere, they come from none of the sources, and the first that describes them is believed.
        return owner is snapshot.sources[number] or (owner not in snapshot.sources and self(name) is None)
