"""The small project, an empty channel, and build-all as a user starts it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Project:
    """A copy of the small project; `build` runs build-all in it."""

    root: Path
    channel: Path

    @property
    def recipe(self) -> Path:
        return self.root / "recipes" / "fix" / "recipe.yaml"

    @property
    def output(self) -> Path:
        return self.root / "output"

    def edit_recipe(self, old: str, new: str) -> None:
        text = self.recipe.read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the recipe"
        self.recipe.write_text(text.replace(old, new))

    def command(self, *words: str, output: Path | None = None) -> Sequence[str]:
        place = ["--output", str(output)] if output else []
        where = [] if "--platform" in words else ["--platform", "linux-64"]
        return [sys.executable, "-m", "atheria_pack", "build-all", "--channel", str(self.channel), *place, *where, *words]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT / "python")}

    def build(self, *words: str, output: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words, output=output), cwd=self.root, env=self.environment, capture_output=True, text=True, check=False
        )

    def report(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads((self.output / "report.json").read_text())
        return value

    def states(self) -> dict[str, str]:
        return {cell["cell"].removeprefix("linux-64/"): cell["state"] for cell in self.report()["cells"]}

    def published(self) -> set[str]:
        index = json.loads((self.output / "channel" / "linux-64" / "repodata.json").read_text())
        files = {path.name for path in (self.output / "channel" / "linux-64").glob("*.conda")}
        assert files == set(index["packages.conda"]), "the index and the folder disagree"
        return files


@pytest.fixture
def project(tmp_path: Path) -> Project:
    channel = tmp_path / "empty"
    for subdir in ("noarch", "linux-64"):
        (channel / subdir).mkdir(parents=True)
        (channel / subdir / "repodata.json").write_text(
            json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}})
        )
    root = shutil.copytree(ROOT / "tests" / "python" / "atheria_pack" / "project", tmp_path / "project")
    return Project(Path(root), channel)
