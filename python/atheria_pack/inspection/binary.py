"""What one ELF, PE or Mach-O file really needs, exports and runs on. lief reads the tables; nothing is executed."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import lief

from atheria_pack.inspection.instructions import FunctionCode, functions_of

_MAGICS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_MACHINES = {"X86_64": "x86_64", "AMD64": "x86_64", "AARCH64": "aarch64", "ARM64": "aarch64"}
# What the linker of Mach-O files adds to every list of exports.
_LINKER_NAMES = frozenset(("__mh_execute_header", "__mh_dylib_header", "__mh_bundle_header", "___dso_handle"))


class BinaryError(ValueError):
    """A file that begins like a program and cannot be read as one."""


@dataclass(frozen=True)
class Binary:
    """One loadable file. `name` is its SONAME, install name or the DLL's own name; `versions` the newest symbol version asked
    for by family (GLIBC, GLIBCXX); `minimum_macos` as the loader compares it; `functions` count vector codings (x86-64 only)."""

    form: str
    machine: str
    needed: tuple[str, ...]
    name: str | None
    rpaths: tuple[str, ...]
    versions: dict[str, tuple[int, ...]]
    exports: tuple[str, ...]
    minimum_macos: tuple[int, ...] | None
    functions: tuple[FunctionCode, ...] = field(repr=False, default=())
    entries: frozenset[int] = field(repr=False, default=frozenset())

    def version(self, family: str) -> str | None:
        """The newest version of a family asked for, as 2.35."""
        found = self.versions.get(family)
        return ".".join(map(str, found)) if found else None


def is_binary(data: bytes) -> bool:
    """Whether the file begins like a program, library or object of any platform we build for."""
    return data.startswith(_MAGICS) and not data.startswith(b"\xca\xfe\xba\xbe\0\0\0\x34")  # a Java class, with the same magic


def read_binary(data: bytes) -> Binary:
    """Read a file's tables; BinaryError when lief finds none."""
    lief.logging.disable()  # it writes to stderr what the exception below says better
    parsed = lief.parse(data)
    if isinstance(parsed, lief.ELF.Binary):
        return _elf(parsed)
    if isinstance(parsed, lief.PE.Binary):
        return _pe(parsed)
    if isinstance(parsed, lief.MachO.FatBinary):
        parsed = parsed.at(0)
    if isinstance(parsed, lief.MachO.Binary):
        return _macho(parsed)
    raise BinaryError(f"begins with {data[:4]!r}, yet is no ELF, PE or Mach-O file")


def _machine(value: object) -> str:
    name = str(value).rpartition(".")[2]
    return _MACHINES.get(name, name.lower())


def _elf(parsed: lief.ELF.Binary) -> Binary:
    tags = lief.ELF.DynamicEntry.TAG
    name = None
    rpaths: list[str] = []
    for entry in parsed.dynamic_entries:
        if entry.tag == tags.SONAME:
            name = _text(entry, "name")
        elif entry.tag in (tags.RPATH, tags.RUNPATH):
            rpaths += [part for part in _text(entry, "rpath" if entry.tag == tags.RPATH else "runpath").split(":") if part]
    asked = [str(version.name) for needed in parsed.symbols_version_requirement for version in needed.get_auxiliary_symbols()]
    machine = _machine(parsed.header.machine_type)
    functions: list[FunctionCode] = []
    exported = [symbol for symbol in parsed.dynamic_symbols if symbol.exported]
    if machine == "x86_64":
        sections = [
            (section.virtual_address, bytes(section.content)) for section in parsed.sections
            if section.has(lief.ELF.Section.FLAGS.EXECINSTR)
        ]  # fmt: skip
        starts = [function.address for function in parsed.functions] + [symbol.value for symbol in parsed.symtab_symbols if symbol.is_function]
        functions = functions_of(sections, starts)
    return Binary(
        "ELF", machine, tuple(map(str, parsed.libraries)), name, tuple(rpaths), _newest(asked),
        tuple(sorted(str(symbol.name) for symbol in exported)), None, tuple(functions),
        frozenset(symbol.value for symbol in exported if symbol.is_function)
        | {int(function.address) for function in parsed.ctor_functions},
    )  # fmt: skip


def _text(entry: Any, attribute: str) -> str:
    return str(getattr(entry, attribute))


def _exports_of_macho(parsed: lief.MachO.Binary) -> list[str]:
    """From the trie that the loader reads; the symbol table names more than can be linked against."""
    trie = parsed.dyld_exports_trie if parsed.has_dyld_exports_trie else parsed.dyld_info if parsed.has_dyld_info else None
    return [str(export.symbol.name) for export in trie.exports if export.symbol] if trie else []


def _newest(asked: Iterable[str]) -> dict[str, tuple[int, ...]]:
    newest: dict[str, tuple[int, ...]] = {}
    for name in asked:
        found = re.fullmatch(r"([A-Z]+)_(\d+(?:\.\d+)+)", name)
        if found:
            version = tuple(map(int, found[2].split(".")))
            newest[found[1]] = max(newest.get(found[1], (0,)), version)
    return newest


def _pe(parsed: lief.PE.Binary) -> Binary:
    imported = [str(entry.name) for entry in parsed.imports] + [str(entry.name) for entry in parsed.delay_imports]
    exports = parsed.get_export()
    names = sorted(str(entry.name) for entry in exports.entries if entry.name) if exports else []
    machine = _machine(parsed.header.machine)
    base = parsed.optional_header.imagebase
    functions: list[FunctionCode] = []
    entries: set[int] = set()
    if machine == "x86_64":
        sections = [
            (base + section.virtual_address, bytes(section.content)) for section in parsed.sections
            if section.has_characteristic(lief.PE.Section.CHARACTERISTICS.MEM_EXECUTE)
        ]  # fmt: skip
        entries = {base + entry.address for entry in exports.entries} if exports else set()
        entries.add(base + parsed.optional_header.addressof_entrypoint)
        functions = functions_of(sections, {base + start for start in _unwound(parsed)} | entries)
    return Binary(
        "PE", machine, tuple(imported), str(exports.name) if exports else None, (), {}, tuple(names), None,
        tuple(functions), frozenset(entries),
    )  # fmt: skip


def _unwound(parsed: lief.PE.Binary) -> list[int]:
    """Where functions begin, by the table that exceptions unwind with: three numbers each, the first of them the begin."""
    table = parsed.exceptions_dir
    data = bytes(parsed.get_content_from_virtual_address(table.rva, table.size)) if table and table.size else b""
    return [start for start, _, _ in struct.iter_unpack("<III", data[: len(data) // 12 * 12])]


def _macho(parsed: lief.MachO.Binary) -> Binary:
    identity = [str(library.name) for library in parsed.libraries if library.command == lief.MachO.LoadCommand.TYPE.ID_DYLIB]
    needed = [str(library.name) for library in parsed.libraries if str(library.name) not in identity]
    minimum: Sequence[int] | None = None
    if parsed.build_version:
        minimum = parsed.build_version.minos
    elif parsed.version_min:
        minimum = parsed.version_min.version
    # A leading underscore is how the format writes C names.
    exports = sorted({name.removeprefix("_") for name in _exports_of_macho(parsed) if name not in _LINKER_NAMES})
    return Binary(
        "Mach-O", _machine(parsed.header.cpu_type), tuple(needed), identity[0] if identity else None,
        tuple(str(rpath.path) for rpath in parsed.rpaths), {}, tuple(exports), tuple(minimum) if minimum else None,
    )  # fmt: skip
