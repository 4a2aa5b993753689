"""`channel export`: what a mirror shows as one file, to be carried to where no network leads."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

from atheria_pack.cli.channel.progress import binary, watcher
from atheria_pack.cli.options import callers_folder
from atheria_pack.errors import UsageError
from atheria_pack.mirror.airgap.export import Exported, export
from atheria_pack.mirror.places import open_place

HELP = "write a mirror's visible generation, or what is new in it, to one file for the other side of an air gap"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mirror", metavar="MIRROR", help="a folder or s3://BUCKET/PREFIX")
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="the file to write, a tar; replaced when it is whole")
    parser.add_argument("--since", metavar="N", type=int, help="leave out what generation N has, which the other side has; default: everything")
    parser.add_argument("--sign", metavar="KEY", type=Path, help="a key of OpenSSH; the other side asks for a signature unless told otherwise")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be written, and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    here = callers_folder()
    place = open_place(arguments.mirror if "://" in arguments.mirror else str(here / arguments.mirror))
    target = here / arguments.bundle
    if target.is_dir():
        raise UsageError(f"{arguments.bundle} is a folder; name the file to write, such as {arguments.bundle / 'bundle.tar'}")
    key = here / arguments.sign if arguments.sign else None
    done = export(place, target, arguments.since, key, arguments.dry_run, partial(watcher, stream=sys.stderr))
    if arguments.json:
        value = {"schema": 1, "mirror": arguments.mirror, "bundle": str(target), "dry_run": arguments.dry_run, **asdict(done)}
        json.dump(value, sys.stdout, indent=1)
        print()
    else:
        print(_told(done, arguments))
    if key is None and not arguments.dry_run:
        print("not signed; `channel import` asks for a signature: --sign KEY makes one", file=sys.stderr)
    return 0


def _told(done: Exported, arguments: argparse.Namespace) -> str:
    since = "everything" if done.base is None else f"what is new since {done.base}"
    counts = f"{done.counts.packages} packages, {done.counts.shards} shards, {done.counts.indexes} indexes, {binary(done.counts.size)}"
    signed = f", signed by {done.signed_by}" if done.signed_by else ""
    word = "would write" if arguments.dry_run else "wrote"
    return f"{word} {arguments.bundle}: generation {done.generation}, {since}: {counts}{signed}"
