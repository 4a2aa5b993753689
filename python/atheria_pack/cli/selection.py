"""`selection`: which build each spec gives on each kind of machine, solved from the channel that build-all left."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import rattler

from atheria_pack.cli.options import workspace_of
from atheria_pack.errors import UsageError
from atheria_pack.report import base_of
from atheria_pack.selection import PROFILES, SPECS, Choice, choices
from atheria_pack.switching import Switch, switch_through
from atheria_pack.workspace import Workspace

HELP = "show which build each spec gives on each kind of machine, and check it and the switch between accelerators"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="the output folder of build-all; default: output")
    parser.add_argument("--no-switch", action="store_true", help="only solve: install nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout, talk on stderr")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    base = base_of(workspace.report)
    available = accelerators(workspace.channel)
    if base is None or not any(available.values()):
        raise UsageError(f"{workspace.output} has no packages with the report of the run that made them; run `./run build-all` first")
    channels = [workspace.channel.as_uri(), base]
    found = choices(channels, available)
    switches = [] if arguments.no_switch else switched(workspace, channels, available)
    if arguments.json:
        value = {"choices": [{**asdict(choice), "good": choice.good} for choice in found], "switches": list(map(asdict, switches))}
        json.dump(value, sys.stdout, indent=1)
        print()
    else:
        print_table(found)
    talk = sys.stderr if arguments.json else sys.stdout
    for line in verdict(found, switches):
        print(line, file=talk)
    return int(not all(choice.good for choice in found) or any(switch.trouble for switch in switches))


def accelerators(channel: Path) -> dict[str, dict[str, frozenset[str]]]:
    """Per platform, the accelerators of each package in a channel's own index."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for index in sorted(channel.glob("*/repodata.json")):
        names: defaultdict[str, set[str]] = defaultdict(set)
        for record in json.loads(index.read_text(encoding="utf-8")).get("packages.conda", {}).values():
            names[record["name"]].add(record["build"].split("_")[0])
        found[index.parent.name] = {name: frozenset(accels) for name, accels in names.items()}
    return found


def switched(
    workspace: Workspace, channels: Sequence[str], available: Mapping[str, Mapping[str, frozenset[str]]]
) -> list[Switch]:
    """Go through this machine's accelerators that need no driver to be installed, and back to the first."""
    platform = str(rattler.Subdir.current())
    here = available.get(platform, {}).get("atheria-core", frozenset())
    accels = sorted(accel for accel in here if not accel.startswith("cuda"))
    if len(accels) < 2:
        return []
    return switch_through([*accels, accels[0]], channels, platform, workspace.output / "selection", workspace.cache, "atheria-core")


def print_table(found: Sequence[Choice]) -> None:
    """A table a platform: specs as rows, kinds of machines as columns; `-` is an expected refusal, `!` a broken promise."""
    from rich.console import Console
    from rich.table import Table

    cells = {(choice.profile, choice.spec): choice for choice in found}
    console = Console(width=None if sys.stdout.isatty() else 120)
    for platform in dict.fromkeys(profile.platform for profile in PROFILES):
        profiles = [profile for profile in PROFILES if profile.platform == platform]
        table = Table(title=platform, title_justify="left")
        table.add_column("spec", no_wrap=True)
        for profile in profiles:
            table.add_column(profile.name.partition(", ")[2])
        for spec in SPECS:
            table.add_row(spec, *(cell_text(cells[profile.name, spec]) for profile in profiles))
        console.print(table)


def cell_text(choice: Choice) -> str:
    """The accelerator that a spec gave, and what it should have given where that is another."""
    return (choice.chosen or "-") + ("" if choice.good else f" ! expected {choice.expected or 'a refusal'}")


def verdict(found: Sequence[Choice], switches: Sequence[Switch]) -> list[str]:
    """What there is to say at the end: broken promises with their reasons, and the sum."""
    lines = [
        f"broken: '{choice.spec}' on {choice.profile}: expected {choice.expected or 'a refusal'}, got {choice.chosen or 'a refusal'}"
        + (f" ({choice.reason})" if choice.reason else "")
        for choice in found
        if not choice.good
    ]
    lines += [f"broken: switched to {switch.accel}: {switch.trouble}" for switch in switches if switch.trouble]
    kept = sum(choice.good for choice in found)
    text = f"{kept} of {len(found)} choices as promised"
    if switches:
        text += f"; switched one prefix through {' -> '.join(switch.accel for switch in switches)}"
    return [*lines, text]
