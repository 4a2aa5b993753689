"""The reference engine behind the surface that simulations use: snapshots go to files."""

from __future__ import annotations

from pathlib import Path

from .atomic_file import write_atomically
from .input_file import read_checked
from .reference import snapshot
from .reference.engine import ReferenceEngine


def read_snapshot_bytes(path: str | Path) -> bytes:
    """The bytes of a snapshot's file.  Raises OutputError if it cannot be read, SnapshotError for a wrong header."""
    return read_checked(path, "snapshot", snapshot.HEADER_BYTES, lambda head, size: snapshot.read_header(head, str(path), size))


def read_snapshot_header(path: str | Path) -> snapshot.Snapshot:
    """A snapshot's file without its cells.  Raises OutputError if it cannot be read, SnapshotError if it is none."""
    found: list[snapshot.Snapshot] = []

    def check(head: bytes, size: int) -> None:
        found.append(snapshot.read_header(head, str(path), size)[0])

    read_checked(path, "snapshot", snapshot.HEADER_BYTES, check, head_only=True)
    return found[0]


class NumpyEngine(ReferenceEngine):
    """A universe on the reference engine."""

    def save(self, path: str) -> None:
        """Writes a snapshot: temporary, fsync, rename."""
        write_atomically(Path(path), self.snapshot())

    def load(self, path: str, any_law: bool = False) -> None:
        """Continues from a snapshot's file."""
        self.restore(read_snapshot_bytes(path), path, any_law)
