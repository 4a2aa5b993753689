"""`./run bench`: speed beside peers in the same run, as a share of what this machine was just measured to be able to do."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SUBJECTS = ("sgemm", "conv", "step")
# Peers and candidate get one core each time; set before any of them is loaded.
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "ATHERIA_THREADS")}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT",
                        help=f"of {', '.join(SUBJECTS)}; all by default. `channel`, alone, measures mirrors and has its own --help")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: for looking, not for quoting")
    parser.add_argument("--backend", default="auto", help="atheria backend to measure (default: auto)")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench" / "bench.json", metavar="FILE")
    parser.add_argument("--plot", type=Path, default=ROOT / "build" / "bench" / "bench.svg", metavar="FILE")
    parser.add_argument("--prefix", type=Path, default=ROOT / "build" / "dev" / "prefix", help="installed tree to measure")
    parser.add_argument("--machine-program", type=Path, default=ROOT / "build" / "dev" / "native" / "bench_native",
                        help="program that measures FMA peak and triad")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.subjects) - set(SUBJECTS))
    if unknown:
        parser.error(f"unknown subject {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    return chosen


def main() -> int:
    if sys.argv[1:2] == ["channel"]:  # needs no native build, and all cores
        sys.path.insert(0, str(HERE))
        import channel

        return channel.main(sys.argv[2:])
    chosen = arguments()
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    sys.path.insert(0, str(HERE))
    from bench_rows import Context, is_degraded, openblas_core
    from report import as_json, as_svg, row_text, write

    if os.environ.get("OPENBLAS_CORETYPE") != "SkylakeX" and is_degraded(core := openblas_core()):
        # The peer at its best: OpenBLAS does not know every CPU that can run its AVX-512 kernels, and a shell may have set less.
        print(f"numpy's OpenBLAS runs its {core} kernels; measuring with OPENBLAS_CORETYPE=SkylakeX instead", file=sys.stderr)
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OPENBLAS_CORETYPE": "SkylakeX"})

    try:
        import torch
        torch.set_num_threads(1)
    except ImportError:
        torch = None
        print("torch is not installed: its rows are left out (pip install torch==2.13.0 is a CPU build)", file=sys.stderr)
    context = Context(chosen.prefix, chosen.machine_program, chosen.quick, torch, chosen.backend)
    for needed in (context.library, context.machine_program):
        if not needed.exists():
            print(f"bench: {needed} is missing; ./run build-dev makes it", file=sys.stderr)
            return 2
    machine = context.machine
    machine["numpy_blas"] = context.blas_core
    print(f"{machine['cpu']}: FMA peak {machine['peak_gflops']:.1f} GFLOP/s, triad {machine['triad_gbs']:.1f} GB/s, one core", flush=True)
    rows = []
    for name in chosen.subjects or SUBJECTS:
        for row in importlib.import_module(name).measure(context):
            rows.append(row)
            print(row_text(row), flush=True)
    write(chosen.json, as_json(machine, rows))
    write(chosen.plot, as_svg(machine, rows))
    print(f"wrote {chosen.json} and {chosen.plot}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
