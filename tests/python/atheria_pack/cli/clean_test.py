"""What `clean` refuses, so that a typing error loses nothing."""

from pathlib import Path

import pytest
from atheria_pack.cli.main import main


@pytest.fixture
def built(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("build", "output/records"):
        (project / folder).mkdir(parents=True)
    monkeypatch.chdir(project)
    return project


@pytest.mark.parametrize("option", ["--accel", "--python", "--platform"])
@pytest.mark.parametrize("value", ["", " , "])
def test_an_option_that_names_nothing_does_not_mean_everything(
    built: Path, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["clean", option, value])
    assert ended.value.code == 2
    assert f"argument {option}: {value!r} names nothing; leave the option out to mean all" in capsys.readouterr().err
    assert (built / "build").is_dir() and (built / "output" / "records").is_dir()


def test_a_file_named_as_the_output_folder_stays(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter = built / "letter"
    letter.write_text("dear")
    assert main(["clean", "--output", str(letter)]) == 2
    assert capsys.readouterr().err == f"error: --output {letter}: no folder; nothing is removed\n"
    assert letter.read_text() == "dear"


def test_without_options_everything_goes(built: Path) -> None:
    assert main(["clean"]) == 0
    assert not (built / "build").exists() and not (built / "output").exists()
