"""The vacuum: what a cell holds where nothing has been put, as a pure function of (seed, x, y, z, t, channel).

THE DEFINITION (``native/engine`` implements the same; this docstring is the one place where it is written).

*Counter and key.*  Philox4x32-10 (Salmon et al., SC'11), multipliers ``0xD2511F53, 0xCD9E8D57``, Weyl constants
``0x9E3779B9, 0xBB67AE85``, ten rounds.  All words are unsigned 32-bit; ``& m`` on a negative coordinate is two's
complement.  For the block ``b = c // 4`` of channels ``4b .. 4b+3``::

    key     = ( seed & 0xFFFFFFFF,  (seed >> 32) & 0xFFFFFFFF )
    counter = ( x & 0xFFFFFFFF,
                y & 0xFFFFFFFF,
                (z & 0x00FFFFFF) | (b << 24),
                t & 0xFFFFFFFF )                   t = step number for `fluctuating`, 0 for `static`

``z`` needs 24 bits because tile coordinates have 21 bits and a 3-D tile has side 8; ``b`` has 8 bits, so d <= 1024.

*From the four output words r0..r3 to four normals.*  Box-Muller on the top 24 bits, exact in float32 up to the
logarithm::

    u1 = ((r0 >> 8) + 1) * 2**-24                  in (0, 1]
    u2 =  (r1 >> 8)      * 2**-24                  in [0, 1)
    g(4b)   = sqrt(-2 ln u1) * cos(2 pi u2)
    g(4b+1) = sqrt(-2 ln u1) * sin(2 pi u2)        and the same from (r2, r3) for 4b+2, 4b+3

*The state.*  ``n = 0.1 g`` and ``psi_c = cos n + i sin n``; so ``|psi_c| = 1`` and a cell has energy d.  Channels past
d in the last block are computed and dropped: the value of a channel does not depend on d.

The integers are the same bits everywhere.  This file goes on in float64 and rounds to complex64 at the end; an
implementation that goes on in float32 agrees to 1e-6 absolute.

Test vectors of the words: ``tests/python/atheria/reference/vacuum_test.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PHILOX_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
PHILOX_WEYL = (0x9E3779B9, 0xBB67AE85)
PHILOX_ROUNDS = 10
NOISE = 0.1
CHANNELS_MAX = 1024

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def philox4x32(counter: NDArray[np.uint32], key: tuple[int, int]) -> NDArray[np.uint32]:
    """Ten rounds of Philox4x32 on every row of `counter`.

    counter: uint32 [..., 4]; key: two integers in [0, 2**32).  Returns uint32 [..., 4].
    """
    c = [counter[..., i].astype(np.uint64) for i in range(4)]
    k0, k1 = key
    m0, m1 = (np.uint64(m) for m in PHILOX_MULTIPLIERS)
    for _ in range(PHILOX_ROUNDS):
        p0, p1 = c[0] * m0, c[2] * m1
        c = [
            (p1 >> _SHIFT) ^ c[1] ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> _SHIFT) ^ c[3] ^ np.uint64(k1),
            p0 & _LOW,
        ]
        k0 = (k0 + PHILOX_WEYL[0]) & 0xFFFFFFFF
        k1 = (k1 + PHILOX_WEYL[1]) & 0xFFFFFFFF
    return np.stack(c, axis=-1).astype(np.uint32)


def vacuum_words(coords: NDArray[np.int64], channels: int, seed: int, t: int = 0) -> NDArray[np.uint32]:
    """The random words behind the vacuum: uint32 [N, ceil(channels / 4), 4] for coords int64 [N, 3] = (x, y, z)."""
    if not 1 <= channels <= CHANNELS_MAX:
        raise ValueError(f"the vacuum has 1..{CHANNELS_MAX} channels, {channels} were asked for")
    blocks = (channels + 3) // 4
    n = coords.shape[0]
    low = coords.astype(np.int64) & 0xFFFFFFFF
    counter = np.empty((n, blocks, 4), np.uint32)
    counter[..., 0] = low[:, None, 0].astype(np.uint32)
    counter[..., 1] = low[:, None, 1].astype(np.uint32)
    block = np.arange(blocks, dtype=np.uint32) << np.uint32(24)
    counter[..., 2] = (low[:, None, 2] & 0xFFFFFF).astype(np.uint32) | block[None, :]
    counter[..., 3] = np.uint32(t & 0xFFFFFFFF)
    return philox4x32(counter, (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF))


def vacuum(coords: NDArray[np.int64], channels: int, seed: int, t: int = 0) -> NDArray[np.complex64]:
    """The vacuum at `coords`.

    coords: int64 [N, 3] = (x, y, z); channels: d; seed: any integer (its low 64 bits count); t: step, 0 for `static`.
    Returns complex64 [N, channels], every element of modulus 1.  Raises ValueError for d outside 1..1024.
    """
    words = vacuum_words(coords, channels, seed, t)
    bits = (words >> np.uint32(8)).astype(np.float64)
    u1 = (bits[..., 0::2] + 1.0) * 2.0**-24
    u2 = bits[..., 1::2] * 2.0**-24
    radius, angle = np.sqrt(-2.0 * np.log(u1)), 2.0 * np.pi * u2
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    n = NOISE * normal.reshape(coords.shape[0], -1)[:, :channels]
    return (np.cos(n) + 1j * np.sin(n)).astype(np.complex64)
