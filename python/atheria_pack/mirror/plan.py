"""What it takes to make a place hold the chosen packages: which are there, which are new, which are damaged, how large, under which licences."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from atheria_pack.errors import DiskFullError, PackError
from atheria_pack.mirror.attestation import Mode, loose, pinned
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.fetch import Item
from atheria_pack.mirror.inventory import Inventory
from atheria_pack.mirror.layout import PARTIAL, SIDECAR_SUFFIX, checked_file_name, checked_subdir
from atheria_pack.mirror.places.place import Found, Place
from atheria_pack.mirror.sources.source import Source
from atheria_pack.selection import FAMILY

# The source that has the file of an entry, and where it lies there.
Locate = Callable[[Entry], "tuple[Source, str]"]
# Whether a file that is in the place has this sha256; None where its bytes would have to be read, and must not be.
Check = Callable[[Found, str], "bool | None"]

_NAMED = 10  # packages that an error names
_INDEXES = 4096  # bytes of all indexes and shards together, per package; generous: they have to fit before anything is downloaded


class RefusedError(PackError):
    """Packages that cannot be mirrored: changed under their name, without a digest. The text names them. Nothing was written."""


@dataclass
class Count:
    """Files, and their bytes."""

    files: int = 0
    size: int = 0

    def add(self, size: int) -> None:
        self.files += 1
        self.size += size


@dataclass
class Summary:
    """The plan in numbers.

    `new`: not in the place. `there`: in it, verified. `unverified`: in it, its bytes are to be read first (a dry run only: otherwise they were
    read, and the file is there or damaged). `damaged`: in it with other bytes. `sidecars`: attestations to bring. By subdir, by accelerator
    (our own packages only) and by licence: all chosen packages, wherever they are.
    """

    new: Count = field(default_factory=Count)
    there: Count = field(default_factory=Count)
    unverified: Count = field(default_factory=Count)
    damaged: Count = field(default_factory=Count)
    sidecars: Count = field(default_factory=Count)
    subdirs: dict[str, Count] = field(default_factory=dict)
    accelerators: dict[str, Count] = field(default_factory=dict)
    licences: dict[str, Count] = field(default_factory=dict)

    @property
    def chosen(self) -> Count:
        """All packages."""
        parts = (self.new, self.there, self.unverified, self.damaged)
        return Count(sum(part.files for part in parts), sum(part.size for part in parts))

    def count(self, entry: Entry) -> None:
        """Count one chosen package where it belongs."""
        self.subdirs.setdefault(entry.subdir, Count()).add(entry.size)
        self.licences.setdefault(str(entry.record.get("license") or "not told"), Count()).add(entry.size)
        if entry.name in FAMILY:
            self.accelerators.setdefault(str(entry.record.get("build", "")).split("_")[0] or "none", Count()).add(entry.size)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types, sorted."""

        def told(count: Count) -> dict[str, int]:
            return {"files": count.files, "size": count.size}

        states = {name: told(getattr(self, name)) for name in ("new", "there", "unverified", "damaged", "sidecars")}
        groups = {
            name: {key: told(count) for key, count in sorted(getattr(self, name).items())} for name in ("subdirs", "accelerators", "licences")
        }
        return {"chosen": told(self.chosen), **states, **groups}


class Plan:
    """The plan of one run: give it the chosen packages by `look`, then ask. What may be many lies on disk. To be used as a context."""

    def __init__(self, place: Place, locate: Locate, check: Check, attestations: Mode = "carry") -> None:
        self.summary = Summary()
        self._place = place
        self._locate = locate
        self._sources: list[Source] = []
        self._check = check
        self._attestations = attestations
        self._refused = 0
        self._refusals: list[str] = []
        self._inventory = Inventory()
        self._database = sqlite3.connect("", isolation_level=None)  # a file without a name, gone when it is closed
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;"
            "CREATE TABLE bring (path TEXT PRIMARY KEY, size INTEGER, sha256 TEXT, source INTEGER, at TEXT, beside TEXT) WITHOUT ROWID;"
            "CREATE TABLE chosen (path TEXT PRIMARY KEY, sha256 TEXT) WITHOUT ROWID; BEGIN;"
        )

    def __enter__(self) -> Plan:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._database.close()
        self._inventory.close()

    def look(self, entries: Iterable[Entry], subdirs: Iterable[str], published: Iterable[tuple[str, str]]) -> None:
        """Compare the chosen packages, all of them, with what is in the place.

        `published`: path and sha256 of every file that a kept generation names. RefusedError names packages without a digest, and packages
        that were published with other bytes under their name. Nothing is written to the place.
        """
        for path, sha256 in published:
            self._inventory.name(path, sha256)
        for subdir in subdirs:
            self._inventory.see(self._place.files(checked_subdir(subdir, "the index of a source")))
        for entry in entries:
            self._look(entry)
        if self._refused:
            more = f"\n... and {self._refused - _NAMED} more" if self._refused > _NAMED else ""
            raise RefusedError(f"{self._refused} packages are refused, and nothing was changed:\n" + "\n".join(self._refusals) + more)

    def items(self) -> Iterator[Item]:
        """The files to bring, sorted by path."""
        for path, size, sha256, source, at, beside in self._database.execute("SELECT * FROM bring ORDER BY path"):
            yield Item(path, size, sha256, self._sources[source], at, beside)

    @property
    def to_bring(self) -> Count:
        """How many these are, and their bytes."""
        return Count(*self._database.execute("SELECT count(*), coalesce(sum(size), 0) FROM bring").fetchone())

    def require_space(self, stays: bool, link: bool, jobs: int) -> None:
        """DiskFullError where the file system of the place has not the room for what has to be brought.

        `stays`: whether files stay there, rather than go on to a bucket. `link`: whether local sources are taken by hard link.
        """
        folder = next(path for path in (self._place.scratch, *self._place.scratch.parents) if path.exists())
        device = folder.stat().st_dev
        needed = largest = 0
        for item in self.items():
            local = item.source.local(item.there) if link else None
            if local is None or local.stat().st_dev != device:
                partial = self._place.scratch / PARTIAL / item.sha256
                needed += max(0, item.size - (partial.stat().st_size if partial.exists() else 0))
                largest = max(largest, item.size)
        needed = (needed if stays else min(needed, largest * jobs)) + self.summary.chosen.files * _INDEXES
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise DiskFullError(
                f"{self._place.address}: needs {needed:,} bytes for {self.to_bring.files} files and the indexes, has {free:,} free in {folder}; "
                "free some space or choose fewer packages. Nothing was downloaded"
            )

    def _look(self, entry: Entry) -> None:
        where = f"the index of {entry.origin.removesuffix(entry.path) or 'a source'}"
        checked_subdir(entry.subdir, where)
        checked_file_name(entry.file_name, where)
        if not entry.sha256:
            self._refuse(f"{entry.origin or entry.path}: its index gives no sha256, so its bytes cannot be told from others")
            return
        known = self._inventory.digest(entry.path)
        if known is not None and known != entry.sha256:
            self._refuse(
                f"{entry.origin or entry.path}: changed under its name; published here with sha256 {known}, now {entry.sha256}. Ask whoever "
                "publishes it for a new build number, leave it out, or mirror into a new place"
            )
            return
        before = self._database.execute("SELECT sha256 FROM chosen WHERE path = ?", (entry.path,)).fetchone()
        if before is not None:  # a file may stand in several tables of an index
            if before[0] != entry.sha256:
                self._refuse(f"{entry.origin or entry.path}: its index names it with sha256 {before[0]} and with {entry.sha256}")
            return
        self._database.execute("INSERT INTO chosen VALUES (?, ?)", (entry.path, entry.sha256))
        self.summary.count(entry)
        for path, sha256 in self._sidecars(entry):
            if self._state(path, sha256, 0) in ("new", "damaged"):
                self.summary.sidecars.add(0)
                self._bring(entry, path.removeprefix(entry.path), 0, sha256, "")
        state = self._state(entry.path, entry.sha256, entry.size)
        getattr(self.summary, state).add(entry.size)
        if state in ("new", "damaged"):
            asked = self._attestations != "ignore" and self._inventory.digest(loose(entry)) is None
            self._bring(entry, "", entry.size, entry.sha256, SIDECAR_SUFFIX if asked else "")

    def _sidecars(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """Path and sha256 of those whose bytes are known: the index promises them, or they were published here before."""
        if self._attestations == "ignore":
            return
        promised = pinned(entry)
        if promised is not None:
            yield promised
        published = self._inventory.digest(loose(entry))
        if published is not None:
            yield loose(entry), published

    def _state(self, path: str, sha256: str, size: int) -> str:
        found = self._inventory.found(path)
        if found is None:
            return "new"
        if size and found.size != size:
            return "damaged"
        right = self._check(found, sha256)
        return "unverified" if right is None else "there" if right else "damaged"

    def _bring(self, entry: Entry, ending: str, size: int, sha256: str, beside: str) -> None:
        source, at = self._locate(entry)
        if source not in self._sources:
            self._sources.append(source)
        row = (entry.path + ending, size, sha256, self._sources.index(source), at + ending, beside)
        self._database.execute("INSERT INTO bring VALUES (?, ?, ?, ?, ?, ?)", row)

    def _refuse(self, text: str) -> None:
        self._refused += 1
        if len(self._refusals) < _NAMED:
            self._refusals.append(text)
