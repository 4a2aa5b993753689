"""What must not change a bit of the result: threads, order of insertion, size of batches, stopping and going on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from atheria import Simulation, initial
from atheria.native import NativeEngine
from atheria.numpy_engine import NumpyEngine
from atheria.reference.engine import EngineConfig

from .random_laws import random_law, unit_states

core = pytest.importorskip("atheria_core", reason="the extension is not built")


def fingerprint(simulation: Simulation) -> str:
    coords, states = simulation.cells()
    return hashlib.sha256(coords.tobytes() + states.tobytes()).hexdigest()


@pytest.mark.parametrize("background", ["zero", "static"])
def test_threads(background: str) -> None:
    prints = set()
    for threads in (1, 2, 4):
        simulation = Simulation("demo", background=background, threads=threads, seed=2)  # type: ignore[arg-type]
        assert simulation.threads == threads
        simulation.add(*initial.random(simulation.law.d, 40, seed=1))
        simulation.step(20)
        prints.add(fingerprint(simulation))
    assert len(prints) == 1


def test_order_of_insertion() -> None:
    law = random_law(3)
    rng = np.random.default_rng(0)
    coords = np.unique(rng.integers(-200, 200, (300, 3)) * [1, 1, 0], axis=0)
    states = unit_states(len(coords), 3, 4)
    prints = set()
    for shuffle in range(4):
        order = np.random.default_rng(shuffle).permutation(len(coords))
        simulation = Simulation(law, threads=2)
        for part in np.array_split(order, shuffle + 1):
            simulation.add(coords[part], states[part])
        simulation.step(5)
        prints.add(fingerprint(simulation))
    assert len(prints) == 1


def test_steps_one_by_one_and_at_once() -> None:
    prints = set()
    for pieces in ([12], [1] * 12, [5, 7]):
        simulation = Simulation(random_law(5))
        simulation.add(*initial.random(3, 12, seed=1))
        for n in pieces:
            simulation.step(n)
        prints.add(fingerprint(simulation))
    assert len(prints) == 1


def test_size_of_batches() -> None:
    law = random_law(6)
    coords, states = initial.random(3, 70, seed=1)
    prints = set()
    for batch_tiles in (0, 1, 3, 16):
        engine = core.TileEngine(law.raw, batch_tiles=batch_tiles)
        engine.write(coords, states)
        engine.step(4)
        found, psi = engine.export()
        prints.add(found.tobytes() + psi.tobytes())
    assert len(prints) == 1


@pytest.mark.parametrize("device", ["auto", "numpy"])
def test_snapshots_go_on_bit_for_bit(tmp_path: Path, device: str) -> None:
    straight = Simulation("demo", background="static", seed=8, device=device)
    straight.add(*initial.vortex(straight.law.d))
    straight.step(5)
    straight.save(tmp_path / "half")
    straight.step(5)
    resumed = Simulation.load(tmp_path / "half", "demo", device=device)
    assert resumed.step_number == 5
    resumed.step(5)
    assert fingerprint(resumed) == fingerprint(straight)
    assert resumed.config.background == "static" and resumed.config.seed == 8


@pytest.mark.parametrize("activity", ["exact", "threshold"])
@pytest.mark.parametrize("background", ["zero", "static"])
def test_both_engines_write_the_same_snapshot(tmp_path: Path, background: str, activity: str) -> None:
    law = random_law(7, gamma=0.1)
    config = EngineConfig(background=background, activity=activity, seed=3)  # type: ignore[arg-type]
    native = NativeEngine(law, config)
    native.write(*initial.random(3, 20, seed=2))
    native.step(2)
    native.save(str(tmp_path / "native"))
    reference = NumpyEngine(law, config)
    reference.load(str(tmp_path / "native"))
    assert reference.step_number == 2
    reference.save(str(tmp_path / "reference"))
    assert (tmp_path / "native").read_bytes() == (tmp_path / "reference").read_bytes()
    again = NativeEngine(law, config)
    again.load(str(tmp_path / "reference"))
    assert again.export()[1].tobytes() == native.export()[1].tobytes()
