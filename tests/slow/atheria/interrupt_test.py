"""Ctrl-C in a long run, on both engines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from atheria import Simulation


@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_an_interrupt_ends_a_long_run(backend: str, tmp_path: Path) -> None:
    """A bounded universe that would run for hours: SIGINT, and it is over within seconds, its last step kept, without a traceback."""
    arguments = ["run", "--steps", "100000000", "--domain", "bounded", "--size", "64", "--backend", backend, "--snapshot", str(tmp_path / "s")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "atheria", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        time.sleep(4.0)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()  # no run outlives its test, whatever failed
    assert process.returncode == 130
    assert (out, err.splitlines()[-1]) == ("", "atheria run: interrupted")
    assert "Traceback" not in err
    assert Simulation.load(tmp_path / "s", "demo", device=backend).step_number > 0
