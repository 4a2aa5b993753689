"""One universe and who calls it when: from its own law, from other threads, from the garbage collector."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atheria.errors import LawFailedError, StateError, UnavailableError, UsageError
from atheria.law import SHIPPED_FOLDER

core: Any = pytest.importorskip("atheria_core", reason="the extension is not built")

CALLS: dict[str, Callable[[Any, Path], Any]] = {
    "clear": lambda e, p: e.clear(),
    "write": lambda e, p: e.write([[5, 5, 0]], [[1]]),
    "read": lambda e, p: e.read([[5, 5, 0]]),
    "activate": lambda e, p: e.activate([[5, 5, 0]]),
    "deactivate": lambda e, p: e.deactivate([[0, 0, 0]]),
    "export": lambda e, p: e.export(),
    "active_count": lambda e, p: e.active_count,
    "tile_count": lambda e, p: e.tile_count,
    "bounds": lambda e, p: e.bounds(),
    "view": lambda e, p: e.view("density", 0, 0, 4, 4),
    "step": lambda e, p: e.step(),
    "save": lambda e, p: e.save(str(p)),
    "load": lambda e, p: e.load(str(p), True),
    "threads": lambda e, p: setattr(e, "threads", 2),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_law_may_not_use_its_universe(name: str, tmp_path: Path) -> None:
    refused: list[StateError] = []

    def law(patches: Any, domains: Any) -> Any:
        with pytest.raises(StateError, match="a step is running") as caught:
            CALLS[name](engine, tmp_path / "universe")
        refused.append(caught.value)
        return np.zeros_like(patches[:, 1:-1, 1:-1])

    engine = core.TileEngine(core.CallableLaw(law, d=1, radius=1), activity="exact")
    engine.write([[x, 0, 0] for x in range(0, 640, 16)], np.ones((40, 1)))
    engine.save(str(tmp_path / "universe"))
    assert engine.step()["active"] == 40 * 9 and len(refused) == 1
    CALLS[name](engine, tmp_path / "universe")


def test_a_law_may_ask_for_the_step() -> None:
    asked = []

    def law(patches: Any, domains: Any) -> Any:
        asked.append((engine.step_number, engine.d, engine.backend))
        return np.zeros_like(patches)

    engine = core.TileEngine(core.CallableLaw(law, d=1, radius=0))
    engine.write([[0, 0, 0]], [[1]])
    engine.step(3)
    assert asked == [(0, 1, "python"), (1, 1, "python"), (2, 1, "python")]


def test_another_thread_waits_or_is_refused() -> None:
    inside, done = threading.Event(), threading.Event()

    def law(patches: Any, domains: Any) -> Any:
        inside.set()
        assert done.wait(20)
        return np.zeros_like(patches)

    engine = core.TileEngine(core.CallableLaw(law, d=1, radius=0))
    engine.write([[0, 0, 0]], [[1]])
    thread = threading.Thread(target=engine.step)
    thread.start()
    assert inside.wait(20)
    try:
        for call in (lambda: engine.clear(), lambda: engine.step(), lambda: engine.write([[900, 9, 0]], [[1]]), lambda: engine.step_number):
            with pytest.raises(StateError, match="another thread"):
                call()
    finally:
        done.set()
        thread.join()
    assert (engine.step_number, engine.active_count) == (1, 1)


def test_an_engine_keeps_its_law_while_a_step_runs() -> None:
    """load_model replaces the universe; a step of another thread must not lose it."""
    engine = core.Engine(8)
    assert engine.load_model(str(SHIPPED_FOLDER / "demo.atl"))
    rng = np.random.default_rng(0)
    engine.add_particles(rng.integers(-100, 100, (2000, 3)) * [1, 1, 0], np.ones((2000, 8)))
    done, refused = threading.Event(), 0

    def work() -> None:
        engine.step_native(30)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        try:
            engine.get_step_count()
        except StateError:
            refused += 1
            with pytest.raises(StateError):
                engine.load_model(str(SHIPPED_FOLDER / "demo.atl"))
            break
    thread.join()
    assert refused == 1 and engine.get_step_count() == 30


def test_a_second_law_begins_at_step_0() -> None:
    engine = core.Engine(8)
    engine.add_particle(core.Coord3D(0, 0, 0), np.ones(8))
    for _ in range(2):
        assert engine.load_model(str(SHIPPED_FOLDER / "demo.atl"))
        engine.step_native(3)
        assert engine.get_step_count() == 3


def test_what_a_law_keeps_is_its_own() -> None:
    """The batch that the law saw stays as it was, after other steps and after the end of the engine."""
    kept: list[Any] = []

    def law(patches: Any, domains: Any) -> Any:
        kept.append(patches)
        if len(kept) == 3:
            raise ZeroDivisionError("three")
        return patches.copy()

    engine = core.TileEngine(core.CallableLaw(law, d=1, radius=0), normalize=False)
    engine.write([[x, y, 0] for x in range(512) for y in range(512)], np.ones((512 * 512, 1)))
    engine.step(2)
    with pytest.raises(ZeroDivisionError):
        engine.step()
    del engine
    gc.collect()
    assert [float(batch.max()) for batch in kept] == [1, 2, 4]


class Owner:
    """Something that a law refers to, and that refers to the law's universe."""

    engine: Any = None


def cyclic(backend: str = "auto") -> weakref.ref[Owner]:
    owner = Owner()

    def law(patches: Any, domains: Any) -> Any:
        assert owner is not None
        return np.zeros_like(patches)

    owner.engine = core.TileEngine(core.CallableLaw(law, d=1, radius=0), backend=backend)
    return weakref.ref(owner)


def test_a_law_that_refers_to_its_universe_is_collected() -> None:
    gone = cyclic()
    assert gone() is not None
    gc.collect()
    assert gone() is None


def test_the_collector_leaves_laws_in_use() -> None:
    """A law that two universes and its wrapper own is visited for none of them."""
    law = core.CallableLaw(lambda patches, domains: np.zeros_like(patches), d=1, radius=0)
    engines = [core.TileEngine(law) for _ in range(2)]
    for _ in range(3):
        gc.collect()
    del law
    gc.collect()
    for engine in engines:
        engine.write([[0, 0, 0]], [[1]])
        assert engine.step()["active"] == 1


def test_a_law_whose_engine_could_not_be_made_is_freed() -> None:
    def attempt() -> weakref.ref[Owner]:
        owner = Owner()
        with pytest.raises(UnavailableError):
            core.TileEngine(core.CallableLaw(lambda p, domains: (owner, p)[1], d=1, radius=0), backend="abacus")
        return weakref.ref(owner)

    gone = attempt()
    gc.collect()
    assert gone() is None


def test_coordinates_of_64_bits_are_not_wrapped() -> None:
    engine = core.TileEngine((SHIPPED_FOLDER / "demo.atl").read_bytes())
    with pytest.raises(UsageError, match="18446744073709551615, which no int64 holds"):
        engine.read(np.array([[2**64 - 1, 0, 0]], np.uint64))
    engine.read(np.array([[7, 0, 0]], np.uint64))


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_numbers_that_are_no_state_are_the_laws_failure(value: float) -> None:
    engine = core.TileEngine(core.CallableLaw(lambda p, domains: np.full_like(p, value), d=2, radius=0))
    engine.write([[4, 5, 0]], [[1, 1]])
    with pytest.raises(LawFailedError, match=r"cell \(4, 5, 0\)"):
        engine.step()
    assert (engine.step_number, engine.active_count) == (0, 1)
