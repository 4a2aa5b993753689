"""Files appear whole or not at all: temporary beside the target, fsync, rename."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from .errors import OutputError


def check_writable(path: str | Path) -> Path:
    """The path, if a file can be made there.  Raises OutputError if not; leaves nothing behind."""
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{target} cannot be written: it is a folder")
    try:
        tempfile.TemporaryFile(dir=target.parent).close()  # has no name, or one that nobody else has
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror}; choose another folder") from error
    return target


def write_atomically(path: Path, content: bytes) -> None:
    """Writes `content` to `path`; on failure `path` is as before.  Raises OutputError naming path and reason."""
    name = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        # Never one that is there, a link included; the mode is cut by the process's mask, which only the system can read without a race.
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}; choose another folder") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}; its old content is unchanged") from error
    finally:
        name.unlink(missing_ok=True)  # not there any more if all went well
