"""`clean`: remove what builds left, everything or some cells."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path

from atheria_pack.clean import Leftovers, everything, known_jobs, leftovers, remove
from atheria_pack.cli.options import request_of, some_names, workspace_of
from atheria_pack.errors import UsageError
from atheria_pack.platforms import PLATFORMS
from atheria_pack.workspace import Workspace

HELP = "remove what builds left: build/ and output/, or of output/ only the cells that are named"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accel", metavar="NAMES", type=some_names, help="only these accelerators, comma separated")
    parser.add_argument("--python", metavar="VERSIONS", type=some_names, help="only what is made for these Pythons alone")
    parser.add_argument("--platform", metavar="NAMES", type=some_names, help=f"only these platforms, of {', '.join(PLATFORMS)}")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[], help="only these cells, as a glob; may be repeated")
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="the output folder; default: output")
    parser.add_argument("--dry-run", action="store_true", help="show what would be removed, and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    request = request_of(arguments)
    some = bool(arguments.accel or arguments.python or arguments.platform or arguments.only)
    jobs, chosen = known_jobs(workspace, request) if some else ([], [])
    _refuse_strange(workspace)
    with workspace.locked() if workspace.output.is_dir() else nullcontext():
        found = leftovers(workspace, chosen, request.native) if some else everything(workspace)
        if not arguments.dry_run and found.paths:
            remove(found, workspace, jobs)
    return _told(found, workspace, arguments)


def _refuse_strange(workspace: Workspace) -> None:
    """A file or folder named by mistake must not be lost."""
    if workspace.output.exists() and not workspace.output.is_dir():
        raise UsageError(f"--output {workspace.output}: no folder; nothing is removed")
    names = {path.name for path in workspace.output.iterdir()} if workspace.output.is_dir() else set()
    if workspace.output != workspace.root / "output" and names and not names & {".lock", "records", "packages", "bootstrap"}:
        raise UsageError(f"--output {workspace.output}: nothing in it is build-all's; nothing is removed")


def _told(found: Leftovers, workspace: Workspace, arguments: argparse.Namespace) -> int:
    if arguments.json:
        value = {
            "schema": 1,
            "dry_run": arguments.dry_run,
            "cells": list(found.cells),
            "paths": [os.path.relpath(path, workspace.root) for path in found.paths],
            "bytes": found.size,
        }
        json.dump(value, sys.stdout, indent=1)
        print()
        return 0
    for path in found.paths:
        print(os.path.relpath(path, workspace.root))
    word = "would remove" if arguments.dry_run else "removed"
    cells = f" of {len(found.cells)} cells" if found.cells else ""
    print(f"{word} {len(found.paths)} files and folders{cells}, {found.size / 1e6:.1f} MB")
    return 0
