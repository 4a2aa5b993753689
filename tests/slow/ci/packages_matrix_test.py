"""packages.yml and the matrix: its jobs take what `matrix --json` gives, and every cell has one."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from atheria_pack.platforms import PLATFORMS, RUNNERS
from atheria_pack.variants import ACCEL_KEY, load_variants

ROOT = Path(__file__).resolve().parents[3]
WORKFLOW = ROOT / ".github" / "workflows" / "packages.yml"


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """`matrix --json` as the plan job calls it, against a channel that has nothing."""
    channel = tmp_path_factory.mktemp("empty")
    for subdir in ("noarch", *PLATFORMS):
        (channel / subdir).mkdir()
        (channel / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}))
    command = [sys.executable, "-m", "atheria_pack", "matrix", "--channel", str(channel), "--json", "--output", str(channel / "out")]
    environment = {"PYTHONPATH": str(ROOT / "python"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def plan(matrix: dict[str, Any]) -> tuple[int, dict[str, list[dict[str, Any]]], str]:
    command = [sys.executable, str(ROOT / ".ci" / "plan.py")]
    done = subprocess.run(command, input=json.dumps(matrix), capture_output=True, text=True, check=False)
    outputs = {name: json.loads(text) for name, _, text in (line.partition("=") for line in done.stdout.splitlines())}
    return done.returncode, outputs, done.stderr


def runners_can(matrix: dict[str, Any]) -> dict[str, Any]:
    """The same matrix as a machine with conda-forge would give it: linux-64 builds everything but rocm."""
    value: dict[str, Any] = json.loads(json.dumps(matrix))
    for cell in value["cells"]:
        if cell["platform"] == "linux-64" and cell["accel"] != "rocm":
            cell["state"] = "would build"
    value["native"] = "linux-64"
    return value


def test_jobs_take_from_the_matrix_what_it_gives(matrix: dict[str, Any]) -> None:
    _, outputs, _ = plan(runners_can(matrix))
    text = WORKFLOW.read_text()
    used = set(re.findall(r"matrix\.(\w+)", text)) - {"json"}
    for name, listed in outputs.items():
        assert f"needs.plan.outputs.{name}" in text
        assert listed and all(used <= set(entry) for entry in listed), (used, name)
    declared = yaml.safe_load(text)["jobs"]["plan"]["outputs"]
    assert set(declared) == set(outputs), "what the script prints and what the job hands on"


def test_every_cell_has_a_job(matrix: dict[str, Any]) -> None:
    """Each platform and accelerator of variants.yaml is built on its own runner, but what no machine of the kind can build."""
    status, outputs, told = plan(runners_can(matrix))
    assert status == 0
    jobs = {(job["platform"], job["accel"]): job["runner"] for listed in outputs.values() for job in listed}
    expected = {(platform, accel) for platform in PLATFORMS for accel in load_variants(ROOT / "variants.yaml", platform).keys[ACCEL_KEY]}
    assert set(jobs) == expected - {("linux-64", "rocm")}
    assert all(runner == RUNNERS[platform] for (platform, _), runner in jobs.items())
    assert told.startswith("no job for linux-64 rocm: no ")
    assert {job["pythons"] for listed in outputs.values() for job in listed} == {"3.10,3.11,3.12,3.13"}, "previews are left out"
    assert all(job["platform"] == "win-64" for job in outputs["windows"]) and len(outputs["windows"]) == 4
    cells = {(cell["platform"], cell["accel"]) for cell in matrix["cells"] if cell["platform"] != "noarch"}
    assert cells == expected, "the matrix itself knows every cell"


def test_nothing_to_build_is_no_plan(matrix: dict[str, Any]) -> None:
    status, outputs, told = plan({**matrix, "builds": [build for build in matrix["builds"] if build["platform"] == matrix["native"]]})
    assert (status, outputs) == (1, {}) and "nothing can be built on any runner" in told
