"""Snapshots: what a right checksum does not prove is checked too."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from atheria import initial
from atheria.errors import SnapshotError
from atheria.reference.engine import EngineConfig, ReferenceEngine
from atheria.reference.field import Domain
from atheria.reference.law import Law, law_from_callable
from atheria.reference.snapshot import from_bytes
from atheria.reference.xxh64 import xxh64

HEADER, RECORD = 160, 48


def make(config: EngineConfig | None = None) -> ReferenceEngine:
    law: Law = law_from_callable(lambda p: 0.5 * p, d=2, radius=0)
    engine = ReferenceEngine(law, config)
    engine.write(*initial.random(2, 20, seed=1, centre=(16, 16)))
    engine.step(2)
    return engine


def resealed(raw: bytes, position: int, value: bytes) -> bytes:
    changed = bytearray(raw)
    changed[position : position + len(value)] = value
    changed[136:144] = struct.pack("<Q", xxh64(bytes(changed[HEADER:])))
    changed[152:160] = struct.pack("<Q", xxh64(bytes(changed[:152])))
    return bytes(changed)


def test_the_layout_is_the_documented_one() -> None:
    raw = make(EngineConfig(Domain("bounded", 40, 30), "static", "exact", seed=5, gamma=0.5)).snapshot()
    assert raw[:8] == bytes.fromhex("89 41 54 53 4E 41 50 0A")
    assert struct.unpack_from("<6I", raw, 8) == (1, 2, 1, 1, 0, 1)
    assert struct.unpack_from("<2qQ", raw, 32) == (40, 30, 5)
    assert struct.unpack_from("<3fI", raw, 56) == (0, 0, 0.5, 0)
    assert struct.unpack_from("<3Q", raw, 72) == (2, 4, 400)
    assert struct.unpack_from("<Q", raw, 128)[0] == len(raw) == HEADER + 4 * RECORD + 400 * 2 * 8
    assert struct.unpack_from("<3i", raw, HEADER) == (0, 0, 0)
    assert sum(bin(w).count("1") for w in struct.unpack_from("<4Q", raw, HEADER + 16)) == 100


def test_round_trip() -> None:
    engine = make()
    again = make()
    again.clear()
    again.restore(engine.snapshot())
    assert again.step_number == 2
    assert again.export()[1].tobytes() == engine.export()[1].tobytes()
    assert again.snapshot() == engine.snapshot()


def test_impossible_contents_with_right_checksums_are_refused() -> None:
    raw = make().snapshot()
    attacks = {
        "a cell more in a mask": (HEADER + 16, b"\xff" * 32),
        "an empty mask": (HEADER + 16, bytes(32)),
        "tiles out of order": (HEADER, struct.pack("<3i", 9, 9, 9)),
        "a tile outside the plane": (HEADER, struct.pack("<3i", 1 << 30, 0, 0)),
        "a record that is not zero where it must be": (HEADER + 12, b"\1"),
        "more tiles than bytes": (80, struct.pack("<Q", 1 << 60)),
        "no channels": (12, bytes(4)),
        "a domain that does not exist": (16, struct.pack("<I", 3)),
        "a step that would wrap": (72, struct.pack("<Q", (1 << 64) - 1)),
        "eps that is no number": (56, struct.pack("<f", np.nan)),
        "gamma that is no number": (64, struct.pack("<f", np.inf)),
        "a cell that is no number": (len(raw) - 4, struct.pack("<f", np.nan)),
        "a seed of a domain that has no extent": (16, struct.pack("<I", 1)),
    }
    for name, (position, value) in attacks.items():
        with pytest.raises(SnapshotError, match=name):
            from_bytes(resealed(raw, position, value), name)


def test_another_configuration_is_refused() -> None:
    raw = make().snapshot()
    for config in (EngineConfig(eps_on=0.5), EngineConfig(Domain("bounded", 64, 64)), EngineConfig(gamma=0.25)):
        engine = make(config)
        before = engine.export()
        with pytest.raises(SnapshotError, match="this engine has"):
            engine.restore(raw)
        assert np.array_equal(engine.export()[1], before[1])
