"""Builds and package tests see the system and what they require, nothing of the environment that started them."""

import os
import subprocess
import sys
from pathlib import Path

from rattler.package_streaming import extract

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402


def test_packages_hold_no_recipe_that_names_this_machine(project: Project, tmp_path: Path) -> None:
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    for package in (project.output / "channel").glob("*/*.conda"):
        extract(str(package), str(tmp_path / package.stem))
        naming = [
            path.relative_to(tmp_path / package.stem)
            for path in (tmp_path / package.stem).rglob("*")
            # rattler-build writes the channels it built from into about.json and has no option against it.
            if path.is_file() and path.name != "about.json" and str(project.root).encode() in path.read_bytes()
        ]
        assert not naming, f"{package.name}: {naming}"


def test_a_program_of_the_caller_is_not_on_path(project: Project, tmp_path: Path) -> None:
    stray = tmp_path / "bin" / "stray-tool"
    stray.parent.mkdir()
    stray.write_text("#!/bin/sh\n")
    stray.chmod(0o755)
    project.edit_recipe("cp hello.txt $PREFIX/lib/libfix.txt", "echo build $PATH; ! command -v stray-tool; cp hello.txt $PREFIX/lib/libfix.txt")
    project.edit_recipe("test -f $PREFIX/lib/libfix.txt]", "echo test $PATH, ! command -v stray-tool]".replace("!", "'!").replace("tool]", "tool']"))
    environment = {**project.environment, "PATH": f"{stray.parent}{os.pathsep}{os.environ['PATH']}"}
    command = project.command("--accel", "cpu", "--python", "3.10")
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert str(stray) not in "".join(log.read_text() for log in (project.output / "logs").glob("*.log"))
