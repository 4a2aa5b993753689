"""The verb: the table, the verdict, the exit status, and what it says where nothing was built."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.cli.main import main

sys.path.insert(0, str(Path(__file__).parent.parent))
from small_index import record, write_index  # noqa: E402

ACCELS = {"linux-64": ("openblas", "cpu", "cuda129", "cuda130"), "osx-arm64": ("cpu",)}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    base = write_index(tmp_path / "base", {})
    folder = tmp_path / "output"
    write_index(folder / "channel", ACCELS)
    (folder / "report.json").write_text(json.dumps({"base_channel": {"uri": base}}))
    return folder


def test_promises_kept(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selection", "--no-switch", "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "as promised" in said and "cuda130" in said and "!" not in said


def test_a_broken_promise_is_named(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = output / "channel" / "linux-64" / "repodata.json"
    value = json.loads(index.read_text())
    for name in ("atheria-core", "atheria-variant"):
        entry = record(name, "openblas", "linux-64", build_number=999)
        value["packages.conda"][f"{name}-1-{entry['build']}.conda"] = entry
    index.write_text(json.dumps(value))
    assert main(["selection", "--no-switch", "--output", str(output)]) == 1
    assert "broken: 'atheria-core' on linux-64, no GPU: expected cpu, got openblas" in capsys.readouterr().out


def test_json(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selection", "--no-switch", "--json", "--output", str(output)]) == 0
    value = json.loads(capsys.readouterr().out)
    assert all(choice["good"] for choice in value["choices"]) and value["switches"] == []
    assert {"profile": "osx-arm64, macOS 15", "spec": "atheria", "expected": "cpu", "chosen": "cpu", "reason": "", "good": True} in value["choices"]


@pytest.mark.parametrize("missing", ["channel", "report.json"])
def test_nothing_built(output: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    (output / missing).rename(output / "elsewhere")
    assert main(["selection", "--output", str(output)]) == 2
    assert "run `./run build-all` first" in capsys.readouterr().err
