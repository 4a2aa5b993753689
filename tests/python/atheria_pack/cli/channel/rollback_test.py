"""`channel rollback` as it is typed."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[2] / "mirror"))

from small_mirror import entry, listed  # noqa: E402

A, B = entry("a"), entry("b", license=None)


def test_there_and_back(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channel", "rollback", "m", "--dry-run"]) == 0
    assert "would show the content of generation 1 again, as generation 3, in the place of 2" in capsys.readouterr().out
    assert listed(here / "m") == {A.file_name, B.file_name}
    assert main(["channel", "rollback", "m"]) == 0
    assert "shows the content of generation 1 again, as generation 3" in capsys.readouterr().out
    assert listed(here / "m") == {A.file_name}
    assert main(["channel", "rollback", "m", "--to", "2", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert {key: value[key] for key in ("schema", "dry_run", "shown", "again", "number")} == {
        "schema": 1, "dry_run": False, "shown": 3, "again": 2, "number": 4
    }  # fmt: skip
    assert main(["channel", "rollback", "m", "--to", "2"]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_what_is_gone_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "m" / A.path).unlink()
    assert main(["channel", "rollback", "m"]) == 1
    assert f"{A.path} (gone)" in capsys.readouterr().err
    assert main(["channel", "rollback", "m", "--to", "9"]) == 1
    assert "no generation 9; there are 1, 2" in capsys.readouterr().err


def test_a_key_that_is_none_changes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channel", "rollback", "m", "--sign", "nokey"]) == 1
    assert "nokey" in capsys.readouterr().err
    assert listed(here / "m") == {A.file_name, B.file_name}
