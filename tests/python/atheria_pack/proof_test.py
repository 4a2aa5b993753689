"""The proof judges: pictures that show nothing, prefixes without the command, and memory of unchanged channels."""

import json
from pathlib import Path

import pytest
from atheria_pack.proof import fingerprint_of, in_prefix, judge_picture, prove, user_spec
from PIL import Image


def test_spec_is_what_users_type() -> None:
    assert user_spec("cpu") == "atheria-core=*=cpu*"


def test_pictures(tmp_path: Path) -> None:
    path = tmp_path / "demo.png"
    assert judge_picture(path) == (False, "no picture: demo.png was not written")
    path.write_bytes(b"not a picture")
    assert judge_picture(path)[0] is False
    Image.new("RGB", (8, 4), (3, 3, 3)).save(path)
    assert judge_picture(path) == (False, "demo.png (8x4) has a single colour")
    image = Image.new("RGB", (8, 4), (3, 3, 3))
    image.putpixel((1, 1), (9, 9, 9))
    image.save(path)
    assert judge_picture(path) == (True, "8x4 picture with 2 colours")


def test_a_prefix_runs_with_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/leaked")
    monkeypatch.setenv("VIRTUAL_ENV", "/leaked")
    program = tmp_path / "bin" / "show"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$PATH|$PYTHONPATH|$VIRTUAL_ENV"\n')
    program.chmod(0o755)
    assert in_prefix(tmp_path, ["show"], tmp_path).stdout == f"{tmp_path}/bin||\n"
    missing = in_prefix(tmp_path, ["atheria"], tmp_path)
    assert missing.returncode == 127 and "no command atheria" in missing.stderr


def test_an_unsolvable_channel_is_a_failed_proof_and_not_remembered(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    for subdir in ("noarch", "linux-64"):
        (channel / subdir).mkdir(parents=True)
        (channel / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}))
    proof = prove("cpu", [channel.as_uri()], "linux-64", tmp_path / "proof", tmp_path / "cache", "f")
    assert not proof.success and "does not solve" in proof.reason
    assert not (tmp_path / "proof" / "cpu.json").exists()


def test_fingerprint_sees_content(tmp_path: Path) -> None:
    package = tmp_path / "linux-64" / "a.conda"
    package.parent.mkdir()
    package.write_bytes(b"1")
    before = fingerprint_of(tmp_path)
    package.write_bytes(b"2")
    assert fingerprint_of(tmp_path) != before
