"""`channel gc` as it is typed."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[2] / "mirror"))

from small_mirror import BORN, entry, listed, show  # noqa: E402

A, B = entry("a"), entry("b", license=None)


def test_what_is_old_goes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_again(here)
    (here / "m/notes.txt").write_text("mine")
    assert main(["channel", "gc", "m", "--keep", "1"]) == 0
    assert "removed generations 1, 2 and 0 files" in capsys.readouterr().out, "published long ago, but the files came just now"
    assert main(["channel", "gc", "m", "--keep", "1", "--grace", "0", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("would remove no generation and ") and "left alone, as no mirror makes them: notes.txt" in told
    assert (here / "m" / A.path).exists()
    assert main(["channel", "gc", "m", "--keep", "1", "--grace", "0", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["kept"] == [3] and value["strangers"] == ["notes.txt"] and value["files"] >= 1
    assert not (here / "m" / A.path).exists() and (here / "m" / B.path).exists()


def show_again(here: Path) -> None:
    from atheria_pack.mirror.places.folder import FolderPlace

    show(FolderPlace(here / "m", "m"), B, now=BORN + 2)


@pytest.mark.parametrize(("words", "status", "told"), [(["m", "--keep", "0"], 2, "--keep 0"), (["none"], 1, "no generation")])
def test_what_makes_no_sense_is_refused(here: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, told: str) -> None:
    assert main(["channel", "gc", *words]) == status
    assert told in capsys.readouterr().err
    assert listed(here / "m") == {A.file_name, B.file_name}
