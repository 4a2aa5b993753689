"""`atheria convert` makes a law file that `atheria run` takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from atheria.cli.main import main
from atheria.law import open_law
from atheria.laws.modules import conv_qca

torch = pytest.importorskip("torch", reason="torch is not installed; conversion needs it")


def test_convert_and_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    torch.save(conv_qca(3, hidden=4), tmp_path / "mine.pt")
    assert main(["convert", str(tmp_path / "mine.pt"), "--gamma", "0.01"]) == 0
    law = open_law(tmp_path / "mine.atl")
    assert (law.name, law.d, law.radius, law.gamma) == ("mine", 3, 2, 0.01)
    assert "d = 3, radius 2" in capsys.readouterr().out
    assert main(["run", "--quiet", "--law", str(tmp_path / "mine.atl"), "--steps", "2", "--backend", "numpy"]) == 0


def test_what_cannot_be_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(4, 4, 1), torch.nn.Softplus()), tmp_path / "odd.pt")
    assert main(["convert", str(tmp_path / "odd.pt")]) == 6
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Softplus" in err
    assert main(["convert", str(tmp_path / "absent.pt")]) == 5
