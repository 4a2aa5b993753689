"""What build-all shows while it works: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from rich.console import Console
from rich.live import Live
from rich.table import Table

if TYPE_CHECKING:
    from atheria_pack.outcome import JobResult
    from atheria_pack.plan import Job

# Words and marks say it; colour only repeats it.
_STYLES = {
    "built": "green",
    "up to date": "dim",
    "failed": "bold red",
    "blocked": "red",
    "skipped": "yellow",
    "not run": "yellow",
}


# What is worth a row first, where there are more jobs than lines on the screen.
_TELLING = ("running", "failed", "blocked", "not run", "built", "waiting", "up to date", "skipped")
_OTHER_LINES = 6  # heading, bar with what is not shown, and where the cursor stands

_Value = TypeVar("_Value")


class LastingStream:
    """A text stream whose reader may leave (`matrix | head`, a terminal that closes): what comes after is dropped.

    What a verb does is worth finishing whether or not somebody watches it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._lasting(self._stream.write, text, otherwise=len(text))

    def flush(self) -> None:
        self._lasting(self._stream.flush, otherwise=None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _lasting(self, act: Callable[..., _Value], *words: str, otherwise: _Value) -> _Value:
        try:
            return act(*words)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        return otherwise


class PlainLines:
    """A line when a job starts and when it ends, with the count."""

    def __init__(self, jobs: Sequence[Job], stream: TextIO) -> None:
        self._total = len(jobs)
        self._done = 0
        self._stream = stream

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def started(self, job: Job) -> None:
        self._say(f"start   {names(job)}")

    def phase(self, job: Job, text: str) -> None:
        if not text.startswith("compiling ["):  # each compiler step is for a live table, not for a log
            self._say(f"        {job.identifier}: {text}")

    def finished(self, result: JobResult) -> None:
        self._done += 1
        self._say(f"{self._done}/{self._total}  {summary(result)}")

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class LiveTable:
    """One row per job: state, phase and time, redrawn in place; a bar of finished jobs below.

    Where the screen has fewer lines than there are jobs, the rows that tell most are shown, and the bar says how many are not.
    """

    def __init__(self, jobs: Sequence[Job], stream: TextIO) -> None:
        self._jobs = {job.identifier: job for job in jobs}
        self._rows: dict[str, tuple[str, str]] = {job.identifier: ("waiting", "") for job in jobs}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._changes: list[str] = []
        self._console = Console(file=stream)
        self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self.table)

    def __enter__(self) -> LiveTable:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def started(self, job: Job) -> None:
        self._since[job.identifier] = time.monotonic()
        self._changes.append(job.identifier)
        self._rows[job.identifier] = ("running", "")

    def phase(self, job: Job, text: str) -> None:
        self._rows[job.identifier] = ("running", text)

    def finished(self, result: JobResult) -> None:
        self._took[result.job.identifier] = result.seconds
        self._changes.append(result.job.identifier)
        self._rows[result.job.identifier] = (result.state, result.reason)

    def table(self) -> Table:
        """The table as it stands."""
        done = sum(state not in ("waiting", "running") for state, _ in self._rows.values())
        width = 30
        bar = "█" * (width * done // max(1, len(self._rows)))
        shown = self.shown(self._console.size.height - _OTHER_LINES)
        hidden = [state for job, (state, _) in self._rows.items() if job not in shown]
        told = [f"{hidden.count(state)} {state}" for state in _TELLING if state in hidden]
        below = f"{bar.ljust(width, '░')} {done}/{len(self._rows)} jobs" + (f"; not shown: {', '.join(told)}" if told else "")
        table = Table(box=None, pad_edge=False, caption=below, caption_justify="left")
        for heading in ("job", "state", "time", ""):
            table.add_column(heading, no_wrap=True, justify="right" if heading == "time" else "left")
        for identifier in shown:
            state, text = self._rows[identifier]
            seconds = self._took.get(identifier) or (
                time.monotonic() - self._since[identifier] if identifier in self._since else 0.0
            )
            clock = f"{seconds:.0f} s" if seconds else ""
            table.add_row(names(self._jobs[identifier]), state, clock, text, style=_STYLES.get(state))
        return table


    def shown(self, room: int) -> list[str]:
        """The jobs to show on so many lines, in their order: of those that tell the same the latest to have changed."""
        changed = {job: moment for moment, job in enumerate(self._changes)}
        ranked = sorted(self._rows, key=lambda job: (_TELLING.index(self._rows[job][0]), -changed.get(job, -1)))
        chosen = set(ranked[: max(1, room)])
        return [job for job in self._rows if job in chosen]


def names(job: Job) -> str:
    """The cells of a job, the first in full, the others by name."""
    first, *others = job.outputs
    return first.identifier + "".join(f" + {output.name}" for output in others)


def summary(result: JobResult) -> str:
    """How a job ended, in a line."""
    took = f" in {result.seconds:.1f} s" if result.seconds else ""
    tests = f", {result.tests_passed} tests passed" if result.tests_passed else ""
    left = sum(result.not_run.values()) if result.state == "built" else 0
    unrun = f", {left} not run" if left else ""
    preview = ", a preview" if result.preview and not result.good else ""
    return f"{result.state}{preview}: {names(result.job)}{took}{tests}{unrun} ({result.reason})"
