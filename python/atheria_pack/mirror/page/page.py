"""The page of a generation: one file that needs nothing else, written from a table of any size in little memory.

It shows what the packages are and says nothing of the number or date of its generation: those stand in the manifest, to which it links
and from which its script fills them in. So the page of an unchanged channel is unchanged, and after a rollback nothing in it is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from atheria_pack.mirror.layout import PAGE
from atheria_pack.mirror.page.builds import Build, accelerator_order, accelerators, cell, newest_first, platforms
from atheria_pack.mirror.page.words import anchor, day, many, safe, seconds, size_text
from atheria_pack.mirror.records import RecordTable

_HERE = Path(__file__).parent
_MARK, _SIZE = "<!-- packages -->", "<!-- size -->"
_CHANNEL = "<channel>"
# What is needed makes most of the page; where there are more packages than this, it is left to the indexes.
DETAILED_UP_TO = 20_000


@dataclass(frozen=True)
class PageFacts:
    """What a page says beside the packages.

    - `title`: its heading. `address`: what clients type, where that is known; else the script takes the address the page was found at.
    - `sources`: the channels the packages came from. `requests`: what was asked for, in words.
    """

    title: str = "Conda channel"
    address: str | None = None
    sources: Sequence[str] = ()
    requests: Sequence[str] = ()


@dataclass
class _Overview:
    """What the top of the page needs to know of all packages."""

    letters: list[str]
    names: int
    accelerators: list[str]
    newest: float | None


def write_page(table: RecordTable, folder: Path, facts: PageFacts) -> None:
    """Write `folder`/index.html: the same bytes for the same table and facts. The folder is made when missing.

    Errors: OSError, when the file cannot be written; what was there before stays then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{PAGE}.{os.getpid()}.new"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(page_text(table, facts))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, folder / PAGE)
    finally:
        temporary.unlink(missing_ok=True)  # gone by its new name when all went well


def page_text(table: RecordTable, facts: PageFacts) -> Iterator[str]:
    """The page piece by piece."""
    overview = _overview(table)
    channel = facts.address or _CHANNEL
    head, middle, tail = _frame(table, facts, overview, channel).split(_MARK)
    size = 0
    for piece in chain((head,), _variants(table, overview), (middle,), _packages(table, channel)):
        size += len(piece.encode())
        yield piece
    yield tail.replace(_SIZE, size_text(size + len(tail)))


def _frame(table: RecordTable, facts: PageFacts, overview: _Overview, channel: str) -> str:
    """All that is not the packages, with a mark where they belong."""
    style, script = (_HERE / "page.css").read_text(encoding="utf-8"), (_HERE / "page.js").read_text(encoding="utf-8")
    return Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(
        title=safe(facts.title),
        style=style,
        style_digest=_digest(style),
        script=script,
        script_digest=_digest(script),
        counts=_counts(table, overview),
        channel_note=f"<code>{safe(_CHANNEL)}</code> stands for the address of the folder that this page is in." if facts.address is None else "",
        commands=_commands("NAME", channel),
        letters=_letters(overview),
        facts=_facts(facts),
    )


def _packages(table: RecordTable, channel: str) -> Iterator[str]:
    detailed = len(table) <= DETAILED_UP_TO
    if not detailed:
        yield f'<p class="muted">What each build needs is left out of pages of more than {DETAILED_UP_TO:,} builds; the indexes have it.</p>\n'
    letter = ""
    for name in table.names():
        if name[:1] != letter:
            if letter:
                yield "</section>\n"
            letter = name[:1]
            yield f'<section class="letter" id="letter-{anchor(letter)}"><h3>{safe(letter.upper())}</h3>\n'
        yield from _package(name, newest_first(table.named(name)), channel, detailed)
    if letter:
        yield "</section>\n"


def _package(name: str, builds: list[Build], channel: str, detailed: bool) -> Iterator[str]:
    """One package: a line to open, in it the commands, what it was built for, and its builds."""
    kinds, where = accelerators(builds), platforms(builds)
    licences = sorted({str(build.entry.record["license"]) for build in builds if build.entry.record.get("license")})
    about = [*kinds, *where, many(len(builds), "build"), size_text(sum(build.entry.size for build in builds)), *licences]
    yield (
        f'<details class="package" id="p-{anchor(name)}"><summary><h4>{safe(name)}</h4> {safe(builds[0].version)} '
        f"<span>{safe(', '.join(about))}</span></summary><div>\n{_commands(name, channel)}\n"
    )
    if kinds:
        yield _grid(name, builds, kinds, where)
    yield f'<section><h5>{many(len(builds), "build")}</h5><ul class="builds">\n'
    for build in builds:
        yield _build(build, detailed)
    yield "</ul></section></div></details>\n"


def _commands(name: str, channel: str) -> str:
    """The ways to install a package, a line each, which begins with the program."""
    spec = name if name == "NAME" else shlex.quote(name)
    place = f"<var>{safe(channel)}</var>"
    ways = (
        f"conda install --override-channels --channel {place} {safe(spec)}",
        f"mamba install --override-channels --channel {place} {safe(spec)}",
        f"pixi workspace channel add --prepend {place} &amp;&amp; pixi add {safe(spec)}",
    )
    return f"<pre>{chr(10).join(ways)}</pre>"


def _grid(name: str, builds: list[Build], kinds: list[str], where: list[str]) -> str:
    """Accelerators by platforms, with the Pythons in the cells, and the spec that asks for each accelerator."""
    head = "".join(f'<th scope="col">{safe(platform)}</th>' for platform in where)
    rows = []
    for kind in kinds:
        cells = []
        for platform in where:
            found = cell(builds, kind, platform)
            if found is None:
                cells.append(_cell(platform, ""))
                continue
            version, pythons = found
            text = ("" if version == builds[0].version else f"{version}: ") + (", ".join(pythons) or "yes")
            cells.append(_cell(platform, text))
        rows.append(f'<tr role="row"><th role="rowheader" scope="row">{safe(kind)}</th>{"".join(cells)}</tr>')
    specs = "".join(f"<li><span>{safe(kind)}</span><code>{safe(shlex.quote(f'{name}=*={kind}_*'))}</code></li>" for kind in kinds)
    return (
        f'<section><h5>Built for</h5><table class="wide" role="table"><caption>Version {safe(builds[0].version)}, with its Pythons</caption>'
        f'<thead><tr><th scope="col">Accelerator</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></section>\n'
        f'<section><h5>One accelerator only</h5><p class="muted">Put its spec in the place of {safe(name)} in a command.</p>'
        f'<ul class="does specs">{specs}</ul></section>\n'
    )


def _cell(column: str, text: str) -> str:
    """A cell of a table that stands as a list where there is little room, so it knows its column."""
    if not text:
        return f'<td role="cell" class="no" data-of="{safe(column)}" aria-label="none">\N{EN DASH}</td>'
    return f'<td role="cell" data-of="{safe(column)}">{safe(text)}</td>'


def _build(build: Build, detailed: bool) -> str:
    """One file, in as few elements as can be: they are most of a page, and browsers take their time for each."""
    entry, record = build.entry, build.entry.record
    built = seconds(record.get("timestamp"))
    line = ", ".join((entry.subdir, size_text(entry.size), *((day(built),) if built is not None else ())))
    told = [f"sha256: {entry.sha256}", f"Licence: {record.get('license') or 'not said'}"]
    if detailed:
        told += _several("Needs", record.get("depends")) or ["Needs: nothing"]
        told += _several("Constrains", record.get("constrains"))
        told += _several("Chosen for", list(entry.why))
    return (
        f"<li><details><summary><code>{safe(build.version)} {safe(build.string)}</code> {safe(line)}</summary>"
        f'<p><a href="./{quote(entry.subdir)}/{quote(entry.file_name)}">{safe(entry.file_name)}</a>\n{safe(chr(10).join(told))}</p></details></li>\n'
    )


def _several(title: str, value: Any) -> list[str]:
    """A list of a record under its title, an item a line; a record of a stranger may have anything there."""
    items = list(map(str, value)) if isinstance(value, list) else [str(value)] if value else []
    return [f"{title}:", *(f"\N{BULLET} {item}" for item in items)] if items else []


def _variants(table: RecordTable, overview: _Overview) -> Iterator[str]:
    """The packages that are built for accelerators, all in one table: what there is for which machine."""
    if not overview.accelerators:
        return
    head = "".join(f'<th scope="col">{safe(kind)}</th>' for kind in overview.accelerators)
    yield (
        '<section aria-labelledby="variants"><h2 id="variants">Accelerators</h2><table class="wide" role="table">'
        f'<caption>Platforms that each has builds for</caption><thead><tr><th scope="col">Package</th>{head}</tr></thead><tbody>\n'
    )
    for name in table.names():
        builds = list(map(Build, table.named(name)))
        if not accelerators(builds):
            continue
        yield f'<tr role="row"><th role="rowheader" scope="row"><a href="#p-{anchor(name)}">{safe(name)}</a></th>'
        for kind in overview.accelerators:
            where = platforms(build for build in builds if build.accelerator == kind)
            yield _cell(kind, "\n".join(where))
        yield "</tr>\n"
    yield "</tbody></table></section>\n"


def _counts(table: RecordTable, overview: _Overview) -> str:
    if not len(table):
        return "No packages yet."
    subdirs = ", ".join(sorted(set(table.subdirs()))) or "no platform"
    text = f"{many(overview.names, 'package')} in {many(len(table), 'build')}, {size_text(table.size())}, for {subdirs}."
    return safe(text + (f" The newest was built on {day(overview.newest)}." if overview.newest is not None else ""))


def _letters(overview: _Overview) -> str:
    links = "".join(f'<a href="#letter-{anchor(letter)}">{safe(letter.upper())}</a>' for letter in overview.letters)
    return f'<nav aria-label="Packages by first letter">{links}</nav>' if len(overview.letters) > 1 else ""


def _facts(facts: PageFacts) -> str:
    told = {"Taken from": facts.sources, "Asked for": facts.requests}
    return "\n".join(f"<div><dt>{name}</dt><dd>{safe(chr(10).join(texts))}</dd></div>" for name, texts in told.items() if texts)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _overview(table: RecordTable) -> _Overview:
    found: set[str] = set()
    newest: float | None = None
    for entry in table.entries():
        accelerator = Build(entry).accelerator
        if accelerator:
            found.add(accelerator)
        built = seconds(entry.record.get("timestamp"))
        if built is not None and (newest is None or built > newest):
            newest = built
    letters: list[str] = []
    names = 0
    for name in table.names():
        names += 1
        if not letters or letters[-1] != name[:1]:  # sorted by code point, so each comes once
            letters.append(name[:1])
    return _Overview(letters, names, sorted(found, key=accelerator_order), newest)
