"""`inspect` as it is typed: a table, findings, an exit code, bills of materials, differences."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.inspection.rules import load_rules

from ..inspection.draft import ROOT, Draft, core, runtime


def inspect(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "atheria_pack", "inspect", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> list[Draft]:
    work = tmp_path_factory.mktemp("work")
    return [runtime(work), core(work)]


@pytest.fixture
def output(drafts: list[Draft], tmp_path: Path) -> Path:
    folder = tmp_path / "output" / "channel" / "linux-64"
    folder.mkdir(parents=True)
    for draft in drafts:
        draft.write(folder)
    return tmp_path / "output"


def test_honest_channel(output: Path) -> None:
    done = inspect("--output", output)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "2 packages: 0 errors, 0 warnings"
    row = next(line for line in lines if "libatheria-runtime" in line)
    assert "2.2.5" in row and "libc.so.6" in row and "%" in row and row.endswith("as it says")


def test_dishonest_package(drafts: list[Draft], output: Path, tmp_path: Path) -> None:
    draft = drafts[0].copy()
    assert draft.facts is not None
    draft.facts["cpu_levels"] = ["baseline"]
    package = draft.write(tmp_path)
    done = inspect(package)
    assert done.returncode == 1 and "1 errors" in done.stdout
    assert f"{package.name}: error [claim-cpu-levels] share/atheria/libatheria-runtime/capabilities.json: expected" in done.stdout
    value = json.loads(inspect("--json", package).stdout)
    assert value["errors"] == 1
    (entry,) = value["packages"]
    assert entry["findings"][0]["rule"] == "claim-cpu-levels" and entry["findings"][0]["severity"] == "error"
    budget = load_rules(ROOT).budgets["libatheria-runtime"]
    assert entry["budget"] == budget.base + budget.added["openblas"]
    assert entry["libraries"] == ["libc.so.6"] and entry["glibc"] == "2.2.5"


def test_torn_package_does_not_hide_the_others(output: Path) -> None:
    torn = output / "channel" / "linux-64" / "atheria-0.1.0-cpu_h0123456_200.conda"
    torn.write_bytes(b"PK")
    done = inspect("--output", output)
    assert done.returncode == 1 and "3 packages: 1 errors" in done.stdout and f"error [package] {torn.name}" in done.stdout
    value = json.loads(inspect("--output", output, "--json").stdout)
    assert len(value["packages"]) == 2 and value["errors"] == 1 and value["unreadable"][0]["file"].endswith(torn.name)


def test_bills(output: Path, tmp_path: Path) -> None:
    assert inspect("--output", output, "--sbom", tmp_path / "sbom").returncode == 0
    made = sorted(path.name for path in (tmp_path / "sbom" / "linux-64").iterdir())
    assert made == sorted(f"{path.name}.cdx.json" for path in (output / "channel" / "linux-64").glob("*.conda"))


def test_difference(output: Path) -> None:
    one, two = sorted((output / "channel" / "linux-64").glob("*.conda"))
    done = inspect("--diff", one, two)
    assert done.returncode == 1 and "index name: atheria-core -> libatheria-runtime" in done.stdout
    same = inspect("--diff", "--json", one, one)
    assert same.returncode == 0 and json.loads(same.stdout)["differences"] == []


def test_nothing_to_inspect(tmp_path: Path) -> None:
    for words, message in (
        ((tmp_path,), f"error: {tmp_path} has no .conda packages"),
        ((tmp_path / "absent.conda",), f"error: {tmp_path / 'absent.conda'} is no file and no folder"),
        (("--diff", tmp_path), "error: --diff compares two packages, not 1"),
    ):
        done = inspect(*words)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith(message), done.stderr
