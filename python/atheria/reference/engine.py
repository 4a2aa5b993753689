"""The reference engine: ENGINE semantics in numpy, cell by cell, block by block, with no thought of speed.

One step, for the set A of active cells and a law of radius r (``native/include/atheria/engine.h`` says the same):

1. candidates C: cells with an active cell of their plane within distance r in x and in y, cut to the domain;
2. for each, psi' and activity m by ``reference/step.py`` from the state of before the step;
3. `exact`: A' = C.  `threshold`: A' = cells of C with m > eps_on, or active before with m > eps_off;
4. cells of A' hold psi', all others are background.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import CancelledError, LawFailedError, SnapshotError, StateError, UsageError
from .evaluate import Rectangle
from .field import SIDE, BackgroundKind, Block, Domain, Field, Key, Mask
from .law import Law
from .step import qca_update, to_channels, to_complex
from .view import Region, paint

ActivityKind = Literal["exact", "threshold"]


@dataclass(frozen=True)
class EngineConfig:
    """What a universe is, beside its law; the fields are those of ``ath_engine_config``.

    `gamma` None takes the law's.  `eps_on`: a sleeping cell wakes above it; `eps_off`: an active one sleeps at or below.
    """

    domain: Domain = Domain()
    background: BackgroundKind = "zero"
    activity: ActivityKind = "threshold"
    seed: int = 0
    eps_on: float = 1e-2
    eps_off: float = 5e-3
    gamma: float | None = None
    normalize: bool = True

    def __post_init__(self) -> None:
        if self.activity not in ("exact", "threshold"):
            raise UsageError(f"mode {self.activity!r} is none of exact, threshold")
        if not 0 <= self.eps_off <= self.eps_on:
            raise UsageError(f"eps_off {self.eps_off} and eps_on {self.eps_on} must hold 0 <= eps_off <= eps_on")
        if not 0 <= self.seed < 1 << 64:
            raise UsageError(f"seed {self.seed} is not in 0 .. 2**64 - 1")
        if not math.isfinite(self.eps_on) or (self.gamma is not None and not math.isfinite(self.gamma)):
            raise UsageError(f"eps_on {self.eps_on} and gamma {self.gamma} must be finite")


@dataclass(frozen=True)
class StepReport:
    """What the last step did: its number, cells in A', cells in C, tiles (blocks) and batches computed."""

    step: int
    active: int
    candidates: int
    tiles: int
    batches: int


def dilate(mask: Mask, radius: int) -> Mask:
    """Cells of the inner part (radius off each side) with a set cell of `mask` within `radius` in x and y."""
    for axis in (0, 1):
        size = mask.shape[axis] - 2 * radius
        parts = [np.take(mask, range(i, i + size), axis=axis) for i in range(2 * radius + 1)]
        mask = np.logical_or.reduce(parts)
    return mask


class ReferenceEngine:
    """One universe.  Slow, readable, and the judge of the native engine."""

    def __init__(self, law: Law, config: EngineConfig | None = None) -> None:
        self.law = law
        self.config = config or EngineConfig()
        if SIDE % law.alignment:
            raise UsageError(f"law {law.name!r} has alignment {law.alignment}; the reference blocks of {SIDE} do not divide")
        self.gamma = law.gamma if self.config.gamma is None else self.config.gamma
        self.step_number = 0
        self._stepping = False
        self.report = StepReport(0, 0, 0, 0, 0)
        self.field = self._empty()

    def _empty(self) -> Field:
        return Field(self.law.d, self.config.domain, self.config.background, self.config.seed)

    def _idle(self) -> None:
        """Raises StateError while a step runs: a law, or another thread, would change what the step began with."""
        if self._stepping:
            raise StateError("a step is running (this call comes from its law or from another thread); wait for its end")

    def _checked(self, coords: NDArray[np.int64]) -> NDArray[np.int64]:
        self._idle()
        if coords.ndim != 2 or coords.shape[1] != 3:
            raise UsageError(f"coords have shape {coords.shape}, expected [n, 3] = (x, y, z)")
        self.config.domain.check(coords)
        return coords

    # ---- cells in and out ----

    def write(self, coords: NDArray[np.int64], states: NDArray[np.complex64]) -> None:
        """Sets cells and makes them active.  coords int64 [n, 3]; states complex64 [n, d].  The last of equal rows wins."""
        coords = self._checked(coords)
        if states.shape != (len(coords), self.law.d):
            raise UsageError(f"states have shape {states.shape}, expected ({len(coords)}, {self.law.d})")
        values = to_channels(states)
        for key, rows in self.field.groups(coords):
            block = self.field.block_for_writing(key)
            y, x = coords[rows, 1] % SIDE, coords[rows, 0] % SIDE
            for row, cell in zip(rows, zip(y, x, strict=True), strict=True):
                block.psi[cell] = values[row]
            block.active[y, x] = True

    def read(self, coords: NDArray[np.int64]) -> NDArray[np.complex64]:
        """The state of cells, background included: complex64 [n, d] for coords int64 [n, 3]."""
        coords = self._checked(coords)
        out = np.zeros((len(coords), self.law.d), np.complex64)
        for (z, by, bx), rows in self.field.groups(coords):
            psi, _ = self.field.window(z, by * SIDE, bx * SIDE, SIDE, SIDE, self.step_number)
            out[rows] = to_complex(psi[coords[rows, 1] % SIDE, coords[rows, 0] % SIDE])
        return out

    def activate(self, coords: NDArray[np.int64]) -> None:
        """Makes cells active without changing their value."""
        self.write(coords, self.read(coords))

    def deactivate(self, coords: NDArray[np.int64]) -> None:
        """Makes cells background again."""
        coords = self._checked(coords)
        for key, rows in self.field.groups(coords):
            block = self.field.blocks.get(key)
            if block is not None:
                block.active[coords[rows, 1] % SIDE, coords[rows, 0] % SIDE] = False
                if not block.active.any():
                    del self.field.blocks[key]

    def clear(self) -> None:
        """All cells background, step 0."""
        self._idle()
        self.field, self.step_number = self._empty(), 0

    @property
    def active_count(self) -> int:
        """Number of active cells."""
        self._idle()
        return self.field.count()

    def export(self) -> tuple[NDArray[np.int64], NDArray[np.complex64]]:
        """Active cells in canonical order: coords int64 [A, 3], states complex64 [A, d]."""
        self._idle()
        coords, values = self.field.cells()
        return coords, to_complex(values)

    def bounds(self) -> tuple[int, int, int, int, int, int]:
        """The smallest box (x0, y0, z0, x1, y1, z1), half open, around the active cells; zeros if there are none."""
        self._idle()
        coords, _ = self.field.cells()
        if not len(coords):
            return (0, 0, 0, 0, 0, 0)
        low, high = coords.min(axis=0).tolist(), (coords.max(axis=0) + 1).tolist()
        return (low[0], low[1], low[2], high[0], high[1], high[2])

    def region(self, z: int, y0: int, x0: int, height: int, width: int) -> tuple[NDArray[np.complex64], Mask]:
        """A dense part of plane z: complex64 [height, width, d] and the active mask [height, width].

        Not wrapped: outside a bounded or periodic domain everything is zero and inactive.
        """
        self._idle()
        psi, active = self.field.window(z, y0, x0, height, width, self.step_number)
        y, x = np.arange(y0, y0 + height), np.arange(x0, x0 + width)
        inside = self.config.domain.inside(y[:, None], x[None, :])
        return to_complex(np.where(inside[..., None], psi, np.float32(0))), active & inside

    def view(self, kind: str, region: Region) -> NDArray[np.float32] | NDArray[np.complex64]:
        """A dense picture of a region, as ``reference/view.py`` defines it."""
        psi, active = self.region(region.z, region.y0, region.x0, region.height, region.width)
        return paint(kind, psi, active)

    @property
    def backend(self) -> str:
        """Who computes."""
        return "numpy" if self.law.program is not None else "python"

    @property
    def threads(self) -> int:
        """Threads of the engine itself (numpy's BLAS has its own)."""
        return 1

    # ---- snapshots ----

    def snapshot(self) -> bytes:
        """The universe as the bytes of a snapshot's file; the native engine reads them too."""
        from . import snapshot

        self._idle()
        coords, values = self.field.cells()
        config = snapshot.identity(self.config, self.gamma)
        return snapshot.to_bytes(snapshot.Snapshot(self.law.d, config, self.law.digest, self.step_number, coords, values))

    def restore(self, raw: bytes, where: str = "snapshot", any_law: bool = False) -> None:
        """Continues from a snapshot.  Raises SnapshotError if it is of another configuration, or law unless `any_law`."""
        from . import snapshot

        self._idle()
        found, own = snapshot.from_bytes(raw, where), snapshot.identity(self.config, self.gamma)
        if any_law:
            own = replace(own, gamma=found.config.gamma)
        if (found.d, found.config) != (self.law.d, own):
            raise SnapshotError(f"{where}: of d = {found.d} and {found.config}; this engine has d = {self.law.d} and {own}")
        if found.law_digest != self.law.digest and not any_law:
            raise SnapshotError(
                f"{where}: made with another law (digest {found.law_digest.hex()[:16]}..., this one's is "
                f"{self.law.digest.hex()[:16]}...); load that law, or allow any law"
            )
        self.field, self.step_number = self._empty(), found.step
        self.write(found.coords, to_complex(found.values))

    # ---- the step ----

    def step(self, steps: int = 1, stop: Callable[[], bool] | None = None) -> StepReport:
        """`steps` steps.  A failing step leaves the state of before it.  Raises CancelledError when `stop()` is true."""
        for done in range(steps):
            if stop is not None and done and stop():
                raise CancelledError(f"stopped after {done} of {steps} steps; the state is that of step {self.step_number}")
            self._idle()
            self._stepping = True
            try:
                self._step()
            finally:
                self._stepping = False
        return self.report

    def _touched(self) -> list[Key]:
        """Blocks that may hold candidates, in canonical order."""
        reach = -(-self.law.radius // SIDE)
        domain = self.config.domain
        if domain.kind == "periodic":
            rows, columns = -(-domain.height // SIDE), -(-domain.width // SIDE)
            reach += 1  # the last block may be a sliver of less than the radius
        keys = set()
        for z, by, bx in self.field.blocks:
            for dy in range(-reach, reach + 1):
                for dx in range(-reach, reach + 1):
                    y, x = by + dy, bx + dx
                    if domain.kind == "periodic":
                        y, x = y % rows, x % columns
                    keys.add((z, y, x))
        return sorted(keys)

    def _patch_domain(self, y0: int, x0: int) -> Rectangle | None:
        """The part of the patch with corner (y0, x0) that is inside a bounded domain."""
        domain = self.config.domain
        if domain.kind != "bounded":
            return None
        side = SIDE + 2 * self.law.radius

        def cut(start: int, extent: int) -> tuple[int, int]:
            return min(max(-start, 0), side), max(min(extent - start, side), 0)

        (top, bottom), (left, right) = cut(y0, domain.height), cut(x0, domain.width)
        return (top, left, bottom, right)

    def _step(self) -> None:
        r, t = self.law.radius, self.step_number
        after = self._empty()
        candidates = blocks = 0
        for key in self._touched():
            z, by, bx = key
            y0, x0 = by * SIDE, bx * SIDE
            patch, active = self.field.window(z, y0 - r, x0 - r, SIDE + 2 * r, SIDE + 2 * r, t)
            rows, columns = np.arange(y0, y0 + SIDE), np.arange(x0, x0 + SIDE)
            candidate = dilate(active, r) & self.config.domain.inside(rows[:, None], columns[None, :])
            if not candidate.any():
                continue
            box = self._patch_domain(y0 - r, x0 - r)
            inner = (slice(r, r + SIDE), slice(r, r + SIDE))
            delta = self.law.forward(patch[None].copy(), None if box is None else [box])[0]  # the copy is the law's own
            background = self.field.background(rows, columns, z, t)
            with np.errstate(over="ignore", invalid="ignore"):  # told below, with the cell's name
                psi, activity = qca_update(
                    patch[inner],
                    delta,
                    background,
                    gamma=self.gamma,
                    product=self.law.product,
                    normalize=self.config.normalize,
                )
            broken = candidate & ~(np.isfinite(psi).all(axis=-1) & np.isfinite(activity))
            if broken.any():
                y, x = np.argwhere(broken)[0]
                raise LawFailedError(
                    f"step {t + 1}: law {self.law.name!r} gave a value that is not finite at cell ({x0 + x}, {y0 + y}, {z}); the state is "
                    "that of before the step; use normalize or gamma, or look at the law's weights"
                )
            if self.config.activity == "exact":
                keep = candidate
            else:
                awake = active[inner]
                keep = candidate & ((activity > self.config.eps_on) | (awake & (activity > self.config.eps_off)))
            if keep.any():
                after.blocks[key] = Block(np.where(keep[..., None], psi, np.float32(0)), keep)
            candidates += int(candidate.sum())
            blocks += 1
        self.field, self.step_number = after, t + 1
        self.report = StepReport(self.step_number, after.count(), candidates, blocks, blocks)
