"""Files read head first: one that is not what it should be is refused before its size is believed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from .errors import OutputError


def read_checked(path: str | Path, what: str, head_bytes: int, check: Callable[[bytes, int], object], *, head_only: bool = False) -> bytes:
    """The file's bytes (its first `head_bytes` with `head_only`), once `check(head, size)` has let them pass.

    `check` raises for a head that is wrong, or does not say the `size` that the file has.  Raises OutputError, naming
    `what` and the path, if the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OutputError(f"{what} {path} cannot be read: it is no regular file")
            head = file.read(head_bytes)
            check(head, status.st_size)
            return head if head_only else head + file.read(status.st_size - len(head))
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{what} {path} cannot be read: {error.strerror}") from error
