"""`channel gc`: removes old generations of a mirror, and the files that only they needed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict

from atheria_pack.cli.channel.progress import binary
from atheria_pack.cli.options import callers_folder
from atheria_pack.mirror.gc import DAY, Garbage, collect
from atheria_pack.mirror.places import open_place

HELP = "remove generations that were superseded long ago, and the packages and shards that only they named"

_SHOWN = 5  # files that are not a mirror's; --json has all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mirror", metavar="MIRROR", help="a folder or s3://BUCKET/PREFIX")
    parser.add_argument("--keep", metavar="N", type=int, default=3, help="the newest generations always stay; default: 3")
    parser.add_argument("--grace", metavar="DAYS", type=float, default=14.0, help="what was visible within these days stays as well, because "
                        "clients may have its index at hand; default: 14")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be removed, and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    place = open_place(arguments.mirror if "://" in arguments.mirror else str(callers_folder() / arguments.mirror))
    found = collect(place, keep=arguments.keep, grace=arguments.grace * DAY, now=int(time.time()), dry_run=arguments.dry_run)
    if arguments.json:
        json.dump({"schema": 1, "address": place.address, "dry_run": arguments.dry_run, **asdict(found)}, sys.stdout, indent=1)
        print()
    else:
        print(*_lines(found, arguments.dry_run), sep="\n")
    return 0


def _lines(found: Garbage, dry_run: bool) -> list[str]:
    word = "would remove" if dry_run else "removed"
    dropped = f"generations {', '.join(map(str, found.generations))}" if found.generations else "no generation"
    lines = [f"{word} {dropped} and {found.files} files, {binary(found.size)}; kept {', '.join(map(str, found.kept))}"]
    if found.unfinished:
        lines.append(f"{word} {found.unfinished} unfinished downloads and imports")
    if found.strangers:
        more = f" and {len(found.strangers) - _SHOWN} more" if len(found.strangers) > _SHOWN else ""
        lines.append(f"left alone, as no mirror makes them: {', '.join(found.strangers[:_SHOWN])}{more}")
    return lines
