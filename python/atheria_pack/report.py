"""`report.json`: what a run did, for other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from atheria_pack.channel.base import BaseChannel
from atheria_pack.errors import UsageError
from atheria_pack.matrix import Matrix, Request
from atheria_pack.outcome import JobResult, Run
from atheria_pack.proof import Proof
from atheria_pack.recipes import Output
from atheria_pack.variants import ACCEL_KEY

SCHEMA = 2


def as_report(
    matrix: Matrix,
    run: Run,
    proofs: Sequence[Proof],
    channel: Path,
    request: Request,
    seconds: float,
    status: int,
    error: str | None,
) -> dict[str, Any]:
    """The report as JSON types. `status` is the exit status of the run; `error` what ended it early or was wrong with it as a
    whole, beside what the cells and proofs say."""
    return {
        "schema": SCHEMA,
        "status": status,
        "error": error,
        "seconds": round(seconds, 3),
        "native": request.native,
        "platforms": list(request.platforms),
        "interrupted": run.interrupted,
        "base_channel": base_as_json(matrix.channel),
        "channel": str(channel),
        "counts": counts(run),
        "cells": [cell_as_json(result, output) for result in run.results.values() for output in result.job.outputs],
        "proofs": [asdict(proof) for proof in proofs],
    }


def base_of(report: Path) -> str | None:
    """Address of the channel that a report's packages were built against; None where no run left a report. UsageError when it does
    not say."""
    try:
        return str(json.loads(report.read_text(encoding="utf-8"))["base_channel"]["uri"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{report} does not say what was built against ({error!r}); `./run build-all` writes it anew") from error


def base_as_json(base: BaseChannel) -> dict[str, Any]:
    """The channel that was built against."""
    return {
        "name": base.name,
        "uri": base.uri,
        "note": base.note,
        "overlays": {
            platform: {key: list(values) for key, values in overlay.items()} for platform, overlay in base.overlays.items()
        },
    }


def counts(run: Run) -> dict[str, int]:
    """Cells by how they ended, and the tests that ran."""
    counted: dict[str, int] = {}
    for result in run.results.values():
        counted[result.state] = counted.get(result.state, 0) + len(result.job.outputs)
    counted["tests passed"] = sum(result.tests_passed for result in run.results.values())
    counted["tests failed"] = sum(result.tests_failed for result in run.results.values())
    left = sum(count for result in run.results.values() for count in result.not_run.values())
    return counted | ({"tests not run": left} if left else {})


def platform_lines(run: Run) -> list[str]:
    """How the cells of each platform ended, a line each, and below it which tests did not run and why."""
    platforms = dict.fromkeys(output.subdir for result in run.results.values() for output in result.job.outputs)
    width = max(map(len, platforms), default=0)
    lines = []
    for platform in platforms:
        cells: dict[str, int] = {}
        reasons: dict[str, int] = {}
        for result in run.results.values():
            here = [output for output in result.job.outputs if output.subdir == platform]
            if not here:
                continue
            state = f"{result.state} (preview)" if result.preview and not result.good else result.state
            cells[state] = cells.get(state, 0) + len(here)
            for reason, count in result.not_run.items():
                reasons[reason] = reasons.get(reason, 0) + count
        lines.append(f"{platform.ljust(width)}  {', '.join(f'{count} {state}' for state, count in cells.items())}")
        lines += [f"{' ' * width}  {count} tests of {platform} not run: {reason}" for reason, count in reasons.items()]
    return lines


def cell_as_json(result: JobResult, output: Output) -> dict[str, Any]:
    """One cell: how it ended, why, and its package when it has one."""
    package = next((p for p in result.packages if p.cell == output.identifier), None)
    return {
        "cell": output.identifier,
        "name": output.name,
        "version": output.version,
        "build": output.build,
        "platform": output.subdir,
        "accel": output.variant.get(ACCEL_KEY),
        "python": output.python,
        "preview": result.preview,
        "job": result.job.identifier,
        "state": result.state,
        "reason": result.reason,
        "job_seconds": round(result.seconds, 3),
        "package": asdict(package) if package else None,
        "tests": {"ran": package.tests, "not_run": dict(package.not_run)} if package else None,
        "log": str(result.log) if result.log else None,
        "tail": list(result.tail),
    }
