"""XXH64 with seed 0 in plain Python: the checksum of snapshots.  Some megabytes a second."""

from __future__ import annotations

import struct

_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_M = (1 << 64) - 1


def _rotate(v: int, n: int) -> int:
    return ((v << n) | (v >> (64 - n))) & _M


def _round(accumulator: int, word: int) -> int:
    return _rotate((accumulator + word * _P2) & _M, 31) * _P1 & _M


def xxh64(data: bytes) -> int:
    """The 64-bit sum of `data`."""
    length = len(data)
    tail = length // 32 * 32
    if tail:
        lanes = [(_P1 + _P2) & _M, _P2, 0, -_P1 & _M]
        for words in struct.iter_unpack("<4Q", memoryview(data)[:tail]):
            lanes = [_round(a, w) for a, w in zip(lanes, words, strict=True)]
        h = sum(_rotate(a, n) for a, n in zip(lanes, (1, 7, 12, 18), strict=True)) & _M
        for a in lanes:
            h = ((h ^ _round(0, a)) * _P1 + _P4) & _M
    else:
        h = _P5
    h = (h + length) & _M
    while tail + 8 <= length:
        h = (_rotate(h ^ _round(0, struct.unpack_from("<Q", data, tail)[0]), 27) * _P1 + _P4) & _M
        tail += 8
    if tail + 4 <= length:
        h = (_rotate(h ^ (struct.unpack_from("<I", data, tail)[0] * _P1 & _M), 23) * _P2 + _P3) & _M
        tail += 4
    for byte in data[tail:]:
        h = _rotate(h ^ (byte * _P5 & _M), 11) * _P1 & _M
    h = (h ^ (h >> 33)) * _P2 & _M
    h = (h ^ (h >> 29)) * _P3 & _M
    return h ^ (h >> 32)
