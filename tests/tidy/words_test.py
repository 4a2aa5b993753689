"""Words that stay out of the tree: machine paths, unfinished work, swallowed errors, generated files."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tree import ROOT, files_below, project_files, read  # noqa: E402

HERE = Path("tests/tidy")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|home/\w+|opt/pypi\S*|Users/\w+)/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
SWALLOWED = re.compile(r"^\s*except\s*:|except\s+(Base)?Exception\s*:\s*(pass)?\s*$", re.MULTILINE)
BINARY_ALLOWED = {".atl", ".png", ".gif"}
SIZE_MAX_BYTES = 200_000


def is_text(path: Path) -> bool:
    return b"\0" not in (ROOT / path).read_bytes()[:8192]


def texts() -> list[Path]:
    return [p for p in project_files() if HERE not in p.parents and is_text(p)]


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [f"{p}:{n}: {line.strip()[:100]}" for p in paths
            for n, line in enumerate(read(p).splitlines(), 1) if pattern.search(line)]


def test_no_path_of_one_machine() -> None:
    assert not lines_with(MACHINE_PATH, texts())


def test_no_unfinished_work() -> None:
    assert not lines_with(UNFINISHED, [p for p in texts() if p.suffix in {".py", ".cpp", ".hpp", ".h", ".inl", ".sh", ".yaml"}])


def test_no_swallowed_error() -> None:
    found = [str(p) for p in files_below("python", ".py") + files_below("tests", ".py")
             if HERE not in p.parents and SWALLOWED.search(read(p))]
    assert not found, f"an except that hides everything: {', '.join(found)}"


def test_no_binary_and_nothing_large() -> None:
    binary = [str(p) for p in project_files() if not is_text(p) and p.suffix not in BINARY_ALLOWED]
    large = [str(p) for p in project_files() if (ROOT / p).stat().st_size > SIZE_MAX_BYTES]
    assert not binary + large, f"binary: {binary}; above {SIZE_MAX_BYTES} bytes: {large}"


def test_texts_end_with_one_newline() -> None:
    wrong = [str(p) for p in texts() if read(p) and (not read(p).endswith("\n") or read(p).endswith("\n\n"))]
    assert not wrong, f"one newline at the end: {', '.join(wrong)}"
