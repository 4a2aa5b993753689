"""Run in the test environment of the package: the native engine gives the reference's answer, and the same bits for any threads."""

import json
import os
import sys
from pathlib import Path

import atheria
import numpy as np
from atheria import Simulation, initial

STEPS = 50


def after(device: str, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Active cells and their states after some steps of what `atheria run --law demo` runs."""
    simulation = Simulation("demo", device=device, threads=threads)
    simulation.add(*initial.vortex(simulation.law.d))
    simulation.run(STEPS, progress=False)
    assert (device == "numpy") == (simulation.backend == "numpy"), (device, simulation.backend)
    return simulation.cells()


accel = json.loads((Path(os.environ["PREFIX"]) / "share/atheria/atheria-core/capabilities.json").read_text())
assert accel["python"] == f"{sys.version_info.major}.{sys.version_info.minor}", accel
info = atheria.engine_info()
assert info["engine"] == "native", info
usable = {backend["name"] for backend in info["backends"] if backend["score"]}
assert {"cpu", "reference"} <= usable and ("openblas" in usable) == (accel["accel"] == "openblas"), info["backends"]

truth_coords, truth = after("numpy")
for device in sorted({"auto", *usable} - {"reference"}):  # plain loops: slow, and judged in the repository's own tests
    runs = [after(device, threads) for threads in (1, 2, 4)]
    for coords, states in runs:
        assert coords.tobytes() == runs[0][0].tobytes() and states.tobytes() == runs[0][1].tobytes(), f"{device}: threads change bits"
    coords, states = runs[0]
    assert np.array_equal(coords, truth_coords), f"{device}: other active cells than the reference"
    difference = float(np.abs(states - truth).max())
    assert difference <= 1e-5, f"{device}: {difference} from the reference after {STEPS} steps"
    print(f"test_core: {device}: {len(coords)} cells, {difference:.1e} from the reference, same bits with 1, 2 and 4 threads")
