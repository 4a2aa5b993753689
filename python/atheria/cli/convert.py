"""Make a law file of a torch module that was saved whole."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..convert import convert_module, load_module
from ..law import LAW_SUFFIX, law_from_program, save_law


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("module", metavar="FILE", help="module saved with torch.save(module, FILE)")
    parser.add_argument("--out", metavar="FILE", help=f"law file to write (the module's name with {LAW_SUFFIX})")
    parser.add_argument("--name", help="name of the law (the file's)")
    parser.add_argument("--gamma", type=float, default=0.0, help="default decay of the law (0)")
    parser.add_argument("--product", action="store_true", help="Delta is multiplied by psi (UNetUnitary laws)")


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    source = Path(args.module)
    target = Path(args.out) if args.out else source.with_suffix(LAW_SUFFIX)
    program = convert_module(load_module(source), name=args.name or source.stem, gamma=args.gamma, product=args.product)
    law = law_from_program(program)
    save_law(program, target)
    digest = law.digest.hex()[:16]
    print(f"wrote {target}: law {law.name}, d = {law.d}, radius {law.radius}, digest {digest}")
    return 0
