"""What a benchmark subject is given (Context) and what it gives back (Row)."""

from __future__ import annotations

import ctypes
import json
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import runtime as rt
from sampling import Samples, paired_ratio

# OpenBLAS falls back to these when it does not know the CPU: such a peer would flatter us.
DEGRADED_CORES = {"prescott", "core2", "katmai", "northwood", "generic", "unknown"}
# And these leave half of an AVX-512 machine unused.
AVX2_CORES = {"haswell", "zen", "excavator"}


@dataclass(frozen=True)
class Row:
    """One candidate's figure for one case."""

    case: str
    candidate: str
    seconds: float  # median per operation
    seconds_p10: float
    seconds_p90: float
    gflops: float | None
    peak_share: float | None  # of the FMA peak measured in this run
    speedup: float | None  # on atheria's rows: the best peer's time over ours, median of the paired rounds
    note: str = ""


@dataclass
class Context:
    """Where the libraries are and how long to measure."""

    prefix: Path  # an installed tree: lib/libatheria_runtime.so
    machine_program: Path  # prints FMA peak and triad as JSON
    quick: bool
    torch: ModuleType | None
    backend: str = "auto"

    @cached_property
    def library(self) -> Path:
        return self.prefix / "lib" / ("libatheria_runtime.dylib" if platform.system() == "Darwin" else "libatheria_runtime.so")

    def runtime(self) -> rt.Runtime:
        return rt.Runtime(self.library, self.backend)

    @cached_property
    def machine(self) -> dict[str, Any]:
        """Facts of this machine, the FMA peak (GFLOP/s, one core) and the triad (GB/s, one core) measured now."""
        printed = subprocess.run([str(self.machine_program), "machine"], check=True, capture_output=True, text=True).stdout
        facts: dict[str, Any] = json.loads(printed)
        return facts

    @cached_property
    def peak_gflops(self) -> float:
        return float(self.machine["peak_gflops"])

    @cached_property
    def blas_core(self) -> str:
        """The kernel family numpy's OpenBLAS chose; a degraded one ends the run."""
        core = openblas_core()
        if is_degraded(core):
            raise SystemExit(f"bench: numpy's OpenBLAS runs its {core} kernels, which do not fit this CPU; set OPENBLAS_CORETYPE "
                             "(for example SkylakeX or Haswell) and measure again")
        return core

    def rounds(self, flop: float) -> int:
        """Fewer rounds for cases that take long; never less than 5."""
        return max(5, min(7 if self.quick else 21, int(2e11 / max(flop, 1.0))))


def is_degraded(core: str) -> bool:
    """Whether OpenBLAS's kernel family `core` is below what this CPU runs."""
    info = Path("/proc/cpuinfo")
    avx512 = info.exists() and "avx512f" in info.read_text()
    return core.lower() in DEGRADED_CORES or (avx512 and core.lower() in AVX2_CORES)


def openblas_core() -> str:
    """Core name of the OpenBLAS that numpy has loaded, found among the libraries mapped into this process; "not OpenBLAS" without one."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return "unnamed BLAS"
    loaded = {line.split()[-1] for line in maps.read_text().splitlines() if "openblas" in line.rsplit("/", 1)[-1]}
    for path in sorted(loaded):
        library = ctypes.CDLL(path)
        for symbol in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename64_", "openblas_get_corename"):
            if hasattr(library, symbol):
                function = getattr(library, symbol)
                function.restype = ctypes.c_char_p
                return str(function().decode())
    return "not OpenBLAS"


def ratios(case: str, samples: dict[str, Samples], operations: dict[str, int], flop: float, context: Context) -> Iterator[Row]:
    """Rows of one case. `operations` says how many operations a candidate's call holds (1 if not named); `flop` is of one."""
    scaled = {name: Samples(tuple(s / operations.get(name, 1) for s in taken.seconds)) for name, taken in samples.items()}
    peers = {name: taken for name, taken in scaled.items() if not name.startswith("atheria")}
    best = min(peers, key=lambda name: peers[name].median) if peers else None
    for name, taken in scaled.items():
        gflops = flop / taken.median / 1e9 if flop else None
        yield Row(
            case, name, taken.median, taken.quantile(0.1), taken.quantile(0.9), gflops,
            gflops / context.peak_gflops if gflops is not None else None,
            paired_ratio(peers[best], taken) if best is not None and name not in peers else None,
            f"against {best}" if best is not None and name not in peers else "",
        )
