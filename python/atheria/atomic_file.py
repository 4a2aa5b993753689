"""Files appear whole or not at all: temporary beside the target, fsync, rename."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import OutputError


def write_atomically(path: Path, content: bytes) -> None:
    """Writes `content` to `path`; on failure `path` is as before.  Raises OutputError naming path and reason."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}; choose another folder") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}; its old content is unchanged") from error
    finally:
        Path(name).unlink(missing_ok=True)  # not there any more if all went well


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
