"""Dense pictures of a region of one plane: the definitions of ``ath_view`` in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError

KINDS = ("state", "density", "phase", "energy", "real", "imag", "holographic", "active")


@dataclass(frozen=True)
class Region:
    """Cells x0 <= x < x1, y0 <= y < y1 of plane z."""

    x0: int
    y0: int
    x1: int
    y1: int
    z: int = 0

    def __post_init__(self) -> None:
        if self.x1 <= self.x0 or self.y1 <= self.y0:
            raise UsageError(f"region x {self.x0}..{self.x1}, y {self.y0}..{self.y1} is empty; it is half open: x0 < x1 and y0 < y1")

    @property
    def width(self) -> int:
        """Cells along x."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Cells along y."""
        return self.y1 - self.y0


def argument(value: NDArray[np.complex64]) -> NDArray[np.float32]:
    """arg in radians, -pi .. pi; 0 for the zero state."""
    return np.arctan2(value.imag, value.real).astype(np.float32)


def paint(kind: str, psi: NDArray[np.complex64], active: NDArray[np.bool_]) -> NDArray[np.float32] | NDArray[np.complex64]:
    """The view `kind` of psi complex64 [h, w, d]: float32 [h, w]; holographic [h, w, 3]; state complex64 [h, w, d]."""
    first = psi[..., 0]
    density = np.asarray((psi.real**2 + psi.imag**2).sum(axis=-1), np.float32)
    if kind == "state":
        return psi
    if kind in ("density", "energy"):
        return density
    if kind == "phase":
        return argument(first)
    if kind == "real":
        return np.ascontiguousarray(first.real)
    if kind == "imag":
        return np.ascontiguousarray(first.imag)
    if kind == "active":
        return active.astype(np.float32)
    if kind == "holographic":
        red = np.minimum(1, 5 * density)
        green = (argument(first) + np.pi) / (2 * np.pi)
        blue = np.clip((first.real + 1) / 2, 0, 1)
        return np.stack([red, green, blue], axis=-1).astype(np.float32)
    raise UsageError(f"view {kind!r} is none of {', '.join(KINDS)}")
