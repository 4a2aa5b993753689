"""build-all fails the job of a package that is not what it says, and leaves bills of materials of those that are."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, Project


@pytest.fixture
def inspected(project: Project) -> Project:
    """The small project with tables to inspect by; each of its packages has a budget of a megabyte."""
    (project.root / "licenses").mkdir()
    (project.root / "licenses" / "parts.yaml").write_text("parts: []\n")
    shutil.copy(ROOT / "LICENSE", project.root / "LICENSE")
    names = ("fix-variant", "libfix", "libfix-dev", "fix-core", "fix")
    entries = "".join(f"  {name}: {{base: 1000000, why: small}}\n" for name in names)
    (project.root / "recipes" / "budgets.yaml").write_text(f"outputs:\n{entries}architectures: {{}}\n")
    return project


def cells(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.report()["cells"]
    return found


def test_dishonest_packages_fail_their_job(inspected: Project) -> None:
    done = inspected.build("--accel", "cpu", "--python", "3.11", "--no-proof")
    assert done.returncode == 1, done.stdout + done.stderr
    failed = [cell for cell in cells(inspected) if cell["state"] == "failed"]
    assert failed and all("is not what it says" in cell["reason"] for cell in failed), failed
    log = (inspected.output / "logs" / Path(failed[0]["log"]).name).read_text()
    assert "[licence-text]" in log and "expected the product's own LICENSE" in log, log
    assert not list((inspected.output / "channel").rglob("*.conda")), "what is not honest is not published"


def test_project_without_tables_is_not_inspected(project: Project) -> None:
    done = project.build("--accel", "cpu", "--python", "3.11", "--no-proof")
    assert done.returncode == 0, done.stdout + done.stderr
    logs = [path.read_text() for path in (project.output / "logs").rglob("*.log")]
    assert logs and all("not inspected: the project has no recipes/budgets.yaml" in log for log in logs)
    assert not (project.output / "sbom").exists()
    assert json.loads((project.output / "report.json").read_text())["cells"]
