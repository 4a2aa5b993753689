"""The law file (".atl"): bytes <-> Program, in plain Python.  The format is written in ``program.h``, "Container"."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import LawFileError
from .program import (
    NAME_BYTES,
    NUMPY_DTYPE,
    RANK_MAX,
    Dimension,
    DType,
    Instruction,
    Opcode,
    Program,
    Role,
    Tensor,
    require,
)
from .verify import verify

MAGIC = b"\x89ATLAW\r\n"
FORMAT_VERSION = 1
HEAD_BYTES = 64
_TAGS = (b"META", b"TENS", b"CODE", b"DATA")
_INSTRUCTION = struct.Struct("<5I")


def _up(n: int) -> int:
    return (n + 63) // 64 * 64


def _tensor_record(tensor: Tensor, offset: int, size: int) -> bytes:
    dims = [(ord(d.symbol) if d.symbol else 0, d.extent) for d in tensor.dims]
    dims += [(0, 0)] * (RANK_MAX - len(dims))
    head = struct.pack(f"<{NAME_BYTES}s4I", tensor.name.encode(), tensor.dtype, tensor.role, len(tensor.dims), 0)
    return head + b"".join(struct.pack("<Ii", *d) for d in dims) + struct.pack("<2Q", offset, size)


def to_bytes(program: Program) -> bytes:
    """The container of `program`; equal programs give equal bytes.  What is wrong with it is said by reading it back."""
    meta = b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in sorted(program.metadata.items(), key=lambda kv: kv[0].encode()))
    tensors, data = b"", b""
    for tensor in program.tensors:
        if tensor.role is Role.CONSTANT:
            assert tensor.data is not None, f"constant {tensor.name} has no data"
            data += b"\0" * (_up(len(data)) - len(data))
            raw = np.ascontiguousarray(tensor.data, NUMPY_DTYPE[tensor.dtype]).tobytes()
            tensors += _tensor_record(tensor, len(data), len(raw))
            data += raw
        else:
            tensors += _tensor_record(tensor, 0, 0)
    code = b"".join(_INSTRUCTION.pack(i.opcode, *i.operands) for i in program.code)
    offset, table, payload = HEAD_BYTES + 24 * len(_TAGS), b"", b""
    for tag, section in zip(_TAGS, (meta, tensors, code, data), strict=True):
        start = _up(offset)
        payload += b"\0" * (start - offset) + section
        table += struct.pack("<4sIQQ", tag, 0, start, len(section))
        offset = start + len(section)
    tail = struct.pack("<QII", offset, len(_TAGS), 0) + table + payload
    return MAGIC + struct.pack("<II", FORMAT_VERSION, 0) + hashlib.sha256(tail).digest() + tail


def check_head(raw: bytes, size: int, where: str) -> None:
    """Raises LawFileError unless `raw`, at least the first 64 bytes, is the head of a law file of `size` bytes."""
    require(size >= HEAD_BYTES + 24 * len(_TAGS), f"{where}: {size} bytes are too few for a law file")
    require(raw[:8] == MAGIC, f"{where}: not a law file, it begins with {raw[:8]!r} instead of {MAGIC!r}")
    version, zero = struct.unpack_from("<II", raw, 8)
    require(
        version == FORMAT_VERSION and zero == 0,
        f"{where}: law file of format version {version}, this package reads {FORMAT_VERSION}; "
        "convert the law again, or use the Atheria that wrote it",
    )
    stated = struct.unpack_from("<Q", raw, 48)[0]
    require(stated == size, f"{where}: {size} bytes instead of {stated}: cut or padded; fetch the law file again")


def _sections(raw: bytes, where: str) -> list[bytes]:
    check_head(raw, len(raw), where)
    count, zero = struct.unpack_from("<II", raw, 56)
    require(
        hashlib.sha256(raw[48:]).digest() == raw[16:48],
        f"{where}: the checksum does not match: the law file is damaged; fetch or convert it again",
    )
    require(count == len(_TAGS) and zero == 0, f"{where}: {count} sections instead of {len(_TAGS)}")
    sections, end = [], HEAD_BYTES + 24 * len(_TAGS)
    for i, tag in enumerate(_TAGS):
        found, zero, start, length = struct.unpack_from("<4sIQQ", raw, 64 + 24 * i)
        require(found == tag and zero == 0, f"{where}: section {i} is {found!r}, expected {tag!r}")
        require(start == _up(end) and start + length <= len(raw), f"{where}: section {tag.decode()} lies wrongly")
        require(not any(raw[end:start]), f"{where}: bytes between sections are not zero")
        sections.append(raw[start : start + length])
        end = start + length
    require(end == len(raw), f"{where}: {len(raw) - end} bytes after the last section")
    return sections


def _read_tensor(record: bytes, data: bytes, where: str) -> Tensor:
    raw_name, dtype, role, rank, zero = struct.unpack_from(f"<{NAME_BYTES}s4I", record)
    name_bytes, _, rest = raw_name.partition(b"\0")
    try:
        name = name_bytes.decode("ascii")
        kind, use = DType(dtype), Role(role)
    except ValueError as error:
        raise LawFileError(f"{where}: tensor {name_bytes!r}: {error}") from error
    ok = name and all(c.isalnum() or c in "_." for c in name) and not any(rest) and zero == 0
    require(bool(ok), f"{where}: tensor name {raw_name!r} is not of letters, digits, '_' and '.'")
    require(rank <= RANK_MAX, f"{where}: tensor {name} has rank {rank}, at most {RANK_MAX} is possible")
    dims = []
    for i in range(RANK_MAX):
        symbol, extent = struct.unpack_from("<Ii", record, 48 + 8 * i)
        require(symbol == 0 or ord("A") <= symbol <= ord("Z"), f"{where}: tensor {name} has symbol {symbol} in dimension {i}")
        require(i < rank or (symbol, extent) == (0, 0), f"{where}: tensor {name} has a dimension beyond its rank")
        require(i >= rank or symbol != 0 or extent > 0, f"{where}: tensor {name} has extent {extent}")
        if i < rank:
            dims.append(Dimension(chr(symbol) if symbol else "", extent))
    offset, size = struct.unpack_from("<2Q", record, 96)
    if use is not Role.CONSTANT:
        require(offset == size == 0, f"{where}: tensor {name} is no constant and has data")
        return Tensor(name, use, tuple(dims), kind)
    require(not any(d.symbol for d in dims), f"{where}: constant {name} has a symbol in its shape")
    count = 1
    for dim in dims:
        count *= dim.extent
    require(size == 4 * count, f"{where}: constant {name} has {size} bytes, its shape needs {4 * count}")
    require(offset % 64 == 0 and offset + size <= len(data), f"{where}: constant {name} lies outside the data")
    flat: NDArray[Any] = np.frombuffer(data, NUMPY_DTYPE[kind], count, offset)
    return Tensor(name, use, tuple(dims), kind, flat.reshape([d.extent for d in dims]))


def from_bytes(raw: bytes, where: str = "law") -> Program:
    """The program in a container.  `where` names it in messages.  Raises LawFileError for anything not exactly right."""
    meta, tensors, code, data = _sections(raw, where)
    program = Program()
    words = meta.split(b"\0")
    require(words.pop() == b"" and len(words) % 2 == 0, f"{where}: metadata is not key and value in turn")
    keys = words[0::2]
    require(keys == sorted(set(keys)), f"{where}: metadata keys are not sorted and unique")
    try:
        program.metadata = {k.decode(): v.decode() for k, v in zip(keys, words[1::2], strict=True)}
    except UnicodeDecodeError as error:
        raise LawFileError(f"{where}: metadata is not UTF-8: {error}") from error
    require(len(tensors) % 112 == 0, f"{where}: tensor table of {len(tensors)} bytes, records have 112")
    program.tensors = [_read_tensor(tensors[i : i + 112], data, where) for i in range(0, len(tensors), 112)]
    names = [t.name for t in program.tensors]
    require(len(set(names)) == len(names), f"{where}: two tensors have one name")
    require(len(code) % _INSTRUCTION.size == 0, f"{where}: code of {len(code)} bytes, instructions have 20")
    for number, (opcode, *operands) in enumerate(_INSTRUCTION.iter_unpack(code)):
        try:
            known = Opcode(opcode)
        except ValueError as error:
            raise LawFileError(f"{where}: op {number} has the unknown code 0x{opcode:08X}") from error
        program.code.append(Instruction(known, (operands[0], operands[1], operands[2], operands[3])))
    verify(program, where)
    return program


def digest(raw: bytes) -> bytes:
    """The law's digest: the 32 bytes of SHA-256 that the container carries."""
    return raw[16:48]
