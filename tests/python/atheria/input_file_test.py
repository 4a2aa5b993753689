"""Files are read head first: a size is not believed because a file system states it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from atheria import Simulation, native
from atheria.errors import LawFileError, OutputError, SnapshotError
from atheria.input_file import read_checked
from atheria.law import SHIPPED_FOLDER, open_law

HUGE = 1 << 42  # more than any machine has memory


def test_the_head_is_checked_with_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"headbody")
    seen: list[tuple[bytes, int]] = []
    assert read_checked(path, "file", 4, lambda head, size: seen.append((head, size))) == b"headbody"
    assert read_checked(path, "file", 4, lambda head, size: seen.append((head, size)), head_only=True) == b"head"
    assert seen == [(b"head", 8)] * 2
    with pytest.raises(OutputError, match="absent cannot be read: No such file"):
        read_checked(tmp_path / "absent", "file", 4, lambda head, size: None)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be read"):
        read_checked(tmp_path, "file", 4, lambda head, size: None)
    if hasattr(os, "mkfifo"):
        with pytest.raises(OutputError, match="no regular file"):
            read_checked("/dev/zero", "file", 4, lambda head, size: None)


@pytest.mark.parametrize("head", [b"", b"\x89ATLAW\r\n\1\0\0\0\0\0\0\0"])
def test_a_sparse_law_file_is_refused_by_its_head(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "huge.atl"
    path.write_bytes(head)
    os.truncate(path, HUGE)
    with pytest.raises(LawFileError, match=r"huge\.atl: "):
        open_law(path)
    if native.available():
        engine = native.core().Engine(8)
        assert engine.load_model(str(path)) is False and "huge.atl: " in engine.get_last_error()


def test_a_sparse_snapshot_is_refused_by_its_head(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    Simulation("demo", device="numpy").save(path)
    os.truncate(path, HUGE)
    with pytest.raises(SnapshotError, match=f"huge: {HUGE} bytes instead of 160"):
        Simulation.load(path, SHIPPED_FOLDER / "demo.atl", device="numpy")
