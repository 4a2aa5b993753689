"""Reads indexes member by member and record by record, whatever their size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson
from ijson.common import ObjectBuilder

from atheria_pack.mirror.entry import CLASSIC_TABLES

_OPENING = ("start_map", "start_array")
_CLOSING = ("end_map", "end_array")


def records(stream: BinaryIO) -> Iterator[tuple[str, str, Any]]:
    """(table, key, value) of a repodata.json or a run_exports.json, as they stand in it; ijson.JSONError for what is no JSON."""
    for members_, value in _values(stream):
        if len(members_) == 2 and members_[0] in CLASSIC_TABLES:
            yield members_[0], members_[1], value
        elif len(members_) == 3:
            yield f"{members_[0]}.{members_[1]}", members_[2], value


def members(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """(member, value) of an index that is not a table of packages."""
    for members_, value in _values(stream):
        if len(members_) == 1:
            yield members_[0], value


def _values(stream: BinaryIO) -> Iterator[tuple[list[str], Any]]:
    """Every value with the members that lead to it: two in a classic table, three in one of `v3`, else one."""
    at: list[str] = []
    builder: Any = None
    depth = 0
    for event, value in ijson.basic_parse(stream, use_float=True):
        if builder is not None:
            builder.event(event, value)
            depth += (event in _OPENING) - (event in _CLOSING)
            if depth == 0:
                yield at, builder.value
                builder = None
                at = at[:-1]
        elif event == "map_key":
            at = [*at, value]
        elif event == "end_map":
            at = at[:-1]
        elif at and not (event == "start_map" and _is_table(at)):
            builder = ObjectBuilder()
            builder.event(event, value)
            if event in _OPENING:
                depth = 1
            else:
                yield at, value
                builder = None
                at = at[:-1]


def _is_table(at: list[str]) -> bool:
    """Whether a map at this place holds records or tables of them, rather than being a value."""
    if len(at) == 1:
        return at[0] in CLASSIC_TABLES or _is_revision(at[0])
    return len(at) == 2 and _is_revision(at[0])


def _is_revision(member: str) -> bool:
    return member[:1] == "v" and member[1:].isdigit()
