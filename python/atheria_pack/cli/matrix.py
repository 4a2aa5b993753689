"""`matrix`: every cell, its state, and the reason."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from atheria_pack.cli.options import add_selection, channel_of, request_of, workspace_of
from atheria_pack.errors import StrictError
from atheria_pack.matrix import PLATFORMS, Matrix, Request, survey
from atheria_pack.plan import State
from atheria_pack.variants import ACCEL_KEY

HELP = "show every cell of recipes x variants x platforms, with its state and the reason"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--strict", action="store_true", help="fail when a cell is skipped")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    request = request_of(arguments)
    matrix = survey(workspace, request, channel_of(arguments, workspace, request, workspace.locked()))
    if arguments.json:
        json.dump(as_json(matrix, request), sys.stdout, indent=1)
        print()
    else:
        print_table(matrix, request)
    refuse_skips(matrix, arguments.strict)
    return 0


def refuse_skips(matrix: Matrix, strict: bool) -> None:
    """StrictError when a cell is skipped and the user wants all."""
    skipped = [d for d in matrix.decisions if d.state is State.SKIPPED]
    if strict and skipped:
        cells = sum(len(d.job.outputs) for d in skipped)
        raise StrictError(f"--strict: {cells} cells are skipped, the first because: {skipped[0].reason}")


def as_json(matrix: Matrix, request: Request) -> dict[str, Any]:
    """The matrix for other programs, a CI's job matrix among them."""
    return {
        "schema": 1,
        "platform": request.platform,
        "channel": {"name": matrix.channel.name, "note": matrix.channel.note},
        "cells": [
            {
                "cell": output.identifier,
                "name": output.name,
                "version": output.version,
                "build": output.build,
                "subdir": output.subdir,
                "accel": output.variant.get(ACCEL_KEY),
                "python": output.python,
                "job": decision.job.identifier,
                "needs": sorted(decision.job.suppliers),
                "state": decision.state.value,
                "reason": decision.reason,
            }
            for decision in matrix.decisions
            for output in decision.job.outputs
        ],
    }


def print_table(matrix: Matrix, request: Request) -> None:
    """A line per cell, then the sums."""
    rows = [
        (output.identifier, output.version, decision.state.value, decision.reason)
        for decision in matrix.decisions
        for output in decision.job.outputs
    ]
    print(f"channel: {matrix.channel.name} ({matrix.channel.note})")
    widths = [max(len(row[column]) for row in [*rows, ("cell", "version", "state", "")]) for column in range(3)]
    for row in [("cell", "version", "state", "why"), *rows]:
        print("  ".join([*(text.ljust(width) for text, width in zip(row[:3], widths, strict=True)), row[3]]).rstrip())
    counts = ", ".join(f"{matrix.count(state)} {state.value}" for state in State if matrix.count(state))
    others = [platform for platform in PLATFORMS if platform != request.platform]
    print(f"{len(rows)} cells: {counts}. Not shown: --platform {', '.join(others)}")
