"""`channel export` and `channel import` as they are typed: what goes to stdout, what is refused, with which status."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[2] / "mirror" / "airgap"))

from origins import files_of, publish, tree  # noqa: E402
from signature_test import allow, make_key  # noqa: E402


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an origin of two generations, a key and a list of signers."""
    publish(tmp_path / "origin", files_of("linux-64/a-1"))
    publish(tmp_path / "origin", files_of("linux-64/a-1", "noarch/b-1"))
    allow(tmp_path / "allowed", ("mirror@origin", make_key(tmp_path, "key")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def channel(*words: str) -> int:
    return main(["channel", *words])


def test_there_and_back(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert channel("export", "origin", "b.tar", "--sign", "key") == 0
    told = capsys.readouterr()
    assert told.out.startswith("wrote b.tar: generation 2, everything: 2 packages, 2 shards, 8 indexes, 4.1 KiB, signed by SHA256:")
    assert channel("import", "b.tar", "mirror", "--allowed-signers", "allowed") == 0
    told = capsys.readouterr()
    assert told.out == "mirror is at generation 2: 2 packages, 2 shards, 8 indexes, 4.1 KiB from b.tar, signed by mirror@origin\n"
    assert tree(here / "mirror").items() < tree(here / "origin").items()
    assert channel("import", "b.tar", "mirror", "--allowed-signers", "allowed") == 0
    assert capsys.readouterr().out == "mirror is at generation 2 already, nothing was changed (signed by mirror@origin)\n"


def test_one_json_value(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert channel("export", "origin", "b.tar", "--since", "1", "--json") == 0
    told = capsys.readouterr()
    value = json.loads(told.out)
    assert (value["schema"], value["generation"], value["base"], value["counts"]["packages"], value["dry_run"]) == (1, 2, 1, 1, False)
    assert value["bundle_size"] == (here / "b.tar").stat().st_size and value["signed_by"] is None
    assert "not signed" in told.err
    assert channel("export", "origin", "full.tar", "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["bundle_size"] == 0 and not (here / "full.tar").exists()
    assert channel("export", "origin", "full.tar") == 0
    capsys.readouterr()
    assert channel("import", "full.tar", "mirror", "--allow-unsigned", "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["generation"], value["base"], value["signed_by"], value["there_already"]) == (2, None, None, False)


def test_somebody_has_to_be_trusted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert channel("export", "origin", "b.tar") == 0
    capsys.readouterr()
    assert channel("import", "b.tar", "mirror") == 2
    told = capsys.readouterr().err
    assert "--allowed-signers FILE" in told and "--allow-unsigned" in told
    assert channel("import", "b.tar", "mirror", "--allowed-signers", "allowed") == 1
    assert "b.tar: is not signed" in capsys.readouterr().err
    with pytest.raises(SystemExit):  # one of both, not both
        channel("import", "b.tar", "mirror", "--allowed-signers", "allowed", "--allow-unsigned")
    assert not (here / "mirror").exists()


def test_names_start_where_the_user_is(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `./run` leaves them: it goes to the project first."""
    (here / "project").mkdir()
    monkeypatch.chdir(here / "project")
    monkeypatch.setenv("INIT_CWD", str(here))
    monkeypatch.setenv("PIXI_PROJECT_ROOT", str(here / "project"))
    assert channel("export", "origin", "b.tar", "--sign", "key") == 0
    assert channel("import", "b.tar", "mirror", "--allowed-signers", "allowed") == 0
    assert (here / "mirror/.mirror/current").is_symlink() and list((here / "project").iterdir()) == []


def test_what_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "folder").mkdir()
    assert channel("export", "origin", "folder") == 2
    assert "folder is a folder; name the file to write, such as folder/bundle.tar" in capsys.readouterr().err
    assert channel("export", "origin", "b.tar", "--since", "2") == 1
    assert "is at generation 2, so there is nothing since it" in capsys.readouterr().err
    (here / "mirror").mkdir()
    (here / "mirror/thesis.txt").write_text("mine")
    assert channel("export", "origin", "b.tar", "--sign", "key") == 0
    for dry in ([], ["--dry-run"]):
        assert channel("import", "b.tar", "mirror", "--allowed-signers", "allowed", *dry) == 1
        assert "thesis.txt" in capsys.readouterr().err
    assert [path.name for path in (here / "mirror").iterdir()] == ["thesis.txt"]
