"""Views as pictures: float arrays to RGB bytes, by small colour tables made from a few anchors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Values = NDArray[np.float32]

BAND_CELLS = 1 << 20

# Dark blue over violet and orange to pale yellow; lightness rises evenly.
EMBER = ((4, 5, 20), (49, 18, 92), (124, 32, 108), (195, 58, 82), (240, 116, 43), (251, 190, 62), (252, 253, 191))
# Blue, near black, orange: for values with a sign.
SIGNED = ((96, 190, 255), (30, 90, 170), (14, 16, 24), (170, 76, 20), (255, 186, 96))
# A wheel of even lightness: for angles.
WHEEL = ((226, 94, 96), (199, 138, 30), (116, 168, 60), (20, 176, 148), (46, 160, 222), (140, 128, 232), (212, 96, 180))


def table(anchors: Sequence[tuple[int, int, int]], cyclic: bool = False, size: int = 256) -> Pixels:
    """uint8 [size, 3], linear between the anchors; a cyclic table ends before its first colour comes again."""
    points = np.array([*anchors, anchors[0]] if cyclic else anchors, np.float64)
    at = np.linspace(0, len(points) - 1, size, endpoint=not cyclic)
    channels = [np.interp(at, np.arange(len(points)), points[:, c]) for c in range(3)]
    return np.asarray(np.stack(channels, axis=-1).round(), np.uint8)


def bands(height: int, width: int = 1) -> Iterator[slice]:
    """Slices of rows, in turn all of them, with about BAND_CELLS cells each: what is made on the way stays small."""
    rows = max(1, BAND_CELLS // max(width, 1))
    for start in range(0, height, rows):
        yield slice(start, min(start + rows, height))


def scaled(values: Values) -> Values:
    """Min-max to 0 .. 1; 0.5 everywhere if all are equal."""
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.full_like(values, 0.5)
    return np.asarray((values - low) / np.float32(high - low), np.float32)


def apply(colours: Pixels, values: Values) -> Pixels:
    """RGB bytes [..., 3] of values in 0 .. 1."""
    out = np.empty((*values.shape, 3), np.uint8)
    for rows in bands(*values.shape[:2]):
        index = np.clip(values[rows] * len(colours), 0, len(colours) - 1).astype(np.intp)
        out[rows] = colours[index]
    return out


def colour_magnitude(values: Values) -> Pixels:
    """A quantity without sign, scaled to its range: density, energy."""
    return apply(table(EMBER), scaled(values))


def colour_signed(values: Values) -> Pixels:
    """A quantity with a sign: zero is dark, the largest modulus is at the ends."""
    largest = max(float(np.abs(values).max()), 1e-12)
    return apply(table(SIGNED), (values / np.float32(largest) + 1) / 2)


def colour_phase(real: Values, imag: Values) -> Pixels:
    """An amplitude: the angle is the hue, the modulus (up to 1) the brightness."""
    turn = (np.arctan2(imag, real) / (2 * np.pi)) % 1.0
    brightness = np.clip(np.hypot(real, imag), 0, 1)[..., None]
    hue = apply(table(WHEEL, cyclic=True), np.asarray(turn, np.float32))
    return np.asarray((hue * brightness).round(), np.uint8)


def colour_fractions(values: Values) -> Pixels:
    """Three fractions [h, w, 3] as red, green, blue: holographic."""
    return np.asarray((np.clip(values, 0, 1) * 255).round(), np.uint8)


def colour_mask(values: Values) -> Pixels:
    """Active cells light, others dark."""
    return apply(np.array([(12, 13, 22), (235, 236, 240)], np.uint8), values * np.float32(0.999))
