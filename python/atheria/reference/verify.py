"""Says no to programs that no engine should run: the rules of ``native/runtime/program/verify.cpp``, in its order."""

from __future__ import annotations

from collections.abc import Callable

from .program import NONE, Dimension, DType, Instruction, Opcode, Program, Role, Tensor, require

_ALLOCATES = (Opcode.ALLOC, Opcode.GPU_ALLOC)

# The slots of opcodes.def: o output, i input, ? optional, n number, - must be 0.
SLOTS: dict[Opcode, str] = {
    **dict.fromkeys((Opcode.NOP, Opcode.HALT), "----"),
    Opcode.ATTR: "nnnn",
    **dict.fromkeys(_ALLOCATES, "o---"),
    Opcode.FREE: "i---",
    **dict.fromkeys((Opcode.LOAD, Opcode.STORE, Opcode.TRANSPOSE, Opcode.SOFTMAX, Opcode.RELU), "oi--"),
    **dict.fromkeys((Opcode.ELU, Opcode.SIGMOID, Opcode.TANH, Opcode.GELU, Opcode.SILU), "oi--"),
    **dict.fromkeys((Opcode.ADD, Opcode.SUB, Opcode.MUL, Opcode.DIV, Opcode.COMPLEX_MUL), "oii-"),
    **dict.fromkeys((Opcode.MATMUL, Opcode.CONV2D), "oii?"),
    Opcode.SCALE: "oin-",
    Opcode.QCA_UPDATE: "ooii",
    **dict.fromkeys((Opcode.GPU_MATMUL, Opcode.VK_COMPUTE), "oii-"),
    **dict.fromkeys((Opcode.GPU_INIT, Opcode.GPU_SYNC, Opcode.VK_INIT, Opcode.VK_SUBMIT, Opcode.VK_SYNC), "----"),
}
WITH_ATTRIBUTES = (Opcode.CONV2D, Opcode.QCA_UPDATE)
WINDOW_MAX = (1 << 31) - 1

Attributes = tuple[int, int, int, int]
Slots = list[Tensor | None]


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _pair(slots: Slots, a: int, b: int) -> tuple[Tensor, Tensor]:
    first, second = slots[a], slots[b]
    assert first is not None and second is not None
    return first, second


def _alike(slots: Slots, *which: int) -> None:
    for other in which[1:]:
        a, b = _pair(slots, which[0], other)
        _need(a.dims == b.dims, f"slot {other} is {b.shape_text()}, but slot {which[0]} is {a.shape_text()}; they must be the same")


def _vector(tensor: Tensor | None, of: Dimension, what: str) -> None:
    _need(tensor is None or tensor.dims == (of,), f"{what} is {tensor.shape_text() if tensor else ''}, expected [{of}]")


def _even(tensor: Tensor) -> None:
    last = tensor.dims[-1] if tensor.dims else Dimension("", 1)
    _need(not last.symbol and last.extent % 2 == 0, f"{tensor.shape_text()}: the last axis must be an even number: Re and Im halves")


def _unary(slots: Slots, attr: Attributes) -> None:
    _alike(slots, 0, 1)


def _binary(slots: Slots, attr: Attributes) -> None:
    _alike(slots, 0, 1)
    a, b = _pair(slots, 1, 2)
    right = b.dims in (a.dims, a.dims[-1:])
    _need(right, f"slot 2 is {b.shape_text()}, but slot 1 is {a.shape_text()}; it must be the same, or a vector of its last axis")


def _complex_mul(slots: Slots, attr: Attributes) -> None:
    _alike(slots, 0, 1, 2)
    _even(_pair(slots, 0, 1)[0])


def _matmul(slots: Slots, attr: Attributes) -> None:
    out, a = _pair(slots, 0, 1)
    _, b = _pair(slots, 0, 2)
    _need(len(a.dims) >= 2 and len(b.dims) == 2, f"{a.shape_text()} times {b.shape_text()}: a product needs rank 2 or more, times [K,N]")
    right = a.dims[-1] == b.dims[0] and out.dims == (*a.dims[:-1], b.dims[1])
    _need(right, f"slot 0 is {out.shape_text()}, but the product of {a.shape_text()} and {b.shape_text()} is not")
    _vector(slots[3], b.dims[1], "the bias")


def _transpose(slots: Slots, attr: Attributes) -> None:
    out, a = _pair(slots, 0, 1)
    right = len(a.dims) >= 2 and out.dims == (*a.dims[:-2], a.dims[-1], a.dims[-2])
    _need(right, f"slot 0 is {out.shape_text()}, but slot 1 is {a.shape_text()}; the last two axes must be exchanged")


def _conv2d(slots: Slots, attr: Attributes) -> None:
    out, source = _pair(slots, 0, 1)
    _, weight = _pair(slots, 0, 2)
    ranks = [len(t.dims) for t in (out, source, weight)]
    _need(ranks == [4, 4, 4] and not any(d.symbol for d in weight.dims), f"ranks {ranks}; a convolution needs [B,H,W,C], weights of four numbers")
    dilation, groups, padding, zero = attr[0] or 1, attr[1] or 1, attr[2], attr[3]
    _need(padding <= 1 and zero == 0, f"attributes {attr}: padding is 0 (zero) or 1 (circular), the fourth 0")
    _need(out.dims[0] == source.dims[0], f"slot 0 is {out.shape_text()}, but slot 1 is {source.shape_text()}; the batch must be the same")
    for axis in (1, 2):
        to, start = out.dims[axis], source.dims[axis]
        window, shrunk = dilation * (weight.dims[axis - 1].extent - 1), start.extent - to.extent
        _need(window < WINDOW_MAX, f"a window of {window + 1} is more than {WINDOW_MAX}")
        right = to.symbol == start.symbol and shrunk in (0, window)
        _need(right, f"slot 0 is {out.shape_text()}, but slot 1 is {source.shape_text()}; the window is of {window + 1}")
        _need(shrunk != 0 or window % 2 == 0, f"a window of {window + 1} cannot be padded by half on each side; use an odd one")
        circular = padding == 0 or (shrunk == 0 and (bool(start.symbol) or window // 2 <= start.extent))
        _need(circular, f"circular padding of a window of {window + 1} does not fit {source.shape_text()} to {out.shape_text()}")
    ci, co = source.dims[3], out.dims[3]
    plain = not ci.symbol and not co.symbol and ci.extent % groups == 0 and co.extent % groups == 0
    _need(plain, f"{groups} groups do not divide the channels of {source.shape_text()} and {out.shape_text()}")
    right = (weight.dims[2].extent, weight.dims[3].extent) == (ci.extent // groups, co.extent)
    _need(right, f"slot 2 is {weight.shape_text()}, expected [KH,KW,{ci.extent // groups},{co.extent}]")
    _vector(slots[3], co, "the bias")


def _qca_update(slots: Slots, attr: Attributes) -> None:
    out, activity = _pair(slots, 0, 1)
    _need(len(out.dims) >= 2, f"slot 0 is {out.shape_text()}; cells need rank 2 or more: [N,C]")
    _alike(slots, 0, 2, 3)
    _even(out)
    _need(activity.dims == out.dims[:-1], f"slot 1 is {activity.shape_text()}; activity must be slot 0 without its last axis")
    _need(attr[0] <= 3 and attr[3] == 0, f"attributes {attr}: flags are the sum of 1 and 2, the fourth 0")
    background = slots[4]
    right = background is None or background.dims in (out.dims, out.dims[-1:])
    _need(right, f"background is {background.shape_text() if background else ''}, expected {out.shape_text()} or a vector of its last axis")


_SHAPES: dict[Opcode, Callable[[Slots, Attributes], None]] = {
    **dict.fromkeys((Opcode.LOAD, Opcode.STORE, Opcode.SOFTMAX, Opcode.SCALE, Opcode.RELU, Opcode.ELU), _unary),
    **dict.fromkeys((Opcode.SIGMOID, Opcode.TANH, Opcode.GELU, Opcode.SILU), _unary),
    **dict.fromkeys((Opcode.ADD, Opcode.SUB, Opcode.MUL, Opcode.DIV, Opcode.VK_COMPUTE), _binary),
    **dict.fromkeys((Opcode.MATMUL, Opcode.GPU_MATMUL), _matmul),
    Opcode.COMPLEX_MUL: _complex_mul,
    Opcode.TRANSPOSE: _transpose,
    Opcode.CONV2D: _conv2d,
    Opcode.QCA_UPDATE: _qca_update,
}
_ANY_TYPE = (Opcode.LOAD, Opcode.STORE, *_ALLOCATES, Opcode.FREE)


class _Verifier:
    """What is known of each tensor while the instructions are read: undefined, allocated, written or freed."""

    def __init__(self, program: Program) -> None:
        self.tensors = program.tensors
        self.state = ["written" if t.role in (Role.INPUT, Role.CONSTANT) else "undefined" for t in program.tensors]

    def tensor(self, slot: str, handle: int) -> Tensor:
        _need(handle < len(self.tensors), f"{slot} names tensor {handle}, but there are {len(self.tensors)}")
        return self.tensors[handle]

    def read(self, slot: str, handle: int) -> Tensor:
        tensor = self.tensor(slot, handle)
        state = self.state[handle]
        _need(state != "freed", f"{slot} reads {tensor.name} after it was freed")
        _need(state == "written", f"{slot} reads {tensor.name} before anything is written to it")
        return tensor

    def write(self, slot: str, handle: int) -> Tensor:
        tensor = self.tensor(slot, handle)
        _need(tensor.role in (Role.OUTPUT, Role.LOCAL), f"{slot} writes {tensor.name}, which is an {tensor.role.name.lower()}")
        _need(self.state[handle] in ("undefined", "allocated"), f"{slot} writes {tensor.name}, which is {self.state[handle]} already")
        self.state[handle] = "written"
        return tensor

    def lifetime(self, op: Instruction) -> None:
        handle = op.operands[0]
        tensor = self.tensor("slot 0", handle)
        state = self.state[handle]
        _need(tensor.role is Role.LOCAL, f"{tensor.name} is no local; only locals have a lifetime here")
        allowed = ("undefined",) if op.opcode in _ALLOCATES else ("allocated", "written")
        _need(state in allowed, f"{tensor.name} is {state}")
        self.state[handle] = "allocated" if op.opcode in _ALLOCATES else "freed"

    def copy(self, op: Instruction) -> None:
        to, start = self.tensor("slot 0", op.operands[0]), self.tensor("slot 1", op.operands[1])
        if op.opcode is Opcode.STORE:
            _need(to.role is Role.OUTPUT, f"slot 0 is {to.name}; store writes outputs, use load for locals")
        else:
            right = to.role is Role.LOCAL and start.role in (Role.INPUT, Role.CONSTANT)
            _need(right, f"load copies inputs and constants to locals, not {start.name} to {to.name}")
        _need(to.dtype is start.dtype, f"slot 1 is {start.shape_text()}, but slot 0 is {to.shape_text()}")

    def instruction(self, op: Instruction, attr: Attributes) -> None:
        kinds = SLOTS[op.opcode]
        found: Slots = [None] * 5
        used = [kind not in "-n" and not (kind == "?" and v == NONE) for kind, v in zip(kinds, op.operands, strict=True)]
        for i, (kind, value) in enumerate(zip(kinds, op.operands, strict=True)):
            _need(kind != "-" or value == 0, f"slot {i} is unused and must be 0, not {value}")
            if used[i] and kind != "o" and op.opcode is not Opcode.FREE:
                found[i] = self.read(f"slot {i}", value)
        if op.opcode is Opcode.QCA_UPDATE and attr[2]:
            found[4] = self.read("the attr's background", attr[2] - 1)
        if op.opcode in (*_ALLOCATES, Opcode.FREE):
            return self.lifetime(op)
        if op.opcode in (Opcode.LOAD, Opcode.STORE):
            self.copy(op)
        for i, kind in enumerate(kinds):
            if kind == "o":
                found[i] = self.write(f"slot {i}", op.operands[i])
        for i, tensor in enumerate(found):
            single = tensor is None or tensor.dtype is DType.F32 or op.opcode in _ANY_TYPE
            _need(single, f"slot {i} is {tensor.shape_text() if tensor else ''}; expected f32")
        if op.opcode in _SHAPES:
            _SHAPES[op.opcode](found, attr)
        return None


def verify(program: Program, where: str = "program") -> None:
    """Raises LawFileError naming the first instruction that is wrong, and why; `where` names the program."""
    verifier = _Verifier(program)
    attr: Attributes | None = None
    for number, op in enumerate(program.code):
        try:
            if op.opcode is Opcode.HALT:
                _need(number + 1 == len(program.code), "more instructions follow; halt is the last")
            if op.opcode is Opcode.ATTR:
                _need(attr is None, "follows another attr; an instruction has one")
                attr = op.operands
                continue
            _need(attr is None or op.opcode in WITH_ATTRIBUTES, "takes no attr, but one precedes it")
            verifier.instruction(op, attr or (0, 0, 0, 0))
            attr = None
        except ValueError as error:
            require(False, f"{where}: op {number} {op.opcode.name.lower()}: {error}; convert the law again")
    ended = bool(program.code) and program.code[-1].opcode is Opcode.HALT
    require(ended, f"{where}: the last of {len(program.code)} instructions must be halt; convert the law again")
    for tensor, state in zip(program.tensors, verifier.state, strict=True):
        require(tensor.role is not Role.OUTPUT or state == "written", f"{where}: output {tensor.name} is never written; convert the law again")
