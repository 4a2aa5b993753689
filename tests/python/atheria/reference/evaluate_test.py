"""The reference interpreter against definitions written another way: loops, and torch where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from atheria.errors import UnsupportedError, UsageError
from atheria.laws.program_builder import ACTIVATIONS, LawBuilder
from atheria.reference.evaluate import Array, conv2d, evaluate
from atheria.reference.program import NONE, Opcode, Program, Role


def rand(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def conv_by_loops(x: Array, w: Array, dilation: int, groups: int) -> Array:
    b, height, width, _ = x.shape
    kh, kw, cg, co = w.shape
    out = np.zeros((b, height - dilation * (kh - 1), width - dilation * (kw - 1), co))
    for n, y, xx, o in np.ndindex(*out.shape):
        g = o // (co // groups)
        for i, j, c in np.ndindex(kh, kw, cg):
            out[n, y, xx, o] += float(x[n, y + i * dilation, xx + j * dilation, g * cg + c]) * float(w[i, j, c, o])
    return out.astype(np.float32)


@pytest.mark.parametrize(("dilation", "groups"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_convolution_is_the_sum_it_says(dilation: int, groups: int) -> None:
    x, w = rand(2, 7, 6, 4), rand(3, 3, 4 // groups, 6, seed=1)
    assert np.allclose(conv2d(x, w, None, dilation, groups, (0, 0), "zero"), conv_by_loops(x, w, dilation, groups), atol=1e-5)


def test_padded_convolutions() -> None:
    x, w = rand(1, 5, 6, 2), rand(3, 3, 2, 2, seed=1)
    zero = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    wrap = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="wrap")
    for mode, padded in ((0, zero), (1, wrap)):
        program = Program()
        a = program.add_tensor("x", Role.INPUT, "B,H,W,2")
        b = program.add_constant("w", w)
        out = program.add_tensor("y", Role.OUTPUT, "B,H,W,2")
        program.emit(Opcode.ATTR, 1, 1, mode)
        program.emit(Opcode.CONV2D, out, a, b, NONE)
        program.emit(Opcode.HALT)
        assert np.allclose(evaluate(program, [x])[0], conv_by_loops(padded, w, 1, 1), atol=1e-5)


def test_activations_against_formulas() -> None:
    x = np.linspace(-90, 90, 41, dtype=np.float32).reshape(1, 1, -1, 1)
    x = np.concatenate([x, x[:, :, ::-1]], axis=-1)
    with np.errstate(over="ignore"):
        e = np.exp(x.astype(np.float64))
        expected = {
            "relu": np.where(x > 0, x, 0),
            "elu": np.where(x > 0, x, e - 1),
            "sigmoid": 1 - 1 / (1 + e),
            "tanh": np.tanh(x.astype(np.float64)),
            "silu": x * (1 - 1 / (1 + e)),
            "softmax": e / e.sum(-1, keepdims=True),
            "gelu": 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x.astype(np.float64) ** 3))),
        }
    assert set(expected) == set(ACTIVATIONS)
    for name, value in expected.items():
        builder = LawBuilder(name, 2)
        builder.activation(name)
        assert np.allclose(evaluate(builder.finish(), [x])[0], value, atol=1e-6), name


def test_elementwise_and_complex_operations() -> None:
    x, y = rand(2, 3, 3, 4), rand(2, 3, 3, 4, seed=1)
    z = (x[..., :2] + 1j * x[..., 2:]) * (y[..., :2] + 1j * y[..., 2:])
    expected = {
        Opcode.ADD: x + y,
        Opcode.SUB: x - y,
        Opcode.MUL: x * y,
        Opcode.DIV: x / y,
        Opcode.COMPLEX_MUL: np.concatenate([z.real, z.imag], -1),
    }
    for opcode, value in expected.items():
        program = Program()
        handles = [program.add_tensor(n, Role.INPUT, "B,H,W,4") for n in "xy"]
        out = program.add_tensor("out", Role.OUTPUT, "B,H,W,4")
        program.emit(opcode, out, *handles)
        program.emit(Opcode.HALT)
        assert np.allclose(evaluate(program, [x, y])[0], value, atol=1e-6), opcode


def test_zero_padding_of_every_layer_is_kept_at_the_border_of_a_domain() -> None:
    """Two convolutions with bias between: padding the input alone is not enough, the hidden layer is padded too."""
    w1, b1, w2 = rand(3, 3, 2, 3), rand(3, seed=1), rand(3, 3, 3, 2, seed=2)
    builder = LawBuilder("two", 2)
    builder.conv2d(w1, b1)
    builder.activation("relu")
    builder.conv2d(w2)
    program = builder.finish()
    x = rand(1, 6, 5, 2, seed=3)
    pad = ((0, 0), (1, 1), (1, 1), (0, 0))
    hidden = np.maximum(conv_by_loops(np.pad(x, pad), w1, 1, 1) + b1, 0)
    expected = conv_by_loops(np.pad(hidden, pad), w2, 1, 1)
    around = rand(1, 10, 9, 2, seed=4)  # what lies outside must not matter
    around[:, 2:8, 2:7] = x
    assert np.allclose(evaluate(program, [around], [(2, 2, 8, 7)])[0], expected, atol=1e-5)
    assert not np.allclose(evaluate(program, [around])[0], expected, atol=1e-2)


def test_wrong_use_is_refused() -> None:
    builder = LawBuilder("id", 2)
    builder.scale(1.0)
    program = builder.finish()
    with pytest.raises(UsageError, match="rank 3"):
        evaluate(program, [rand(3, 3, 2)])
    with pytest.raises(UsageError, match="shape"):
        evaluate(program, [rand(1, 3, 3, 4)])
    with pytest.raises(UsageError, match="2 inputs given"):
        evaluate(program, [rand(1, 3, 3, 2)] * 2)
    program.code.insert(0, program.code[0].__class__(Opcode.VK_INIT))
    with pytest.raises(UnsupportedError, match="op 0 vk_init"):
        evaluate(program, [rand(1, 3, 3, 2)])
