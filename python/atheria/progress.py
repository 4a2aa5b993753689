"""A progress bar for people: one line on stderr, only where somebody can see it."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_WIDTH = 28


class Progress:
    """Use as a context; `update(done, note)` as often as you like, it draws ten times a second."""

    def __init__(self, total: int, label: str, enabled: bool | None = None) -> None:
        self.total = max(total, 1)
        self.label = label
        self.enabled = sys.stderr.isatty() if enabled is None else enabled
        self.started = time.monotonic()
        self._drawn = 0.0
        self._length = 0

    def update(self, done: int, note: str = "") -> None:
        """Shows that `done` of the total are done."""
        now = time.monotonic()
        if not self.enabled or (now - self._drawn < 0.1 and done < self.total):
            return
        self._drawn = now
        full = _WIDTH * done // self.total
        elapsed = now - self.started
        rate = done / elapsed if elapsed > 0 else 0.0
        line = f"{self.label} [{'#' * full}{'.' * (_WIDTH - full)}] {done}/{self.total}  {rate:.1f}/s  {note}"
        sys.stderr.write("\r" + line.ljust(self._length))
        sys.stderr.flush()
        self._length = len(line)

    def __enter__(self) -> Progress:
        self.update(0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.enabled and self._length:
            sys.stderr.write("\n")
