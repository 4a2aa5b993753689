"""Files appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from atheria.atomic_file import check_writable, write_atomically
from atheria.errors import OutputError


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"one", b"two"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["file"]


def test_a_failure_leaves_the_old_file_and_no_debris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match=r"No space left on device; its old content is unchanged"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"absent.*cannot be written: No such file"):
        write_atomically(tmp_path / "absent" / "file", b"")


def test_the_mask_of_the_process_is_kept_and_never_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", lambda mask: pytest.fail("the mask of every thread was changed"))
            write_atomically(tmp_path / "file", b"one")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_planted_temporary_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names cannot be foreseen; here one is, and a link lies there."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0" * 2 * size)
    (tmp_path / f".file.{'0' * 16}.tmp").symlink_to(victim)
    with pytest.raises(OutputError, match="File exists"):
        write_atomically(tmp_path / "file", b"theirs")
    assert victim.read_bytes() == b"mine" and not (tmp_path / "file").exists()


def test_trying_a_folder_leaves_it_as_it_was(tmp_path: Path) -> None:
    (tmp_path / ".file.probe").write_bytes(b"mine")
    assert check_writable(tmp_path / "file") == tmp_path / "file"
    assert os.listdir(tmp_path) == [".file.probe"]
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="No such file"):
        check_writable(tmp_path / "absent" / "file")
