"""`channel audit` as it is typed: a table, Markdown, JSON."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[2] / "mirror"))

from small_mirror import BORN, entry, listed  # noqa: E402

A, B = entry("a"), entry("b", license=None)


def test_a_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channel", "audit", "m"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heading = next(line for line in lines if line.startswith("package "))
    row = next(line for line in lines if line.startswith(A.path))
    for column, cell in (("licence", "MIT"), ("origin", "https://channel.example/stable/"), ("why", "a on linux-64, no-gpu")):
        assert row[heading.index(column) :].startswith(cell)
    assert f"1 packages whose record tells no licence: {B.path}" in lines
    assert lines[0].endswith("m, generation 2"), "no empty line for `head -1`"
    assert lines[-1].startswith("2 packages, ") and lines[-1].endswith("2 licences, 1 channels")


def test_markdown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channel", "audit", "m", "--markdown", "--generation", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "| package | licence | size | origin | why |" in lines and "|---|---|---|---|---|" in lines
    assert not any(B.path in line for line in lines)


def test_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channel", "audit", "m", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["schema"], value["generation"], value["published"]) == (1, 2, BORN + 1)
    assert [one["path"] for one in value["packages"]] == [A.path, B.path]
    assert value["totals"]["packages"] == 2 and value["totals"]["unlicensed"] == [B.path]
    assert listed(here / "m") == {A.file_name, B.file_name}


def test_what_cannot_be_told_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channel", "audit", "m", "--json", "--markdown"]) == 2
    assert main(["channel", "audit", "m", "--generation", "5"]) == 1
    assert "no generation 5; there are 1, 2" in capsys.readouterr().err
