"""`channel serve`: a mirror over HTTP, for a quick look."""

from __future__ import annotations

import argparse
import json
import sys

from atheria_pack.cli.options import callers_folder
from atheria_pack.errors import UsageError
from atheria_pack.mirror.places.folder import FolderPlace

HELP = "serve a mirror in a folder over HTTP, for a quick look: page, indexes, packages"
_EVERYWHERE = ("0.0.0.0", "::")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mirror", metavar="MIRROR", help="the folder of the mirror")
    parser.add_argument("--port", metavar="N", type=int, default=8000, help="default: 8000; 0 takes a free one")
    parser.add_argument("--bind", metavar="ADDRESS", default="127.0.0.1", help="default: 127.0.0.1, this machine only; 0.0.0.0 is for everybody")
    parser.add_argument("--quiet", action="store_true", help="no line on stderr per request")
    parser.add_argument("--json", action="store_true", help="print the address as one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    from atheria_pack.mirror.serve import mirror_server  # a web server is long to load, and no other verb needs it

    folder = callers_folder() / arguments.mirror
    if not folder.is_dir():
        raise UsageError(f"{arguments.mirror} is no folder here; a bucket serves itself, and `channel mirror SRC {arguments.mirror}` makes a mirror")
    with mirror_server(FolderPlace(folder, arguments.mirror), arguments.bind, arguments.port, _silent if arguments.quiet else _say) as server:
        host = "localhost" if arguments.bind in _EVERYWHERE else f"[{arguments.bind}]" if ":" in arguments.bind else arguments.bind
        address = f"http://{host}:{server.port}"
        if arguments.json:
            print(json.dumps({"schema": 1, "address": address}), flush=True)
        else:
            print(address, flush=True)
        _say(f"serving {arguments.mirror} at {address} until Ctrl-C; `channel client-config {address}` writes what clients need")
        server.serve_forever()  # Ctrl-C ends it without an exception
    _say("stopped")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _silent(_text: str) -> None:
    return None
