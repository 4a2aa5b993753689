"""A universe in a file: the format that ``native/engine/snapshot.hpp`` documents, read and written in plain Python."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import RangeError, SnapshotError, UsageError
from .engine import ActivityKind, EngineConfig
from .field import TILE, BackgroundKind, Domain, DomainKind, morton
from .step import Array
from .xxh64 import xxh64

MAGIC = b"\x89ATSNAP\n"
FORMAT_VERSION = 1
STEP_LIMIT = 1 << 63  # so that no step number wraps in a universe's lifetime
DOMAINS: tuple[DomainKind, ...] = ("infinite", "bounded", "periodic")
BACKGROUNDS: tuple[BackgroundKind, ...] = ("zero", "static", "fluctuating")
ACTIVITIES: tuple[ActivityKind, ...] = ("exact", "threshold")
_HEADER = struct.Struct("<8s6I2qQ3fI3Q32s4Q")
_TILE = struct.Struct("<3iI4Q")
HEADER_BYTES = _HEADER.size


@dataclass(frozen=True)
class Snapshot:
    """What a file holds: the configuration (gamma in effect; what has no effect is zero), the law's digest, the cells."""

    d: int
    config: EngineConfig
    law_digest: bytes
    step: int
    coords: NDArray[np.int64]
    values: Array


def identity(config: EngineConfig, gamma: float) -> EngineConfig:
    """The configuration with everything that has no effect set to zero: equal ones may continue each other."""
    domain = Domain() if config.domain.kind == "infinite" else config.domain
    threshold = config.activity == "threshold"
    single = [float(np.float32(v)) for v in (config.eps_on, config.eps_off, gamma)]
    return replace(
        config,
        domain=domain,
        seed=0 if config.background == "zero" else config.seed,
        eps_on=single[0] if threshold else 0.0,
        eps_off=single[1] if threshold else 0.0,
        gamma=single[2],
    )


def _header(snapshot: Snapshot, tiles: int, body: bytes) -> bytes:
    c = snapshot.config
    head = _HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        snapshot.d,
        DOMAINS.index(c.domain.kind),
        BACKGROUNDS.index(c.background),
        ACTIVITIES.index(c.activity),
        int(c.normalize),
        c.domain.width,
        c.domain.height,
        c.seed,
        c.eps_on,
        c.eps_off,
        c.gamma or 0.0,
        0,
        snapshot.step,
        tiles,
        len(snapshot.coords),
        snapshot.law_digest,
        _HEADER.size + len(body),
        xxh64(body),
        0,
        0,
    )
    return head[:-8] + struct.pack("<Q", xxh64(head[:-8]))


def to_bytes(snapshot: Snapshot) -> bytes:
    """The file.  Cells must be in canonical order; `config` as `identity` gives it."""
    x, y, z = snapshot.coords.T
    tile = np.stack([x // TILE, y // TILE, z], axis=1)
    records = b""
    if len(tile):
        starts = np.flatnonzero(np.r_[True, (tile[1:] != tile[:-1]).any(axis=1)])
        bits = (x % TILE + TILE * (y % TILE)).astype(np.int64)
        parts = []
        for start, end in zip(starts, np.r_[starts[1:], len(tile)], strict=True):
            mask = np.zeros(TILE * TILE, np.uint8)
            mask[bits[start:end]] = 1
            words = np.frombuffer(np.packbits(mask, bitorder="little").tobytes(), "<u8")
            parts.append(_TILE.pack(*tile[start].tolist(), 0, *words.tolist()))
        records = b"".join(parts)
    body = records + np.ascontiguousarray(snapshot.values, "<f4").tobytes()
    return _header(snapshot, len(records) // _TILE.size, body) + body


def _damaged(where: str, what: str) -> SnapshotError:
    return SnapshotError(f"{where}: {what}; the file is damaged or no snapshot: load another one")


def read_header(raw: bytes, where: str, size: int) -> tuple[Snapshot, int]:
    """The snapshot without its cells, and its number of tiles, from at least the first 160 of the file's `size` bytes.

    Raises SnapshotError if the header is not right, or is that of a file of another size.
    """
    if len(raw) < _HEADER.size:
        raise _damaged(where, f"{size} bytes are fewer than the {_HEADER.size} of a snapshot's header")
    f = _HEADER.unpack_from(raw)
    if f[0] != MAGIC:
        raise _damaged(where, f"begins with {f[0]!r} instead of {MAGIC!r}")
    if f[21] != xxh64(raw[: _HEADER.size - 8]):
        raise _damaged(where, "the header's checksum is wrong")
    if f[1] != FORMAT_VERSION:
        raise SnapshotError(f"{where}: snapshot format {f[1]}, this package reads {FORMAT_VERSION}; use the version that wrote it")
    if f[18] != size:
        raise _damaged(where, f"{size} bytes instead of {f[18]}")
    d, tiles, active = f[2], f[15], f[16]
    body = size - _HEADER.size
    if f[13] or f[20] or d == 0 or f[3] > 2 or f[4] > 2 or f[5] > 1 or f[6] > 1 or tiles * _TILE.size + active * 8 * d != body:
        raise _damaged(where, "the header is impossible")
    if f[14] > STEP_LIMIT:
        raise _damaged(where, f"step {f[14]} is beyond {STEP_LIMIT}")
    try:
        config = EngineConfig(
            Domain(DOMAINS[f[3]], f[7], f[8]),
            BACKGROUNDS[f[4]],
            ACTIVITIES[f[5]],
            f[9],
            f[10],
            f[11],
            f[12],
            bool(f[6]),
        )
    except UsageError as error:
        raise _damaged(where, str(error)) from error
    empty = Snapshot(d, config, f[17], f[14], np.zeros((0, 3), np.int64), np.zeros((0, 2 * d), np.float32))
    return empty, tiles


def from_bytes(raw: bytes, where: str = "snapshot") -> Snapshot:
    """The snapshot in a file's bytes.  Raises SnapshotError for anything that is not exactly right."""
    empty, tiles = read_header(raw, where, len(raw))
    d = empty.d
    if _HEADER.unpack_from(raw)[19] != xxh64(raw[_HEADER.size :]):
        raise _damaged(where, "the checksum of its cells is wrong")
    coords = [empty.coords]
    cells_at = _HEADER.size + tiles * _TILE.size
    for x, y, z, zero, *words in _TILE.iter_unpack(raw[_HEADER.size : cells_at]):
        mask = np.unpackbits(np.frombuffer(struct.pack("<4Q", *words), np.uint8), bitorder="little")
        bits = np.flatnonzero(mask)
        if zero or not len(bits):
            raise _damaged(where, f"the record of tile ({x}, {y}, {z}) is impossible")
        plane = np.full(len(bits), z)
        coords.append(np.stack([bits % TILE + x * TILE, bits // TILE + y * TILE, plane], axis=1).astype(np.int64))
    found = np.concatenate(coords)
    values = np.frombuffer(raw, "<f4", offset=cells_at).reshape(-1, 2 * d)
    if not np.isfinite(values).all():
        raise _damaged(where, "its cells hold a number that is not finite")
    if len(found) != len(values):
        raise _damaged(where, f"its tiles have {len(found)} cells, its header says {len(values)}")
    keys = [(int(z), int(m)) for z, m in zip(found[:, 2], morton(found[:, 1] // TILE, found[:, 0] // TILE), strict=True)]
    if keys != sorted(keys):
        raise _damaged(where, "its tiles are not in order")
    try:
        empty.config.domain.check(found)
    except RangeError as error:
        raise _damaged(where, str(error)) from error
    return replace(empty, coords=found, values=values)
