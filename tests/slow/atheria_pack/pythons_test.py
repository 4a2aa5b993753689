"""A machine that has not every Python of variants.yaml: cells of the others are skipped, the rest goes on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.bootstrap.interpreters import find_interpreters

ROOT = Path(__file__).resolve().parents[3]
RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine whose only packageable Python is the one that runs this."""
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "python")}
    probe = f"from {find_interpreters.__module__} import find_interpreters; import os; print(*find_interpreters(os.environ)[0])"
    found = subprocess.run([sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=True).stdout
    if found.split() != [RUNNING]:
        pytest.skip(f"without pyenv and the like this machine has the packageable Pythons {found.split()}, not just {RUNNING}")
    return environment


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The small project, with the one bootstrap recipe that is made in a moment and for each Python."""
    root = shutil.copytree(ROOT / "tests" / "python" / "atheria_pack" / "project", tmp_path / "project")
    shutil.copytree(ROOT / "recipes" / "bootstrap" / "python_abi", root / "recipes" / "bootstrap" / "python_abi")
    versions = sorted({"3.10", "3.11", RUNNING}, key=lambda text: int(text.split(".")[1]))
    text = (root / "variants.yaml").read_text()
    assert '["3.10.*", "3.11.*"]' in text
    (root / "variants.yaml").write_text(text.replace('["3.10.*", "3.11.*"]', json.dumps([f"{version}.*" for version in versions])))
    return root


def matrix(project: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "atheria_pack", "matrix", "--channel", "bootstrap", "--platform", "linux-64", "--json", *words]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_cells_of_an_absent_python_are_skipped(project: Path, bare: dict[str, str]) -> None:
    done = matrix(project, bare)
    assert done.returncode == 0, done.stderr
    cells = [cell for cell in json.loads(done.stdout)["cells"] if cell["python"]]
    assert {cell["python"] for cell in cells} == {"3.10", "3.11", RUNNING}
    for cell in cells:
        if cell["python"] == RUNNING:
            assert cell["state"] == "would build", cell
        else:
            assert (cell["state"], cell["reason"]) == ("skipped", f"no Python {cell['python']} to package here")


def test_an_absent_python_that_was_asked_for_is_an_error(project: Path, bare: dict[str, str]) -> None:
    absent = "3.10" if RUNNING != "3.10" else "3.11"
    done = matrix(project, bare, "--python", absent)
    assert done.returncode == 6
    assert f"error: no Python {absent} that can be packaged was found on this machine" in done.stderr
    assert "name its prefix in ATHERIA_BOOTSTRAP_PYTHONS" in done.stderr


def test_a_selection_leaves_the_channel_whole(project: Path, bare: dict[str, str]) -> None:
    """Another run may build against it at the same time."""
    others = {**bare, "PYENV_ROOT": str(Path(sys.base_prefix).parents[1])}
    assert matrix(project, others).returncode == 0
    channel = project / "output" / "bootstrap" / "channel" / "noarch"
    before = {path.name: path.stat().st_mtime_ns for path in channel.glob("*")}
    assert matrix(project, others, "--python", RUNNING).returncode == 0
    assert {path.name: path.stat().st_mtime_ns for path in channel.glob("*")} == before
