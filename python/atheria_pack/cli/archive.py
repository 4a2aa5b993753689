"""`archive`: the packages of the channel as relocatable archives, with an installer, for people without conda."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atheria_pack.archive.choice import Choice, choices
from atheria_pack.archive.make import make_archive
from atheria_pack.archive.write import FOLDER, INDEX, file_name, write_index
from atheria_pack.channel.base import BOOTSTRAP, DEFAULT, address
from atheria_pack.cli.options import callers_folder, names_in, platforms_of, some_names, workspace_of
from atheria_pack.errors import PackError
from atheria_pack.platforms import PLATFORMS
from atheria_pack.report import base_of
from atheria_pack.variants import check_names, load_variants
from atheria_pack.workspace import Workspace, make_folder

HELP = "make relocatable archives of what was built, with an installer, for machines without conda"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accel", metavar="NAMES", type=some_names, help="accelerators to archive, comma separated; default: all that are built")
    parser.add_argument("--platform", metavar="NAMES", type=some_names, help=f"of {', '.join(PLATFORMS)}; default: all that are built")
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="where build-all put the channel; default: output")
    parser.add_argument("--to", metavar="FOLDER", type=Path, help="where the archives go; default: archives/ in the output folder")
    parser.add_argument("--channel", metavar="CHANNEL", help="the channel the packages were built against, for libraries that an archive "
                        "has to bring along; default: that of the last build-all")
    parser.add_argument("--dry-run", action="store_true", help="show what would be made, and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    folder = (callers_folder() / arguments.to) if arguments.to else workspace.output / FOLDER
    accels, platforms = names_in(arguments.accel), platforms_of(arguments)
    check_names({name: load_variants(workspace.variants, name) for name in platforms or PLATFORMS}, accels)
    if not workspace.channel.is_dir():
        raise PackError(f"there is no channel to archive: {workspace.channel} is missing; `{_making(workspace, accels, platforms)}` makes it")
    with workspace.locked():  # the channel must not change below
        chosen = _chosen(workspace, accels, platforms)
        if arguments.dry_run:
            _print_plan(chosen, folder, arguments.json)
            return 0
        make_folder("--to", folder)
        channel = base_channel(workspace, arguments.channel)
        entries: list[dict[str, Any]] = []
        for choice in chosen:
            entries.append(make_archive(choice, channel, folder, workspace.cache, _say))
            write_index(folder, entries)  # each as it is done: what an interrupted run made is listed
    if arguments.json:
        json.dump({"schema": 1, "folder": str(folder), "archives": entries}, sys.stdout, indent=1)
        print()
    else:
        for entry in entries:
            print(f"{folder / entry['file']}  {entry['size'] / (1 << 20):.1f} MiB  sha256 {entry['sha256']}")
    _say(f"{len(entries)} archives, listed in {folder / INDEX}; `sh {folder / 'install.sh'} --dry-run` tells which one suits a machine")
    return 0


def _chosen(workspace: Workspace, accels: Sequence[str], platforms: Sequence[str]) -> list[Choice]:
    """The archives to make. What is not built is a PackError that names the command."""
    built = choices(workspace.channel, platforms or PLATFORMS)
    chosen = [choice for choice in built if not accels or choice.accel in accels]
    for accel in accels or [""]:
        for platform in platforms or [""]:
            if not any(accel in ("", choice.accel) and platform in ("", choice.platform) for choice in chosen):
                what = (f"{accel} is not built" if accel else "nothing is built") + (f" for {platform}" if platform else "")
                there = ", ".join(choice.name for choice in built) or "nothing to archive"
                command = _making(workspace, [accel] if accel else [], [platform] if platform else [])
                raise PackError(f"{what}: {workspace.channel} has {there}; `{command}` builds it")
    return chosen


def _making(workspace: Workspace, accels: Sequence[str], platforms: Sequence[str]) -> str:
    """The command that builds what is asked for."""
    output = [str(workspace.output)] if workspace.output != workspace.root / "output" else []
    options = (("accel", accels), ("platform", platforms), ("output", output))
    return shlex.join(["./run", "build-all", *(word for name, values in options if values for word in (f"--{name}", ",".join(values)))])


def base_channel(workspace: Workspace, asked: str | None) -> str:
    """Address of the channel that the packages were built against: as asked, else what the last build-all reported."""
    if asked == BOOTSTRAP:
        return (workspace.output / "bootstrap" / "channel").as_uri()
    if asked:
        return address(str(callers_folder() / asked) if (callers_folder() / asked).is_dir() else asked)
    return base_of(workspace.report) or address(DEFAULT)  # a channel that was brought from elsewhere has no report


def _print_plan(chosen: Sequence[Choice], folder: Path, as_value: bool) -> None:
    if as_value:
        value = [
            {"name": choice.name, "file": file_name(choice.name, choice.platform), "packages": [p.identifier for p in choice.packages]}
            for choice in chosen
        ]
        json.dump({"schema": 1, "folder": str(folder), "archives": value}, sys.stdout, indent=1)
        print()
        return
    for choice in chosen:
        print(f"{folder / file_name(choice.name, choice.platform)}")
        for package in choice.packages:
            print(f"  {package.identifier}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
