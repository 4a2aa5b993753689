"""Law files: round trip, fixed layout, and refusal of every damaged byte."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from atheria.errors import LawFileError
from atheria.laws.program_builder import LawBuilder
from atheria.reference.container import digest, from_bytes, to_bytes
from atheria.reference.program import Program


def small_program() -> Program:
    rng = np.random.default_rng(5)
    builder = LawBuilder("small", 4)
    builder.conv2d(rng.standard_normal((3, 3, 4, 6)).astype(np.float32), rng.standard_normal(6).astype(np.float32))
    builder.activation("elu")
    builder.matmul(rng.standard_normal((6, 4)).astype(np.float32))
    builder.scale(0.25)
    return builder.finish(gamma=0.125)


def test_round_trip() -> None:
    raw = to_bytes(small_program())
    again = from_bytes(raw)
    assert to_bytes(again) == raw
    assert again.metadata == {"name": "small", "gamma": "0.125"}
    assert [t.shape_text() for t in again.tensors][:2] == ["f32[B,H,W,4]", "f32[3,3,4,6]"]
    original = {t.name: t.data for t in small_program().tensors if t.data is not None}
    for tensor in again.tensors:
        if tensor.data is not None:
            assert np.array_equal(tensor.data, original[tensor.name])


def test_layout_is_the_documented_one() -> None:
    raw = to_bytes(small_program())
    assert raw[:8] == bytes.fromhex("89 41 54 4C 41 57 0D 0A")
    assert struct.unpack_from("<II", raw, 8) == (1, 0)
    assert digest(raw) == hashlib.sha256(raw[48:]).digest()
    assert struct.unpack_from("<QII", raw, 48) == (len(raw), 4, 0)
    tags = [struct.unpack_from("<4sIQQ", raw, 64 + 24 * i) for i in range(4)]
    assert [t[0] for t in tags] == [b"META", b"TENS", b"CODE", b"DATA"]
    assert all(t[2] % 64 == 0 for t in tags)
    program = small_program()
    assert tags[1][3] == 112 * len(program.tensors)
    assert tags[2][3] == 20 * len(program.code)
    record = raw[tags[1][2] + 112 : tags[1][2] + 224]  # the second tensor: the constant w1
    assert record[:3] == b"w1\0"
    assert struct.unpack_from("<4I", record, 32) == (1, 3, 4, 0)
    assert struct.unpack_from("<8i", record, 48) == (0, 3, 0, 3, 0, 4, 0, 6)
    offset, size = struct.unpack_from("<2Q", record, 96)
    assert raw[tags[3][2] + offset :][:size] == program.tensors[1].data.tobytes()  # type: ignore[union-attr]


def test_every_flipped_byte_is_refused() -> None:
    raw = to_bytes(small_program())
    for position in range(len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 0x10
        with pytest.raises(LawFileError):
            from_bytes(bytes(damaged))


@pytest.mark.parametrize("size", [0, 1, 47, 63, 64, 159, 160, 500])
def test_every_cut_is_refused(size: int) -> None:
    with pytest.raises(LawFileError):
        from_bytes(to_bytes(small_program())[:size])


def resealed(raw: bytes, position: int, value: bytes) -> bytes:
    """The bytes with a change and a right checksum: what only structure checks can refuse."""
    changed = bytearray(raw)
    changed[position : position + len(value)] = value
    changed[16:48] = hashlib.sha256(changed[48:]).digest()
    return bytes(changed)


def test_hostile_files_with_a_right_checksum_are_refused() -> None:
    raw = to_bytes(small_program())
    tens, code = (struct.unpack_from("<4sIQQ", raw, 64 + 24 * i)[2] for i in (1, 2))
    attacks = {
        "section beyond the end": (64 + 24 * 3 + 8, struct.pack("<QQ", 1 << 62, 1 << 62)),
        "constant beyond the data": (tens + 112 + 96, struct.pack("<Q", 1 << 40)),
        "extent that does not fit": (tens + 112 + 52, struct.pack("<i", 1 << 30)),
        "negative extent": (tens + 112 + 52, struct.pack("<i", -3)),
        "rank": (tens + 40, struct.pack("<I", 7)),
        "role": (tens + 36, struct.pack("<I", 9)),
        "symbol": (tens + 48, struct.pack("<I", 7)),
        "bytes between sections": (160, b"\1"),
        "opcode": (code, struct.pack("<I", 0x12345)),
    }
    for name, (position, value) in attacks.items():
        with pytest.raises(LawFileError):
            from_bytes(resealed(raw, position, value), name)
