"""Runs a program, op by op, in numpy: the meaning of every instruction, with no thought of speed."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import UnsupportedError, UsageError
from .program import NONE, Instruction, Opcode, Program, Role
from .step import qca_update

Array = NDArray[np.float32]
Rectangle = tuple[int, int, int, int]  # y0, x0, y1, x1: half open, in cells of the input patch


def conv2d(x: Array, weight: Array, bias: Array | None, dilation: int, groups: int, pad: tuple[int, int], mode: str) -> Array:
    """x [B,H,W,Ci], weight [KH,KW,Ci/groups,Co], `pad` cells on each side (y, x) -> [B,H',W',Co], stride 1."""
    if pad != (0, 0):
        widths = ((0, 0), (pad[0],) * 2, (pad[1],) * 2, (0, 0))
        x = np.pad(x, widths, mode="wrap") if mode == "circular" else np.pad(x, widths)
    kh, kw, ci, co = weight.shape
    height, width = x.shape[1] - dilation * (kh - 1), x.shape[2] - dilation * (kw - 1)
    out = np.zeros((x.shape[0], height, width, co), np.float32)
    each = co // groups
    for g in range(groups):
        for i in range(kh):
            for j in range(kw):
                part = x[:, i * dilation :, j * dilation :, g * ci : (g + 1) * ci][:, :height, :width]
                out[..., g * each : (g + 1) * each] += part @ weight[i, j, :, g * each : (g + 1) * each]
    return out if bias is None else out + bias


def softmax(x: Array) -> Array:
    """Over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), np.float32)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(np.float32)


def gelu(x: Array) -> Array:
    """torch's tanh form."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return np.asarray(0.5 * x * (1 + np.tanh(inner)), np.float32)


def complex_mul(a: Array, b: Array) -> Array:
    """Per element, channels being concat(Re, Im)."""
    d = a.shape[-1] // 2
    ar, ai, br, bi = a[..., :d], a[..., d:], b[..., :d], b[..., d:]
    return np.concatenate([ar * br - ai * bi, ar * bi + ai * br], axis=-1)


_UNARY: dict[Opcode, Callable[[Array], Array]] = {
    Opcode.SOFTMAX: softmax,
    Opcode.RELU: lambda x: np.maximum(x, np.float32(0)),
    Opcode.ELU: lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, np.float32(0)))).astype(np.float32),
    Opcode.SIGMOID: sigmoid,
    Opcode.TANH: lambda x: np.tanh(x),
    Opcode.GELU: gelu,
    Opcode.SILU: lambda x: x * sigmoid(x),
    Opcode.TRANSPOSE: lambda x: np.swapaxes(x, -1, -2),
    Opcode.LOAD: lambda x: x.copy(),
    Opcode.STORE: lambda x: x.copy(),
}
_BINARY: dict[Opcode, Callable[[Array, Array], Array]] = {
    Opcode.ADD: np.add,
    Opcode.SUB: np.subtract,
    Opcode.MUL: np.multiply,
    Opcode.DIV: np.divide,
    Opcode.COMPLEX_MUL: complex_mul,
}


class _Run:
    """One evaluation: values by handle, and where each value's corner lies in cells of the input patch."""

    def __init__(self, program: Program, domains: Sequence[Rectangle] | None) -> None:
        self.program = program
        self.domains = domains
        self.values: dict[int, Array] = {}
        self.corner: dict[int, tuple[int, int]] = {}
        self.symbols: dict[str, int] = {}

    def expected_shape(self, handle: int) -> tuple[int, ...]:
        dims = self.program.tensors[handle].dims
        return tuple(self.symbols.get(d.symbol, 0) + d.extent if d.symbol else d.extent for d in dims)

    def bind(self, handle: int, value: Array) -> None:
        tensor = self.program.tensors[handle]
        if value.ndim != len(tensor.dims):
            raise UsageError(f"input {tensor.name} has rank {value.ndim}, the program wants {tensor.shape_text()}")
        for dim, extent in zip(tensor.dims, value.shape, strict=True):
            if dim.symbol:
                self.symbols.setdefault(dim.symbol, extent - dim.extent)
        if self.expected_shape(handle) != value.shape:
            raise UsageError(f"input {tensor.name} has shape {value.shape}, the program wants {tensor.shape_text()}")
        self.values[handle] = np.ascontiguousarray(value, np.float32)

    def get(self, handle: int) -> Array:
        if handle in self.values:
            return self.values[handle]
        data = self.program.tensors[handle].data
        if data is None:
            raise UsageError(f"tensor {self.program.tensors[handle].name} is read before it is written")
        return np.asarray(data, np.float32)

    def inside_domain(self, handle: int) -> Array:
        """The value, zero outside the bounded domain: what zero padding at the domain's edge would give."""
        x = self.get(handle)
        if self.domains is None:
            return x
        top, left = self.corner.get(handle, (0, 0))
        y = np.arange(x.shape[1])[None, :] + top
        xs = np.arange(x.shape[2])[None, :] + left
        box = np.array(self.domains, np.int64)
        keep_y = (y >= box[:, :1]) & (y < box[:, 2:3])
        keep_x = (xs >= box[:, 1:2]) & (xs < box[:, 3:])
        return np.where((keep_y[:, :, None] & keep_x[:, None, :])[..., None], x, np.float32(0))

    def put(self, number: int, handle: int, value: Array, corner: tuple[int, int]) -> None:
        expected = self.expected_shape(handle)
        tensor = self.program.tensors[handle]
        if value.shape != expected:
            raise UsageError(f"op {number}: result {tensor.name} has shape {value.shape}, the table says {expected}")
        self.values[handle] = np.ascontiguousarray(value, np.float32)
        self.corner[handle] = corner

    def convolve(self, number: int, op: Instruction, attr: tuple[int, int, int, int]) -> None:
        out, source, weight, bias = op.operands
        x, w = self.inside_domain(source), self.get(weight)
        dilation, groups = attr[0] or 1, attr[1] or 1
        expected = self.expected_shape(out)
        lost = [dilation * (w.shape[0] - 1), dilation * (w.shape[1] - 1)]
        pad = tuple(0 if expected[a] == x.shape[a] - lost[a - 1] else lost[a - 1] // 2 for a in (1, 2))
        value = conv2d(
            x,
            w,
            None if bias == NONE else self.get(bias),
            dilation,
            groups,
            (pad[0], pad[1]),
            "circular" if attr[2] else "zero",
        )
        top, left = self.corner.get(source, (0, 0))
        self.put(number, out, value, (top + lost[0] // 2 - pad[0], left + lost[1] // 2 - pad[1]))

    def step(self, number: int, op: Instruction, attr: tuple[int, int, int, int]) -> None:
        code, (a, b, c, d) = op.opcode, op.operands
        corner = self.corner.get(b, (0, 0))
        if code in _UNARY:
            self.put(number, a, _UNARY[code](self.get(b)), corner)
        elif code in _BINARY:
            self.put(number, a, _BINARY[code](self.get(b), self.get(c)), corner)
        elif code is Opcode.SCALE:
            factor = np.float32(struct.unpack("<f", struct.pack("<I", c))[0])
            self.put(number, a, self.get(b) * factor, corner)
        elif code is Opcode.MATMUL:
            value = self.get(b) @ self.get(c)
            self.put(number, a, value if d == NONE else value + self.get(d), corner)
        elif code is Opcode.CONV2D:
            self.convolve(number, op, attr)
        elif code is Opcode.QCA_UPDATE:
            gamma = struct.unpack("<f", struct.pack("<I", attr[1]))[0]
            background = self.get(attr[2] - 1) if attr[2] else None
            out, activity = qca_update(
                self.get(c), self.get(d), background, gamma=gamma, product=bool(attr[0] & 1), normalize=bool(attr[0] & 2)
            )
            self.put(number, a, out, corner)
            self.put(number, b, activity, corner)
        elif code not in (Opcode.NOP, Opcode.ALLOC, Opcode.FREE):
            raise UnsupportedError(f"op {number} {code.name.lower()} is for one kind of device; the reference has none")


def evaluate(program: Program, inputs: Sequence[Array], domains: Sequence[Rectangle] | None = None) -> list[Array]:
    """Runs `program`.

    inputs: float32 arrays in the order of the input tensors; domains: per batch item the part (y0, x0, y1, x1) of the
    input patch that lies inside a bounded domain - values outside it are zero for every convolution.  Returns the
    outputs in the order of the output tensors.  Raises UsageError for shapes that do not fit.
    """
    run = _Run(program, domains)
    handles = program.handles(Role.INPUT)
    if len(handles) != len(inputs):
        raise UsageError(f"{len(inputs)} inputs given, the program has {len(handles)}")
    for handle, value in zip(handles, inputs, strict=True):
        run.bind(handle, value)
    attr = (0, 0, 0, 0)
    for number, op in enumerate(program.code):
        if op.opcode is Opcode.HALT:
            break
        if op.opcode is Opcode.ATTR:
            attr = op.operands
            continue
        run.step(number, op, attr)
        attr = (0, 0, 0, 0)
    return [run.get(h) for h in program.handles(Role.OUTPUT)]
