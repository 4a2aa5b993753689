"""The files of the checkout as git sees them: tracked, or untracked and not ignored."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def project_files() -> tuple[Path, ...]:
    """Paths relative to the root, sorted; files deleted in the work tree are left out."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode()
    paths = sorted({Path(name) for name in listing.split("\0") if name})
    return tuple(path for path in paths if (ROOT / path).is_file())


def files_below(folder: str, *suffixes: str) -> list[Path]:
    """Files below `folder`; all suffixes if none is named."""
    base = Path(folder)
    return [p for p in project_files() if base in p.parents and (not suffixes or p.suffix in suffixes)]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
