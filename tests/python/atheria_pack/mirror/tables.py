"""A table of records from the repodata.json and run_exports.json of a channel's folder, as a reader of whole files would make it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.records import RecordTable


def table_of(channel: Path) -> RecordTable:
    """All packages of a channel; the caller closes it."""
    table = RecordTable()
    for index in sorted(channel.glob("*/repodata.json")):
        value = json.loads(index.read_text())
        exports_file = index.with_name("run_exports.json")
        exports = {(name, key): found for name, key, found in records_of(json.loads(exports_file.read_text()))} if exports_file.exists() else {}
        table.info[index.parent.name] = {member: content for member, content in value.items() if member not in ("packages", "packages.conda", "v3")}
        subdir, origin = index.parent.name, index.parent.as_uri()
        for name, key, record in records_of(value):
            found = exports.get((name, key), {}).get("run_exports")
            table.add([Entry(subdir, file_name(name, key), name, key, record, found, origin, ("all",))])
    return table


def records_of(index: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(table, key, record) of everything in a repodata.json or a run_exports.json."""
    for name in ("packages", "packages.conda"):
        yield from ((name, key, record) for key, record in index.get(name, {}).items())
    for kind, records in index.get("v3", {}).items():
        yield from ((f"v3.{kind}", key, record) for key, record in records.items())


def file_name(table: str, key: str) -> str:
    return f"{key}.{table.removeprefix('v3.')}" if table.startswith("v3.") else key
