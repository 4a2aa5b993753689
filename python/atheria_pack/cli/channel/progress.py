"""How far a transfer of files is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

_EVERY = 5.0  # seconds between lines


def binary(size: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def watcher(files: int, size: int, stream: TextIO) -> Bar | Lines:
    """Who shows so many files of so many bytes, to be entered as a context."""
    return Bar(files, size, stream) if stream.isatty() else Lines(files, size, stream)


class Bar:
    """A bar with bytes, rate and remaining time, redrawn in place; notes go above it."""

    def __init__(self, files: int, size: int, stream: TextIO) -> None:
        self._files = files
        self._done = 0
        self._lock = threading.Lock()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn(),
            console=Console(file=stream), transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task(self._text(), total=size)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def moved(self, size: int) -> None:
        self._progress.advance(self._task, size)

    def arrived(self, item: object) -> None:
        with self._lock:
            self._done += 1
            self._progress.update(self._task, description=self._text())

    def note(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _text(self) -> str:
        return f"{self._done}/{self._files} files"


class Lines:
    """A line every few seconds, for logs."""

    def __init__(self, files: int, size: int, stream: TextIO) -> None:
        self._files, self._size, self._stream = files, size, stream
        self._done = self._moved = 0
        self._lock = threading.Lock()
        self._began = self._last = time.monotonic()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def moved(self, size: int) -> None:
        with self._lock:
            self._moved += size
            now = time.monotonic()
            if now - self._last >= _EVERY:
                self._last = now
                self._say(self.line(now - self._began))

    def arrived(self, item: object) -> None:
        with self._lock:
            self._done += 1

    def note(self, text: str) -> None:
        with self._lock:
            self._say(text)

    def line(self, seconds: float) -> str:
        """What there is to say after so many seconds."""
        rate = self._moved / seconds if seconds else 0.0
        left = f", {max(0.0, self._size - self._moved) / rate:.0f} s left" if rate else ""
        return f"{self._done}/{self._files} files, {binary(self._moved)} of {binary(self._size)}, {binary(rate)}/s{left}"

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
