"""Engine and DenseEngine by their older names, array forms beside the per-cell ones."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atheria import Simulation, initial
from atheria.errors import RangeError, StateError, UsageError
from atheria.law import SHIPPED_FOLDER, save_law
from atheria.laws.program_builder import LawBuilder

core: Any = pytest.importorskip("atheria_core", reason="the extension is not built")
DEMO = str(SHIPPED_FOLDER / "demo.atl")


def cells() -> tuple[Any, Any]:
    return initial.vortex(8)


def test_the_old_names_do_what_the_new_surface_does() -> None:
    coords, states = cells()
    engine = core.Engine(8, "cpu", 64)
    for (x, y, z), state in zip(coords.tolist(), states, strict=True):
        engine.add_particle(core.Coord3D(x, y, z), state)
    assert engine.load_model(DEMO) is True and engine.get_last_error() == ""
    assert engine.get_matter_count() == len(coords)
    simulation = Simulation("demo")
    simulation.add(coords, states)
    for _ in range(3):
        assert engine.step_native() == simulation.step().active
    assert engine.get_step_count() == 3
    found, psi = simulation.cells()
    assert np.array_equal(engine.get_active_array(), found)
    assert [(c.x, c.y, c.z) for c in engine.get_active_coords()] == [tuple(c) for c in found.tolist()]
    assert np.array_equal(engine.get_states(found), psi)
    assert np.array_equal(engine.get_state_at(core.Coord3D(*found[5].tolist())), psi[5])
    for kind in ("density", "phase", "holographic"):
        assert np.array_equal(engine.compute_visualization(kind), simulation.view(kind, (0, 0, 64, 64), 0))


def test_states_are_copied_both_ways() -> None:
    engine = core.Engine(2)
    state = np.array([1, 2j], np.complex64)
    where = core.Coord3D(1, 2, 3)
    engine.add_particle(where, state)
    state[:] = 9
    engine.get_state_at(where)[:] = 7
    assert np.array_equal(engine.get_state_at(where), [1, 2j])


def test_torch_tensors_are_taken() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    engine = core.Engine(2)
    engine.add_particle(core.Coord3D(0, 0, 0), torch.tensor([1 + 1j, 0], dtype=torch.complex64))
    assert np.array_equal(engine.get_state_at(core.Coord3D(0, 0, 0)), [1 + 1j, 0])


def test_neighbourhoods_and_boxes() -> None:
    engine = core.Engine(2)
    engine.activate_neighborhood(core.Coord3D(10, 0, 5), 2)
    assert engine.get_matter_count() == 25
    box = engine.query_radius(core.Coord3D(11, 1, 5), 1)
    assert len(box) == 9 and core.Coord3D(12, 2, 5) in box
    assert engine.query_radius(core.Coord3D(10, 0, 3), 1) == []
    engine.clear()
    assert engine.get_matter_count() == 0


def test_the_vacuum_is_what_an_empty_cell_holds() -> None:
    engine = core.Engine(4, background="static", seed=3)
    where = core.Coord3D(5, 6, 7)
    assert np.array_equal(engine.get_state_at(where), core.HarmonicVacuum(4, 3).get_state(where))


def test_without_a_law_there_is_no_step() -> None:
    engine = core.Engine(8)
    with pytest.raises(StateError, match="load_model"):
        engine.step_native()


def test_laws_that_cannot_be_loaded_leave_the_engine_as_it_was(tmp_path: Path) -> None:
    engine = core.Engine(8)
    engine.add_particles(*cells())
    builder = LawBuilder("two", 4)
    builder.scale(0.5)
    save_law(builder.finish(), tmp_path / "two.atl")
    (tmp_path / "noise.atl").write_bytes(b"noise")
    for path, message in ((tmp_path / "absent.atl", "cannot be read"), (tmp_path / "noise.atl", "noise.atl: "), (tmp_path / "two.atl", "d = 2")):
        assert engine.load_model(str(path)) is False
        assert message in engine.get_last_error() != ""
    assert engine.load_model(DEMO) and engine.get_matter_count() == len(cells()[0])


def test_wrong_arguments() -> None:
    for wrong in ((0,), (8, "cpu", 0)):
        with pytest.raises(UsageError):
            core.Engine(*wrong)
    engine = core.Engine(8)
    with pytest.raises(UsageError, match="states have shape"):
        engine.add_particle(core.Coord3D(0, 0, 0), np.zeros(3))
    with pytest.raises(UsageError, match="none of"):
        engine.compute_visualization("taste")
    with pytest.raises(RangeError):
        engine.add_particle(core.Coord3D(2**40, 0, 0), np.zeros(8))
    with pytest.raises(UsageError, match="integers"):
        engine.get_states(np.zeros((1, 3)))


def test_other_threads_run_during_a_step() -> None:
    """The GIL is free: this thread counts while another steps."""
    engine = core.Engine(8)
    assert engine.load_model(DEMO)
    engine.add_particles(*initial.random(8, 200))
    done = threading.Event()

    def work() -> None:
        engine.step_native(20)
        done.set()

    thread = threading.Thread(target=work)
    started = time.monotonic()
    thread.start()
    turns = 0
    while not done.is_set() and time.monotonic() - started < 60:
        turns += 1
        time.sleep(0)
    thread.join()
    assert turns > 10


def test_dense_engine_is_a_full_bounded_simulation() -> None:
    rng = np.random.default_rng(0)
    state = (rng.standard_normal((24, 24, 8)) + 1j * rng.standard_normal((24, 24, 8))).astype(np.complex64)
    dense = core.DenseEngine(24, 8, "cpu")
    assert dense.load_model(DEMO)
    dense.set_state(state[None])
    assert np.array_equal(dense.get_state(), state)
    simulation = Simulation("demo", domain="bounded", size=24, mode="exact")
    y, x = np.mgrid[:24, :24]
    simulation.add(np.stack([x, y], -1).reshape(-1, 2), state.reshape(-1, 8))
    simulation.step(4)
    assert dense.step(4) == 24 * 24 and dense.get_step_count() == 4
    assert np.array_equal(dense.get_state(), simulation.view("state"))
    assert dense.compute_visualization("density").shape == (24, 24)
    with pytest.raises(UsageError, match="state has shape"):
        dense.set_state(state[:5])
