"""Initial states: sizes, norms, seeds, winding."""

from __future__ import annotations

import numpy as np
import pytest
from atheria import initial
from atheria.errors import UsageError


@pytest.mark.parametrize("kind", initial.KINDS)
def test_every_kind_has_cells_of_its_size(kind: str) -> None:
    coords, states = initial.make(kind, 4, 10, seed=2, centre=(100, -50))
    assert coords.dtype == np.int64 and states.dtype == np.complex64 and states.shape == (len(coords), 4)
    if kind == "zeros":
        assert len(coords) == 0
        return
    assert np.abs(coords - [100, -50, 0]).max() <= 5
    expected = 2.0 if kind == "complex_noise" else 1.0
    assert np.allclose(np.linalg.norm(states, axis=1), expected, atol=1e-5)


def test_seeds() -> None:
    one, same, other = (initial.random(3, 5, seed)[1].tobytes() for seed in (1, 1, 2))
    assert one == same != other


def test_a_vortex_winds_once() -> None:
    coords, states = initial.vortex(2, radius=9)
    ring = {(int(x), int(y)): s for (x, y, _), s in zip(coords, states[:, 0], strict=True)}
    path = [(5, y) for y in range(-5, 6)] + [(x, 5) for x in range(4, -6, -1)]
    path += [(-5, y) for y in range(4, -6, -1)] + [(x, -5) for x in range(-4, 6)]
    turns = sum(np.angle(ring[b] / ring[a]) for a, b in zip(path, path[1:], strict=False)) / (2 * np.pi)
    assert turns == pytest.approx(1.0, abs=1e-5)


def test_one_channel_is_enough() -> None:
    assert np.allclose(np.abs(initial.vortex(1)[1]), 1)


def test_unknown_kinds() -> None:
    with pytest.raises(UsageError, match="vortex"):
        initial.make("tornado", 2, 3)
    with pytest.raises(UsageError):
        initial.square(0)
