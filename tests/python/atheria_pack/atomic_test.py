"""Atomic writes: old or new, never between, and no litter."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.atomic import write_json, write_text


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.json"
    write_json(path, {"b": 1})
    write_json(path, {"b": 2})
    assert json.loads(path.read_text()) == {"b": 2}
    assert os.listdir(path.parent) == ["a.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    program = f"from pathlib import Path; from atheria_pack.atomic import write_text; write_text(Path({str(path)!r}), 'x' * 100000)"

    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails with EFBIG, in place of a signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], preexec_fn=small_files_only, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "File too large" in done.stderr
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "a", "x")
    assert os.listdir(tmp_path) == ["a"]
