"""Switching: one prefix changes from accelerator to accelerator, and nothing of the former one stays behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rattler.exceptions import SolverError

from atheria_pack.proof import in_prefix, install
from atheria_pack.selection import FAMILY

PACKAGE = "libatheria-runtime"


@dataclass(frozen=True)
class Switch:
    """One change of a prefix to `accel`: what it holds of the family afterwards, and what is wrong with that, if anything."""

    accel: str
    installed: tuple[str, ...]
    trouble: str | None


def switch_through(
    accels: Sequence[str], channels: Sequence[str], platform: str, folder: Path, cache: Path, package: str = PACKAGE
) -> list[Switch]:
    """Install `PACKAGE=*=ACCEL*` for one accelerator after the other into one prefix below `folder`, which is removed after."""
    prefix = folder / "prefix-switch"
    shutil.rmtree(prefix, ignore_errors=True)
    switches = []
    try:
        for accel in accels:
            try:
                install([f"{package}=*={accel}*"], channels, platform, prefix, cache)
            except SolverError as error:
                switches.append(Switch(accel, (), f"does not solve: {error}"))
                continue
            installed = tuple(family_of(prefix))
            switches.append(Switch(accel, installed, trouble_with(prefix, accel, installed)))
    finally:
        shutil.rmtree(prefix, ignore_errors=True)
    return switches


def family_of(prefix: Path) -> list[str]:
    """`name=build` of the family's packages that a prefix records."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((prefix / "conda-meta").glob("*.json"))]
    return [f"{record['name']}={record['build']}" for record in records if record["name"] in FAMILY]


def trouble_with(prefix: Path, accel: str, installed: Sequence[str]) -> str | None:
    """What is wrong after a switch: packages or backend files of another accelerator, or none of this one."""
    strangers = [package for package in installed if not package.partition("=")[2].startswith(f"{accel}_")]
    if strangers or not installed:
        return f"the prefix holds {', '.join(strangers) or 'nothing of the family'}"
    own = accel.rstrip("0123456789")
    plugins = sorted(path.name for path in (prefix / "lib" / "atheria" / "backends").glob("*atheria_backend_*"))
    others = [name for name in plugins if f"atheria_backend_{own}." not in name]
    if others:
        return f"backends of another accelerator stayed: {', '.join(others)}"
    if own != "cpu" and not plugins:
        return f"there is no backend {own}"
    if (prefix / "bin" / "atheria").exists():
        done = in_prefix(prefix, ["atheria", "info"], cwd=prefix.parent)
        if done.returncode:
            return f"`atheria info` ended with {done.returncode}: {done.stderr.strip()[-200:]}"
    return None
