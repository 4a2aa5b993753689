"""`variants`: variants.yaml as one platform sees it, narrowed, as a file for tools that take one (conda-build, rattler-build)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import yaml

from atheria_pack.cli.options import channel_of, request_of, some_names, workspace_of
from atheria_pack.errors import UsageError
from atheria_pack.platforms import PLATFORMS, native_platform
from atheria_pack.variants import ACCEL_KEY, PYTHON_KEY, Variants, check_names, load_variants, overlaid, short_python

HELP = "print the axes for one platform, narrowed, as a variants file for conda-build or rattler-build"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accel", metavar="NAMES", type=some_names, help="accelerators to keep, comma separated; default: all")
    parser.add_argument("--python", metavar="VERSIONS", type=some_names, help="Pythons to keep, comma separated; default: all")
    parser.add_argument("--platform", metavar="NAME", type=some_names, help=f"one of {', '.join(PLATFORMS)}; default: this machine's")
    parser.add_argument("--channel", metavar="CHANNEL", help="with this channel's own answers in place of the pins, as build-all merges "
                        "them; default: the pins alone")
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="where a bootstrapped channel lies; default: output")
    parser.add_argument("--json", action="store_true", help="print JSON, which is YAML too")
    parser.set_defaults(only=[], jobs=None)


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    arguments.platform = arguments.platform or native_platform()
    request = request_of(arguments)
    if len(request.platforms) != 1:
        raise UsageError(f"--platform {arguments.platform}: one platform at a time, as its values differ from the others'")
    variants = load_variants(workspace.variants, request.platforms[0])
    check_names({request.platforms[0]: variants}, request.accels, request.pythons)
    if arguments.channel:
        variants = overlaid(variants, channel_of(arguments, workspace, request, nullcontext()).overlay(request.platforms[0]))
    variants = kept(kept(variants, ACCEL_KEY, request.accels, str), PYTHON_KEY, request.pythons, short_python)
    value = as_file(variants)
    if arguments.json:
        json.dump(value, sys.stdout, indent=1)
        print()
    else:
        print(f"# variants.yaml for {request.platforms[0]}, written by `variants`; edit variants.yaml instead.")
        print(yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=1000), end="")
    return 0


def kept(variants: Variants, key: str, wanted: Sequence[str], name_of: Callable[[str], str]) -> Variants:
    """Only the rows whose `key` has one of these names, in every key of its zip group; all where no name is given."""
    if not wanted:
        return variants
    rows = [row for row, value in enumerate(variants.keys[key]) if name_of(value) in wanted]
    members = [member for member in variants.group_of(key) if member in variants.keys]
    return replace(variants, keys={**variants.keys, **{member: tuple(variants.keys[member][row] for row in rows) for member in members}})


def as_file(variants: Variants) -> dict[str, list[str] | list[list[str]]]:
    """The content of a variants file. Groups name the keys that are there: conda-build refuses others."""
    value: dict[str, list[str] | list[list[str]]] = {key: list(listed) for key, listed in variants.keys.items()}
    groups = [[key for key in group if key in variants.keys] for group in variants.zip_keys]
    value["zip_keys"] = [group for group in groups if len(group) > 1]
    return value
