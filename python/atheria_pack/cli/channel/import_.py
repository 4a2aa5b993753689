"""`channel import`: a bundle that was carried here becomes what a mirror shows, once all of it is proved."""

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
from atheria_pack.mirror.airgap.importing import Imported, import_bundle
from atheria_pack.mirror.places import open_place

HELP = "bring a mirror to the generation of a bundle, once signature, base and every byte are proved"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="a file that `channel export` wrote")
    parser.add_argument("mirror", metavar="MIRROR", help="a folder or s3://BUCKET/PREFIX; a new one for a full bundle, else the one it continues")
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument("--allowed-signers", metavar="FILE", type=Path, help="who may have signed it: a line `NAME ssh-ed25519 AAAA...` each")
    trust.add_argument("--allow-unsigned", action="store_true", help="take it from whoever brought it: no signature is looked at")
    parser.add_argument("--dry-run", action="store_true", help="prove all of it, and write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    here = callers_folder()
    if arguments.allowed_signers is None and not arguments.allow_unsigned:
        raise UsageError(
            "who may have signed the bundle? --allowed-signers FILE names them, a line `NAME ssh-ed25519 AAAA...` each (any name, then what the "
            ".pub file of `channel export --sign`'s key has, which you got by another way); --allow-unsigned takes the bundle from whoever brought it"
        )
    place = open_place(arguments.mirror if "://" in arguments.mirror else str(here / arguments.mirror))
    allowed = here / arguments.allowed_signers if arguments.allowed_signers else None
    done = import_bundle(here / arguments.bundle, place, allowed, arguments.dry_run, partial(watcher, stream=sys.stderr))
    if arguments.json:
        value = {"schema": 1, "mirror": arguments.mirror, "bundle": str(arguments.bundle), "dry_run": arguments.dry_run, **asdict(done)}
        json.dump(value, sys.stdout, indent=1)
        print()
    else:
        print(_told(done, arguments))
    return 0


def _told(done: Imported, arguments: argparse.Namespace) -> str:
    trust = f"signed by {done.signed_by}" if done.signed_by else "its signature was not looked at"
    if done.there_already:
        return f"{arguments.mirror} is at generation {done.generation} already, nothing was changed ({trust})"
    word = "would be at" if arguments.dry_run else "is at"
    counts = f"{done.counts.packages} packages, {done.counts.shards} shards, {done.counts.indexes} indexes, {binary(done.counts.size)}"
    return f"{arguments.mirror} {word} generation {done.generation}: {counts} from {arguments.bundle}, {trust}"
