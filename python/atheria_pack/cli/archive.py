"""`archive`: the packages of the channel as relocatable archives, with an installer, for people without conda."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atheria_pack.archive.choice import Choice, choices
from atheria_pack.archive.make import make_archive
from atheria_pack.archive.write import FOLDER, INDEX, file_name, write_index
from atheria_pack.channel.base import BOOTSTRAP, DEFAULT, address
from atheria_pack.cli.options import callers_folder, workspace_of
from atheria_pack.errors import PackError, UsageError
from atheria_pack.platforms import PLATFORMS
from atheria_pack.variants import ACCEL_KEY, load_variants
from atheria_pack.workspace import Workspace

HELP = "make relocatable archives of what was built, with an installer, for machines without conda"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accel", metavar="NAMES", default="", help="accelerators to archive, comma separated; default: all that are built")
    parser.add_argument("--platform", metavar="NAMES", default="", help=f"of {', '.join(PLATFORMS)}; default: all that are built")
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="where build-all put the channel; default: output")
    parser.add_argument("--to", metavar="FOLDER", type=Path, help="where the archives go; default: archives/ in the output folder")
    parser.add_argument("--channel", metavar="CHANNEL", help="the channel the packages were built against, for libraries that an archive "
                        "has to bring along; default: that of the last build-all")
    parser.add_argument("--dry-run", action="store_true", help="show what would be made, and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    folder = (callers_folder() / arguments.to) if arguments.to else workspace.output / FOLDER
    with workspace.locked():  # the channel must not change below
        chosen = _chosen(workspace, _words(arguments.accel), _words(arguments.platform))
        if arguments.dry_run:
            _print_plan(chosen, folder, arguments.json)
            return 0
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


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _chosen(workspace: Workspace, accels: Sequence[str], platforms: Sequence[str]) -> list[Choice]:
    """The archives to make. Names that do not exist are UsageErrors, what is not built a PackError that names the command."""
    for platform in platforms:
        if platform not in PLATFORMS:
            raise UsageError(f"--platform {platform}: not one of {', '.join(PLATFORMS)}")
    wanted = platforms or PLATFORMS
    legal = dict.fromkeys(accel for name in wanted for accel in load_variants(workspace.variants, name).keys.get(ACCEL_KEY, ()))
    for accel in accels:
        if accel not in legal:
            close = difflib.get_close_matches(accel, legal, 1)
            raise UsageError(
                f"--accel {accel}: variants.yaml has {', '.join(legal)} for {', '.join(wanted)}" + (f"; did you mean {close[0]}?" if close else "")
            )
    built = choices(workspace.channel, wanted)
    chosen = [choice for choice in built if not accels or choice.accel in accels]
    for accel in accels or [""]:
        for platform in platforms or [""]:
            if not any(accel in ("", choice.accel) and platform in ("", choice.platform) for choice in chosen):
                options = "".join(f" --{name} {value}" for name, value in (("accel", accel), ("platform", platform)) if value)
                there = ", ".join(choice.name for choice in built) or "nothing to archive"
                raise PackError(
                    f"{' for '.join(word for word in (accel, platform) if word) or 'nothing'} is not built: {workspace.channel} has {there}; "
                    f"`./run build-all{options}` builds it"
                )
    return chosen


def base_channel(workspace: Workspace, asked: str | None) -> str:
    """Address of the channel that the packages were built against: as asked, else what the last build-all reported."""
    if asked == BOOTSTRAP:
        return (workspace.output / "bootstrap" / "channel").as_uri()
    if asked:
        return address(str(callers_folder() / asked) if (callers_folder() / asked).is_dir() else asked)
    try:
        return str(json.loads(workspace.report.read_text(encoding="utf-8"))["base_channel"]["uri"])
    except (OSError, json.JSONDecodeError, KeyError, TypeError):  # a channel that was merged from elsewhere has no report
        return address(DEFAULT)


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
