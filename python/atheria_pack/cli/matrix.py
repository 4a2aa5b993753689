"""`matrix`: every cell, its state, and the reason."""

from __future__ import annotations

import argparse
import json
import sys

from atheria_pack.cli.options import add_selection, channel_of, request_of, workspace_of
from atheria_pack.errors import StrictError
from atheria_pack.matrix import Matrix, survey
from atheria_pack.matrix_view import as_json, markdown_lines, text_lines
from atheria_pack.plan import State

HELP = "show every cell of recipes x variants x platforms, with its state and the reason"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--strict", action="store_true", help="fail when a cell is skipped")
    parser.add_argument("--markdown", action="store_true", help="print tables for a page or a job's summary")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    request = request_of(arguments)
    matrix = survey(workspace, request, channel_of(arguments, workspace, request, workspace.locked()))
    if arguments.json:
        json.dump(as_json(matrix, request), sys.stdout, indent=1)
        print()
    else:
        print(*(markdown_lines(matrix) if arguments.markdown else text_lines(matrix)), sep="\n")
    refuse_skips(matrix, arguments.strict)
    return 0


def refuse_skips(matrix: Matrix, strict: bool) -> None:
    """StrictError when a cell is skipped and the user wants all; previews may be."""
    skipped = [d for d in matrix.decisions if d.state is State.SKIPPED and d.job.identifier not in matrix.previews]
    if strict and skipped:
        cells = sum(len(d.job.outputs) for d in skipped)
        first = skipped[0]
        raise StrictError(f"--strict: {cells} cells are skipped, the first, {first.job.outputs[0].identifier}, because: {first.reason}")
