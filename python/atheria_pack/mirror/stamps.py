"""Remembers which file was read and found good, so that the next run need not read it again while nothing touched it."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from atheria_pack.mirror.layout import VERIFIED
from atheria_pack.mirror.places.place import Found, Place

_SCHEMA = "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, stamp TEXT, sha256 TEXT) WITHOUT ROWID"
_PIECE = 1 << 20  # bytes; less costs calls, more leaves the processor's cache
_KEPT = 500  # results that a kill may lose, which costs reading those files again

_LOG = logging.getLogger(__name__)


class Stamps:
    """Which file of a place had which sha256, at which stamp. For the one writer of the place; its threads may share it."""

    def __init__(self, place: Place) -> None:
        """Opens what earlier runs remembered. A torn memory is thrown away, with a warning: every file is then read once more."""
        self._place = place
        self._lock = threading.Lock()
        self._new = 0
        file = place.scratch / VERIFIED
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = _opened(file)
        except sqlite3.DatabaseError as error:
            _LOG.warning("%s is torn (%s) and is made anew; every file is verified by reading it", file, error)
            for torn in (file, file.with_name(f"{file.name}-journal")):
                torn.unlink(missing_ok=True)
            self._database = _opened(file)

    def check(self, path: str, sha256: str, size: int | None = None, reread: bool = False, found: Found | None = None) -> bool:
        """Whether the file is there with these bytes. It is read only where it changed since it was last, or for `reread`.

        `size` in bytes, None where nobody says. `found`: what a listing of the place has just told, to save the question.
        """
        there = found or self._place.look(path)
        if there is None or (size is not None and there.size != size):
            return False
        known = None if reread else self._known(there)
        if known is None:
            try:
                with self._place.open(path) as stream:
                    known = sha256_of(stream)
            except FileNotFoundError:
                return False
            self._remember(there, known)
        return known == sha256

    def remember(self, path: str, sha256: str) -> None:
        """The file was just written, and was verified on its way."""
        there = self._place.look(path)
        if there is not None:
            self._remember(there, sha256)

    def shown(self, path: str, own: Found, sha256: str) -> bool:
        """Whether clients get the bytes of `own`, an index of a generation, under the index's public name.

        What a link leads to has one stamp; the copy that a bucket has in place of it may have another, and is read once then.
        """
        public = self._place.look(path)
        if public is None:
            return False
        return (public.size, public.stamp) == (own.size, own.stamp) or self.check(path, sha256, found=public)

    def forget(self, path: str) -> None:
        """The file is gone; for a path with a slash at its end, everything below it."""
        below = path.rstrip("/")
        with self._lock:  # 0 comes next after a slash
            self._database.execute("DELETE FROM files WHERE path = ? OR (path > ? AND path < ?)", (path, f"{below}/", f"{below}0"))

    def close(self) -> None:
        """Keep what was learned. Nothing happens the second time."""
        with self._lock:
            self._database.commit()
            self._database.close()

    def __enter__(self) -> Stamps:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _known(self, there: Found) -> str | None:
        with self._lock:
            row = self._database.execute(
                "SELECT sha256 FROM files WHERE path = ? AND size = ? AND stamp = ?", (there.path, there.size, there.stamp)
            ).fetchone()
        return None if row is None else str(row[0])

    def _remember(self, there: Found, sha256: str) -> None:
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (there.path, there.size, there.stamp, sha256))
            self._new += 1
            if self._new % _KEPT == 0:
                self._database.commit()


class Remembered:
    """What earlier runs found good, for who must write nothing and read nothing but that."""

    def __init__(self, place: Place) -> None:
        file = place.scratch / VERIFIED
        self._database: sqlite3.Connection | None = None
        if file.is_file():
            self._database = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)

    def check(self, found: Found, sha256: str) -> bool | None:
        """Whether the file has this sha256; None where nobody knows without reading it."""
        if self._database is None:
            return None
        query = "SELECT sha256 FROM files WHERE path = ? AND size = ? AND stamp = ?"
        try:
            row = self._database.execute(query, (found.path, found.size, found.stamp)).fetchone()
        except sqlite3.DatabaseError:  # torn: the next run that may write makes it anew
            return None
        return None if row is None else str(row[0]) == sha256

    def close(self) -> None:
        """Nothing happens the second time."""
        if self._database is not None:
            self._database.close()

    def __enter__(self) -> Remembered:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def sha256_of(stream: BinaryIO) -> str:
    """sha256 of what is left of a stream, read once, in one buffer."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_PIECE))
    read = getattr(stream, "readinto", None)
    if read is None:
        while piece := stream.read(_PIECE):
            digest.update(piece)
        return digest.hexdigest()
    while count := read(buffer):
        digest.update(buffer[:count])
    return digest.hexdigest()


def _opened(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, check_same_thread=False)
    try:
        # What a power cut loses or tears costs reading files again, so nothing waits for the disk.
        database.execute("PRAGMA synchronous = OFF")
        database.execute(_SCHEMA)
        with closing(database.execute("SELECT count(*) FROM files WHERE stamp IS NULL OR sha256 IS NULL")) as rows:
            rows.fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
