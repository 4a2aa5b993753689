"""The packages that a request takes, by real solves over a snapshot: what a client of each machine would install, and nothing it would miss."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from atheria_pack.errors import PackError
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.sources.needs import spec_names
from atheria_pack.mirror.sources.snapshot import Snapshot
from atheria_pack.mirror.wanted.locks import Lock, LockError
from atheria_pack.mirror.wanted.profiles import Machine, machines
from atheria_pack.mirror.wanted.request import Request
from atheria_pack.mirror.wanted.solving import Solving, Unsolvable, reachable

_NOARCH = "noarch"
_TOLD = 20  # packages named in one error


class ClosureError(PackError):
    """A spec can be satisfied on no machine that was asked for. The text has every reason."""


@dataclass(frozen=True)
class Refusal:
    """A spec that has no environment on a machine, or on any machine of a platform that lacks a package by name.

    `profile`: the machine's label; `python`: None where it does not matter; `reason`: the solver's, in one line.
    """

    spec: str
    platform: str
    profile: str
    python: str | None
    reason: str

    def __str__(self) -> str:
        return f"{_combination(self.spec, self.platform, self.profile, self.python)}: {self.reason}"


def in_words(refusals: Iterable[Refusal]) -> list[str]:
    """Refusals in words: one line for all machines and Pythons that a spec is refused on for the same reason."""
    pythons: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for refusal in refusals:
        alike = pythons.setdefault((refusal.spec, refusal.platform, refusal.reason), {})
        alike.setdefault(refusal.profile, []).extend([refusal.python] if refusal.python else [])
    lines = []
    for (spec, platform, reason), machines_of in pythons.items():
        together: dict[tuple[str, ...], list[str]] = {}
        for profile, versions in machines_of.items():
            together.setdefault(tuple(versions), []).append(profile)
        for same, profiles in together.items():
            lines.append(f"{_combination(spec, platform, ', '.join(profiles), '/'.join(same) or None)}: {reason}")
    return lines


@dataclass(frozen=True)
class Solution:
    """A spec that has an environment on a machine, of so many packages. `python`: None where there is none in it, or none was asked for."""

    spec: str
    platform: str
    profile: str
    python: str | None
    packages: int


@dataclass
class Closure:
    """What was chosen. Close it to remove its table from the disk.

    - `folder`: where it lies until then.
    - `table`: the entries, each with the reasons that chose it, and `info` of the platforms as the sources have it.
    - `refusals`: combinations that have no environment. Some are what was to be expected, such as CUDA on a machine without a GPU.
    - `solutions`: those that have one.
    - `notes`: what lock files name that no channel has, in words.
    """

    folder: tempfile.TemporaryDirectory[str]
    table: RecordTable = field(init=False)
    refusals: list[Refusal] = field(default_factory=list)
    solutions: list[Solution] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = RecordTable(Path(self.folder.name) / "chosen.sqlite")

    def unmet(self) -> list[tuple[str, str]]:
        """(spec, platform) wherever no machine of a platform has an environment, in the order of the request."""
        met = {(solution.spec, solution.platform) for solution in self.solutions}
        return [pair for pair in dict.fromkeys((refusal.spec, refusal.platform) for refusal in self.refusals) if pair not in met]

    def close(self) -> None:
        """Remove the table. Nothing happens the second time."""
        self.table.close()
        self.folder.cleanup()

    def __enter__(self) -> Closure:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def close(snapshot: Snapshot, request: Request) -> Closure:
    """Choose from a snapshot what a request takes: the union of one environment per spec, platform, machine and Python, and of the locks.

    ClosureError when a spec has no environment at all; LockError when the snapshot lacks a locked package or has another one under its
    name; UsageError for a platform without machines of the profiles. Nothing is asked of the network.
    """
    closure = Closure(tempfile.TemporaryDirectory(prefix="closure-", dir=snapshot.scratch))
    with ExitStack() as undo:
        undo.callback(closure.close)
        known = snapshot.table.info
        closure.table.info = {subdir: copy.deepcopy(known[subdir]) for subdir in (_NOARCH, *request.platforms) if subdir in known}
        if request.everything:
            for subdir in (_NOARCH, *request.platforms):
                closure.table.add(_because(snapshot, subdir, f"everything of {subdir}"))
        for lock in request.read_locks:
            _take_locked(closure, snapshot, lock)
        if request.specs:
            _take_solved(closure, snapshot, request, Path(closure.folder.name))
        undo.pop_all()
    return closure


def _because(snapshot: Snapshot, subdir: str, why: str) -> Iterator[Entry]:
    return (replace(entry, why=(why,)) for entry in snapshot.table.entries(subdir))


def _choose(closure: Closure, snapshot: Snapshot, path: str, why: str) -> None:
    if closure.table.get(path) is None:
        closure.table.add(snapshot.table.of_file(path))
    closure.table.mark(path, why)


def _take_solved(closure: Closure, snapshot: Snapshot, request: Request, folder: Path) -> None:
    kinds = {platform: machines(platform, request.profiles) for platform in request.platforms}
    names = reachable(snapshot.table, spec_names(spec for environment in request.environments for spec in environment))
    for platform, found in kinds.items():
        with Solving(snapshot.table, names, platform, folder / platform) as solving:
            for spec, environment in zip(request.specs, request.environments, strict=True):
                missing = solving.missing(environment)
                if missing:
                    label = ", ".join(machine.label for machine in found)
                    closure.refusals.append(Refusal(spec, platform, label, None, missing.reason))
                    continue
                for machine in found:
                    _solve(closure, snapshot, solving, machine, spec, environment, request.pythons)
    _check(closure, request)


def _solve(
    closure: Closure, snapshot: Snapshot, solving: Solving, machine: Machine, spec: str, environment: Sequence[str], pythons: Sequence[str]
) -> None:
    for python in pythons or (None,):
        found = solving.environment(environment, machine.virtual, python)
        if isinstance(found, Unsolvable):
            closure.refusals.append(Refusal(spec, machine.platform, machine.label, python, found.reason))
            continue
        combination = (spec, machine.platform, machine.label, python if found.python else None)
        closure.solutions.append(Solution(*combination, len(found.paths)))
        for path in found.paths:
            _choose(closure, snapshot, path, _combination(*combination))
        if not found.python:
            return  # it is the same for every Python


def _check(closure: Closure, request: Request) -> None:
    met = {solution.spec for solution in closure.solutions}
    lost = [spec for spec in request.specs if spec not in met]
    if lost:
        reasons = [f"  {line}" for line in in_words(refusal for refusal in closure.refusals if refusal.spec in lost)]
        text = f"{len(lost)} of {len(request.specs)} specs can be satisfied on none of the machines asked for: {', '.join(map(repr, lost))}"
        advice = "look for a misspelt name, a platform that it was never built for, or a source that is missing"
        raise ClosureError("\n".join([f"{text}; {advice}", *reasons]))


def _take_locked(closure: Closure, snapshot: Snapshot, lock: Lock) -> None:
    wrong = []
    for locked in lock.packages:
        entry = snapshot.table.get(locked.path)
        kind, digest = ("sha256", locked.sha256) if locked.sha256 else ("md5", locked.md5)
        if entry is None:
            wrong.append(f"{locked.path} is in none of the sources")
        elif digest and digest != str(entry.record.get(kind) or "").lower():
            has = f"the {kind} {entry.record[kind]}" if entry.record.get(kind) else f"no {kind}"
            wrong.append(f"{locked.path} has {has} in the sources; the lock file wants {digest}")
        else:
            _choose(closure, snapshot, locked.path, f"locked by {lock.name}")
    if wrong:
        told = "\n".join(f"  {line}" for line in [*wrong[:_TOLD], *([f"and {len(wrong) - _TOLD} more"] if len(wrong) > _TOLD else [])])
        sources = ", ".join(source.address for source in snapshot.sources)
        raise LockError(f"{len(wrong)} of {len(lock.packages)} packages of {lock.name} cannot be mirrored from {sources}:\n{told}")
    closure.notes += [f"{lock.name} names {count} packages {kind}, which no channel has" for kind, count in lock.left_out.items()]


def _combination(spec: str, platform: str, profile: str, python: str | None) -> str:
    return f"{spec} on {platform}, {profile}" + (f", python {python}" if python else "")
