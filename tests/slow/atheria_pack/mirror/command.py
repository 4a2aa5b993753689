"""`channel VERB` as users type it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from atheria_pack.cli.main import main

ROOT = Path(__file__).resolve().parents[4]
DAY = 86_400
EPOCH = 1_790_000_000  # SOURCE_DATE_EPOCH of the first generation in these tests


def words(*arguments: object) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "atheria_pack", "channel", *map(str, arguments)]


def environment(epoch: int | None = EPOCH, **more: str) -> dict[str, str]:
    """For `words` as a process that writes nothing but its mirror; `epoch`: its clock, None for the real one."""
    kept = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", **more}
    kept.pop("SOURCE_DATE_EPOCH", None)
    return kept if epoch is None else {**kept, "SOURCE_DATE_EPOCH": str(epoch)}


def channel(*arguments: object, epoch: int | None = EPOCH, clock: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end, in this process: starting Python takes longer than most verbs. An error that is not explained ends as a traceback.

    `epoch`: when it publishes; `clock`: what it takes for the time now, None for the real one; both in Unix time.
    """
    kept = os.environ.get("SOURCE_DATE_EPOCH")
    out, err = io.StringIO(), io.StringIO()
    try:
        _clock(None if epoch is None else str(epoch))
        jumped = nullcontext() if clock is None else patch("time.time", lambda: float(clock))
        with jumped, redirect_stdout(out), redirect_stderr(err):
            try:
                status = main(["channel", *map(str, arguments)])
            except SystemExit as end:  # argparse's
                status = int(end.code or 0)
            except Exception as error:
                traceback.print_exception(error)
                status = 1
    finally:
        _clock(kept)
    return subprocess.CompletedProcess(words(*arguments), status, out.getvalue(), err.getvalue())


def _clock(epoch: str | None) -> None:
    os.environ.pop("SOURCE_DATE_EPOCH", None)
    if epoch is not None:
        os.environ["SOURCE_DATE_EPOCH"] = epoch


def done(*arguments: object, epoch: int | None = EPOCH, clock: int | None = None) -> str:
    """Run a verb that has to succeed; gives its stdout."""
    ended = channel(*arguments, epoch=epoch, clock=clock)
    assert ended.returncode == 0, f"channel {' '.join(map(str, arguments))} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def reported(*arguments: object, epoch: int | None = EPOCH) -> Any:
    """The JSON that a verb that has to succeed reports."""
    return json.loads(done(*arguments, "--json", epoch=epoch))


def refused(*arguments: object, epoch: int | None = EPOCH, clock: int | None = None) -> str:
    """Run a verb that has to fail with an explanation; gives it."""
    ended = channel(*arguments, epoch=epoch, clock=clock)
    assert ended.returncode not in (0, 130) and "Traceback" not in ended.stderr, (
        f"channel {' '.join(map(str, arguments))} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    )
    return ended.stderr
