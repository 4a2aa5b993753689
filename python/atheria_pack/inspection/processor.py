"""Compares the claimed platform and CPU levels with the machine code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from atheria_pack.inspection.binary import Binary
from atheria_pack.inspection.finding import Finding, error
from atheria_pack.inspection.subject import Subject

# What every file of a platform is: form and machine.
_PLATFORMS = {
    "linux-64": ("ELF", "x86_64"),
    "linux-aarch64": ("ELF", "aarch64"),
    "osx-arm64": ("Mach-O", "aarch64"),
    "osx-64": ("Mach-O", "x86_64"),
    "win-64": ("PE", "x86_64"),
}


def check_processor(subject: Subject) -> Iterator[Finding]:
    """Every binary is of the package's platform, its levels are the claimed ones, and what runs first runs everywhere."""
    platform = subject.contents.subdir
    form = _PLATFORMS.get(platform)
    for path, binary in subject.binaries.items():
        if form is None:
            yield error("platform", path, "no program files in a package for every platform", f"{binary.form} {binary.machine}")
        elif (binary.form, binary.machine) != form:
            yield error("platform", path, f"{' '.join(form)} for {platform}", f"{binary.form} {binary.machine}")
        early = [function for function in binary.functions if function.address in binary.entries and function.level != "baseline"]
        if early:
            yield error(
                "baseline", path, "entry points that run on every CPU",
                f"{len(early)} that need {early[0].level}, the first at {early[0].address:#x}",
            )  # fmt: skip
    if subject.claims is None or not subject.binaries:
        return
    said = subject.claims.get("cpu_levels")
    place = subject.contents.facts_path("capabilities.json")
    if not isinstance(said, list):
        yield error("claim-cpu-levels", place, "a list", said)
        return
    if subject.extensions:
        # What a Python package says is its engine's, which the engine's own package answers for.
        for path in sorted(subject.extensions):
            found = cpu_levels([subject.binaries[path]])
            if not set(found) <= {"baseline", "neon"}:
                yield error("claim-cpu-levels", path, "a module that runs on every CPU", found)
        return
    found = cpu_levels(subject.binaries.values())
    if found != said:
        yield error("claim-cpu-levels", place, f"{', '.join(found)}, which the machine code has", said)


def cpu_levels(binaries: Iterable[Binary]) -> list[str]:
    """The CPU levels that the machine code is written for, lowest first.

    Code of the avx512 level also holds shorter vectors, so that avx2 counts where a function has 256-bit vectors and no
    AVX-512 at all.
    """
    files = list(binaries)
    if any(binary.machine == "aarch64" for binary in files):
        return ["neon"]
    functions = [function for binary in files for function in binary.functions]
    levels = ["baseline"]
    if any(function.vex_256 and not function.evex for function in functions):
        levels.append("avx2")
    if any(function.evex for function in functions):
        levels.append("avx512")
    return levels
