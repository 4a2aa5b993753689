"""Builds law programs from numpy weights: chains of convolutions, matrix products and activations."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..reference.arguments import require_finite, require_integer
from ..reference.program import NONE, Opcode, Program, Role

Weights = NDArray[np.float32]
ACTIVATIONS = {
    "relu": Opcode.RELU,
    "elu": Opcode.ELU,
    "sigmoid": Opcode.SIGMOID,
    "tanh": Opcode.TANH,
    "gelu": Opcode.GELU,
    "silu": Opcode.SILU,
    "softmax": Opcode.SOFTMAX,
}


class LawBuilder:
    """A chain of layers on patches [B, H, W, C]; every convolution is a valid one, so the radius adds up.

    >>> builder = LawBuilder("diffusion", channels=2)
    >>> builder.conv2d(np.full((3, 3, 2, 2), 0.01, np.float32))
    >>> builder.finish().metadata["name"]
    'diffusion'
    """

    def __init__(self, name: str, channels: int) -> None:
        if channels < 2 or channels % 2:
            raise UsageError(f"a law has 2d channels, real and imaginary parts; {channels} is not even")
        self.program = Program(metadata={"name": name})
        self.input_channels = self.channels = channels
        self.lost = 0  # cells of height and width that convolutions took away
        self.current = self.program.add_tensor("x", Role.INPUT, f"B,H,W,{channels}")
        self._number = 0

    def _shape(self, channels: int) -> str:
        lost = f"-{self.lost}" if self.lost else ""
        return f"B,H{lost},W{lost},{channels}"

    def _local(self, channels: int) -> int:
        self._number += 1
        return self.program.add_tensor(f"t{self._number}", Role.LOCAL, self._shape(channels))

    def _bias(self, bias: Weights | None, channels: int) -> int:
        if bias is None:
            return NONE
        if bias.shape != (channels,):
            raise UsageError(f"layer {self._number + 1}: bias has shape {bias.shape}, expected ({channels},)")
        return self.program.add_constant(f"b{self._number + 1}", bias)

    def conv2d(self, weight: Weights, bias: Weights | None = None, *, dilation: int = 1, groups: int = 1) -> None:
        """weight [KH, KW, Cin / groups, Cout], KH = KW odd; bias [Cout]."""
        kh, kw, cin, cout = weight.shape
        if kh != kw or kh % 2 == 0:
            raise UsageError(f"layer {self._number + 1}: a kernel of {kh} x {kw}; a law needs a square of odd side")
        if cin * groups != self.channels:
            raise UsageError(f"layer {self._number + 1}: weights for {cin * groups} channels, the layer before gives {self.channels}")
        w = self.program.add_constant(f"w{self._number + 1}", weight)
        b = self._bias(bias, cout)
        self.lost += dilation * (kh - 1)
        out = self._local(cout)
        if dilation != 1 or groups != 1:
            self.program.emit(Opcode.ATTR, dilation, groups)
        self.program.emit(Opcode.CONV2D, out, self.current, w, b)
        self.current, self.channels = out, cout

    def matmul(self, weight: Weights, bias: Weights | None = None) -> None:
        """A 1x1 layer: weight [Cin, Cout]; bias [Cout]."""
        cin, cout = weight.shape
        if cin != self.channels:
            raise UsageError(f"layer {self._number + 1}: weights for {cin} channels, the layer before gives {self.channels}")
        w = self.program.add_constant(f"w{self._number + 1}", weight)
        b = self._bias(bias, cout)
        out = self._local(cout)
        self.program.emit(Opcode.MATMUL, out, self.current, w, b)
        self.current, self.channels = out, cout

    def activation(self, name: str) -> None:
        """One of ACTIVATIONS; softmax is over the channels."""
        if name not in ACTIVATIONS:
            raise UsageError(f"activation {name!r} is none of {', '.join(ACTIVATIONS)}")
        out = self._local(self.channels)
        self.program.emit(ACTIVATIONS[name], out, self.current)
        self.current = out

    def scale(self, factor: float) -> None:
        """Times a number."""
        out = self._local(self.channels)
        self.program.emit(Opcode.SCALE, out, self.current, struct.unpack("<I", struct.pack("<f", factor))[0])
        self.current = out

    def finish(self, *, gamma: float = 0.0, product: bool = False, alignment: int = 1) -> Program:
        """The program: the last layer's result is Delta.  Raises UsageError unless it has the input's channels."""
        if self.channels != self.input_channels:
            raise UsageError(f"the last layer gives {self.channels} channels, Delta needs {self.input_channels}")
        gamma = require_finite("gamma", gamma)
        require_integer("alignment", alignment, 1, 1024)
        out = self.program.add_tensor("delta", Role.OUTPUT, self._shape(self.channels))
        self.program.emit(Opcode.STORE, out, self.current)
        self.program.emit(Opcode.HALT)
        if gamma:
            self.program.metadata["gamma"] = repr(gamma)
        if product:
            self.program.metadata["product"] = "1"
        if alignment != 1:
            self.program.metadata["alignment"] = str(alignment)
        return self.program
