"""Walks x86-64 machine code and tells which vector extensions each function uses.

Only lengths and prefixes matter: VEX-coded instructions need AVX, EVEX-coded ones AVX-512, all others run on every x86-64.
A test compares every boundary with objdump's on a real library.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LEGACY, VEX, VEX_256, EVEX = range(4)

_PREFIXES = frozenset((0x66, 0xF2, 0xF3, 0xF0, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65, 0x67))
_INVALID = frozenset((0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61, 0x82, 0x9A, 0xCE, 0xD4, 0xD5, 0xD6, 0xEA))
_MODRM = frozenset(
    [base + low for base in range(0, 0x40, 8) for low in range(4)]
    + [0x63, 0x69, 0x6B, 0x80, 0x81, 0x83, *range(0x84, 0x90), 0xC0, 0xC1, 0xC6, 0xC7, *range(0xD0, 0xD4), *range(0xD8, 0xE0)]
    + [0xF6, 0xF7, 0xFE, 0xFF]
)
_BYTE = frozenset(
    [*range(0x04, 0x40, 8), 0x6A, 0x6B, *range(0x70, 0x81), 0x83, 0xA8, *range(0xB0, 0xB8), 0xC0, 0xC1, 0xC6, 0xCD, *range(0xE0, 0xE8), 0xEB]
)
_WORD_OR_DOUBLE = frozenset([*range(0x05, 0x40, 8), 0x68, 0x69, 0x81, 0xA9, 0xC7])
_NO_MODRM_0F = frozenset(
    (0x05, 0x06, 0x07, 0x08, 0x09, 0x0B, 0x0E, *range(0x30, 0x38), 0x77, *range(0x80, 0x90), 0xA0, 0xA1, 0xA2, 0xA8, 0xA9, 0xAA, *range(0xC8, 0xD0))
)
_BYTE_0F = frozenset((0x0F, 0x70, 0x71, 0x72, 0x73, 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6))


class UnknownInstruction(ValueError):
    """Bytes that are no instruction of 64-bit mode, as far as this table goes."""


def instruction(code: bytes, at: int) -> tuple[int, int]:
    """Length and coding (LEGACY, VEX, VEX_256 or EVEX) of the instruction at a place; IndexError where the code ends in it."""
    start = at
    narrow = wide = False
    while code[at] in _PREFIXES:
        narrow = narrow or code[at] == 0x66
        at += 1
    if code[at] & 0xF0 == 0x40:
        wide = bool(code[at] & 8)
        at += 1
    opcode = code[at]
    at += 1
    if opcode in (0xC4, 0xC5, 0x62):
        return _vector(code, start, at, opcode)
    operand = 2 if narrow and not wide else 4
    if opcode == 0x0F:
        opcode = code[at]
        at += 1
        if opcode in (0x38, 0x3A):
            at = _after_modrm(code, at + 1)
            return at + (opcode == 0x3A) - start, LEGACY
        if opcode in range(0x80, 0x90):
            return at + 4 - start, LEGACY
        if opcode not in _NO_MODRM_0F:
            at = _after_modrm(code, at)
        return at + (opcode in _BYTE_0F) - start, LEGACY
    if opcode in _INVALID:
        raise UnknownInstruction(f"{opcode:#04x} at {start}")
    if opcode in (0xF6, 0xF7) and code[at] & 0x38 <= 8:  # test with an immediate; the others of the group have none
        return _after_modrm(code, at) + (1 if opcode == 0xF6 else operand) - start, LEGACY
    if opcode in _MODRM:
        at = _after_modrm(code, at)
    if opcode in _BYTE:
        at += 1
    elif opcode in _WORD_OR_DOUBLE:
        at += operand
    elif opcode in (0xE8, 0xE9):
        at += 4
    elif opcode in range(0xB8, 0xC0):
        at += 8 if wide else operand
    elif opcode in range(0xA0, 0xA4):
        at += 8
    elif opcode in (0xC2, 0xCA):
        at += 2
    elif opcode == 0xC8:
        at += 3
    return at - start, LEGACY


def _vector(code: bytes, start: int, at: int, prefix: int) -> tuple[int, int]:
    if prefix == 0x62:
        group, coding, at = code[at] & 7, EVEX, at + 3
        if group not in (1, 2, 3, 5, 6) or not code[at - 2] & 4:
            raise UnknownInstruction(f"0x62 at {start} begins no EVEX prefix")
    elif prefix == 0xC5:
        group, coding, at = 1, VEX_256 if code[at] & 4 else VEX, at + 1
    else:
        group, coding, at = code[at] & 0x1F, VEX_256 if code[at + 1] & 4 else VEX, at + 2
        if group not in (1, 2, 3):
            raise UnknownInstruction(f"0xc4 at {start} begins no VEX prefix")
    opcode = code[at]
    at += 1
    if not (prefix != 0x62 and group == 1 and opcode == 0x77):  # vzeroupper and vzeroall
        at = _after_modrm(code, at)
    return at + (group == 3 or (group == 1 and opcode in _BYTE_0F)) - start, coding


def _after_modrm(code: bytes, at: int) -> int:
    modrm = code[at]
    at += 1
    mode, base = modrm >> 6, modrm & 7
    if mode == 3:
        return at
    if base == 4:
        base = code[at] & 7
        at += 1
        if mode == 0 and base == 5:
            return at + 4
    elif mode == 0 and base == 5:
        return at + 4
    return at + (0, 1, 4)[mode]


def codings(code: bytes) -> Iterator[tuple[int, int]]:
    """Place and coding of each instruction; bytes that are none are stepped over, a last one cut off ends the walk."""
    at = 0
    while at < len(code):
        try:
            length, coding = instruction(code, at)
        except UnknownInstruction:
            at += 1
            continue
        except IndexError:
            return
        yield at, coding
        at += length


@dataclass(frozen=True)
class FunctionCode:
    """How many instructions of each coding a function has."""

    address: int
    vex: int
    vex_256: int
    evex: int

    @property
    def level(self) -> str:
        """The least CPU level that runs it."""
        return "avx512" if self.evex else "avx2" if self.vex_256 or self.vex else "baseline"


def functions_of(sections: Iterable[tuple[int, bytes]], starts: Iterable[int]) -> list[FunctionCode]:
    """Count per function. `sections`: address and code; `starts`: where functions begin, in any order and number."""
    known = sorted(set(starts))
    found = []
    for address, code in sections:
        end = address + len(code)
        inside = known[bisect_right(known, address) : bisect_right(known, end - 1)]
        for first, following in _pairs([address, *inside, end]):
            counts = [0, 0, 0, 0]
            for _, coding in codings(code[first - address : following - address]):
                counts[coding] += 1
            found.append(FunctionCode(first, counts[VEX], counts[VEX_256], counts[EVEX]))
    return found


def _pairs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    return zip(places, places[1:], strict=False)
