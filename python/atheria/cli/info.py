"""Say which engine runs here, with which backends, and why."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..law import open_law, shipped_laws
from ..native import engine_info


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _laws() -> list[dict[str, Any]]:
    laws = []
    for name in shipped_laws():
        law = open_law(name)
        laws.append({"name": name, "d": law.d, "radius": law.radius, "digest": law.digest.hex()})
    return laws


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    info = {**engine_info(), "laws": _laws()}
    if args.json:
        print(json.dumps(info, indent=2))
        return 0
    print(f"atheria {info['version']} on Python {info['python']}, numpy {info['numpy']}, {info['platform']}")
    print(f"engine: {info['engine']}" + (f" ({info['reason']})" if info["reason"] else ""))
    if info["engine"] == "native":
        device = info["device"]
        chosen = f"{device['backend']} {device['level']} on {device['name']}" if device else info["device_reason"]
        threads = f"{info['threads']} threads" if info["threads"] else info["threads_reason"]
        print(f"native: {info['native_version']} from {info['native_module']}, {threads}")
        print(f"device: {chosen}")
        if info["backends"] is None:
            print(f"  backends: {info['backends_reason']}")
        for backend in info["backends"] or []:
            state = f"score {backend['score']}" if not backend["reason"] else f"not usable: {backend['reason']}"
            print(f"  backend {backend['name']:<10} {state:<12} {backend['description']}")
    for law in info["laws"]:
        print(f"law: {law['name']}, d = {law['d']}, radius {law['radius']}, digest {law['digest'][:16]}")
    return 0
