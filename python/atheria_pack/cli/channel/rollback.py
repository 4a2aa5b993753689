"""`channel rollback`: shows the content of an earlier generation again."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from atheria_pack.cli.options import callers_folder
from atheria_pack.mirror.mirror import now
from atheria_pack.mirror.places import open_place
from atheria_pack.mirror.rollback import roll_back

HELP = "show the content of an earlier generation again, as a new one; packages and indexes switch as with any other"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mirror", metavar="MIRROR", help="a folder or s3://BUCKET/PREFIX")
    parser.add_argument("--to", metavar="N", type=int, help="the generation; default: the one before the visible one")
    parser.add_argument("--sign", metavar="KEY", type=Path, help="sign the new generation's manifest with this key of OpenSSH")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be shown, and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    here = callers_folder()
    place = open_place(arguments.mirror if "://" in arguments.mirror else str(here / arguments.mirror))
    signer = None
    if arguments.sign:
        from atheria_pack.mirror.airgap.signature import sign

        key = here / arguments.sign

        def signer(content: bytes) -> bytes:
            return sign(content, key)

    done = roll_back(place, arguments.to, now=now(), dry_run=arguments.dry_run, sign=signer)
    if arguments.json:
        json.dump({"schema": 1, "address": place.address, "dry_run": arguments.dry_run, **asdict(done)}, sys.stdout, indent=1)
        print()
    elif done.number is None:
        print(f"{place.address}: generation {done.shown} has the content of generation {done.again} already; nothing to do")
    else:
        word = "would show" if arguments.dry_run else "shows"
        print(f"{place.address}: {word} the content of generation {done.again} again, as generation {done.number}, in the place of {done.shown}")
    return 0
