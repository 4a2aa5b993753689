"""Programs as values: a tensor table and 20-byte instructions, as ``native/include/atheria/program.h`` has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ..errors import LawFileError, UnsupportedError, UsageError

NONE = 0xFFFFFFFF
RANK_MAX = 6
NAME_BYTES = 32


class Opcode(IntEnum):
    """The codes of ``opcodes.def``; ``tests/python/atheria/reference/program_test.py`` compares the two lists."""

    NOP = 0x00000000
    ATTR = 0x00000001
    HALT = 0x000000FF
    ALLOC = 0x00010000
    FREE = 0x00010001
    LOAD = 0x00010010
    STORE = 0x00010011
    ADD = 0x00020000
    SUB = 0x00020001
    MUL = 0x00020002
    DIV = 0x00020003
    MATMUL = 0x00030000
    TRANSPOSE = 0x00030001
    SOFTMAX = 0x00030002
    RELU = 0x00030003
    CONV2D = 0x00040000
    ELU = 0x00040010
    SIGMOID = 0x00040011
    TANH = 0x00040012
    GELU = 0x00040013
    SILU = 0x00040014
    COMPLEX_MUL = 0x00040020
    SCALE = 0x00040021
    QCA_UPDATE = 0x00040030
    GPU_INIT = 0xC0DA0001
    GPU_ALLOC = 0xC0DA0010
    GPU_MATMUL = 0xC0DA0020
    GPU_SYNC = 0xC0DA00F0
    VK_INIT = 0x564B0001
    VK_COMPUTE = 0x564B0010
    VK_SUBMIT = 0x564B0020
    VK_SYNC = 0x564B00F0


class DType(IntEnum):
    """Element types of tensors."""

    F32 = 1
    I32 = 2


class Role(IntEnum):
    """Where a tensor's memory comes from."""

    INPUT = 1
    OUTPUT = 2
    CONSTANT = 3
    LOCAL = 4


NUMPY_DTYPE: dict[DType, np.dtype[np.float32] | np.dtype[np.int32]] = {
    DType.F32: np.dtype("<f4"),
    DType.I32: np.dtype("<i4"),
}


@dataclass(frozen=True)
class Dimension:
    """A number (symbol ""), or the value of a symbol plus a number: ``Dimension("H", -2)``."""

    symbol: str
    extent: int

    def __str__(self) -> str:
        if not self.symbol:
            return str(self.extent)
        return self.symbol + (f"{self.extent:+d}" if self.extent else "")


@dataclass(frozen=True)
class Tensor:
    """One row of the tensor table; `data` is there for constants only, in the tensor's shape."""

    name: str
    role: Role
    dims: tuple[Dimension, ...]
    dtype: DType = DType.F32
    data: NDArray[np.float32] | NDArray[np.int32] | None = None

    def shape_text(self) -> str:
        """``f32[B,H,W,16]``."""
        return f"{self.dtype.name.lower()}[{','.join(map(str, self.dims))}]"


@dataclass(frozen=True)
class Instruction:
    """An opcode and four operands: handles into the tensor table, or numbers where ``opcodes.def`` says n."""

    opcode: Opcode
    operands: tuple[int, int, int, int] = (0, 0, 0, 0)


def parse_dims(text: str) -> tuple[Dimension, ...]:
    """``"B,H-2,W-2,16"`` as dimensions."""
    dims = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        if part[0].isalpha():
            dims.append(Dimension(part[0], int(part[1:] or 0)))
        else:
            dims.append(Dimension("", int(part)))
    return tuple(dims)


@dataclass
class Program:
    """Tensors, instructions and metadata.  Handles are positions in `tensors`."""

    tensors: list[Tensor] = field(default_factory=list)
    code: list[Instruction] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)

    def add_tensor(
        self,
        name: str,
        role: Role,
        dims: str | tuple[int, ...],
        data: NDArray[np.float32] | None = None,
    ) -> int:
        """Adds a float32 tensor and returns its handle.  `dims` is text with symbols, or a shape."""
        if any(t.name == name for t in self.tensors):
            raise UsageError(f"program has two tensors named {name!r}; names must be unique")
        parsed = parse_dims(dims) if isinstance(dims, str) else tuple(Dimension("", n) for n in dims)
        self.tensors.append(Tensor(name, role, parsed, DType.F32, data))
        return len(self.tensors) - 1

    def add_constant(self, name: str, data: NDArray[np.float32]) -> int:
        """Adds a constant with the bytes and the shape of `data` (made float32)."""
        dense = np.ascontiguousarray(data, dtype="<f4")
        return self.add_tensor(name, Role.CONSTANT, dense.shape, dense)

    def emit(self, opcode: Opcode, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> None:
        """Appends an instruction."""
        self.code.append(Instruction(opcode, (a, b, c, d)))

    def handles(self, role: Role) -> list[int]:
        """Handles of the tensors with this role, ascending."""
        return [i for i, t in enumerate(self.tensors) if t.role is role]


@dataclass(frozen=True)
class Geometry:
    """What the engine must know of a law: channels (2d) and receptive radius in cells."""

    channels: int
    radius: int


def law_geometry(program: Program) -> Geometry:
    """The geometry that the shapes of a law program say.

    Raises UnsupportedError for a program that is no law: one input [B,H,W,C], one output [B,H-2r,W-2r,C], C even.
    """
    inputs, outputs = program.handles(Role.INPUT), program.handles(Role.OUTPUT)
    name = program.metadata.get("name", "?")
    if len(inputs) != 1 or len(outputs) != 1:
        raise UnsupportedError(f"program {name!r} has {len(inputs)} inputs and {len(outputs)} outputs; a law has one of each")
    x, y = program.tensors[inputs[0]], program.tensors[outputs[0]]
    shapes = f"program {name!r} takes {x.shape_text()} to {y.shape_text()}"
    if len(x.dims) != 4 or len(y.dims) != 4 or any(not d.symbol or d.extent for d in x.dims[:3]):
        raise UnsupportedError(f"{shapes}; a law takes [B,H,W,C] with symbols B, H, W")
    lost = [a.extent - b.extent for a, b in zip(x.dims[1:3], y.dims[1:3], strict=True)]
    same = all(a.symbol == b.symbol for a, b in zip(x.dims, y.dims, strict=True))
    channels = x.dims[3].extent
    if not same or x.dims[3] != y.dims[3] or x.dims[3].symbol or lost[0] != lost[1] or lost[0] < 0 or lost[0] % 2:
        raise UnsupportedError(f"{shapes}; a law gives [B,H-2r,W-2r,C] with the C of its input and one radius r")
    if channels < 2 or channels % 2:
        raise UnsupportedError(f"{shapes}; C = 2d is real and imaginary parts, so it must be even")
    return Geometry(channels, lost[0] // 2)


def require(condition: bool, message: str) -> None:
    """Raises LawFileError(message) unless the condition holds."""
    if not condition:
        raise LawFileError(message)
