"""`matrix`: every cell, its state, and the reason."""

from __future__ import annotations

import argparse
import json
import os
import sys

from atheria_pack.channel.base import BaseChannel
from atheria_pack.cli.options import add_selection, channel_of, request_of, workspace_of
from atheria_pack.errors import StrictError
from atheria_pack.matrix import Matrix, survey
from atheria_pack.matrix_view import as_json, markdown_lines, text_lines, toolkit_lines
from atheria_pack.plan import State
from atheria_pack.proof import backend_of
from atheria_pack.solve import Solved, Solver
from atheria_pack.toolkits import Toolkit, find_toolkits
from atheria_pack.variants import ACCEL_KEY

# What a channel may lack, by the beginning of its name, and who has it.
_CROSS = "`--channel bootstrap` makes the compilers for other platforms, of ziglang"
_ADVICE = {
    "cuda-nvcc": "packages are built by the channel's cuda-nvcc: conda-forge has 12.9 and 13.0, `--channel bootstrap` makes 13.0",
    "hip-clang": "packages are built by the channel's hip-clang: `--channel bootstrap` wraps this machine's hipcc (on Debian: hipcc)",
    "gcc_linux-aarch64": _CROSS,
    "clang_osx-arm64": _CROSS,
    "vs2022_win-64": _CROSS,
}

HELP = "show every cell of recipes x variants x platforms, with its state and the reason"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--strict", action="store_true", help="fail when a cell is skipped")
    parser.add_argument("--markdown", action="store_true", help="print tables for a page or a job's summary")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    request = request_of(arguments)
    matrix = survey(workspace, request, channel_of(arguments, workspace, request, workspace.locked()))
    toolkits = toolkits_for(matrix.channel, request.native)
    if arguments.json:
        json.dump(as_json(matrix, request, toolkits), sys.stdout, indent=1)
        print()
    else:
        print(*(markdown_lines(matrix, toolkits) if arguments.markdown else text_lines(matrix, toolkits)), sep="\n")
    refuse_skips(matrix, request.native, arguments.strict)
    return 0


def toolkits_for(channel: BaseChannel, native: str) -> list[Toolkit]:
    """What this machine and the channel have to build with."""
    compiler = f"cuda-nvcc_{native}"
    solved = Solver([channel.uri], native).packages([compiler])
    versions = [package.split(" ")[1] for package in solved.packages if package.startswith(f"{compiler} ")] if isinstance(solved, Solved) else []
    return find_toolkits(os.environ, versions[0] if versions else None)


def refuse_skips(matrix: Matrix, native: str, strict: bool) -> None:
    """StrictError when a cell is skipped and the user wants all; previews may be. It tells which toolkits were looked for."""
    skipped = [d for d in matrix.decisions if d.state is State.SKIPPED and d.job.identifier not in matrix.previews]
    if strict and skipped:
        cells = sum(len(d.job.outputs) for d in skipped)
        first = skipped[0]
        kinds = {backend_of(output.variant.get(ACCEL_KEY, "")) for d in skipped for output in d.job.outputs} | {"compiler"}
        looked_for = [toolkit for toolkit in toolkits_for(matrix.channel, native) if toolkit.kind in kinds]
        raise StrictError(
            "\n".join(
                [
                    f"--strict: {cells} cells are skipped, the first, {first.job.outputs[0].identifier}, because: {first.reason}",
                    "looked for to build them:",
                    *toolkit_lines(looked_for),
                    *dict.fromkeys(f"  {advice}" for d in skipped for name, advice in _ADVICE.items() if name in d.reason),
                ]
            )
        )
