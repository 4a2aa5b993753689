"""`channel VERB` finds the file of a verb, and no file is left without its verb."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.cli import channel
from atheria_pack.cli.main import main

FOLDER = Path(channel.__file__).parent


def files_of_verbs() -> set[str]:
    """The modules that offer themselves as verbs."""
    names = (path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    return {name for name in names if hasattr(importlib.import_module(f"{channel.__name__}.{name}"), "HELP")}


def test_every_verb_has_a_file_and_every_file_with_a_help_is_a_verb() -> None:
    assert files_of_verbs() == {channel.file_of(verb) for verb in channel.VERBS}


def test_help_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["channel", "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for verb in channel.VERBS:
        assert f"    {verb} " in said or f"    {verb}\n" in said, verb


def test_an_unknown_verb_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["channel", "miror"])
    assert ended.value.code == 2
    assert "'miror'" in capsys.readouterr().err


def test_ctrl_c_tells_what_became_of_the_mirror(tmp_path: Path) -> None:
    """Any verb that is at work: here one that waits for its bundle to be written."""
    os.mkfifo(tmp_path / "bundle.tar")
    command = [sys.executable, "-m", "atheria_pack", "channel", "import", str(tmp_path / "bundle.tar"), str(tmp_path / "m"), "--allow-unsigned"]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stderr=subprocess.PIPE, text=True) as running:
        writer = os.open(tmp_path / "bundle.tar", os.O_WRONLY)  # waits for the reader
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
        os.close(writer)
    assert running.returncode == 130
    assert told == "interrupted; what the mirror shows is whole and stays, and what was downloaded is kept. The same command goes on from there\n"
