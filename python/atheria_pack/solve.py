"""Solving specs against channels: what an environment would hold today, or why there can be none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import rattler
from rattler.exceptions import SolverError

from atheria_pack.platforms import virtual_packages
from atheria_pack.recipes import package_name


@dataclass(frozen=True)
class Solved:
    """The packages of an environment: `name version build sha256` each, sorted by name."""

    packages: tuple[str, ...]


@dataclass(frozen=True)
class Unsolvable:
    """No environment satisfies the specs in these channels, and why, in one line."""

    reason: str


class Solver:
    """Solves against fixed channels; repodata is read once, answers are kept."""

    def __init__(
        self,
        channels: Sequence[str],
        platform: str,
        label: str | None = None,
        virtual_packages: Sequence[str] | None = None,
        gateway: rattler.Gateway | None = None,
    ) -> None:
        """`label`: what to call the channels in a reason. `virtual_packages`: `name=version=build` each, in place of this machine's.
        `gateway`: one that other solvers use too, so that indexes are read once."""
        self.channels = tuple(channels)
        self.platform = platform
        self._gateway = gateway or rattler.Gateway()
        self._answers: dict[tuple[str, ...], Solved | Unsolvable] = {}
        self._there: dict[str, bool] = {}
        self._virtual = virtual_packages
        self._label = label or " and ".join(self.channels)

    def packages(self, specs: Sequence[str]) -> Solved | Unsolvable:
        """The environment for these specs."""
        wanted = tuple(sorted(set(specs)))
        if wanted not in self._answers:
            self._answers[wanted] = self._solve(wanted)
        return self._answers[wanted]

    def records(self, specs: Sequence[str]) -> list[rattler.RepoDataRecord]:
        """The records themselves, to install them. Raises rattler's SolverError."""
        return asyncio.run(self._records(specs))

    def _solve(self, specs: tuple[str, ...]) -> Solved | Unsolvable:
        if not specs:
            return Solved(())
        try:
            records = self.records(specs)
        except SolverError as error:
            return Unsolvable(self._reason(specs, str(error)))
        return Solved(
            tuple(
                sorted(
                    f"{record.name.normalized} {record.version} {record.build} {(record.sha256 or b'').hex()}"
                    for record in records
                )
            )
        )

    async def _records(self, specs: Sequence[str]) -> list[rattler.RepoDataRecord]:
        detected = self._virtual is None
        virtual = rattler.VirtualPackage.detect() if detected else [_virtual_package(text) for text in self._virtual or ()]
        return await rattler.solve(
            sources=list(self.channels),
            specs=[rattler.MatchSpec(spec, strict=False) for spec in specs],
            gateway=self._gateway,
            platforms=[rattler.Subdir(self.platform), rattler.Subdir("noarch")],
            virtual_packages=virtual,
        )

    def _reason(self, specs: tuple[str, ...], explanation: str) -> str:
        missing = [name for name in dict.fromkeys(map(package_name, specs)) if not name.startswith("__") and not self._has(name)]
        if missing:
            return f"no {', '.join(missing)} in the channel {self._label}"
        told = " ".join(line.strip(" ├└│─") for line in explanation.splitlines()).strip()
        return f"{told.removeprefix('Cannot solve the request because of: ')} (channel {self._label})"

    def _has(self, name: str) -> bool:
        if name not in self._there:
            self._there[name] = self._looked_up(name)
        return self._there[name]

    def _looked_up(self, name: str) -> bool:
        async def look() -> bool:
            found = await self._gateway.query(
                sources=list(self.channels),
                platforms=[rattler.Subdir(self.platform), rattler.Subdir("noarch")],
                specs=[name],
                recursive=False,
            )
            return any(found)

        return asyncio.run(look())


class Solvers:
    """A solver for each kind of environment that a build has: this machine's for tools, the target's for the rest."""

    def __init__(self, channels: Sequence[str], native: str, label: str | None = None) -> None:
        """`native`: the platform of this machine. `label`: what to call the channels in a reason."""
        self._channels = tuple(channels)
        self._native = native
        self._label = label
        self._gateway = rattler.Gateway()
        self._solvers: dict[tuple[str, str | None], Solver] = {}

    def of(self, platform: str, cuda: str | None = None) -> Solver:
        """The solver for a platform; `cuda` is the version of `__cuda` that is assumed there."""
        if (platform, cuda) not in self._solvers:
            assumed = virtual_packages(platform, self._native, cuda)
            self._solvers[platform, cuda] = Solver(self._channels, platform, self._label, assumed, self._gateway)
        return self._solvers[platform, cuda]

    @property
    def tools(self) -> Solver:
        """The solver for what runs while building."""
        return self.of(self._native)


def _virtual_package(text: str) -> rattler.GenericVirtualPackage:
    name, version, build = text.split("=")
    return rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build))
