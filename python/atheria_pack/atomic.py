"""Files that are either the old ones or the new ones, whatever happens while they are written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A stream to the file that takes the place of `path` when the block ends well: temporary file, fsync, rename. The folder is
    made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(temporary, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # gone by its new name when all went well


def write_text(path: Path, text: str) -> None:
    """Replace `path` by a file with this text."""
    with replaced(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Like `write_text`, for a value of JSON types, keys sorted."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")
