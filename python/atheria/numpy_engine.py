"""The reference engine behind the surface that simulations use: snapshots go to files."""

from __future__ import annotations

from pathlib import Path

from .atomic_file import write_atomically
from .errors import OutputError
from .reference.engine import ReferenceEngine


def read_snapshot_bytes(path: str | Path) -> bytes:
    """The bytes of a snapshot's file.  Raises OutputError if it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise OutputError(f"snapshot {path} cannot be read: {error.strerror}") from error


class NumpyEngine(ReferenceEngine):
    """A universe on the reference engine."""

    def save(self, path: str) -> None:
        """Writes a snapshot: temporary, fsync, rename."""
        write_atomically(Path(path), self.snapshot())

    def load(self, path: str, any_law: bool = False) -> None:
        """Continues from a snapshot's file."""
        self.restore(read_snapshot_bytes(path), path, any_law)
