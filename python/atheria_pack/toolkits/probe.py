"""Asks programs for their versions: none of them may hang, fail or be missing in a way that stops the search."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_S = 30


def said(command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """What a program prints on either stream, in English; empty if it cannot be run, fails, or takes too long."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
            env={**environment, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def first(pattern: str, text: str) -> str:
    """What the pattern's group matches first, or nothing."""
    found = re.search(pattern, text)
    return found[1] if found else ""


def on_path(name: str, environment: Mapping[str, str]) -> Path | None:
    """The program that this name starts."""
    found = shutil.which(name, path=environment.get("PATH", os.defpath))
    return Path(found) if found else None


def number(version: str) -> tuple[int, ...]:
    """A version to compare by: its leading numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("-")[0]))


def without_repeats(paths: Sequence[Path]) -> list[Path]:
    """Executables in their order, one file once, by whatever names it is found."""
    kept: dict[Path, Path] = {}
    for path in paths:
        if path.is_file() and os.access(path, os.X_OK):
            kept.setdefault(path.resolve(), path)
    return list(kept.values())
