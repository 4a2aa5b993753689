"""The step of one cell: the definition that the native engine and every other implementation share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def qca_update(
    psi: Array,
    delta: Array,
    background: Array | None = None,
    *,
    gamma: float = 0.0,
    product: bool = False,
    normalize: bool = True,
) -> tuple[Array, Array]:
    """From psi and the law's Delta to psi' and the activity::

        D    = Delta (.) psi, complex, if `product`; else Delta
        D    = D - gamma psi
        s    = psi + D
        m    = max_c |s_c - background_c|                          the activity, before normalising
        psi' = s / (sqrt(sum_c |s_c|^2) + 1e-9) if `normalize`; else s

    psi, delta, background: float32 [..., 2d], channels = concat(Re, Im); None is the zero background.
    Returns psi' [..., 2d] and m [...].
    """
    d = psi.shape[-1] // 2
    if product:
        pr, pi, qr, qi = psi[..., :d], psi[..., d:], delta[..., :d], delta[..., d:]
        delta = np.concatenate([qr * pr - qi * pi, qr * pi + qi * pr], axis=-1)
    s = psi + (delta - np.float32(gamma) * psi)
    away = s if background is None else s - background
    activity = np.sqrt((away[..., :d] ** 2 + away[..., d:] ** 2).max(axis=-1))
    if normalize:
        norm = np.sqrt((s**2).sum(axis=-1, keepdims=True))
        s = s / (norm + np.float32(1e-9))
    return s.astype(np.float32), activity.astype(np.float32)


def to_channels(states: NDArray[np.complex64]) -> Array:
    """complex64 [..., d] -> float32 [..., 2d], concat(Re, Im)."""
    return np.concatenate([states.real, states.imag], axis=-1).astype(np.float32)


def to_complex(channels: Array) -> NDArray[np.complex64]:
    """float32 [..., 2d], concat(Re, Im) -> complex64 [..., d]."""
    d = channels.shape[-1] // 2
    return (channels[..., :d] + 1j * channels[..., d:]).astype(np.complex64)
