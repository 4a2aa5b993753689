"""Which cells a run is about: patterns over their names, and what those need."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence

from atheria_pack.errors import UsageError
from atheria_pack.plan import Job


def matches(identifier: str, patterns: Iterable[str]) -> bool:
    """Whether a cell's name fits one of the patterns.

    A pattern is a shell glob over the whole name (`linux-64/atheria-core=cpu_py311`) or over the part after the slash.
    """
    tail = identifier.split("/", 1)[-1]
    return any(fnmatch.fnmatchcase(identifier, p) or fnmatch.fnmatchcase(tail, p) for p in patterns)


def select(jobs: Sequence[Job], patterns: Sequence[str]) -> list[Job]:
    """Jobs with a cell that fits, and all jobs these need, in the given order. No pattern keeps everything.

    A pattern that fits nothing is a UsageError: it is a typing error, and building nothing would hide it.
    """
    kept = {job.identifier for job in select_exactly(jobs, patterns)}
    for job in reversed(jobs):
        if job.identifier in kept:
            kept |= job.suppliers
    return [job for job in jobs if job.identifier in kept]


def select_exactly(jobs: Sequence[Job], patterns: Sequence[str]) -> list[Job]:
    """Jobs with a cell that fits, without those these need. No pattern keeps everything, one that fits nothing is a UsageError."""
    if not patterns:
        return list(jobs)
    names = {output.identifier for job in jobs for output in job.outputs}
    for pattern in patterns:
        if not any(matches(name, [pattern]) for name in names):
            raise UsageError(f"--only {pattern}: fits no cell; `matrix` lists them, for example {min(names, default='')}")
    return [job for job in jobs if any(matches(output.identifier, patterns) for output in job.outputs)]
