"""packages.jsonl: a line per package, for people and audits: what it is, its licence, where it came from, and why it was chosen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from atheria_pack.mirror.generation import ManifestError
from atheria_pack.mirror.inventory import Sorted
from atheria_pack.mirror.records import RecordTable


@dataclass(frozen=True)
class Provenance:
    """One package. `size` in bytes; `license` as its record has it, empty where it has none; `why`: the requests that chose it, in words."""

    path: str
    name: str
    version: str
    build: str
    license: str
    size: int
    sha256: str
    origin: str
    why: tuple[str, ...]


def write(table: RecordTable, stream: BinaryIO) -> None:
    """Write the lines, sorted by path, each file once."""
    with Sorted() as lines:
        for entry in table.entries():
            record = entry.record
            one = Provenance(
                entry.path, entry.name, str(record.get("version", "")), str(record.get("build", "")), _licence(record), entry.size,
                entry.sha256, entry.origin, entry.why,
            )  # fmt: skip
            lines.add(entry.path, json.dumps(asdict(one), sort_keys=True, separators=(",", ":")))
        for _, line in lines:
            stream.write(line.encode() + b"\n")


def read(lines: Iterable[bytes], where: str) -> Iterator[Provenance]:
    """Every line; ManifestError, which says `where`, for one that `write` would not write, or out of order."""
    last = ""
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            value["why"] = tuple(value["why"])
            one = Provenance(**value)
        except (ValueError, TypeError, KeyError) as error:
            raise ManifestError(f"{where}, line {number}: {line[:120]!r} is no package; the file was changed or torn ({error})") from error
        if one.path <= last:
            raise ManifestError(f"{where}, line {number}: {one.path} comes after {last}; the file was changed")
        last = one.path
        yield one


def _licence(record: dict[str, Any]) -> str:
    found = record.get("license")
    return found.strip() if isinstance(found, str) else ""
