"""An extension that cannot be used is told, with its reason, and the reference engine takes over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = {
    "missing library": (
        "raise ImportError('libatheria_engine.so.0: cannot open shared object file')",
        "cannot be imported: libatheria_engine.so.0",
    ),
    "other version": ("__version__ = '9.8.7'", "atheria_core is version 9.8.7, this package is"),
}


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m atheria ...` with `folder` before everything else on the path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    return subprocess.run([sys.executable, "-m", "atheria", *arguments], capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_the_reason_is_kept(tmp_path: Path, case: str) -> None:
    text, reason = BROKEN[case]
    (tmp_path / "atheria_core.py").write_text(text)
    info = json.loads(command(tmp_path, "info", "--json").stdout)
    assert info["engine"] == "reference" and reason in info["reason"]


def test_auto_falls_back_aloud_and_a_named_backend_does_not(tmp_path: Path) -> None:
    text, reason = BROKEN["missing library"]
    (tmp_path / "atheria_core.py").write_text(text)
    done = command(tmp_path, "run", "--steps", "2")
    assert done.returncode == 0 and "backend numpy (reference engine" in done.stdout
    assert "the reference engine ran" in done.stderr and reason in done.stderr
    refused = command(tmp_path, "run", "--steps", "2", "--backend", "cpu")
    assert refused.returncode == 7 and refused.stdout == "" and reason in refused.stderr
