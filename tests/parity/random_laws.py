"""Small seeded laws and cells for the parity tests."""

from __future__ import annotations

import numpy as np
from atheria.law import Law, law_from_program
from atheria.laws.program_builder import LawBuilder
from numpy.typing import NDArray

Coords = NDArray[np.int64]
States = NDArray[np.complex64]


def random_law(
    seed: int,
    d: int = 3,
    hidden: int = 6,
    kernels: tuple[int, ...] = (3, 3),
    bias: bool = False,
    activation: str = "elu",
    gamma: float = 0.0,
    product: bool = False,
) -> Law:
    """A chain of convolutions (1: a matrix product) with an activation between each two."""
    rng = np.random.default_rng(seed)
    builder = LawBuilder(f"random-{seed}", 2 * d)
    for i, kernel in enumerate(kernels):
        if i:
            builder.activation(activation)
        cin, cout = builder.channels, 2 * d if i == len(kernels) - 1 else hidden
        scale = 0.7 / np.sqrt(kernel * kernel * cin)
        weight = (scale * rng.standard_normal((kernel, kernel, cin, cout))).astype(np.float32)
        vector = (0.1 * rng.standard_normal(cout)).astype(np.float32) if bias else None
        if kernel == 1:
            builder.matmul(weight[0, 0], vector)
        else:
            builder.conv2d(weight, vector)
    return law_from_program(builder.finish(gamma=gamma, product=product))


def unit_states(count: int, d: int, seed: int) -> States:
    """Complex normal states of norm 1: complex64 [count, d]."""
    rng = np.random.default_rng(seed)
    psi = rng.standard_normal((count, d)) + 1j * rng.standard_normal((count, d))
    return np.asarray(psi / np.linalg.norm(psi, axis=1, keepdims=True), np.complex64)


def grid(width: int, height: int) -> Coords:
    """Every cell of a rectangle at the origin, row by row: int64 [height * width, 3]."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3).astype(np.int64)
