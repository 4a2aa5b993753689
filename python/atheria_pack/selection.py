"""Which accelerator a spec gives on which machine: the promise in one table, and its check against a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atheria_pack.recipes import package_name
from atheria_pack.solve import Solved, Solver

FAMILY = (
    "atheria", "atheria-cpu", "atheria-gpu", "atheria-core", "atheria-variant",
    "libatheria-engine", "libatheria-engine-dev", "libatheria-runtime", "libatheria-runtime-dev",
)  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """A kind of machine.

    - `virtual`: the virtual packages a solver would find there, `name=version=build` each.
    - `best_first`: the accelerators whose packages may be installed there, the preferred one first. rocm is last
      everywhere: no virtual package tells an AMD GPU yet, so it is for who asks by name.
    """

    name: str
    platform: str
    virtual: tuple[str, ...]
    best_first: tuple[str, ...]


_LINUX = ("__unix=0=0", "__linux=6.1=0", "__glibc=2.39=0")
_WIN = ("__win=10.0.20348=0",)
_MAC = ("__unix=0=0", "__archspec=1=m1")
_X86 = "__archspec=1=x86_64_v3"
_ARM = "__archspec=1=aarch64"

PROFILES = (
    Profile("linux-64, no GPU", "linux-64", (*_LINUX, _X86), ("cpu", "openblas", "rocm")),
    Profile("linux-64, CUDA 12 driver", "linux-64", (*_LINUX, _X86, "__cuda=12.4=0"), ("cuda129", "cpu", "openblas", "rocm")),
    Profile("linux-64, CUDA 13 driver", "linux-64", (*_LINUX, _X86, "__cuda=13.0=0"), ("cuda130", "cuda129", "cpu", "openblas", "rocm")),
    Profile("linux-64, AMD GPU", "linux-64", (*_LINUX, _X86), ("cpu", "openblas", "rocm")),
    Profile("linux-aarch64, no GPU", "linux-aarch64", (*_LINUX, _ARM), ("cpu", "openblas")),
    Profile("linux-aarch64, CUDA 12 driver", "linux-aarch64", (*_LINUX, _ARM, "__cuda=12.9=0"), ("cuda129", "cpu", "openblas")),
    Profile("linux-aarch64, CUDA 13 driver", "linux-aarch64", (*_LINUX, _ARM, "__cuda=13.1=0"), ("cuda130", "cuda129", "cpu", "openblas")),
    Profile("osx-arm64, macOS 15", "osx-arm64", (*_MAC, "__osx=15.1=0"), ("metal", "cpu", "openblas")),
    Profile("osx-arm64, macOS 12", "osx-arm64", (*_MAC, "__osx=12.6=0"), ("cpu", "openblas")),
    Profile("win-64, no GPU", "win-64", (*_WIN, _X86), ("cpu", "openblas")),
    Profile("win-64, CUDA 12 driver", "win-64", (*_WIN, _X86, "__cuda=12.6=0"), ("cuda129", "cpu", "openblas")),
    Profile("win-64, CUDA 13 driver", "win-64", (*_WIN, _X86, "__cuda=13.0=0"), ("cuda130", "cuda129", "cpu", "openblas")),
)

_ALL = ("cuda130", "cuda129", "metal", "cpu", "openblas", "rocm")

# What users type, and the accelerators it leaves to choose from.
SPECS: Mapping[str, tuple[str, ...]] = {
    "atheria": _ALL,
    "atheria-core": _ALL,
    "libatheria-runtime": _ALL,
    "atheria-core=*=cuda*": ("cuda130", "cuda129"),
    "atheria-core=*=cpu*": ("cpu",),
    "atheria-core=*=openblas*": ("openblas",),
    "atheria-core=*=rocm*": ("rocm",),
    "atheria-core=*=metal*": ("metal",),
    "libatheria-runtime=*=cuda*": ("cuda130", "cuda129"),
    "libatheria-runtime=*=metal*": ("metal",),
    "atheria-gpu": ("cuda130", "cuda129", "metal", "rocm"),
    "atheria-cpu": ("cpu", "openblas"),
}


@dataclass(frozen=True)
class Choice:
    """One cell of the table: what `spec` gave on a machine of `profile`, and what was promised.

    `expected` and `chosen` name accelerators; None is a refusal. `reason` is the solver's, where it refused, or what is
    wrong with the solution.
    """

    profile: str
    spec: str
    expected: str | None
    chosen: str | None
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether the promise is kept."""
        return self.expected == self.chosen


def expected(profile: Profile, spec: str, available: Mapping[str, frozenset[str]]) -> str | None:
    """The accelerator that a spec must give: the best one of the machine that the spec admits and that was built.

    `available`: the accelerators of each package in the channel, by package name. A package is of use only with the whole
    of what it needs, so the mutex counts as well.
    """
    built = available.get(package_name(spec), frozenset()) & available.get("atheria-variant", frozenset())
    return next((accel for accel in profile.best_first if accel in SPECS[spec] and accel in built), None)


def choices(
    channels: Sequence[str], available: Mapping[str, Mapping[str, frozenset[str]]], profiles: Sequence[Profile] = PROFILES
) -> list[Choice]:
    """Solve every spec on every kind of machine. `available`: per platform, the accelerators of each package."""
    found = []
    for profile in profiles:
        solver = Solver(channels, profile.platform, virtual_packages=profile.virtual)
        for spec in SPECS:
            wanted = expected(profile, spec, available.get(profile.platform, {}))
            found.append(_choice(profile, spec, wanted, solver))
    return found


def _choice(profile: Profile, spec: str, wanted: str | None, solver: Solver) -> Choice:
    solved = solver.packages([spec])
    if not isinstance(solved, Solved):
        return Choice(profile.name, spec, wanted, None, solved.reason)
    accels = family_accels(solved.packages)
    if len(accels) != 1:
        return Choice(profile.name, spec, wanted, " and ".join(sorted(accels)), "one environment with several accelerators")
    return Choice(profile.name, spec, wanted, *accels)


def family_accels(packages: Sequence[str]) -> set[str]:
    """The accelerators of the family's packages among `name version build digest` lines."""
    split = (package.split(" ") for package in packages)
    return {build.split("_")[0] for name, _, build, *_ in split if name in FAMILY}
