"""channeldata.json (CEP 38): a summary by package name, as the source has it, else what the records tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from rattler import Version
from rattler.exceptions import InvalidVersionError

from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.records import RecordTable

# Required by the CEP, and only the packages themselves know: without a source that tells, none is claimed.
_UNKNOWN = ("activate.d", "binary_prefix", "deactivate.d", "post_link", "pre_link", "pre_unlink", "text_prefix")


def writer(described: Callable[[str], Mapping[str, Any] | None]) -> Callable[[RecordTable, BinaryIO], None]:
    """Writes the file from a table. `described`: what a source has for a package's name, None where it has nothing."""

    def write(table: RecordTable, stream: BinaryIO) -> None:
        stream.write(b'{"channeldata_version":1,"packages":{')
        comma = b"\n"
        for name in table.names():
            line = f"{json.dumps(name)}:{json.dumps(_about(table, name, described(name)), sort_keys=True, separators=(',', ':'))}"
            stream.write(comma + line.encode())
            comma = b",\n"
        stream.write(f'}},\n"subdirs":{json.dumps(sorted({*table.subdirs(), "noarch"}))}}}\n'.encode())

    return write


def _about(table: RecordTable, name: str, described: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is here decides over subdirs, versions and dates; the rest is the source's where it says anything."""
    newest: Entry | None = None
    subdirs = set()
    exports: dict[str, Any] = {}
    timestamp = 0
    for entry in table.named(name):
        subdirs.add(entry.subdir)
        stamp = entry.record.get("timestamp")
        timestamp = max(timestamp, _seconds(stamp) if isinstance(stamp, int) else 0)
        if entry.run_exports:
            exports.setdefault(str(entry.record.get("version", "")), entry.run_exports)
        if newest is None or _rank(entry) >= _rank(newest):
            newest = entry
    known: dict[str, Any] = {**dict.fromkeys(_UNKNOWN, False), "run_exports": dict(sorted(exports.items())), **(described or {})}
    record = newest.record if newest else {}
    if "license" not in known and isinstance(record.get("license"), str):
        known["license"] = record["license"]
    return {**known, "subdirs": sorted(subdirs), "version": str(record.get("version", "")), "timestamp": timestamp}


def _rank(entry: Entry) -> tuple[bool, Any, str]:
    text = str(entry.record.get("version", ""))
    try:
        return True, Version(text), ""
    except InvalidVersionError:
        return False, Version("0"), text


def _seconds(stamp: int) -> int:
    return stamp // 1000 if stamp >= 10_000_000_000 else stamp
