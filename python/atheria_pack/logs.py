"""The logs of jobs: where they are, and what in them tells people most."""

from __future__ import annotations

import os
import re
from pathlib import Path

from atheria_pack.plan import Job
from atheria_pack.workspace import Workspace

_TAIL_LINES = 25
# What py-rattler-build prints below every failed script; the folders are private to the job and mostly gone by then.
_HINTS = re.compile(
    r"Script execution failed\.|Work directory: |Prefix: |Build prefix: |To run (the script manually|commands interactively)"
    r"|cd \".*\" && (\./conda_build\.sh|source build_env\.sh)"
)


def log_path(workspace: Workspace, job: Job) -> Path:
    """The log of a job's cells."""
    return workspace.logs / f"{job.identifier}.log"


def compiler_step(folder: Path) -> str | None:
    """How far ninja is, `[12/40]`, read from the end of the running build script's log."""
    for build in (folder / "out" / "bld").glob("*"):
        log = build / "work" / "conda_build.log"
        try:
            with open(log, "rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - 4096))
                steps = re.findall(rb"^\[\d+/\d+\]", stream.read(), re.MULTILINE)
        except FileNotFoundError:
            continue  # not there yet, or gone already: py-rattler-build removes it when the script is done
        if steps:
            return str(steps[-1].decode())
    return None


def first_line(text: str) -> str:
    """The first line with something in it."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")


def telling_line(log: Path, error: str) -> str:
    """Why a job failed, in a line: the first complaint of a compiler or of CMake if a script failed, else the error's own."""
    reason = first_line(error)
    if "Script failed" not in reason or not log.is_file():
        return reason
    complaints = re.findall(
        r"^(?!error: |\+ ).*\b(?:fatal error|error|Error)\b.*[:(].*$", log.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    return f"{complaints[0].strip()} ({reason})" if complaints else reason


def tail(log: Path, error: str, lines: int = _TAIL_LINES) -> tuple[str, ...]:
    """The last lines that a build or test printed, for the screen."""
    try:
        printed = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        printed = error.splitlines()
    return tuple([line for line in printed if line.strip() and not _HINTS.match(line.strip())][-lines:])
