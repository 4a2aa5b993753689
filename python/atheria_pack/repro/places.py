"""Names the place in a file that an offset falls in, as far as its format tells: a section, a key, a line."""

from __future__ import annotations

import json
from typing import Any

import lief

_BINARIES = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PYC_HEADER = 16


def place_of(name: str, one: bytes, other: bytes, offset: int) -> str | None:
    """Where two files of this name part: `offset` is that of their first differing byte. None where nothing more is known."""
    if one.startswith(_BINARIES):
        return section_of(one, offset)
    if name.endswith(".json"):
        return key_of(one, other)
    if name.endswith(".pyc"):
        return "header: magic number, flags, time or hash of the source" if offset < _PYC_HEADER else "code"
    if b"\0" not in one:
        return f"line {one.count(10, 0, offset) + 1}"
    return None


def section_of(data: bytes, offset: int) -> str | None:
    """The section of an ELF, PE or Mach-O file, and how far inside it."""
    binary = lief.parse(data)
    if binary is None or isinstance(binary, lief.COFF.Binary):
        return None
    for section in binary.sections:
        # Sections like .bss take no room in the file and claim the offset of what follows.
        if section.offset and section.offset <= offset < section.offset + section.size and "NOBITS" not in str(getattr(section, "type", "")):
            name = section.name.decode(errors="replace") if isinstance(section.name, bytes) else section.name
            return f"section {name} + {offset - section.offset:#x}"
    return "headers, or between sections"


def key_of(one: bytes, other: bytes) -> str | None:
    """The paths of the keys whose values differ, `paths[3].sha256`; None if one of both is no JSON."""
    try:
        left, right = json.loads(one), json.loads(other)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    keys = _differing_keys(left, right, "")
    return ("key " if len(keys) == 1 else "keys ") + ", ".join(keys) if keys else "spelling only, the values agree"


def _differing_keys(left: Any, right: Any, path: str) -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        keys = sorted(left.keys() | right.keys())
        return [
            found
            for key in keys
            for found in (
                _differing_keys(left[key], right[key], f"{path}.{key}".lstrip("."))
                if key in left and key in right
                else [f"{path}.{key}".lstrip(".")]
            )
        ]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [found for at, pair in enumerate(zip(left, right, strict=True)) for found in _differing_keys(*pair, f"{path}[{at}]")]
    return [] if left == right else [path or "the whole value"]
