"""The commands as a user calls them: what they print where, what they write, which code they end with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from atheria import Simulation, native, shipped_laws
from atheria.cli.main import main
from atheria.law import SHIPPED_FOLDER
from PIL import Image

SMALL = ["--steps", "5", "--size", "40", "--backend", "numpy"]


def test_run_writes_a_picture_and_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "demo.png"
    assert main(["run", "--law", "demo", "--out", str(out), *SMALL]) == 0
    with Image.open(out) as picture:
        assert picture.size == (40, 40) and len(picture.getcolors(4096) or []) > 20
    text = capsys.readouterr().out
    assert "5 steps in" in text and "steps/s" in text and "active cells" in text and "backend numpy" in text
    assert f"wrote {out}" in text


def test_run_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--json", "--snapshot", str(tmp_path / "s"), *SMALL]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["steps"] == summary["step_number"] == 5
    assert summary["active_cells"] > 100 and summary["backend"] == "numpy" and summary["engine"] == "reference"
    assert Simulation.load(tmp_path / "s", "demo", device="numpy").active_cells == summary["active_cells"]


def test_both_engines_draw_the_same_picture(tmp_path: Path) -> None:
    if not native.available():
        pytest.skip(f"no native engine: {native.engine_info()['reason']}")
    pictures = []
    for backend in ("auto", "numpy"):
        out = tmp_path / f"{backend}.png"
        assert main(["run", "--quiet", "--steps", "5", "--size", "40", "--backend", backend, "--out", str(out)]) == 0
        with Image.open(out) as picture:
            pictures.append(list(picture.convert("RGB").tobytes()))
    assert max(abs(a - b) for a, b in zip(*pictures, strict=True)) <= 2


def test_run_makes_an_animation(tmp_path: Path) -> None:
    out = tmp_path / "demo.gif"
    assert main(["run", "--quiet", "--out", str(out), "--frames", "3", "--domain", "periodic", "--init-size", "9", *SMALL]) == 0
    with Image.open(out) as picture:
        assert picture.n_frames == 4 and picture.size == (40, 40)  # type: ignore[attr-defined]


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--quiet", *SMALL]) == 0
    assert capsys.readouterr() == ("", "")


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    assert "engine: " in text and "law: demo, d = 8, radius 2" in text
    assert main(["info", "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert [law["name"] for law in info["laws"]] == shipped_laws()
    assert info["engine"] == ("native" if native.available() else "reference")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--law", "nobody"], 4, "no law 'nobody'"),
        (["--out", "/nonexistent/demo.png"], 5, "/nonexistent/demo.png cannot be written: No such file"),
        (["--out", "demo.jpg"], 2, "pictures are .png or .gif"),
        (["--steps", "-1"], 2, "--steps -1"),
        (["--size", "0"], 2, "--size 0"),
        (["--frames", "0"], 2, "--frames 0"),
        (["--domain", "bounded", "--size", "10"], 2, "--init-size 18: expected 1 to 8 cells"),
        (["--init-size", "300000"], 2, "--init-size 300000: expected 1 to 4096 cells"),
        (["--threads", "99999999999"], 2, "threads is 99999999999, expected an integer from 0 to 1024"),
        (["--snapshot", "/nonexistent/s", "--steps", "1000000000"], 5, "/nonexistent/s cannot be written: No such file"),
    ],
)
def test_wrong_use_ends_with_one_line_and_its_code(arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *SMALL, *arguments]) == code
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1 and err.startswith("atheria run: ")


def test_a_damaged_law_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = bytearray((SHIPPED_FOLDER / "demo.atl").read_bytes())
    raw[1000] ^= 255
    (tmp_path / "bad.atl").write_bytes(raw)
    assert main(["run", "--law", str(tmp_path / "bad.atl"), *SMALL]) == 3
    assert "bad.atl: the checksum does not match" in capsys.readouterr().err


def test_a_folder_that_is_read_only_is_told_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may write everywhere")
    tmp_path.chmod(0o500)
    assert main(["run", "--steps", "1000000", "--out", str(tmp_path / "demo.png")]) == 5
    assert "Permission denied" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_told_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: Simulation, n: int = 1) -> None:
        raise AssertionError("the run began")

    monkeypatch.setattr(Simulation, "step", never)
    assert main(["run", *SMALL, "--out", str(tmp_path / "absent" / "demo.png")]) == 5
    (tmp_path / "folder.png").mkdir()
    assert main(["run", *SMALL, "--out", str(tmp_path / "folder.png")]) == 5
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]


def test_unknown_options_are_refused_by_the_parser() -> None:
    for arguments in (["run", "--colour", "red"], ["fly"], [], ["run", "--backend", "abacus"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2


def test_the_module_is_the_command() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "atheria", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.startswith("atheria 0.")


def test_a_closed_pipe_or_interrupt_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(self: Simulation, n: int = 1) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Simulation, "step", interrupted)
    assert main(["run", *SMALL]) == 130
    assert capsys.readouterr().err == "atheria run: interrupted\n"


def test_an_interrupted_run_keeps_its_last_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    step = Simulation.step

    def interrupted(self: Simulation, n: int = 1) -> object:
        if self.step_number == 3:
            raise KeyboardInterrupt
        return step(self, n)

    monkeypatch.setattr(Simulation, "step", interrupted)
    assert main(["run", *SMALL, "--snapshot", str(tmp_path / "s")]) == 130
    assert f"wrote {tmp_path / 's'}, step 3 of 5" in capsys.readouterr().err
    assert Simulation.load(tmp_path / "s", "demo", device="numpy").step_number == 3


def test_missing_memory_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def exhausted(self: Simulation, n: int = 1) -> None:
        np.empty(1 << 60, np.uint8)

    monkeypatch.setattr(Simulation, "step", exhausted)
    assert main(["run", *SMALL]) == 10
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("atheria run: not enough memory: ") and err.count("\n") == 1


def test_a_reader_that_has_enough_is_no_traceback() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for arguments in (["info"], ["info", "--json"], ["run", "--steps", "1", "--backend", "numpy"]):
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run([sys.executable, "-m", "atheria", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, env=environment)
        os.close(writing)
        assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.parametrize("variable", ["ATHERIA_THREADS", "ATHERIA_CPU_LEVEL"])
def test_info_tells_of_a_wrong_variable(variable: str) -> None:
    if not native.available():
        pytest.skip(f"no native engine: {native.engine_info()['reason']}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), variable: "many"}
    for arguments in (["info"], ["info", "--json"]):
        result = subprocess.run([sys.executable, "-m", "atheria", *arguments], capture_output=True, text=True, env=environment)
        assert result.returncode == 0 and variable in result.stdout and "law" in result.stdout, result
