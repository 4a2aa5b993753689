"""Lists that are too long for memory: sorted on disk, compared there."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from atheria_pack.errors import DiskFullError, PackError
from atheria_pack.mirror.places.place import Found

_PRAGMAS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;"


class ConflictError(PackError):
    """One path stands for two different files. The text names it, and both."""


class OnDisk:
    """A database that nobody else sees, in a temporary file that is gone with it."""

    def __init__(self, schema: str) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(f"{_PRAGMAS} {schema} BEGIN;")

    def execute(self, query: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run a statement. DiskFullError where the folder of temporary files is full."""
        try:
            return self._database.execute(query, values)
        except sqlite3.OperationalError as error:
            if "full" not in str(error):
                raise
            raise DiskFullError(f"no space left in {tempfile.gettempdir()} for lists of files; free some, or choose another folder for temporary "
                                "files by TMPDIR") from error

    def close(self) -> None:
        self._database.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Sorted(OnDisk):
    """Lines by a key; iterated in the order of keys, the first line of each key only."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE lines (key TEXT PRIMARY KEY, line TEXT) WITHOUT ROWID;")

    def __enter__(self) -> Sorted:
        return self

    def add(self, key: str, line: str) -> None:
        self.execute("INSERT OR IGNORE INTO lines VALUES (?, ?)", (key, line))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        yield from self.execute("SELECT key, line FROM lines ORDER BY key")


class Inventory(OnDisk):
    """What has to be in a place, by path, and what is found there."""

    def __init__(self) -> None:
        super().__init__(
            "CREATE TABLE named (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER) WITHOUT ROWID;"
            "CREATE TABLE there (path TEXT PRIMARY KEY, size INTEGER, stamp TEXT, changed REAL) WITHOUT ROWID;"
        )

    def __enter__(self) -> Inventory:
        return self

    def name(self, path: str, sha256: str, size: int | None = None) -> None:
        """A file that has to be there. `size` in bytes, None where nobody says. ConflictError for another digest under the same path."""
        known = self.digest(path)
        if known is None:
            self.execute("INSERT INTO named VALUES (?, ?, ?)", (path, sha256, size))
        elif known != sha256:
            raise ConflictError(f"{path} is named with sha256 {known} and with {sha256}; a file name stands for one content only")

    def see(self, files: Iterable[Found]) -> None:
        """Files that are there."""
        for found in files:
            self.execute("INSERT OR REPLACE INTO there VALUES (?, ?, ?, ?)", (found.path, found.size, found.stamp, found.changed))

    def digest(self, path: str) -> str | None:
        """The sha256 that a path has to have, None for one that is not named."""
        row = self.execute("SELECT sha256 FROM named WHERE path = ?", (path,)).fetchone()
        return None if row is None else str(row[0])

    def found(self, path: str) -> Found | None:
        """What is there under a path."""
        row = self.execute("SELECT path, size, stamp, changed FROM there WHERE path = ?", (path,)).fetchone()
        return None if row is None else Found(*row)

    def sums(self) -> Iterator[tuple[str, str]]:
        """(path, sha256) of what is named, sorted by path."""
        yield from self.execute("SELECT path, sha256 FROM named ORDER BY path")

    def subdirs(self) -> list[str]:
        """The folders of what is named, sorted; those of shards are in those of their subdirs."""
        query = "SELECT DISTINCT substr(path, 1, instr(path, '/') - 1) FROM named WHERE instr(path, '/') > 0 ORDER BY 1"
        return [str(subdir) for (subdir,) in self.execute(query)]

    def lost(self) -> Iterator[tuple[str, int | None, int | None]]:
        """What is named and not there, or has another size: path, expected size, found size."""
        query = """SELECT path, named.size, there.size FROM named LEFT JOIN there USING (path)
                   WHERE there.path IS NULL OR (named.size IS NOT NULL AND named.size <> there.size) ORDER BY path"""
        yield from self.execute(query)

    def volume(self, there: Inventory) -> tuple[int, int]:
        """How many of the named files another inventory found, and their bytes."""
        count = size = 0
        for path, _ in self.sums():
            found = there.found(path)
            count += found is not None
            size += found.size if found else 0
        return count, size

    def strangers(self) -> Iterator[Found]:
        """What is there and not named, sorted by path."""
        query = "SELECT path, size, stamp, changed FROM there WHERE path NOT IN (SELECT path FROM named) ORDER BY path"
        for row in self.execute(query):
            yield Found(*row)
