"""The matrix for its readers: a table for people, Markdown for pages, JSON for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from atheria_pack.matrix import Matrix, Request
from atheria_pack.plan import Decision, State
from atheria_pack.platforms import RUNNERS
from atheria_pack.recipes import Output
from atheria_pack.toolkits import Toolkit
from atheria_pack.variants import ACCEL_KEY

SCHEMA = 2
_HEADINGS = ("cell", "build", "state", "why")
_Row = tuple[str, str, str, str]


def as_json(matrix: Matrix, request: Request, toolkits: Sequence[Toolkit] = ()) -> dict[str, Any]:
    """The matrix as JSON types. `cells` and `builds` can each be the `include` list of a GitHub workflow's job matrix."""
    return {
        "schema": SCHEMA,
        "native": request.native,
        "platforms": list(request.platforms),
        "channel": {"name": matrix.channel.name, "note": matrix.channel.note},
        "counts": {state.value: matrix.count(state) for state in State},
        "cells": [_cell(matrix, decision, output) for decision, output in _cells(matrix)],
        "builds": _builds(matrix),
        "toolkits": [toolkit.as_json() for toolkit in toolkits],
    }


def text_lines(matrix: Matrix, toolkits: Sequence[Toolkit] = ()) -> Iterator[str]:
    """A table per platform: a line per cell with its build, state and reason; then what there is to build with."""
    yield f"channel: {matrix.channel.name} ({matrix.channel.note})"
    rows = [_HEADINGS, *(row for _, listed in _by_platform(matrix) for row in listed)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for platform, listed in _by_platform(matrix):
        yield ""
        yield f"{platform}: {_sums([row[2] for row in listed])}"
        for row in [_HEADINGS, *listed]:
            yield "  ".join(["", *(text.ljust(width) for text, width in zip(row[:3], widths, strict=True)), row[3]]).rstrip()
    counts = ", ".join(f"{matrix.count(state)} {state.value}" for state in State if matrix.count(state))
    yield ""
    yield f"{sum(matrix.count(state) for state in State)} cells: {counts or 'none'}"
    if toolkits:
        yield ""
        yield "toolkits:"
        yield from toolkit_lines(toolkits)


def toolkit_lines(toolkits: Sequence[Toolkit]) -> Iterator[str]:
    """What was found, or looked for in vain, a line each: what it is, whether it is used, where it is, and why."""
    rows = [
        (toolkit.kind, f"{toolkit.name} {toolkit.version}".rstrip(), "used" if toolkit.chosen else "not used", toolkit.path)
        for toolkit in toolkits
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row, toolkit in zip(rows, toolkits, strict=True):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        yield "  ".join(["", *cells, toolkit.reason])


def markdown_lines(matrix: Matrix, toolkits: Sequence[Toolkit] = ()) -> Iterator[str]:
    """The same to paste into a page or a job's summary."""
    for platform, listed in _by_platform(matrix):
        yield f"### {platform}: {_sums([row[2] for row in listed])}"
        yield ""
        yield "| " + " | ".join(_HEADINGS) + " |"
        yield "|---" * len(_HEADINGS) + "|"
        for cell, build, state, why in listed:
            yield f"| `{cell}` | `{build}` | {state} | {why.replace('|', '/')} |"
        yield ""
    if toolkits:
        yield "### Toolkits"
        yield ""
        yield "| kind | name | version | used | why |"
        yield "|---|---|---|---|---|"
        for toolkit in toolkits:  # without their places, which are nobody else's business
            used = "yes" if toolkit.chosen else "no"
            yield f"| {toolkit.kind} | {toolkit.name} | {toolkit.version} | {used} | {toolkit.reason.replace('|', '/')} |"
        yield ""
    yield f"Built against {matrix.channel.name}: {matrix.channel.note}."


def _cells(matrix: Matrix) -> Iterator[tuple[Decision, Output]]:
    for decision in matrix.decisions:
        for output in decision.job.outputs:
            yield decision, output


def _by_platform(matrix: Matrix) -> list[tuple[str, list[_Row]]]:
    found: dict[str, list[_Row]] = {}
    for decision, output in _cells(matrix):
        preview = " (preview)" if decision.job.identifier in matrix.previews else ""
        cell = output.identifier.partition("/")[2]
        found.setdefault(output.subdir, []).append((cell, output.build, decision.state.value + preview, decision.reason))
    return list(found.items())


def _sums(states: Sequence[str]) -> str:
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))


def _cell(matrix: Matrix, decision: Decision, output: Output) -> dict[str, Any]:
    return {
        "cell": output.identifier,
        "name": output.name,
        "version": output.version,
        "build": output.build,
        "platform": output.subdir,
        "runner": RUNNERS[output.platform],
        "accel": output.variant.get(ACCEL_KEY),
        "python": output.python,
        "preview": decision.job.identifier in matrix.previews,
        "job": decision.job.identifier,
        "needs": sorted(decision.job.suppliers),
        "state": decision.state.value,
        "reason": decision.reason,
    }


def _builds(matrix: Matrix) -> list[dict[str, Any]]:
    """One entry for each platform and accelerator: what one `build-all --platform P --accel A` makes."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for decision, output in _cells(matrix):
        accel = output.variant.get(ACCEL_KEY)
        if accel is None:
            continue
        entry = found.setdefault(
            (output.platform, accel),
            {"platform": output.platform, "runner": RUNNERS[output.platform], "accel": accel, "pythons": [], "states": {}},
        )
        if output.python and output.python not in entry["pythons"]:
            entry["pythons"].append(output.python)
        entry["states"][decision.state.value] = entry["states"].get(decision.state.value, 0) + 1
    return list(found.values())
