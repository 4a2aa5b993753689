"""A family of packages as plans see them: mutex, library and headers of one staging build, Pythons, a metapackage."""

from pathlib import Path

from atheria_pack.recipes import Output


def output(
    name: str, build: str = "cpu", staging: str | None = None, requires: str = "", platform: str = "linux-64", **variant: str
) -> Output:
    return Output(
        Path("recipe.yaml"), name, "1", build, 0, platform, platform, staging, variant, {}, (), (), frozenset(requires.split()), (), {}
    )


FAMILY = [
    output("meta", "cpu", requires="core", accel="cpu"),
    output("core", "cpu_py310", requires="lib dev", accel="cpu", python="3.10"),
    output("core", "cpu_py311", requires="lib dev", accel="cpu", python="3.11"),
    output("core", "gpu_py310", requires="lib dev", accel="gpu", python="3.10"),
    output("lib", "cpu", "b", "mutex", accel="cpu"),
    output("dev", "cpu", "b", "lib", accel="cpu"),
    output("lib", "gpu", "b", "mutex", accel="gpu"),
    output("dev", "gpu", "b", "lib", accel="gpu"),
    output("mutex", "cpu", accel="cpu"),
    output("mutex", "gpu", accel="gpu"),
]
