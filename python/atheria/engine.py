"""What a simulation asks of an engine; the native one and the reference both answer."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .reference.engine import StepReport
from .reference.view import Region


class UniverseEngine(Protocol):
    """One universe.  coords are int64 [n, 3] = (x, y, z), states complex64 [n, d]."""

    @property
    def backend(self) -> str:
        """Who computes: ``cpu``, ``cpu+openblas``, ``python``, ``numpy``."""

    @property
    def threads(self) -> int:
        """Threads in use."""

    @property
    def active_count(self) -> int:
        """Number of active cells."""

    @property
    def step_number(self) -> int:
        """Steps done since the universe began."""

    def write(self, coords: NDArray[np.int64], states: NDArray[np.complex64]) -> None:
        """Sets cells and makes them active."""

    def read(self, coords: NDArray[np.int64]) -> NDArray[np.complex64]:
        """States of cells, background included."""

    def activate(self, coords: NDArray[np.int64]) -> None:
        """Makes cells active as they are."""

    def deactivate(self, coords: NDArray[np.int64]) -> None:
        """Makes cells background."""

    def clear(self) -> None:
        """All background, step 0."""

    def export(self) -> tuple[NDArray[np.int64], NDArray[np.complex64]]:
        """Active cells in canonical order."""

    def bounds(self) -> tuple[int, int, int, int, int, int]:
        """Half-open box (x0, y0, z0, x1, y1, z1) around the active cells; zeros if there are none."""

    def step(self, steps: int = 1) -> StepReport:
        """Runs steps; a failing step leaves the state of before it."""

    def view(self, kind: str, region: Region) -> NDArray[np.float32] | NDArray[np.complex64]:
        """A dense picture of a region."""

    def save(self, path: str) -> None:
        """Writes a snapshot: temporary, fsync, rename."""

    def load(self, path: str, any_law: bool = False) -> None:
        """Continues from a snapshot; on failure nothing is changed."""
