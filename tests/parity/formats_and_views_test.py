"""Law files, programs, vacuum and views: the native library and the plain Python agree on each."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atheria import initial
from atheria.errors import LawFileError, SnapshotError
from atheria.laws.program_builder import ACTIVATIONS, LawBuilder
from atheria.native import NativeEngine
from atheria.reference.container import from_bytes, to_bytes
from atheria.reference.engine import EngineConfig, ReferenceEngine
from atheria.reference.evaluate import evaluate
from atheria.reference.field import Domain
from atheria.reference.program import Opcode, Program, Role
from atheria.reference.vacuum import vacuum
from atheria.reference.view import KINDS, Region
from atheria.reference.xxh64 import xxh64

from .random_laws import random_law

core: Any = pytest.importorskip("atheria_core", reason="the extension is not built")
BACKENDS = ["cpu", "reference"]


def test_law_files_are_the_same_bytes_on_both_sides() -> None:
    text = """
program "sum"
meta "gamma" "0.5"
input    x  f32[B,H,W,4]
constant b  f32[4] = 0000803f000000400000404000008040
local    s  f32[B,H,W,4]
output   y  f32[B,H,W,4]
add  s x b
relu y s
halt
"""
    raw = core.program_bytes(text)
    program = from_bytes(raw)
    assert program.metadata == {"name": "sum", "gamma": "0.5"}
    assert program.tensors[1].data is not None and program.tensors[1].data.tolist() == [1, 2, 3, 4]
    assert to_bytes(program) == raw
    written = random_law(1, bias=True).raw
    assert written is not None
    core.verify_program(written)
    assert "conv2d" in core.program_text(written)


def test_damaged_law_files_are_refused_by_both() -> None:
    raw = random_law(2).raw
    assert raw is not None
    for position in [0, 8, 16, 48, 64, 200, len(raw) // 2, len(raw) - 1]:
        damaged = bytearray(raw)
        damaged[position] ^= 1
        for read in (core.verify_program, from_bytes):
            with pytest.raises(LawFileError):
                read(bytes(damaged))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activations(backend: str, activation: str) -> None:
    builder = LawBuilder(activation, 6)
    builder.activation(activation)
    program = builder.finish()
    x = np.random.default_rng(0).standard_normal((2, 5, 7, 6)).astype(np.float32) * 4
    found = core.evaluate_program(to_bytes(program), [x], backend)[0]
    assert np.allclose(found, evaluate(program, [x])[0], atol=2e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(1, 5, 6, 4, 3), (3, 18, 18, 16, 32), (2, 9, 7, 5, 7)])
@pytest.mark.parametrize(("dilation", "groups"), [(1, 1), (2, 1), (1, "all")])
def test_convolutions(backend: str, shape: tuple[int, ...], dilation: int, groups: int | str) -> None:
    b, h, w, cin, cout = shape
    rng = np.random.default_rng(1)
    count = cin if groups == "all" else 1
    cout = cin if groups == "all" else cout
    program = Program(metadata={"name": "conv"})
    x = program.add_tensor("x", Role.INPUT, f"B,H,W,{cin}")
    weight = program.add_constant("w", rng.standard_normal((3, 3, cin // count, cout)).astype(np.float32) / 6)
    bias = program.add_constant("b", rng.standard_normal(cout).astype(np.float32))
    y = program.add_tensor("y", Role.OUTPUT, f"B,H-{2 * dilation},W-{2 * dilation},{cout}")
    program.emit(Opcode.ATTR, dilation, count)
    program.emit(Opcode.CONV2D, y, x, weight, bias)
    program.emit(Opcode.HALT)
    data = rng.standard_normal((b, h, w, cin)).astype(np.float32)
    found = core.evaluate_program(to_bytes(program), [data], backend)[0]
    assert np.allclose(found, evaluate(program, [data])[0], atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_elementwise_operations(backend: str) -> None:
    rng = np.random.default_rng(2)
    x, y = (rng.standard_normal((3, 4, 5, 6)).astype(np.float32) for _ in range(2))
    for opcode in (Opcode.ADD, Opcode.SUB, Opcode.MUL, Opcode.DIV, Opcode.COMPLEX_MUL):
        program = Program(metadata={"name": opcode.name})
        handles = [program.add_tensor(n, Role.INPUT, "B,H,W,6") for n in "xy"]
        out = program.add_tensor("out", Role.OUTPUT, "B,H,W,6")
        program.emit(opcode, out, *handles)
        program.emit(Opcode.HALT)
        found = core.evaluate_program(to_bytes(program), [x, y], backend)[0]
        assert np.allclose(found, evaluate(program, [x, y])[0], rtol=1e-6, atol=1e-6), opcode
    program = Program(metadata={"name": "scale"})
    a = program.add_tensor("x", Role.INPUT, "B,H,W,6")
    out = program.add_tensor("out", Role.OUTPUT, "B,H,W,6")
    program.emit(Opcode.SCALE, out, a, struct.unpack("<I", struct.pack("<f", -1.5))[0])
    program.emit(Opcode.HALT)
    assert np.array_equal(core.evaluate_program(to_bytes(program), [x], backend)[0], x * np.float32(-1.5))


@pytest.mark.parametrize("d", [1, 4, 7, 33])
def test_vacuum(d: int) -> None:
    rng = np.random.default_rng(d)
    coords = rng.integers(-(2**20), 2**20, (200, 3))
    for seed, t in ((0, 0), (1, 0), (2**63 + 5, 0), (7, 12345)):
        found = core.HarmonicVacuum(d, seed).get_states(coords, t)
        assert np.abs(found - vacuum(coords, d, seed, t)).max() < 1e-6


@pytest.mark.parametrize("domain", [Domain(), Domain("bounded", 30, 20), Domain("periodic", 30, 20)], ids=lambda d: d.kind)
@pytest.mark.parametrize("background", ["zero", "static"])
def test_views(domain: Domain, background: str) -> None:
    config = EngineConfig(domain, background, seed=4)  # type: ignore[arg-type]
    engines = [NativeEngine(random_law(1), config), ReferenceEngine(random_law(1), config)]
    for engine in engines:
        engine.write(*initial.random(3, 9, seed=1, centre=(12, 8)))
    inside = Region(0, 0, 30, 20)
    for kind in KINDS:
        native, reference = (e.view(kind, inside) for e in engines)
        assert native.shape == reference.shape and native.dtype == reference.dtype
        assert np.abs(native - reference).max() < 2e-6, kind


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (72, struct.pack("<Q", (1 << 64) - 1)),
        (72, struct.pack("<Q", (1 << 63) + 1)),
        (-4, struct.pack("<f", np.nan)),
        (-4, struct.pack("<f", np.inf)),
        (56, struct.pack("<f", np.nan)),
        (64, struct.pack("<f", np.nan)),
    ],
)
def test_impossible_snapshots_with_right_checksums_are_refused_by_both(tmp_path: Path, position: int, value: bytes) -> None:
    law, path = random_law(1), str(tmp_path / "universe")
    engine = ReferenceEngine(law)
    engine.write(*initial.random(law.d, 4))
    native = NativeEngine(law, EngineConfig())
    raw = bytearray(engine.snapshot())
    (tmp_path / "universe").write_bytes(raw)
    native.load(path)
    start = position % len(raw)
    raw[start : start + len(value)] = value
    raw[136:144] = struct.pack("<Q", xxh64(bytes(raw[160:])))
    raw[152:160] = struct.pack("<Q", xxh64(bytes(raw[:152])))
    (tmp_path / "universe").write_bytes(raw)
    for load in (lambda: engine.restore(bytes(raw)), lambda: native.load(path)):
        with pytest.raises(SnapshotError):
            load()
    assert native.active_count == engine.active_count == 16
