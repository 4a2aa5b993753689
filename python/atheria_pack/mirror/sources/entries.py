"""What an index lists, checked: a name that becomes a path, and members that are compared later, are what they should be."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from atheria_pack.mirror.entry import CLASSIC_TABLES, Entry
from atheria_pack.mirror.layout import checked_file_name
from atheria_pack.mirror.sources.source import SourceError

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_WHEELS = "v3.whl"


def entry_of(subdir: str, table: str, key: str, record: Any, base: str, label: str) -> Entry:
    """The entry of a record. `base`: the address that its file lies below, with a slash at the end; `label`: the index's, for messages.

    UnsafeNameError for a file name that is none; SourceError for a record without a name, or with a size or sha256 that are none.
    """
    # In the tables of CEP 48, which are called by the suffix of their files, the keys are without it.
    file_name = key if table in CLASSIC_TABLES else f"{key}.{table.removeprefix('v3.')}"
    checked_file_name(file_name, label)
    if not isinstance(record, dict):
        raise SourceError(f"{label}: {file_name} has no record but {record!r:.80}")
    if not isinstance(record.get("name"), str) or not record["name"]:
        raise SourceError(f"{label}: the record of {file_name} has no name")
    size, sha256 = record.get("size"), record.get("sha256")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise SourceError(f"{label}: the size of {file_name} is {size!r:.80}; expected a number of bytes")
    if sha256 is not None and (not isinstance(sha256, str) or (sha256 and not _SHA256.fullmatch(sha256))):
        raise SourceError(f"{label}: the sha256 of {file_name} is {sha256!r:.80}; expected 64 hexadecimal digits")
    # Some indexers write them into the records, of shards above all; run_exports.json, where there is one, has the last word.
    exports = record.get("run_exports") if isinstance(record.get("run_exports"), dict) else None
    return Entry(subdir, file_name, table, key, record, exports, _origin(table, file_name, record, base, label))


def _origin(table: str, file_name: str, record: dict[str, Any], base: str, label: str) -> str:
    url = record.get("url")
    if table != _WHEELS or not isinstance(url, str):
        return base + file_name
    # A wheel lies where its record says, mostly in an index of wheels, under a name of its own.
    if not urlsplit(url).scheme:
        return base + url
    if urlsplit(url).scheme not in ("http", "https"):
        raise SourceError(f"{label}: the url of {file_name} is {url!r:.120}; expected https://")
    return url
