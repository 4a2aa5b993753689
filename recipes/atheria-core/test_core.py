"""Run in the test environment of the package: the native engine gives the reference's answer, and the same bits for any threads."""

import json
import os
import re
import sys
from pathlib import Path

import atheria
import atheria_core
import numpy as np
from atheria import Simulation, initial

STEPS = 50
# conda keeps everything but Python in Library on Windows.
ROOT = Path(os.environ["PREFIX"]) / ("Library" if os.name == "nt" else "")


def after(device: str, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Active cells and their states after some steps of what `atheria run --law demo` runs."""
    simulation = Simulation("demo", device=device, threads=threads)
    simulation.add(*initial.vortex(simulation.law.d))
    simulation.run(STEPS, progress=False)
    assert (device == "numpy") == (simulation.backend == "numpy"), (device, simulation.backend)
    return simulation.cells()


def words_of(value: object) -> list[str]:
    """Every single thing that a fact says."""
    if isinstance(value, (dict, list)):
        return [word for inner in (value.values() if isinstance(value, dict) else value) for word in words_of(inner)]
    return [] if value is None else [str(value)]


def facts_of(package: str) -> dict[str, object]:
    """capabilities.json of an installed package, after its BUILD_INFO.txt was found to say the same."""
    folder = ROOT / "share/atheria" / package
    facts = json.loads((folder / "capabilities.json").read_text())
    text = (folder / "BUILD_INFO.txt").read_text()
    for key, value in facts.items():
        absent = [word for word in words_of(value) if key != "format" and word not in text]
        assert not absent, f"{package}: BUILD_INFO.txt lacks {key} {absent}"
    assert facts["package"] == package, facts
    return facts


core, engine, runtime = map(facts_of, ("atheria-core", "libatheria-engine", "libatheria-runtime"))
for key in ("version", "abi", "accel", "platform", "compiler", "cpu_levels", "build_number"):
    assert core[key] == engine[key] == runtime[key], f"{key}: {core[key]}, {engine[key]}, {runtime[key]}"
assert core["engine_build_string"] == engine["build_string"], core
assert "-ffp-contract=off" in core["flags"] and "-ffp-contract=off" in engine["flags"], core["flags"]
if core["compiler"]["id"] == "GNU":  # gcc leaves its version in what it compiles
    for library in (atheria_core.__file__, Path(os.environ["PREFIX"]) / f"lib/libatheria_engine.so.{engine['version']}"):
        signed = re.findall(rb"GCC: \([^)]*\) ([0-9.]+)", Path(library).read_bytes())
        assert core["compiler"]["version"].encode() in signed, f"{library} is compiled by {signed}, not {core['compiler']}"
accel = core
assert accel["python"] == f"{sys.version_info.major}.{sys.version_info.minor}", accel
info = atheria.engine_info()
assert info["engine"] == "native", info
usable = {backend["name"] for backend in info["backends"] if backend["score"]}
own = accel["accel"].rstrip("0123456789")  # cuda130's backend is cuda
assert {"cpu", "reference", own} <= {backend["name"] for backend in info["backends"]}, info["backends"]
assert {"cpu", "reference"} <= usable and ("openblas" in usable) == (own == "openblas"), info["backends"]
for backend in info["backends"]:
    if not backend["score"]:  # a GPU's, where there is none: it has to say what it misses
        assert backend["reason"], backend
        print(f"test_core: {backend['name']}: not run here: {backend['reason']}")

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
