"""Reads bundles of AMD GPU code objects, as hipcc and clang write them: `__CLANG_OFFLOAD_BUNDLE__`, entries, ELF files.

The format is in clang's documentation ("Clang Offload Bundler"), the flags of the ELF files in LLVM's ("User Guide for AMDGPU
Backend", ELF header e_flags).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

_MAGIC = b"__CLANG_OFFLOAD_BUNDLE__"
_COMPRESSED = b"CCOB"
_EM_AMDGPU = 224
# EF_AMDGPU_MACH of LLVM's documentation, for the GPUs that ROCm names.
_MACHINES = {
    0x02C: "gfx900", 0x02D: "gfx902", 0x02E: "gfx904", 0x02F: "gfx906", 0x030: "gfx908", 0x031: "gfx909", 0x032: "gfx90c",
    0x033: "gfx1010", 0x034: "gfx1011", 0x035: "gfx1012", 0x036: "gfx1030", 0x037: "gfx1031", 0x038: "gfx1032",
    0x039: "gfx1033", 0x03D: "gfx1035", 0x03E: "gfx1034", 0x03F: "gfx90a", 0x040: "gfx940", 0x041: "gfx1100",
    0x042: "gfx1013", 0x043: "gfx1150", 0x044: "gfx1103", 0x045: "gfx1036", 0x046: "gfx1101", 0x047: "gfx1102",
    0x048: "gfx1200", 0x04A: "gfx1151", 0x04B: "gfx941", 0x04C: "gfx942", 0x04E: "gfx1201", 0x04F: "gfx950",
    0x055: "gfx1152", 0x058: "gfx1153",
}  # fmt: skip


@dataclass(frozen=True)
class CodeObject:
    """One entry: `target` as the bundle names it (gfx90a), `inside` as the code's ELF header does, its size."""

    target: str
    inside: str
    size: int


class BundleError(ValueError):
    """Something that begins like a bundle and is none. The text says where it breaks."""


def find_bundles(data: bytes) -> list[list[CodeObject]]:
    """The device entries of each bundle in a file, wherever it lies in it."""
    found = []
    position = data.find(_MAGIC)
    while position >= 0:
        entries, end = _bundle(data, position)
        if entries:
            found.append(entries)
        position = data.find(_MAGIC, end)
    if not found and re.search(_COMPRESSED + rb"[\x01-\x03]\0[\x00-\x02]\0", data):
        raise BundleError("the code objects are in a compressed bundle (CCOB), which this reader does not open")
    return found


def _bundle(data: bytes, start: int) -> tuple[list[CodeObject], int]:
    at = start + len(_MAGIC)
    if at + 8 > len(data):
        return [], at
    (count,) = struct.unpack_from("<Q", data, at)
    at += 8
    entries = []
    if count > 256:  # the text alone, in a program that reads bundles
        return [], at
    for _ in range(count):
        if at + 24 > len(data):
            raise BundleError(f"the bundle at {start:#x} names {count} entries and ends before them")
        offset, size, length = struct.unpack_from("<QQQ", data, at)
        identity = data[at + 24 : at + 24 + length].decode("ascii", "replace")
        at += 24 + length
        kind, _, target = identity.partition("--")
        if start + offset + size > len(data):
            raise BundleError(f"the code object {identity} at {start + offset:#x} has {size} bytes, beyond the end of the file")
        if "amdgcn" in kind:
            entries.append(CodeObject(target, target_of_code(data[start + offset : start + offset + size]), size))
    return entries, at


def target_of_code(code: bytes) -> str:
    """The GPU in the flags of a code object's ELF header (without features such as xnack+); `mach 0x..` if it is unknown."""
    if code[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", code, 18)[0] != _EM_AMDGPU:
        raise BundleError(f"a code object that is no AMD GPU ELF file; it begins {code[:20]!r}")
    (flags,) = struct.unpack_from("<I", code, 48)
    return _MACHINES.get(flags & 0xFF, f"mach {flags & 0xFF:#x}")
