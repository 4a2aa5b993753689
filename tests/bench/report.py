"""What a run leaves: a table for people, JSON for machines, a picture of the shares of peak."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from bench_rows import Row


def seconds_text(seconds: float) -> str:
    """Three significant digits with a unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def row_text(row: Row) -> str:
    spread = f"{seconds_text(row.seconds)} [{seconds_text(row.seconds_p10)} .. {seconds_text(row.seconds_p90)}]"
    rate = "" if row.gflops is None else f"{row.gflops:8.1f} GFLOP/s"
    share = "" if row.peak_share is None else f"{row.peak_share:6.1%} of peak"
    speedup = "" if row.speedup is None else f"  {row.speedup:.2f}x {row.note}"
    return f"{row.case:34} {row.candidate:34} {spread:36} {rate:17} {share}{speedup}"


def as_json(machine: dict[str, Any], rows: list[Row]) -> str:
    return json.dumps({"format": 1, "machine": machine, "rows": [asdict(row) for row in rows]}, indent=2) + "\n"


def as_svg(machine: dict[str, Any], rows: list[Row]) -> str:
    """Bars of GFLOP/s, a line at the measured peak. Text in the picture is enough to read it without the colours."""
    shown = [row for row in rows if row.gflops is not None]
    bar, label_width, plot_width, top = 16, 470, 420, 44
    peak = float(machine["peak_gflops"])
    height = top + bar * len(shown) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{label_width + plot_width + 90}" height="{height}" font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="18" font-size="13">{escape(str(machine.get("cpu", "")))}: GFLOP/s on one core, measured FMA peak {peak:.0f}</text>',
    ]
    for index, row in enumerate(shown):
        y = top + bar * index
        width = plot_width * min(1.1, (row.gflops or 0.0) / peak)
        fill = "#1b6ca8" if row.candidate.startswith("atheria") else "#b0b7bd"
        parts.append(f'<text x="8" y="{y + 11}">{escape(row.case)} / {escape(row.candidate)}</text>')
        parts.append(f'<rect x="{label_width}" y="{y + 2}" width="{width:.1f}" height="{bar - 4}" fill="{fill}"/>')
        parts.append(f'<text x="{label_width + width + 4:.1f}" y="{y + 11}">{row.gflops:.0f}</text>')
    x = label_width + plot_width
    parts.append(f'<line x1="{x}" y1="{top - 8}" x2="{x}" y2="{height - 10}" stroke="#c0392b" stroke-dasharray="4 3"/></svg>')
    return "\n".join(parts) + "\n"


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
