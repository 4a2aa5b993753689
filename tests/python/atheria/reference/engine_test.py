"""The reference engine against a dense run written from the definition in a few lines."""

from __future__ import annotations

import numpy as np
import pytest
from atheria.errors import CancelledError, LawFailedError, RangeError, UsageError
from atheria.laws.program_builder import LawBuilder
from atheria.reference.engine import EngineConfig, ReferenceEngine, dilate
from atheria.reference.evaluate import Array, conv2d
from atheria.reference.field import Domain
from atheria.reference.law import Law, law_from_callable, law_from_program
from atheria.reference.step import to_channels
from atheria.reference.vacuum import vacuum
from numpy.typing import NDArray

D = 2
RNG = np.random.default_rng(11)
W1 = (0.4 * RNG.standard_normal((3, 3, 2 * D, 5))).astype(np.float32)
W2 = (0.4 * RNG.standard_normal((3, 3, 5, 2 * D))).astype(np.float32)


def law(gamma: float = 0.0, product: bool = False) -> Law:
    builder = LawBuilder("test", 2 * D)
    builder.conv2d(W1)
    builder.activation("elu")
    builder.conv2d(W2)
    return law_from_program(builder.finish(gamma=gamma, product=product))


def dense_step(psi: Array, mode: str, gamma: float = 0.0, product: bool = False) -> Array:
    """psi complex128 [H, W, d] on the whole domain by CartesianEngine's formula."""
    x = np.concatenate([psi.real, psi.imag], -1)[None].astype(np.float32)
    hidden = conv2d(x, W1, None, 1, 1, (1, 1), mode)
    hidden = np.where(hidden > 0, hidden, np.expm1(np.minimum(hidden, 0))).astype(np.float32)
    out = conv2d(hidden, W2, None, 1, 1, (1, 1), mode)[0].astype(np.float64)
    delta = out[..., :D] + 1j * out[..., D:]
    if product:
        delta = delta * psi
    s = psi + delta - gamma * psi
    return np.asarray(s / (np.sqrt((np.abs(s) ** 2).sum(-1, keepdims=True)) + 1e-9))


def states(n: int, seed: int = 3) -> NDArray[np.complex64]:
    rng = np.random.default_rng(seed)
    s = rng.standard_normal((n, D)) + 1j * rng.standard_normal((n, D))
    return np.asarray(s / np.linalg.norm(s, axis=1, keepdims=True), np.complex64)


def grid(height: int, width: int, z: int = 0) -> NDArray[np.int64]:
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.full_like(x, z)], -1).reshape(-1, 3).astype(np.int64)


@pytest.mark.parametrize("kind", ["bounded", "periodic"])
@pytest.mark.parametrize(("height", "width"), [(20, 23), (70, 66), (3, 130)])
@pytest.mark.parametrize(("gamma", "product"), [(0.0, False), (0.01, True)])
def test_a_full_domain_is_the_dense_engine(kind: str, height: int, width: int, gamma: float, product: bool) -> None:
    config = EngineConfig(Domain(kind, width, height), activity="exact")  # type: ignore[arg-type]
    engine = ReferenceEngine(law(gamma, product), config)
    coords, initial = grid(height, width), states(height * width)
    engine.write(coords, initial)
    psi = initial.reshape(height, width, D).astype(np.complex128)
    for _ in range(3):
        engine.step()
        psi = dense_step(psi, "circular" if kind == "periodic" else "zero", gamma, product)
    assert engine.active_count == height * width
    assert np.abs(engine.read(coords).reshape(psi.shape) - psi).max() < 1e-5


def test_an_infinite_universe_is_a_large_dense_one() -> None:
    """From one cell near a block's corner, both signs of coordinates, and two planes that do not see each other."""
    engine = ReferenceEngine(law(), EngineConfig(activity="exact"))
    start = np.array([[63, -1, 0], [64, 0, 0], [5, 5, -7]], np.int64)
    initial = states(3)
    engine.write(start, initial)
    offset = 40
    dense = np.zeros((100, 160, D), np.complex128)
    for (x, y, z), s in zip(start.tolist(), initial, strict=True):
        if z == 0:
            dense[y + offset, x + offset] = s
    for _ in range(4):
        engine.step()
        dense = dense_step(dense, "zero")
    psi, active = engine.region(0, -offset, -offset, 100, 160)
    assert np.abs(psi - dense).max() < 1e-5
    ys, xs = np.nonzero(active)
    assert (ys.min() - offset, ys.max() - offset, xs.min() - offset, xs.max() - offset) == (-9, 8, 55, 72)
    assert engine.bounds() == (-3, -9, -7, 73, 14, 1)
    assert engine.active_count == active.sum() + 17 * 17


def test_static_vacuum_feeds_the_law_and_stays_where_nothing_is_active() -> None:
    config = EngineConfig(background="static", seed=9, activity="exact")
    engine = ReferenceEngine(law(), config)
    coords = np.array([[0, 0, 0]], np.int64)
    engine.write(coords, states(1))
    side = 9
    around = grid(side, side) - [4, 4, 0]
    before = vacuum(around, D, 9).reshape(side, side, D).astype(np.complex128)
    before[4, 4] = states(1)[0]
    assert np.array_equal(engine.region(0, -4, -4, side, side)[0], before.astype(np.complex64))
    engine.step()
    psi, active = engine.region(0, -4, -4, side, side)
    expected = dense_step(before, "zero")
    assert active[2:7, 2:7].all() and active.sum() == 25
    assert np.abs(psi[2:7, 2:7] - expected[2:7, 2:7]).max() < 1e-5
    assert np.array_equal(psi[~active], before.astype(np.complex64)[~active])


def test_fluctuating_vacuum_changes_with_the_step() -> None:
    engine = ReferenceEngine(law(), EngineConfig(background="fluctuating", seed=9))
    cell = np.array([[3, 1, 0]], np.int64)
    assert np.array_equal(engine.read(cell), vacuum(cell, D, 9, 0))
    engine.step(2)
    assert np.array_equal(engine.read(cell), vacuum(cell, D, 9, 2))


@pytest.mark.parametrize("background", ["static", "fluctuating"])
def test_activity_is_distance_from_the_background_of_before_the_step(background: str) -> None:
    """A cell that holds the vacuum, under a law that does nothing, sleeps; beside it one that is a little away stays."""
    config = EngineConfig(background=background, seed=2, normalize=False)  # type: ignore[arg-type]
    engine = ReferenceEngine(law_from_callable(np.zeros_like, d=D, radius=0), config)
    engine.step(3)
    cells = np.array([[4, 5, 0], [5, 5, 0]], np.int64)
    engine.write(cells, engine.read(cells) + np.array([[0], [0.02]], np.complex64))
    engine.step()
    assert engine.export()[0].tolist() == [[5, 5, 0]]


def test_a_last_block_narrower_than_the_radius_is_seen_through() -> None:
    """193 = 3 x 64 + 1: from x = 0 the law of radius 2 reaches x = 191 behind the block that is one cell wide."""
    engine = ReferenceEngine(law(), EngineConfig(Domain("periodic", 193, 193), activity="exact"))
    engine.write(np.array([[0, 0, 0]], np.int64), states(1))
    engine.step()
    assert sorted({x for x, _, _ in engine.export()[0].tolist()}) == [0, 1, 2, 191, 192]
    assert engine.active_count == 25


def test_threshold_mode_has_hysteresis() -> None:
    """A law of radius 1 that sets known amplitudes: between eps_off and eps_on only active cells stay."""
    amplitude = {0: 0.0}

    def spread(patches: Array) -> Array:
        inner = patches[:, 1:-1, 1:-1]
        delta = -inner
        near = dilate(patches[0, ..., 0] != 0, 1)
        delta[0, ..., 0] += near * np.float32(amplitude[0])
        return delta

    engine = ReferenceEngine(law_from_callable(spread, d=1, radius=1), EngineConfig(eps_on=0.2, eps_off=0.1, normalize=False))
    engine.write(np.array([[0, 0, 0]], np.int64), np.ones((1, 1), np.complex64))
    for value, expected in ((0.15, 1), (0.25, 9), (0.15, 9), (0.3, 25), (0.05, 0)):
        amplitude[0] = value
        report = engine.step()
        assert (engine.active_count, report.active) == (expected, expected), value


def test_a_sleeping_cell_is_background_again() -> None:
    engine = ReferenceEngine(law_from_callable(lambda p: -p, d=D, radius=0), EngineConfig())
    cell = np.array([[1, 2, 3]], np.int64)
    engine.write(cell, states(1))
    engine.step()
    assert engine.active_count == 0
    assert not engine.read(cell).any()


def test_order_of_insertion_and_batches_do_not_matter() -> None:
    coords = grid(9, 9) * [17, 13, 0] - [60, 60, 0]
    initial = states(81)
    results = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(81)
        engine = ReferenceEngine(law())
        for part in np.array_split(order, seed + 1):
            engine.write(coords[part], initial[part])
        engine.step(2)
        found, values = engine.export()
        results.append(found.tobytes() + values.tobytes())
    assert len(set(results)) == 1


def test_canonical_order_is_by_plane_tile_row_column() -> None:
    engine = ReferenceEngine(law())
    cells = [(0, 0, 1), (16, 0, 0), (0, 16, 0), (15, 1, 0), (0, 15, 0), (16, 16, 0), (-1, 0, 0), (0, -1, 0)]
    coords = np.array(cells, np.int64)
    engine.write(coords, states(len(cells)))
    expected = [(0, -1, 0), (-1, 0, 0), (15, 1, 0), (0, 15, 0), (16, 0, 0), (0, 16, 0), (16, 16, 0), (0, 0, 1)]
    assert [tuple(c) for c in engine.export()[0].tolist()] == expected


def test_write_activate_deactivate_clear() -> None:
    engine = ReferenceEngine(law(), EngineConfig(background="static", seed=4))
    cell = np.array([[7, 7, 0]], np.int64)
    value = engine.read(cell)
    engine.activate(cell)
    assert engine.active_count == 1 and np.array_equal(engine.read(cell), value)
    engine.write(np.repeat(cell, 2, 0), states(2))
    assert np.array_equal(engine.read(cell), states(2)[1:])
    engine.deactivate(cell)
    assert engine.active_count == 0 and np.array_equal(engine.read(cell), value)
    engine.write(cell, states(1))
    engine.step()
    engine.clear()
    assert (engine.active_count, engine.step_number) == (0, 0)


def test_wrong_input_changes_nothing() -> None:
    engine = ReferenceEngine(law(), EngineConfig(Domain("bounded", 8, 4)))
    engine.write(np.array([[7, 3, 0]], np.int64), states(1))
    with pytest.raises(RangeError, match=r"cell \(3, 4, 0\) \(row 1\) is outside the bounded domain of 8 x 4"):
        engine.write(np.array([[0, 0, 0], [3, 4, 0]], np.int64), states(2))
    with pytest.raises(UsageError, match="states have shape"):
        engine.write(np.array([[0, 0, 0]], np.int64), states(2))
    assert engine.active_count == 1
    for wrong in ({"eps_on": 0.1, "eps_off": 0.2}, {"activity": "lazy"}, {"background": "blue"}, {"seed": -1}):
        with pytest.raises(UsageError):
            ReferenceEngine(law(), EngineConfig(**wrong))  # type: ignore[arg-type]


def test_a_failing_law_leaves_the_state_of_before() -> None:
    calls = []

    def fails_later(patches: Array) -> Array:
        calls.append(1)
        if len(calls) > 2:
            raise RuntimeError("no more")
        return np.full_like(patches, 0.5)

    engine = ReferenceEngine(law_from_callable(fails_later, d=D, radius=0))
    engine.write(np.array([[0, 0, 0]], np.int64), states(1))
    engine.step(2)
    before = engine.export()
    with pytest.raises(LawFailedError, match="RuntimeError: no more"):
        engine.step()
    assert engine.step_number == 2
    assert np.array_equal(engine.export()[1], before[1])
    nan = ReferenceEngine(law_from_callable(lambda p: p * np.float32(np.nan), d=D, radius=0))
    nan.write(np.array([[0, 0, 0]], np.int64), states(1))
    with pytest.raises(LawFailedError, match=r"step 1: .* not finite at cell \(0, 0, 0\)"):
        nan.step()
    shape = ReferenceEngine(law_from_callable(lambda p: p, d=D, radius=1, name="keeps"))
    shape.write(np.array([[0, 0, 0]], np.int64), states(1))
    with pytest.raises(LawFailedError, match=r"law 'keeps' gave shape .* radius 1 wants"):
        shape.step()


def test_stop_ends_between_steps() -> None:
    engine = ReferenceEngine(law())
    with pytest.raises(CancelledError, match="after 1 of 5"):
        engine.step(5, stop=lambda: True)
    assert engine.step_number == 1


def test_channels_round_trip() -> None:
    assert to_channels(states(5)).shape == (5, 2 * D)
