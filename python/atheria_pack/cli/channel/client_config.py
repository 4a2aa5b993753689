"""`channel client-config`: what conda, mamba, pixi and rattler have to be told to use a mirror."""

from __future__ import annotations

import argparse
import json
import re
import sys

from atheria_pack.channel.base import address as address_of_name
from atheria_pack.cli.options import callers_folder
from atheria_pack.errors import PackError
from atheria_pack.mirror.client_config import CLIENTS, Served, checked_address, everything, file_for
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.layout import CURRENT, MANIFEST
from atheria_pack.mirror.sources.folder import FolderSource
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.source import Source

HELP = "write what conda, mamba, pixi and rattler need to take packages from a mirror"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SECONDS = 5.0  # that a web server may be silent: the answer only makes the output better
_LARGEST = 16 * 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="MIRROR_ADDRESS", help="what clients will type: http://, https:// or file://, or a folder")
    parser.add_argument("--for", dest="client", choices=CLIENTS, help="only the file for this client, to be used as it is: `> ~/.condarc`")
    parser.add_argument(
        "--upstream", metavar="CHANNEL", action="append",
        help="a channel that the mirror stands in for, an address or a name such as conda-forge; default: those its manifest names",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout: where each file goes, and its content")


def run(arguments: argparse.Namespace) -> int:
    folder = callers_folder() / arguments.address
    address = checked_address(folder.resolve().as_uri() if "://" not in arguments.address and folder.is_dir() else arguments.address)
    served = _served(address, arguments.upstream)
    if arguments.json:
        files = {client: dict(zip(("where", "content"), file_for(client, served), strict=True)) for client in CLIENTS}
        chosen = {arguments.client: files[arguments.client]} if arguments.client else files
        json.dump({"schema": 1, "address": served.address, "upstream": list(served.upstream), "files": chosen}, sys.stdout, indent=1)
        print()
    elif arguments.client:
        where, content = file_for(arguments.client, served)
        print(f"for {where}", file=sys.stderr)
        print(content, end="")
    else:
        print(everything(served), end="")
    return 0


def _upstream(name: str) -> str:
    """The address of a channel that was given by its name, as `channel mirror` takes it; any other text as it is."""
    return address_of_name(name) if _NAME.fullmatch(name) else name


def _served(address: str, upstream: list[str] | None) -> Served:
    """The mirror at an address, with what its manifest says where that can be read; what cannot be known is told on stderr."""
    named = tuple(checked_address(_upstream(one)) for one in upstream or ())
    try:
        manifest = _manifest(address)
    except (PackError, FileNotFoundError, OSError) as error:
        missing = "its platforms" if named else "its platforms and the channels it stands in for (--upstream names those)"
        print(f"{address} did not tell {missing}: {str(error)[:300]}", file=sys.stderr)
        return Served(address, upstream=named)
    platforms = [subdir for subdir in sorted(manifest.packages) if subdir != "noarch"]
    sources = tuple(str(source["address"]) for source in manifest.sources if "address" in source)
    return Served(address, platforms or Served(address).platforms, named or sources)


def _manifest(address: str) -> Manifest:
    source: Source = FolderSource(address) if address.startswith("file:") else HttpSource(address, attempts=1, timeout=_SECONDS)
    path = f"{CURRENT}/{MANIFEST}"
    with source.open(path) as answer:
        return Manifest.from_bytes(answer.stream.read(_LARGEST), f"{address}/{path}")
