"""Reads CUDA fat binaries: which GPUs have machine code in them, and for which there is PTX to compile from.

NVIDIA does not document the container. This is what `nvcc -fatbin` writes, read off its files for CUDA 12 and 13 and held by
tests against the nvcc at hand. A container begins with the magic number 0xBA55ED50, version 1, its header's size (16) and the
size of all entries. An entry: kind (1 PTX, 2 machine code), version, header's size, padded size; then the size of compressed
data, the offset of options, a version, the architecture (90), a name, flags. Flags: 0x100000 architecture-specific (sm_90a),
0x200000 of a family (sm_120f), 0x2000 compressed by LZ4, 0x8000 by Zstandard; the size before compression stands at 56.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

_MAGIC = b"\x50\xed\x55\xba\x01\x00\x10\x00"
_HEADER = 16
_PTX, _ELF = 1, 2
_SPECIFIC, _FAMILY, _LZ4, _ZSTANDARD = 0x100000, 0x200000, 0x2000, 0x8000
_EM_CUDA = 190
# From ABI version 8 on (CUDA 13) the architecture moved up a byte in the flags of the machine code's ELF header.
_ABI_WITH_WIDE_FLAGS = 8


@dataclass(frozen=True)
class GpuCode:
    """One entry. `architecture` as nvcc names it (sm_90a, compute_120); `inside` the same, as the code itself says."""

    architecture: str
    inside: str
    size: int

    @property
    def is_ptx(self) -> bool:
        return self.architecture.startswith("compute_")


class FatbinError(ValueError):
    """Something that begins like a fat binary and is none. The text says where it breaks."""


def find_fatbins(data: bytes) -> list[list[GpuCode]]:
    """The entries of each fat binary in a file, wherever it lies in it."""
    found = []
    position = data.find(_MAGIC)
    while position >= 0:
        (size,) = struct.unpack_from("<Q", data, position + 8)
        end = position + _HEADER + size
        if end > len(data):
            raise FatbinError(f"the fat binary at {position:#x} claims {size} bytes and the file ends after {len(data) - position - _HEADER}")
        found.append(list(_entries(data, position + _HEADER, end)))
        position = data.find(_MAGIC, end)
    return found


def _entries(data: bytes, position: int, end: int) -> Iterator[GpuCode]:
    while position < end:
        if position + 64 > end:
            raise FatbinError(f"{end - position} bytes at {position:#x} are too few for the header of an entry")
        kind, _version, header, padded = struct.unpack_from("<HHIQ", data, position)
        (compressed,) = struct.unpack_from("<I", data, position + 16)
        (architecture,) = struct.unpack_from("<I", data, position + 28)
        (flags,) = struct.unpack_from("<Q", data, position + 40)
        (whole,) = struct.unpack_from("<Q", data, position + 56)
        following = position + header + padded
        if header < 64 or following > end or kind not in (_PTX, _ELF):
            raise FatbinError(f"the entry at {position:#x} has kind {kind}, a header of {header} bytes and {padded} bytes of code")
        payload = data[position + header : following]
        code = _expanded(payload[: compressed or padded], flags, whole)
        suffix = "f" if flags & _FAMILY else "a" if flags & _SPECIFIC else ""
        if kind == _PTX:
            yield GpuCode(f"compute_{architecture}{suffix}", _target_of_ptx(code), padded)
        else:
            yield GpuCode(f"sm_{architecture}{suffix}", architecture_of_cubin(code), padded)
        position = following


def _expanded(data: bytes, flags: int, size: int) -> bytes:
    if flags & _ZSTANDARD:
        try:
            return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
        except zstandard.ZstdError as error:
            raise FatbinError(f"an entry's {len(data)} compressed bytes do not decompress: {error}") from error
    if flags & _LZ4:
        return _expand_lz4(data, size)
    return data


def _expand_lz4(data: bytes, size: int) -> bytes:
    """An LZ4 block: tokens with literals, then copies from what came before, which may overlap what they write."""
    out = bytearray()
    at = 0

    def length(start: int) -> int:
        nonlocal at
        total = start
        if start == 15:
            while True:
                at += 1
                total += data[at - 1]
                if data[at - 1] != 255:
                    return total
        return total

    try:
        while at < len(data) and len(out) < size:
            token = data[at]
            at += 1
            literals = length(token >> 4)
            out += data[at : at + literals]
            at += literals
            if at >= len(data) or len(out) >= size:
                break
            distance = data[at] | data[at + 1] << 8
            at += 2
            count = length(token & 15) + 4
            if not 0 < distance <= len(out):
                raise FatbinError(f"an entry's LZ4 data copies from {distance} bytes back after {len(out)}")
            for _ in range(count):
                out.append(out[-distance])
    except IndexError as error:
        raise FatbinError(f"an entry's LZ4 data ends after {len(out)} of {size} bytes") from error
    if len(out) != size:
        raise FatbinError(f"an entry's LZ4 data gives {len(out)} bytes, its header says {size}")
    return bytes(out)


def _target_of_ptx(code: bytes) -> str:
    for line in code.splitlines():
        words = line.replace(b",", b" ").split()
        if words[:1] == [b".target"] and len(words) > 1:
            return words[1].decode("ascii", "replace").replace("sm_", "compute_")
    raise FatbinError(f"PTX without a .target line; it begins {code[:40]!r}")


def architecture_of_cubin(code: bytes) -> str:
    """The number in the flags of the ELF header of machine code, as sm_NN (the suffixes a and f are not in it)."""
    if code[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", code, 18)[0] != _EM_CUDA:
        raise FatbinError(f"machine code that is no CUDA ELF file; it begins {code[:20]!r}")
    (flags,) = struct.unpack_from("<I", code, 48)
    return f"sm_{flags >> 8 & 0xFF if code[8] >= _ABI_WITH_WIDE_FLAGS else flags & 0xFF}"
