"""Compares the claimed GPUs with the device code inside the plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from atheria_pack.inspection.fatbin import FatbinError, GpuCode, find_fatbins
from atheria_pack.inspection.finding import Finding, error
from atheria_pack.inspection.offload_bundle import BundleError, CodeObject, find_bundles
from atheria_pack.inspection.subject import Subject

# The oldest Linux driver that runs what a toolkit makes: NVIDIA's "CUDA Compatibility", minor version compatibility.
_DRIVERS = {"12": "525", "13": "580"}
_METAL = b"metal_stdlib"


@dataclass(frozen=True)
class DeviceCode:
    """What was found in one file."""

    cuda: tuple[GpuCode, ...] = ()
    rocm: tuple[CodeObject, ...] = ()
    metal: bool = False

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of device code by architecture."""
        total: dict[str, int] = {}
        named = [(code.architecture, code.size) for code in self.cuda] + [(code.target, code.size) for code in self.rocm]
        for name, size in named:
            total[name] = total.get(name, 0) + size
        return total


def device_code(data: bytes) -> DeviceCode:
    """All device code in a file. FatbinError or BundleError when some of it cannot be read."""
    fatbins = [code for fatbin in find_fatbins(data) for code in fatbin]
    objects = [code for bundle in find_bundles(data) for code in bundle]
    return DeviceCode(tuple(fatbins), tuple(objects), _METAL in data)


def check_gpu(subject: Subject) -> Iterator[Finding]:
    """Device code is where the accelerator says, for the GPUs that capabilities.json names, and for no others."""
    cuda: list[GpuCode] = []
    rocm: list[CodeObject] = []
    metal = False
    for path in subject.binaries:
        try:
            code = device_code(subject.contents.files[path].data)
        except (FatbinError, BundleError) as problem:
            yield error("device-code", path, "readable device code", problem)
            continue
        cuda += code.cuda
        rocm += code.rocm
        metal = metal or code.metal
        for entry in code.cuda:
            if re.sub("[af]$", "", entry.architecture) != re.sub("[af]$", "", entry.inside):
                yield error("device-code", path, f"code for {entry.architecture}, as its container says", entry.inside)
        for target in code.rocm:
            if target.target.partition(":")[0] != target.inside:
                yield error("device-code", path, f"code for {target.target}, as its bundle says", target.inside)
    own = re.sub(r"\d+$", "", subject.accel)
    runtime = subject.contents.name == "libatheria-runtime"
    claims = subject.claims or {}
    place = subject.contents.facts_path("capabilities.json")
    yield from _section(claims, "cuda", place, runtime and own == "cuda", bool(cuda))
    yield from _section(claims, "rocm", place, runtime and own == "rocm", bool(rocm))
    yield from _section(claims, "metal", place, runtime and own == "metal", metal)
    if isinstance(claims.get("cuda"), dict):
        yield from _check_cuda(subject, claims["cuda"], cuda, place)
    if isinstance(claims.get("rocm"), dict):
        yield from _compare("claim-rocm-targets", place, sorted({code.target for code in rocm}), claims["rocm"].get("targets"))
        yield from _check_left_out(claims["rocm"], "targets", place)
    if isinstance(claims.get("metal"), dict):
        yield from _check_metal(subject, claims["metal"], place)


def _section(claims: dict[str, Any], name: str, place: str, wanted: bool, there: bool) -> Iterator[Finding]:
    """The member of an accelerator is an object exactly in its own runtime, and its code with it."""
    if wanted and not isinstance(claims.get(name), dict):
        yield error(f"claim-{name}", place, f"an object {name}", claims.get(name))
    if wanted and not there:
        yield error(f"claim-{name}", place, f"device code for {name}", "none in any file")
    if not wanted and claims.get(name) is not None:
        yield error(f"claim-{name}", place, "nothing, as this is no such build", claims.get(name))
    if not wanted and there:
        yield error(f"claim-{name}", place, f"no device code for {name}", "some")


def _check_cuda(subject: Subject, claim: dict[str, Any], found: list[GpuCode], place: str) -> Iterator[Finding]:
    yield from _compare("claim-cuda-architectures", place, _by_number({c.architecture for c in found if not c.is_ptx}), claim.get("architectures"))
    yield from _compare("claim-cuda-ptx", place, _by_number({c.architecture for c in found if c.is_ptx}), claim.get("ptx"))
    yield from _check_left_out(claim, "architectures", place)
    toolkit = str(claim.get("toolkit"))
    if f"cuda{toolkit.replace('.', '')}" != subject.accel:
        yield error("claim-cuda-toolkit", place, f"the toolkit of {subject.accel}", toolkit)
    major = toolkit.partition(".")[0]
    if claim.get("minimum_driver") != _DRIVERS.get(major):
        yield error("claim-cuda-driver", place, f"{_DRIVERS.get(major)}, the oldest driver of CUDA {major}", claim.get("minimum_driver"))
    if f"__cuda >={major}" not in subject.contents.depends:
        yield error("claim-cuda-driver", "info/index.json", f"a dependency __cuda >={major}", [s for s in subject.contents.depends if "cuda" in s])


def _check_metal(subject: Subject, claim: dict[str, Any], place: str) -> Iterator[Finding]:
    if not re.fullmatch(r"\d+\.\d+", str(claim.get("language"))):
        yield error("claim-metal", place, "a version of the Metal language", claim.get("language"))
    for path, binary in subject.binaries.items():
        found = ".".join(map(str, binary.minimum_macos[:2])) if binary.minimum_macos else None
        if found != claim.get("minimum_macos"):
            yield error("claim-metal-macos", path, f"{claim.get('minimum_macos')}, as capabilities.json says", found)


def _check_left_out(claim: dict[str, Any], kept: str, place: str) -> Iterator[Finding]:
    both = set(map(str, claim.get("left_out") or [])) & set(map(str, claim.get(kept) or []))
    if both:
        yield error("claim-left-out", place, f"what is left out to be no part of {kept}", sorted(both))


def _compare(rule: str, place: str, truth: list[str], said: object) -> Iterator[Finding]:
    if not isinstance(said, list) or sorted(map(str, said)) != sorted(truth):
        yield error(rule, place, f"{', '.join(truth) or 'none'}, which the plugins have", said)


def _by_number(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name))
