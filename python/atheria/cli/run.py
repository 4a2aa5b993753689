"""Run a law and write a picture, an animation or a snapshot."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import initial
from ..atomic_file import check_writable
from ..errors import UsageError
from ..image_file import check_target, save_image
from ..native import engine_info
from ..simulation import PICTURES, Roi, Simulation

BACKENDS = ("auto", "cpu", "reference", "openblas", "numpy")
INIT_SIZE_MAX = 4096  # side of an initial state in an infinite domain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--law", default="demo", metavar="NAME|FILE", help="a law that ships, or a law file (demo)")
    parser.add_argument("--steps", type=int, default=100, metavar="N", help="steps to run (100)")
    parser.add_argument("--out", metavar="FILE", help="picture to write: .png, or .gif for an animation")
    parser.add_argument("--snapshot", metavar="FILE", help="snapshot to write at the end, and on Ctrl-C")
    parser.add_argument("--view", default="phase", choices=sorted(PICTURES), help="what the picture shows (phase)")
    parser.add_argument("--size", type=int, default=256, metavar="CELLS", help="side of the picture, and of the domain (256)")
    parser.add_argument("--domain", default="infinite", choices=("infinite", "bounded", "periodic"))
    parser.add_argument("--background", default="zero", choices=("zero", "static", "fluctuating"))
    parser.add_argument("--mode", default="threshold", choices=("threshold", "exact"), help="activity (threshold)")
    parser.add_argument("--init", default="vortex", choices=initial.KINDS, help="initial state in the middle (vortex)")
    parser.add_argument("--init-size", type=int, default=18, metavar="CELLS", help="side of the initial state (18)")
    parser.add_argument("--seed", type=int, default=0, help="of the initial state and the vacuum (0)")
    parser.add_argument("--threads", type=int, default=0, help="0: all that are allowed; never changes results (0)")
    parser.add_argument("--backend", default="auto", choices=BACKENDS, help="numpy is the reference engine (auto)")
    parser.add_argument("--frames", type=int, default=50, metavar="N", help="at most so many frames in a .gif (50)")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar and no summary")


def _check(args: argparse.Namespace) -> None:
    """What can be refused before anything is computed."""
    if args.steps < 0:
        raise UsageError(f"--steps {args.steps}: a number from 0")
    if not 1 <= args.size <= 16384:
        raise UsageError(f"--size {args.size}: expected 1 to 16384 cells")
    largest = INIT_SIZE_MAX if args.domain == "infinite" else args.size - 2
    if not 1 <= args.init_size <= largest:
        raise UsageError(f"--init-size {args.init_size}: expected 1 to {largest} cells")
    if args.frames < 1:
        raise UsageError(f"--frames {args.frames}: at least 1")
    if args.out:
        check_target(args.out)
    if args.snapshot:
        check_writable(args.snapshot)


def _summary(simulation: Simulation, args: argparse.Namespace, result: Any) -> dict[str, Any]:
    info = engine_info()
    return {
        "law": simulation.law.name,
        "engine": "reference" if simulation.fallback_reason else "native",
        "engine_reason": simulation.fallback_reason,
        "version": info["version"],
        "steps_per_second": result.steps_per_second,
        **asdict(result),
        "domain": args.domain,
        "out": args.out,
        "snapshot": args.snapshot,
    }


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    _check(args)
    infinite = args.domain == "infinite"
    simulation = Simulation(
        args.law,
        domain=args.domain,
        size=None if infinite else args.size,
        background=args.background,
        mode=args.mode,
        seed=args.seed,
        device=args.backend,
        threads=args.threads,
    )
    middle = 0 if infinite else args.size // 2
    simulation.add(*initial.make(args.init, simulation.law.d, args.init_size, args.seed, (middle, middle)))
    corner = -(args.size // 2) if infinite else 0
    roi: Roi = (corner, corner, corner + args.size, corner + args.size)
    frames = []
    animated = bool(args.out) and Path(args.out).suffix.lower() == ".gif"
    if animated:
        frames.append(simulation.image(args.view, roi, 0))
    try:
        result = simulation.run(
            args.steps,
            progress=False if args.quiet else None,
            every=max(1, -(-args.steps // args.frames)) if animated else 0,
            on_frame=lambda s: frames.append(s.image(args.view, roi, 0)) if animated else None,
        )
    except KeyboardInterrupt:
        if args.snapshot:  # hours of work; the state is that of the last complete step
            simulation.save(args.snapshot)
            print(f"atheria run: wrote {args.snapshot}, step {simulation.step_number} of {args.steps}", file=sys.stderr)
        raise
    if args.out:
        save_image(args.out, frames or [simulation.image(args.view, roi, 0)])
    if args.snapshot:
        simulation.save(args.snapshot)
    summary = _summary(simulation, args, result)
    if args.json:
        print(json.dumps(summary, indent=2))
    elif not args.quiet:
        print(
            f"{result.steps} steps in {result.seconds:.3f} s = {result.steps_per_second:.1f} steps/s, "
            f"{result.active_cells} active cells, backend {result.backend} ({summary['engine']} engine, {result.threads} threads)"
        )
        for path in filter(None, (args.out, args.snapshot)):
            print(f"wrote {path}")
    if simulation.fallback_reason and args.backend == "auto" and not args.quiet:
        print(f"note: the reference engine ran: {simulation.fallback_reason}", file=sys.stderr)
    return 0
