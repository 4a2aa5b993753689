"""The environments that a job would be built and installed in, solved today: what is in them, or why there are none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from atheria_pack.plan import Job
from atheria_pack.recipes import Output, package_name
from atheria_pack.solve import Solvers, Unsolvable
from atheria_pack.variants import NONE

_CUDA_KEY = "cuda_compiler_version"


def environments_of(job: Job, solvers: Solvers, family: Collection[str]) -> tuple[dict[str, str], str | None]:
    """The solved build and host sets of a job as parts of its content key, and why there are none if there are none.

    Tools are solved for this machine, the rest for the platform the package is for. Packages of our own are left to the plan:
    their keys stand for them.
    """
    parts: dict[str, str] = {}
    for output in job.outputs:
        target = solvers.of(output.platform, assumed_cuda(output))
        environments = (
            ("build", solvers.tools, output.build_specs),
            ("host", target, output.host_specs),
            ("run", target, run_specs(output)),
        )
        for kind, solver, specs in environments:
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


def assumed_cuda(output: Output) -> str | None:
    """The version of `__cuda` to assume for a package, whatever driver this machine has: that of its toolkit, None without one."""
    version = output.combination.get(_CUDA_KEY, NONE)
    return None if version == NONE else version
