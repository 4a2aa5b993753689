"""Where things lie: the project's root, and the folders of an output folder."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from atheria_pack.errors import BusyError, UsageError

_LEFTOVER_SECONDS = 10.0


@dataclass(frozen=True)
class Workspace:
    """The project at `root`, building into `output`.

    `output/channel` is the result and `output/report.json` says how it came about. `packages` keeps finished files,
    `records` what they were made from, `logs` a log per cell, `work` private folders of jobs that run or failed.
    """

    root: Path
    output: Path

    @property
    def variants(self) -> Path:
        return self.root / "variants.yaml"

    @property
    def channel(self) -> Path:
        return self.output / "channel"

    @property
    def bills(self) -> Path:
        """A bill of materials per package of the channel."""
        return self.output / "sbom"

    @property
    def packages(self) -> Path:
        return self.output / "packages"

    @property
    def records(self) -> Path:
        return self.output / "records"

    @property
    def logs(self) -> Path:
        return self.output / "logs"

    @property
    def work(self) -> Path:
        return self.output / "work"

    @property
    def cache(self) -> Path:
        """rattler's package cache, private to this output folder."""
        return self.output / "cache"

    @property
    def report(self) -> Path:
        return self.output / "report.json"

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the output folder for this process; gives the lock's descriptor. BusyError names the process that holds it, and since when;
        UsageError, why there can be no such folder.

        Processes that inherit the descriptor hold the lock too. Those of a run that was killed are on their way out, and
        waited for.
        """
        make_folder("--output", self.output)
        with _opened(self.output / ".lock") as stream:
            deadline = time.monotonic() + _LEFTOVER_SECONDS
            while not _taken(stream):
                stream.seek(0)
                holder = stream.read().strip()
                if time.monotonic() > deadline or _runs(holder):
                    raise BusyError(
                        f"{self.output} is in use by {holder or 'another process'}; wait for it, "
                        "or build elsewhere with --output FOLDER"
                    )
                time.sleep(0.05)
            stream.truncate(0)
            stream.write(f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
            stream.flush()
            yield stream.fileno()


def make_folder(option: str, folder: Path) -> None:
    """Make a folder that an option names, and those above it, where they are missing. UsageError says why that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise UsageError(f"{option} {folder}: no folder can be made there ({error.strerror})") from error


def _opened(lock: Path) -> TextIO:
    try:
        return open(lock, "a+", encoding="utf-8")
    except PermissionError as error:
        raise UsageError(f"--output {lock.parent}: nothing can be written there ({error.strerror})") from error


def _taken(stream: TextIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _runs(holder: str) -> bool:
    """Whether the process that a lock names is there; a name that was not written yet is of one that just began."""
    number = holder.removeprefix("process ").partition(",")[0]
    if not number.isdigit():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, so it is there
    return True


def find_workspace(start: Path, output: Path | None) -> Workspace:
    """The project that `start` lies in: the nearest folder above it with variants.yaml and recipes/."""
    for folder in (start, *start.parents):
        if (folder / "variants.yaml").is_file() and (folder / "recipes").is_dir():
            return Workspace(folder, (output or folder / "output").absolute())
    raise UsageError(f"{start} is not inside the project: no variants.yaml beside a folder recipes/ here or above")
