"""`channel audit`: the packages of a mirror with their licences, their origins, and why each is there."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice

from atheria_pack.cli.channel.progress import binary
from atheria_pack.cli.options import callers_folder
from atheria_pack.errors import UsageError
from atheria_pack.mirror.audit import NOT_TOLD, Totals, audit
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.index.provenance import Provenance
from atheria_pack.mirror.places import open_place

HELP = "list the packages of a mirror: licences, origins, sizes, and which request chose each"

_COLUMNS = ("package", "licence", "size", "origin", "why")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mirror", metavar="MIRROR", help="a folder or s3://BUCKET/PREFIX")
    parser.add_argument("--generation", metavar="N", type=int, help="default: the visible one")
    parser.add_argument("--markdown", action="store_true", help="print tables for a page or a job's summary")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout")


def run(arguments: argparse.Namespace) -> int:
    if arguments.json and arguments.markdown:
        raise UsageError("--json and --markdown: give one of them")
    place = open_place(arguments.mirror if "://" in arguments.mirror else str(callers_folder() / arguments.mirror))
    manifest, packages = audit(place, arguments.generation)
    if arguments.json:
        lines = _json(place.address, manifest, packages)
    else:
        widths = None if arguments.markdown else _widths(_cells(one) for one in audit(place, manifest.generation)[1])
        lines = _tables(place.address, manifest, packages, widths)
    for line in lines:
        print(line)
    return 0


def _json(address: str, manifest: Manifest, packages: Iterable[Provenance]) -> Iterator[str]:
    """One value in pieces: there may be more packages than memory has room for."""
    totals = Totals()
    head = {"schema": 1, "address": address, "generation": manifest.generation, "published": manifest.published, "sources": manifest.sources,
            "request": manifest.request}
    yield json.dumps(head)[:-1] + ', "packages": ['
    before = ""
    for one in packages:
        totals.add(one)
        if before:
            yield before + ","
        before = json.dumps(asdict(one))
    yield before
    yield f'], "totals": {json.dumps(totals.to_json())}}}'


def _tables(address: str, manifest: Manifest, packages: Iterable[Provenance], widths: list[int] | None) -> Iterator[str]:
    """`widths`: of the columns of plain text; None for Markdown."""
    totals = Totals()
    yield from islice(_heading(f"{address}, generation {manifest.generation}", "#", widths), 1, None)  # no empty line above the first
    yield from _row(_COLUMNS, widths, heading=True)
    for one in packages:
        totals.add(one)
        yield from _row(_cells(one), widths)
    for title, group in (("licence", totals.licences), ("channel", totals.origins)):
        rows = [(name, str(count.packages), binary(count.size)) for name, count in sorted(group.items())]
        inner = None if widths is None else _widths(rows)
        yield from _heading(f"By {title}", "##", widths)
        yield from _row((title, "packages", "size"), inner, heading=True)
        for row in rows:
            yield from _row(row, inner)
    yield ""
    if totals.unlicensed:
        yield f"{len(totals.unlicensed)} packages whose record tells no licence: {', '.join(totals.unlicensed)}"
    yield f"{totals.all.packages} packages, {binary(totals.all.size)}, {len(totals.licences)} licences, {len(totals.origins)} channels"


def _cells(one: Provenance) -> tuple[str, ...]:
    return (one.path, one.license or NOT_TOLD, binary(one.size), one.origin, "; ".join(one.why))


def _widths(rows: Iterable[tuple[str, ...]]) -> list[int]:
    """The widest cell of each column, but at least that of any heading."""
    widths = [max(map(len, _COLUMNS))] * len(_COLUMNS)
    for row in rows:
        widths[: len(row)] = [max(width, len(cell)) for width, cell in zip(widths, row, strict=False)]
    return widths


def _heading(text: str, marks: str, widths: list[int] | None) -> Iterator[str]:
    yield ""
    yield f"{marks} {text}" if widths is None else text
    yield ""


def _row(cells: tuple[str, ...], widths: list[int] | None, heading: bool = False) -> Iterator[str]:
    if widths is not None:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()
        return
    yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    if heading:
        yield "|" + "---|" * len(cells)
