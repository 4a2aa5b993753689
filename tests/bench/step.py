"""The engine's step of the demo law on one core, per active cell: a full plane beside dense torch, then sparser and sparser ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from atheria import Simulation
from atheria.law import open_law
from bench_rows import Context, Row, ratios
from numpy.typing import NDArray
from sampling import alternate

SIDES = (64, 256, 1024)
OCCUPANCIES = (0.001, 0.01, 0.1, 0.5)
BLOCK = 16  # cells a side of a scattered piece


def states_for(count: int, d: int) -> NDArray[np.complex64]:
    generator = np.random.default_rng(3)
    z = generator.standard_normal((count, d)) + 1j * generator.standard_normal((count, d))
    unit: NDArray[np.complex64] = (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.complex64)
    return unit


def plane(mask: NDArray[np.bool_], d: int, device: str) -> Simulation:
    """A bounded universe in which exactly the cells of `mask` [h, w] are active and stay so: nothing wakes, nothing sleeps."""
    height, width = mask.shape
    simulation = Simulation("demo", domain="bounded", size=(width, height), mode="threshold", eps_on=1e30, eps_off=0.0, device=device, threads=1)
    y, x = np.nonzero(mask)
    simulation.add(np.stack([x, y, np.zeros_like(x)], axis=1), states_for(len(x), d))
    return simulation


def blob(side: int, occupancy: float) -> NDArray[np.bool_]:
    edge = max(1, round(side * occupancy**0.5))
    mask = np.zeros((side, side), np.bool_)
    start = (side - edge) // 2
    mask[start:start + edge, start:start + edge] = True
    return mask


def scattered(side: int, occupancy: float) -> NDArray[np.bool_]:
    """Whole 16 x 16 blocks, placed at random."""
    blocks = (side // BLOCK) ** 2
    chosen = np.random.default_rng(4).permutation(blocks) < max(1, round(occupancy * blocks))
    return np.kron(chosen.reshape(side // BLOCK, side // BLOCK), np.ones((BLOCK, BLOCK), np.bool_)).astype(np.bool_)


def flop_per_cell() -> float:
    """2 per multiply-add of the law's convolutions, each output cell counted once: what a step cannot do without."""
    program = open_law("demo").program
    assert program is not None
    return 2.0 * sum(t.data.size for t in program.tensors if t.data is not None and t.data.ndim == 4)


def dense_torch(torch: Any, side: int, d: int) -> Callable[[], object]:
    """The dense engine: the law's convolutions with zero padding on the whole plane, then the same update and normalisation."""
    program = open_law("demo").program
    assert program is not None
    weights = [torch.from_numpy(t.data.transpose(3, 2, 0, 1).copy()).contiguous(memory_format=torch.channels_last)
               for t in program.tensors if t.data is not None and t.data.ndim == 4]
    state = [torch.from_numpy(states_for(side * side, d).reshape(1, side, side, d))]

    def step() -> None:
        with torch.inference_mode():
            psi = state[0]
            x = torch.cat([psi.real, psi.imag], dim=-1).permute(0, 3, 1, 2)
            hidden = torch.nn.functional.elu(torch.nn.functional.conv2d(x, weights[0], padding=1))
            out = torch.nn.functional.conv2d(hidden, weights[1], padding=1).permute(0, 2, 3, 1)
            s = psi + torch.complex(out[..., :d].contiguous(), out[..., d:].contiguous())
            state[0] = s / (s.abs().square().sum(-1, keepdim=True).sqrt() + 1e-9)

    return step


def measure(context: Context) -> Iterator[Row]:
    d = open_law("demo").d
    flop = flop_per_cell()
    device = context.backend
    for side in SIDES:
        cells = side * side
        full = plane(np.ones((side, side), np.bool_), d, device)
        candidates: dict[str, Callable[[], object]] = {"atheria": full.step}
        if context.torch is not None:
            candidates[f"torch {context.torch.__version__} dense"] = dense_torch(context.torch, side, d)
        if side == SIDES[0]:
            candidates["numpy reference engine"] = plane(np.ones((side, side), np.bool_), d, "numpy").step
        samples = alternate(candidates, context.rounds(flop * cells))
        yield from ratios(f"step per cell, {side}^2 full", samples, dict.fromkeys(candidates, cells), flop, context)
    side = SIDES[-1]
    for shape in (blob, scattered):
        for occupancy in OCCUPANCIES:
            mask = shape(side, occupancy)
            cells = int(mask.sum())
            sparse = plane(mask, d, device)
            samples = alternate({"atheria": sparse.step}, context.rounds(flop * cells))
            assert sparse.active_cells == cells
            yield from ratios(f"step per active cell, {shape.__name__} {occupancy:.1%} of {side}^2", samples, {"atheria": cells}, flop, context)
    empty = Simulation("demo", device=device, threads=1)
    yield from ratios("step of an empty universe", alternate({"atheria": empty.step}), {}, 0.0, context)
