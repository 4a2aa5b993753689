"""A table of a channel's packages on disk: as large as a channel may be, in the memory of a few hundred of its records."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from atheria_pack.errors import DiskFullError
from atheria_pack.mirror.entry import Entry

_BATCH = 256  # rows that are in memory at once
_COLUMNS = "subdir, tbl, key, name, file_name, size, record, run_exports, origin, why"
_SCHEMA = """
CREATE TABLE entries (
    subdir TEXT NOT NULL, tbl TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, file_name TEXT NOT NULL, size INTEGER NOT NULL,
    record TEXT NOT NULL, run_exports TEXT, origin TEXT NOT NULL, why TEXT NOT NULL, UNIQUE (subdir, tbl, key)
);
CREATE INDEX by_name ON entries (name, subdir, tbl, key);
CREATE INDEX by_file ON entries (subdir, file_name, tbl, key);
"""


class RecordTable:
    """Entries of a channel by subdir, table and key, in a temporary file that goes when the table is closed.

    May be read and changed by several threads, and changed while it is iterated: an iterator sees a change behind its position or not,
    and every entry that stays exactly once.
    """

    def __init__(self, path: Path | None = None) -> None:
        """`path`: the file to use, which must not be there yet; None for a nameless one, which goes with the process however that ends."""
        if path is not None:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._path = path
        # Per subdir the members of its index that are no packages, as they stand at its top: `info`, `repodata_version`, `removed` and what
        # the future adds. What says where the index itself lies (`base_url`, `shards_base_url`, `created_at`) is not among them.
        self.info: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._database = sqlite3.connect(self._path or "", check_same_thread=False, isolation_level=None)
        # Nothing here outlives the process, so nothing has to survive a power cut.
        self._database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192; {_SCHEMA}")

    def add(self, entries: Iterable[Entry]) -> None:
        """Add entries; one of the same subdir, table and key is replaced. TypeError for a record that has more than JSON types."""
        self._write(f"INSERT OR REPLACE INTO entries ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)", map(_row, entries))

    def entries(self, subdir: str | None = None) -> Iterator[Entry]:
        """All entries, or those of a subdir, sorted by subdir, table and key."""
        return self._walk({} if subdir is None else {"subdir": subdir})

    def named(self, name: str, subdir: str | None = None) -> Iterator[Entry]:
        """The entries of a package's name in any case, sorted by subdir, table and key."""
        return self._walk({"name": name.lower(), **({} if subdir is None else {"subdir": subdir})})

    def get(self, path: str) -> Entry | None:
        """The entry of a file `subdir/file_name`; where several tables have the file, that of the first in the order of `entries`."""
        subdir, _, file_name = path.partition("/")
        query = f"SELECT {_COLUMNS} FROM entries WHERE subdir = ? AND file_name = ? ORDER BY tbl, key LIMIT 1"
        rows = self._rows(query, (subdir, file_name))
        return _entry(rows[0]) if rows else None

    def of_file(self, path: str) -> list[Entry]:
        """The entries of a file `subdir/file_name`: one for each table that has it."""
        subdir, _, file_name = path.partition("/")
        query = f"SELECT {_COLUMNS} FROM entries WHERE subdir = ? AND file_name = ? ORDER BY tbl, key"
        return [_entry(row) for row in self._rows(query, (subdir, file_name))]

    def names(self, subdir: str | None = None) -> Iterator[str]:
        """The names of the packages in lower case, as clients compare them, sorted, each once."""
        where, values = ("", ()) if subdir is None else ("AND subdir = ?", (subdir,))
        last = ""
        while rows := self._rows(f"SELECT DISTINCT name FROM entries WHERE name > ? {where} ORDER BY name LIMIT {_BATCH}", (last, *values)):
            for (last,) in rows:
                yield last

    def subdirs(self) -> list[str]:
        """The subdirs that have packages, and those that `info` knows, sorted."""
        return sorted({subdir for (subdir,) in self._rows("SELECT DISTINCT subdir FROM entries", ())} | set(self.info))

    def size(self) -> int:
        """Bytes of all files; a file that stands in several tables counts once."""
        rows = self._rows("SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM entries GROUP BY subdir, file_name)", ())
        return int(rows[0][0])

    def mark(self, path: str, why: str) -> None:
        """Add a reason to the entries of a file, which keep their reasons sorted. KeyError for a file that is not in the table."""
        with self._lock:
            found = self.of_file(path)
            if not found:
                raise KeyError(path)
            for entry in found:
                reasons = json.dumps(sorted({*entry.why, why}))
                where = "subdir = ? AND tbl = ? AND key = ?"
                self._write(f"UPDATE entries SET why = ? WHERE {where}", [(reasons, entry.subdir, entry.table, entry.key)])

    def set_run_exports(self, subdir: str, base: str, exports: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
        """Give (table, key, run_exports) to the entries of a subdir whose files lie directly below `base`; others are left as they are."""
        rows = ((json.dumps(value), subdir, table, key, base) for table, key, value in exports)
        where = "subdir = ? AND tbl = ? AND key = ? AND origin = ? || file_name"
        self._write(f"UPDATE entries SET run_exports = ? WHERE {where}", rows)

    def move(self, subdir: str, base: str, to: str) -> None:
        """Let the entries of a subdir whose files lie directly below `base` lie below `to`."""
        statement = "UPDATE entries SET origin = ? || file_name WHERE subdir = ? AND origin = ? || file_name"
        self._write(statement, [(to, subdir, base)])

    def close(self) -> None:
        """Close the table and remove its file. Nothing happens the second time."""
        with self._lock:
            self._database.close()
            if self._path:
                self._path.unlink(missing_ok=True)

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM entries", ())[0][0])

    def __enter__(self) -> RecordTable:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def _write(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        left = iter(rows)
        while batch := list(islice(left, _BATCH)):
            with self._lock:
                self._database.execute("BEGIN")
                try:
                    self._database.executemany(statement, batch)
                except sqlite3.OperationalError as error:
                    if "full" not in str(error):
                        raise
                    folder = self._path.parent if self._path else tempfile.gettempdir()
                    text = f"no space left in {folder} for the records of {len(self)} packages and more; free some, or choose another"
                    raise DiskFullError(f"{text} folder for temporary files by TMPDIR") from error
                finally:
                    if self._database.in_transaction:  # a full disk ends it
                        self._database.execute("COMMIT")

    def _walk(self, having: dict[str, str]) -> Iterator[Entry]:
        # A query per batch, each going on after the last row: no cursor stays open over a change. What is fixed is left out of the
        # comparison, or sqlite looks for the place to go on from the first row.
        order = [column for column in ("subdir", "tbl", "key") if column not in having]
        fixed = "".join(f"{column} = ? AND " for column in having)
        after = f"({', '.join(order)}) > ({', '.join('?' * len(order))})"
        query = f"SELECT {_COLUMNS} FROM entries WHERE {fixed}{after} ORDER BY subdir, tbl, key LIMIT {_BATCH}"
        last: tuple[Any, ...] = ("",) * len(order)
        while rows := self._rows(query, (*having.values(), *last)):
            yield from map(_entry, rows)
            last = rows[-1][:3][-len(order) :]


def _row(entry: Entry) -> tuple[Any, ...]:
    exports = None if entry.run_exports is None else json.dumps(entry.run_exports, allow_nan=False)
    record = json.dumps(entry.record, allow_nan=False)
    return (
        entry.subdir, entry.table, entry.key, entry.name.lower(), entry.file_name, entry.size, record, exports, entry.origin, json.dumps(entry.why),
    )  # fmt: skip


def _entry(row: tuple[Any, ...]) -> Entry:
    subdir, table, key, _, file_name, _, record, exports, origin, why = row
    loaded = None if exports is None else json.loads(exports)
    return Entry(subdir, file_name, table, key, json.loads(record), loaded, origin, tuple(json.loads(why)))
