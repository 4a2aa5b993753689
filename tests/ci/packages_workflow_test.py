"""packages.yml: it parses, asks for little, pins what it uses, and calls tasks, options and scripts that exist."""

import argparse
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PACKAGES: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "packages.yml").read_text())
JOBS: dict[str, dict[str, Any]] = PACKAGES["jobs"]


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands() -> list[str]:
    return [str(step["run"]) for step in steps(PACKAGES) if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_reads_only_and_pins_what_it_uses(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    assert not [job for job in workflow["jobs"].values() if job.get("permissions")], "no job asks for more"
    for line in path.read_text().splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), f"pin it by commit, with the version it is: {line}"
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 240, name
    assert "pull_request_target" not in path.read_text() and "secrets." not in path.read_text()


def test_one_commit_of_each_action() -> None:
    used: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for step in steps(yaml.safe_load(path.read_text())):
            if "uses" in step:
                action, _, commit = step["uses"].partition("@")
                used.setdefault(action, set()).add(commit)
    assert all(len(commits) == 1 for commits in used.values()), used


def test_every_task_it_runs_exists() -> None:
    tasks = tomllib.loads((ROOT / "pixi.toml").read_text())["tasks"]
    called = {found for command in commands() for found in re.findall(r"pixi run ([\w-]+)", command)}
    assert {"matrix", "build-all", "variants", "selection", "archive", "repro"} <= called
    assert called - set(tasks) == {"python"}
    for command in commands():
        for script in re.findall(r"\.ci/[\w.]+", command):
            assert (ROOT / script).is_file(), script


def test_every_option_it_uses_exists() -> None:
    seen = 0
    for command in commands():
        for task, words in re.findall(r"pixi run (matrix|build-all|variants|selection|archive|repro)([^>|\n)]*)", command):
            parser = argparse.ArgumentParser()
            importlib.import_module(f"atheria_pack.cli.{task.replace('-', '_')}").add_arguments(parser)
            asked = {word for word in words.split() if word.startswith("--")}
            assert not asked - set(parser._option_string_actions), f"pixi run {task}{words}"
            seen += len(asked)
    assert seen > 8


def test_shell_parses() -> None:
    for command in commands():
        text = re.sub(r"\$\{\{.*?\}\}", "x", command)
        done = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_conda_build_is_called_as_documented() -> None:
    """The same recipes in the same order as recipes/README.md tells people to type."""
    documented = re.search(r"conda build .*?((?: recipes/[\w-]+)+)", (ROOT / "recipes" / "README.md").read_text(), re.DOTALL)
    assert documented
    order = documented[1].split()
    called = [re.findall(r"recipes/[\w-]+", command) for command in commands() if "conda build " in command]
    assert called == [order, order]


@pytest.mark.skipif(not shutil.which("actionlint"), reason="actionlint is not installed")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint", *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
