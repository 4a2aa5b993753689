"""Initial states: cells to add to a simulation, coords int64 [n, 3] and states complex64 [n, d]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError

Cells = tuple[NDArray[np.int64], NDArray[np.complex64]]


def square(side: int, centre: tuple[int, int] = (0, 0), z: int = 0) -> NDArray[np.int64]:
    """Coordinates of a square of cells around a centre (x, y), row by row: int64 [side * side, 3]."""
    if side < 1:
        raise UsageError(f"a square of side {side}; at least 1 is needed")
    y, x = np.mgrid[:side, :side] - side // 2
    cells = np.stack([x + centre[0], y + centre[1], np.full_like(x, z)], axis=-1)
    return np.asarray(cells.reshape(-1, 3), np.int64)


def random(d: int, side: int, seed: int = 0, centre: tuple[int, int] = (0, 0)) -> Cells:
    """Complex normal channels, every cell of norm 1."""
    rng = np.random.default_rng(seed)
    coords = square(side, centre)
    psi = rng.standard_normal((len(coords), d)) + 1j * rng.standard_normal((len(coords), d))
    return coords, (psi / np.linalg.norm(psi, axis=1, keepdims=True)).astype(np.complex64)


def complex_noise(d: int, side: int, seed: int = 0, centre: tuple[int, int] = (0, 0)) -> Cells:
    """cos n + i sin n in every channel, n normal of deviation 0.1."""
    rng = np.random.default_rng(seed)
    coords = square(side, centre)
    n = 0.1 * rng.standard_normal((len(coords), d))
    return coords, (np.cos(n) + 1j * np.sin(n)).astype(np.complex64)


def point(d: int, seed: int = 0, centre: tuple[int, int] = (0, 0)) -> Cells:
    """One random cell of norm 1."""
    return random(d, 1, seed, centre)


def vortex(d: int, radius: int = 9, winding: int = 1, centre: tuple[int, int] = (0, 0)) -> Cells:
    """A disc whose phase in channel 0 goes round `winding` times; channel 1 holds the rest of norm 1."""
    coords = square(2 * radius + 1, centre)
    x, y = coords[:, 0] - centre[0], coords[:, 1] - centre[1]
    inside = np.hypot(x, y) < radius
    angle = winding * np.arctan2(y, x)[inside]
    psi = np.zeros((len(angle), d), np.complex64)
    share = 0.8 if d > 1 else 1.0
    psi[:, 0] = share * np.exp(1j * angle)
    if d > 1:
        psi[:, 1] = np.sqrt(1 - share**2)
    return coords[inside], psi


KINDS = ("vortex", "random", "complex_noise", "point", "zeros")


def make(kind: str, d: int, side: int, seed: int = 0, centre: tuple[int, int] = (0, 0)) -> Cells:
    """The initial state with a name of KINDS; `side` is that of the square (of the disc for a vortex)."""
    if kind == "vortex":
        return vortex(d, max(side // 2, 1), 1, centre)
    if kind == "random":
        return random(d, side, seed, centre)
    if kind == "complex_noise":
        return complex_noise(d, side, seed, centre)
    if kind == "point":
        return point(d, seed, centre)
    if kind == "zeros":
        return np.zeros((0, 3), np.int64), np.zeros((0, d), np.complex64)
    raise UsageError(f"initial state {kind!r} is none of {', '.join(KINDS)}")
