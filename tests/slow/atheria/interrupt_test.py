"""Ctrl-C in a long run, on both engines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_an_interrupt_ends_a_long_run(backend: str) -> None:
    """A bounded universe that would run for hours: SIGINT, and it is over within seconds, without a traceback."""
    arguments = ["run", "--steps", "100000000", "--domain", "bounded", "--size", "64", "--backend", backend]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "atheria", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    time.sleep(2.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (out, err.splitlines()[-1]) == ("", "atheria run: interrupted")
    assert "Traceback" not in err
