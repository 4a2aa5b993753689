"""Reads the dynamic section of 64-bit little-endian ELF files: what they need, where they look, which glibc they ask for."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 14, 15, 29
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF

# The libraries glibc itself installs. They belong to the machine and are never copied into a package.
GLIBC_LIBRARIES = frozenset(
    {
        "ld-linux-x86-64.so.2",
        "ld-linux-aarch64.so.1",
        "libBrokenLocale.so.1",
        "libanl.so.1",
        "libc.so.6",
        "libdl.so.2",
        "libm.so.6",
        "libmvec.so.1",
        "libnss_compat.so.2",
        "libnss_dns.so.2",
        "libnss_files.so.2",
        "libpthread.so.0",
        "libresolv.so.2",
        "librt.so.1",
        "libthread_db.so.1",
        "libutil.so.1",
    }
)


@dataclass(frozen=True)
class DynamicSection:
    """What the loader reads from one file. `glibc` is the newest GLIBC_x.y symbol version asked for, (0, 0) if none."""

    needed: tuple[str, ...]
    soname: str | None
    rpaths: tuple[str, ...]
    glibc: tuple[int, int]


def is_elf(path: Path) -> bool:
    """Whether the file starts with the ELF magic; links and folders are not followed."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def read_dynamic(path: Path) -> DynamicSection | None:
    """The dynamic section of `path`; None if it is no 64-bit little-endian ELF file or has none (static, object file)."""
    try:
        return _parse(path.read_bytes())
    except (struct.error, IndexError) as error:
        raise ValueError(f"{path}: starts like an ELF file but its tables point outside it ({error})") from error


def _parse(data: bytes) -> DynamicSection | None:
    if data[:6] != b"\x7fELF\x02\x01":
        return None
    program_offset = struct.unpack_from("<Q", data, 32)[0]
    entry_size, entry_count = struct.unpack_from("<HH", data, 54)
    loads: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    for index in range(entry_count):
        kind, _flags, offset, address, _physical, file_size = struct.unpack_from("<IIQQQQ", data, program_offset + index * entry_size)
        if kind == _PT_LOAD:
            loads.append((address, offset, file_size))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, file_size)
    if dynamic is None:
        return None

    def in_file(address: int) -> int:
        for start, offset, size in loads:
            if start <= address < start + size:
                return offset + address - start
        raise IndexError(f"address {address:#x} is in no loaded segment")

    entries: list[tuple[int, int]] = []
    for position in range(dynamic[0], dynamic[0] + dynamic[1], 16):
        tag, value = struct.unpack_from("<qQ", data, position)
        if tag == 0:
            break
        entries.append((tag, value))
    single = dict(entries)
    strings = in_file(single[_DT_STRTAB]) if _DT_STRTAB in single else 0

    def text(offset: int) -> str:
        start = strings + offset
        return data[start : data.index(b"\0", start)].decode("utf-8", "surrogateescape")

    rpaths = [part for tag, value in entries if tag in (_DT_RPATH, _DT_RUNPATH) for part in text(value).split(":") if part]
    newest = (0, 0)
    if _DT_VERNEED in single:
        position = in_file(single[_DT_VERNEED])
        for _ in range(single.get(_DT_VERNEEDNUM, 0)):
            _version, count, _file, first, following = struct.unpack_from("<HHIII", data, position)
            inner = position + first
            for _ in range(count):
                _hash, _flags, _other, name, next_inner = struct.unpack_from("<IHHII", data, inner)
                found = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", text(name))
                if found:
                    newest = max(newest, (int(found[1]), int(found[2])))
                inner += next_inner
            position += following
    return DynamicSection(
        needed=tuple(text(value) for tag, value in entries if tag == _DT_NEEDED),
        soname=text(single[_DT_SONAME]) if _DT_SONAME in single else None,
        rpaths=tuple(rpaths),
        glibc=newest,
    )


def newest_glibc(tree: Path) -> tuple[int, int]:
    """The newest GLIBC_x.y that any ELF file below `tree` asks for; (0, 0) if there is none."""
    newest = (0, 0)
    for path in tree.rglob("*"):
        if is_elf(path):
            section = read_dynamic(path)
            if section is not None:
                newest = max(newest, section.glibc)
    return newest


_SHT_DYNSYM = 11


def dynamic_symbols(path: Path) -> list[str]:
    """The names in the dynamic symbol table, defined and undefined ones, in the table's order."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path} is no 64-bit little-endian ELF file")
    table_offset = struct.unpack_from("<Q", data, 40)[0]
    entry_size, entry_count = struct.unpack_from("<HH", data, 58)

    def section(index: int) -> tuple[int, int, int, int]:
        _name, kind, _flags, _address, offset, size, link = struct.unpack_from("<IIQQQQI", data, table_offset + index * entry_size)
        return kind, offset, size, link

    for index in range(entry_count):
        kind, offset, size, link = section(index)
        if kind == _SHT_DYNSYM:
            strings = section(link)[1]
            starts = [strings + struct.unpack_from("<I", data, position)[0] for position in range(offset, offset + size, 24)]
            return [data[start : data.index(b"\0", start)].decode("utf-8", "surrogateescape") for start in starts[1:]]
    return []
