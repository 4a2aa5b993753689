"""`clean` removes what it is asked to, the channel stays whole, and everything else stays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402


def clean(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "atheria_pack", "clean", *words]
    return subprocess.run(command, cwd=project.root, env=project.environment, capture_output=True, text=True, check=False)


def accel_of(name: str) -> str:
    return "openblas" if "openblas" in name else "cpu"


@pytest.fixture
def built(project: Project) -> Project:
    assert project.build("--platform", "linux-64,win-64", "--python", "3.10").returncode == 0
    return project


def test_one_accelerator_goes_and_the_other_is_untouched(built: Project) -> None:
    before = built.published()
    proof = built.output / "proof"
    proof.mkdir()
    for name in ("cpu.json", "openblas.json"):
        (proof / name).write_text("{}")
    tried = clean(built, "--accel", "openblas", "--dry-run", "--json")
    planned = json.loads(tried.stdout)
    assert tried.returncode == 0 and built.published() == before and planned["dry_run"] is True and planned["bytes"] > 0
    done = clean(built, "--accel", "openblas", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["paths"] == planned["paths"]
    assert {accel_of(cell) for cell in planned["cells"]} == {"openblas"} and len(planned["cells"]) == 8
    assert built.published() == {name for name in before if accel_of(name) == "cpu"}
    left = [str(path.relative_to(built.output)) for folder in ("packages", "records", "logs", "work", "proof")
            for path in (built.output / folder).rglob("*") if path.is_file()]
    assert left and not [path for path in left if accel_of(path) == "openblas"]
    again = built.build("--platform", "linux-64,win-64", "--python", "3.10")
    states = {cell["cell"]: cell["state"] for cell in built.report()["cells"]}
    assert again.returncode == 0 and {accel_of(name) for name, state in states.items() if state == "built"} == {"openblas"}
    assert {accel_of(name) for name, state in states.items() if state == "up to date"} == {"cpu"}
    assert built.published() == before


def test_one_platform_goes(built: Project) -> None:
    before = built.published()
    assert clean(built, "--platform", "win-64", "--accel", "cpu").returncode == 0
    assert built.published() == before
    there = {accel_of(path.name) for path in (built.output / "channel" / "win-64").glob("*.conda")}
    assert there == {"openblas"}


def test_what_needs_a_removed_package_leaves_the_channel(built: Project) -> None:
    done = clean(built, "--only", "linux-64/libfix=cpu")
    assert done.returncode == 0
    assert {name for name in built.published() if accel_of(name) == "cpu"} == {"fix-variant-1-cpu.conda"}
    assert (built.output / "records" / "linux-64--fix-core=cpu_py310.json").exists(), "it is not thrown away with it"


def test_bare_removes_all_and_a_folder_of_somebody_else_is_refused(built: Project, tmp_path: Path) -> None:
    (built.root / "build").mkdir()
    strange = tmp_path / "home"
    (strange / "letters").mkdir(parents=True)
    refused = clean(built, "--output", str(strange))
    assert refused.returncode == 2 and "nothing in it is build-all's; nothing is removed" in refused.stderr and (strange / "letters").exists()
    with Workspace(built.root, built.output).locked():
        busy = clean(built)
        assert busy.returncode == 3 and "is in use by process" in busy.stderr
    shown = clean(built, "--dry-run")
    assert shown.returncode == 0 and shown.stdout.startswith("build\noutput\nwould remove 2 files and folders, ")
    assert built.output.exists()
    assert clean(built).returncode == 0
    assert not built.output.exists() and not (built.root / "build").exists()
    assert clean(built).stdout == "removed 0 files and folders, 0.0 MB\n"
    assert clean(built, "--accel", "cppu").returncode == 2, "a typing error is told, also where nothing is left"
