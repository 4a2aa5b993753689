"""Where the reference engine keeps cells: square blocks of a plane, float32 channels and a mask of the active cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import RangeError, UsageError
from .step import Array, to_channels
from .vacuum import vacuum

SIDE = 64  # a multiple of 16 (the native tile) and of every alignment in use
TILE = 16
AXIS_LIMIT = TILE << 20  # |x|, |y| of an infinite domain; planes have 21 bits: |z| < 2**20

DomainKind = Literal["infinite", "bounded", "periodic"]
BackgroundKind = Literal["zero", "static", "fluctuating"]
Key = tuple[int, int, int]  # z, block y, block x
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Domain:
    """All of the plane, or the cells 0 <= x < width, 0 <= y < height with a zero or a periodic border."""

    kind: DomainKind = "infinite"
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("infinite", "bounded", "periodic"):
            raise UsageError(f"domain {self.kind!r} is none of infinite, bounded, periodic")
        if self.kind != "infinite" and (self.width < 1 or self.height < 1):
            raise UsageError(f"a {self.kind} domain needs an extent, got {self.width} x {self.height} cells")

    def inside(self, y: NDArray[np.int64], x: NDArray[np.int64]) -> Mask:
        """Which of the coordinates are cells of the domain; the arrays broadcast against each other."""
        if self.kind == "infinite":
            return (np.abs(y) < AXIS_LIMIT) & (np.abs(x) < AXIS_LIMIT)
        return (y >= 0) & (y < self.height) & (x >= 0) & (x < self.width)

    def check(self, coords: NDArray[np.int64]) -> None:
        """Raises RangeError naming the first cell of coords [N, 3] that lies outside."""
        x, y, z = coords[:, 0], coords[:, 1], coords[:, 2]
        bad = ~self.inside(y, x) | (np.abs(z) >= 1 << 20)
        if bad.any():
            i = int(np.argmax(bad))
            extent = "" if self.kind == "infinite" else f" of {self.width} x {self.height} cells"
            raise RangeError(f"cell {tuple(coords[i].tolist())} (row {i}) is outside the {self.kind} domain{extent}")


@dataclass
class Block:
    """SIDE x SIDE cells: psi float32 [SIDE, SIDE, 2d] (background where not active) and the active mask."""

    psi: Array
    active: Mask


class Field:
    """The cells of a universe at one time."""

    def __init__(self, d: int, domain: Domain, background: BackgroundKind, seed: int) -> None:
        if background not in ("zero", "static", "fluctuating"):
            raise UsageError(f"background {background!r} is none of zero, static, fluctuating")
        self.d = d
        self.domain = domain
        self.background_kind = background
        self.seed = seed
        self.blocks: dict[Key, Block] = {}

    def background(self, y: NDArray[np.int64], x: NDArray[np.int64], z: int, t: int) -> Array:
        """The background of rows y and columns x of plane z: float32 [len(y), len(x), 2d]; zero outside the domain."""
        shape = (len(y), len(x), 2 * self.d)
        if self.background_kind == "zero":
            return np.zeros(shape, np.float32)
        grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
        coords = np.stack([grid_x, grid_y, np.full_like(grid_x, z)], axis=-1).reshape(-1, 3)
        cells = vacuum(coords, self.d, self.seed, t if self.background_kind == "fluctuating" else 0)
        inside = self.domain.inside(y[:, None], x[None, :])
        return np.where(inside[..., None], to_channels(cells).reshape(shape), np.float32(0))

    def axis(self, start: int, count: int, horizontal: bool) -> NDArray[np.int64]:
        """The coordinates start .. start + count - 1 along x or y, wrapped where the domain is periodic."""
        line = np.arange(start, start + count, dtype=np.int64)
        if self.domain.kind == "periodic":
            line %= self.domain.width if horizontal else self.domain.height
        return line

    def window(self, z: int, y0: int, x0: int, height: int, width: int, t: int) -> tuple[Array, Mask]:
        """Any rectangle of plane z: psi float32 [height, width, 2d] with background filled in, and the active mask."""
        y, x = self.axis(y0, height, False), self.axis(x0, width, True)
        active = np.zeros((height, width), np.bool_)
        psi = self.background(y, x, z, t)
        for block_y in np.unique(y // SIDE):
            rows = np.nonzero(y // SIDE == block_y)[0]
            for block_x in np.unique(x // SIDE):
                block = self.blocks.get((z, int(block_y), int(block_x)))
                if block is None:
                    continue
                columns = np.nonzero(x // SIDE == block_x)[0]
                inner = np.ix_(y[rows] - block_y * SIDE, x[columns] - block_x * SIDE)
                here = np.ix_(rows, columns)
                mask = block.active[inner]
                active[here] = mask
                psi[here] = np.where(mask[..., None], block.psi[inner], psi[here])
        return psi, active

    def block_for_writing(self, key: Key) -> Block:
        """The block with this key, made if it is missing."""
        if key not in self.blocks:
            shape = (SIDE, SIDE)
            self.blocks[key] = Block(np.zeros((*shape, 2 * self.d), np.float32), np.zeros(shape, np.bool_))
        return self.blocks[key]

    def groups(self, coords: NDArray[np.int64]) -> list[tuple[Key, NDArray[np.int64]]]:
        """Rows of coords [N, 3] by block, each group in the order given."""
        keys = np.stack([coords[:, 2], coords[:, 1] // SIDE, coords[:, 0] // SIDE], axis=1)
        unique, inverse = np.unique(keys, axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        order = np.argsort(inverse, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(inverse, minlength=len(unique)))[:-1]) if len(unique) else []
        return [((int(k[0]), int(k[1]), int(k[2])), rows) for k, rows in zip(unique, parts, strict=True)]

    def cells(self) -> tuple[NDArray[np.int64], Array]:
        """Active cells in canonical order (by z, 16 x 16 tile in Morton order, y, x): int64 [A, 3], float32 [A, 2d]."""
        coords, values = [np.zeros((0, 3), np.int64)], [np.zeros((0, 2 * self.d), np.float32)]
        for (z, by, bx), block in self.blocks.items():
            y, x = np.nonzero(block.active)
            coords.append(np.stack([x + bx * SIDE, y + by * SIDE, np.full_like(x, z)], axis=1).astype(np.int64))
            values.append(block.psi[y, x])
        all_coords, all_values = np.concatenate(coords), np.concatenate(values)
        x, y, z = all_coords.T
        order = np.lexsort((x, y, morton(y // TILE, x // TILE), z))
        return all_coords[order], all_values[order]

    def count(self) -> int:
        """How many cells are active."""
        return sum(int(block.active.sum()) for block in self.blocks.values())


def morton(y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The Morton code of tile coordinates of 21 bits with bias 2**20; x has the lower bit of each pair."""

    def spread(v: NDArray[np.int64]) -> NDArray[np.uint64]:
        s = (v + (1 << 20)).astype(np.uint64)
        for shift, mask in (
            (16, 0x0000001F0000FFFF),
            (8, 0x001F00FF00FF00FF),
            (4, 0x010F0F0F0F0F0F0F),
            (2, 0x1333333333333333),
            (1, 0x5555555555555555),
        ):
            s = (s | (s << np.uint64(shift))) & np.uint64(mask)
        return s

    code: NDArray[np.uint64] = (spread(y) << np.uint64(1)) | spread(x)
    return code
