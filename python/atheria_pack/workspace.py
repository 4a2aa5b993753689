"""Where things lie: the project's root, and the folders of an output folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.errors import BusyError, UsageError


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
    def locked(self) -> Iterator[None]:
        """Hold the output folder for this process. BusyError names the process that holds it already."""
        self.output.mkdir(parents=True, exist_ok=True)
        with open(self.output / ".lock", "a+", encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stream.seek(0)
                holder = stream.read().strip() or "another process"
                raise BusyError(
                    f"{self.output} is in use by {holder}; wait for it, or build elsewhere with --output FOLDER"
                ) from None
            stream.truncate(0)
            stream.write(f"process {os.getpid()}")
            stream.flush()
            yield


def find_workspace(start: Path, output: Path | None) -> Workspace:
    """The project that `start` lies in: the nearest folder above it with variants.yaml and recipes/."""
    for folder in (start, *start.parents):
        if (folder / "variants.yaml").is_file() and (folder / "recipes").is_dir():
            return Workspace(folder, (output or folder / "output").absolute())
    raise UsageError(f"{start} is not inside the project: no variants.yaml beside a folder recipes/ here or above")
