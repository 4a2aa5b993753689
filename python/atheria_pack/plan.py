"""From rendered packages to jobs in order, each with a decision and its reason. Pure functions on printable values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from graphlib import CycleError, TopologicalSorter

from atheria_pack.digest import digest_of
from atheria_pack.errors import RecipeError
from atheria_pack.recipes import Output
from atheria_pack.record import UPSTREAM, Record
from atheria_pack.variants import PYTHON_KEY

# Keys that may differ between a package and what it needs: digests belong to one output, the platform to noarch or not.
_NO_AXIS = ("digest_", "target_platform")


class State(Enum):
    """What happens to a job in this run."""

    UP_TO_DATE = "up to date"
    BUILD = "would build"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Job:
    """Packages built together: those of one staging build, or one package alone.

    `needs` maps the name of each package of ours that is needed to the jobs that can supply it. One of them suffices.

    `loose` has the names in `needs` that vary on Python where this job does not: any of their builds will do, whichever
    Pythons a run is about, and so none of them is part of what this job is made of (`atheria-core` for the metapackages).
    """

    identifier: str
    outputs: tuple[Output, ...]
    needs: Mapping[str, frozenset[str]]
    loose: frozenset[str]

    @property
    def platform(self) -> str:
        """The platform it is built for; for packages of no platform the one they are rendered for."""
        return self.outputs[0].platform

    @property
    def suppliers(self) -> frozenset[str]:
        """All jobs that come before this one."""
        return frozenset().union(*self.needs.values())

    @property
    def pinned_suppliers(self) -> frozenset[str]:
        """The jobs whose very builds this one is made with."""
        return frozenset().union(*(jobs for name, jobs in self.needs.items() if name not in self.loose))


@dataclass(frozen=True)
class Decision:
    """A job with its state, the reason in words, and its content key with the parts that it was made of."""

    job: Job
    state: State
    reason: str
    key: str
    parts: Mapping[str, str]


def make_jobs(outputs: Iterable[Output]) -> list[Job]:
    """Group packages into jobs and order the jobs so that every supplier comes before its users."""
    groups: dict[tuple[object, ...], list[Output]] = {}
    for output in outputs:
        axes = tuple(sorted(output.variant.items()))
        own = ("staging", output.staging, axes) if output.staging else ("alone", output.name, output.build)
        groups.setdefault((str(output.recipe), output.subdir, *own), []).append(output)
    members: dict[str, tuple[Output, ...]] = {}
    for group in groups.values():
        if (other := members.setdefault(job_identifier(group), tuple(group))) != tuple(group):
            raise RecipeError(_ambiguity(other[0], group[0]))
    jobs = {identifier: _job(identifier, group, members) for identifier, group in members.items()}
    sorter = TopologicalSorter({identifier: sorted(job.suppliers) for identifier, job in jobs.items()})
    try:
        return [jobs[identifier] for identifier in sorter.static_order()]
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise RecipeError(f"recipes need each other in a circle: {circle}") from error


def _ambiguity(left: Output, right: Output) -> str:
    differing = sorted(
        key for key in left.variant.keys() | right.variant.keys() if left.variant.get(key) != right.variant.get(key)
    )
    return (
        f"{left.recipe.parent.name}/recipe.yaml makes {left.file_name} and {right.file_name}, both the cell {left.identifier}: "
        f"what tells them apart ({', '.join(differing)}) has to stand in build.string"
    )


def job_identifier(outputs: Sequence[Output]) -> str:
    """The first package's cell names the job; the slash goes, as the name is also that of files."""
    return outputs[0].identifier.replace("/", "--")


def _job(identifier: str, group: tuple[Output, ...], members: Mapping[str, Sequence[Output]]) -> Job:
    needs: dict[str, set[str]] = {}
    loose = set()
    for other, candidates in members.items():
        for candidate in candidates:
            if other == identifier:
                continue
            for output in group:
                if candidate.name in output.requires and _meet(output, candidate) and agree(output.variant, candidate.variant):
                    needs.setdefault(candidate.name, set()).add(other)
                    if PYTHON_KEY in candidate.variant and PYTHON_KEY not in output.variant:
                        loose.add(candidate.name)
    return Job(identifier, group, {name: frozenset(found) for name, found in needs.items()}, frozenset(loose))


def _meet(left: Output, right: Output) -> bool:
    """Whether two packages can be in one environment by their platforms."""
    return left.subdir == right.subdir or "noarch" in (left.subdir, right.subdir)


def agree(left: Mapping[str, str], right: Mapping[str, str]) -> bool:
    """Whether two variants can live in one environment: equal wherever both have an axis."""
    return all(
        right[key] == value for key, value in left.items() if key in right and not key.startswith(_NO_AXIS)
    )


def decide(
    jobs: Sequence[Job],
    parts: Mapping[str, Mapping[str, str]],
    obstacles: Mapping[str, str],
    records: Mapping[str, Record],
    damages: Mapping[str, str],
    tests: bool = True,
) -> list[Decision]:
    """What to do with each job, suppliers first.

    `parts`: what each job is made of, without its suppliers; their keys are added here, so a change travels downstream.
    `obstacles`: why a job cannot be built here. `damages`: what is wrong with the stored packages of a job. `tests`: whether
    packages whose own tests did not run (`--no-tests`) are to be made again with them.
    """
    decided: dict[str, Decision] = {}
    for job in jobs:
        missing = [
            f"needs {name}, which is skipped"
            for name, suppliers in job.needs.items()
            if all(decided[supplier].state is State.SKIPPED for supplier in suppliers)
        ]
        upstream = {f"{UPSTREAM}{supplier}": decided[supplier].key for supplier in sorted(job.pinned_suppliers)}
        whole = {**parts[job.identifier], **upstream}
        key = digest_of(whole)
        record = records.get(job.identifier)
        obstacle = obstacles.get(job.identifier) or (missing[0] if missing else None)
        if obstacle:
            state, reason = State.SKIPPED, obstacle
        elif record is None:
            state, reason = State.BUILD, "not built yet"
        elif record.key != key:
            state, reason = State.BUILD, difference(record.parts, whole)
        elif job.identifier in damages:
            state, reason = State.BUILD, damages[job.identifier]
        elif tests and not record.tested:
            state, reason = State.BUILD, "its tests have not run"
        else:
            state, reason = State.UP_TO_DATE, "nothing changed"
        decided[job.identifier] = Decision(job, state, reason, key, whole)
    return list(decided.values())


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What changed between two sets of parts, causes before what follows from them.

    The evaluated recipe comes last: it names the exact builds of suppliers, so it differs whenever one of them does.
    """
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    for kind, wording in (
        ("source ", "changed: {}"),
        ("tool ", "other version of {}"),
        ("channel", "other channel{}"),
        ("build ", "build environment changed: {}"),
        ("host ", "host environment changed: {}"),
        (UPSTREAM, "made with {}, which changed"),
        ("recipe ", "recipe evaluates differently: {}"),
    ):
        names = [key.removeprefix(kind) for key in changed if key.startswith(kind)]
        if names:
            more = f" (+{len(names) - 3} more)" if len(names) > 3 else ""
            return wording.format(", ".join(names[:3])) + more
    return "changed: " + ", ".join(changed)
