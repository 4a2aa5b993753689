"""The members of a repodata.json or run_exports.json one by one, so that an index of any size is read in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import isinf
from typing import Any

import ijson

from atheria_pack.mirror.entry import CLASSIC_TABLES
from atheria_pack.mirror.sources.index_stream import IndexStream

_PIECE = 1 << 13
# One signature per package, of conda's content trust, which no client checks any more: read over, because it is as long as the tables.
_LEFT_OUT = frozenset({"signatures"})

Member = tuple[str, str, Any]
_Events = Iterator[tuple[str, Any]]


def members(stream: IndexStream) -> Iterator[Member]:
    """(table, key, value) of every package, with `v3.NAME` for a table of CEP 48, and ("", key, value) of the other members.

    Values have JSON types; integers are exact, other numbers as near as a double is. SourceError for anything that is no index.
    """
    events: _Events = ijson.basic_parse(stream, buf_size=_PIECE)
    try:
        if next(events)[0] != "start_map":
            raise stream.broken("no JSON object")
        for key, event, value in _keys(events):
            if key in CLASSIC_TABLES:
                yield from _table(stream, events, key, event)
            elif key == "v3":
                if event != "start_map":
                    raise stream.broken("its member v3 is no object")
                for name, inner, _ in _keys(events):
                    yield from _table(stream, events, f"v3.{name}", inner)
            elif key in _LEFT_OUT:
                _built(events, event, value)
            else:
                yield "", key, _built(events, event, value)
        for _ in events:  # what follows the object is an error that ijson finds
            pass
    except ijson.JSONError as error:
        raise stream.broken(_told(error)) from error
    except OverflowError as error:
        raise stream.broken(str(error)) from error
    except RecursionError as error:
        raise stream.broken("its values are nested too deeply") from error


def _table(stream: IndexStream, events: _Events, name: str, event: str) -> Iterator[Member]:
    if event != "start_map":
        raise stream.broken(f"its table {name} is no object")
    for key, inner, value in _keys(events):
        yield name, key, _built(events, inner, value)


def _keys(events: _Events) -> Iterator[tuple[str, str, Any]]:
    """The keys of the object that was begun, each with the event that begins its value."""
    for event, key in events:
        if event == "end_map":
            return
        yield (key, *next(events))


def _built(events: _Events, event: str, value: Any) -> Any:
    if event == "start_map":
        return {key: _built(events, inner, begun) for key, inner, begun in _keys(events)}
    if event == "start_array":
        found = []
        for inner, begun in events:
            if inner == "end_array":
                break
            found.append(_built(events, inner, begun))
        return found
    if isinstance(value, Decimal):
        number = float(value)
        if isinf(number):
            raise OverflowError(f"the number {value} is too large")
        return number
    return value


def _told(error: ijson.JSONError) -> str:
    text = error.args[0] if error.args else ""
    first = (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)).partition("\n")[0]
    return first.removeprefix("parse error: ").removeprefix("lexical error: ").rstrip(".") or type(error).__name__
