"""`channel verify` as it is typed: a line per trouble, status 1 where there is one."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[2] / "mirror"))

from small_mirror import entry, listed  # noqa: E402

A, B = entry("a"), entry("b", license=None)


def test_a_whole_mirror(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["channel", "verify", "m"]) == 0
    told = capsys.readouterr()
    assert ": all as published; " in told.out and " files, " in told.out and "generation 2" in told.out
    assert main(["channel", "verify", "m", "--all", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["good"], value["generations"], value["troubles"], value["schema"]) == (True, [1, 2], [], 1)


def test_a_damaged_file_is_a_line_and_a_status(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "m" / B.path).write_bytes(b"damaged")
    (here / "m/linux-64/stray-1-0.conda").write_bytes(b"x")
    assert main(["channel", "verify", "m"]) == 1
    first, extra, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{B.path}: expected sha256 {B.sha256}; found 7 bytes of sha256 ")
    assert "`channel mirror --reverify MIRROR`" in first
    assert extra.startswith("no kept generation names linux-64/stray-1-0.conda")
    assert ": 1 trouble; " in last
    assert main(["channel", "verify", "m", "--json"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert not value["good"] and [trouble["path"] for trouble in value["troubles"]] == [B.path]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["none"], 1, "has no generation: it is no mirror"),
        (["m", "--jobs", "0"], 2, "--jobs 0: expected 1 to"),
        (["m", "--allowed-signers", "none"], 2, "--allowed-signers none: no such file"),
        (["ftp://x"], 2, "a mirror lies in a folder or in a bucket"),
    ],
)
def test_what_cannot_be_verified_is_refused(here: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, told: str) -> None:
    assert main(["channel", "verify", *words]) == status
    said = capsys.readouterr()
    assert told in said.err and said.out == ""
    assert listed(here / "m") == {A.file_name, B.file_name}
