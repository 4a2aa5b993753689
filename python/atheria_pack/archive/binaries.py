"""What compiled files ask of the machine: libraries by name, where they look for them, and the newest symbol versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import lief

from atheria_pack.archive.content import Entry

lief.logging.disable()  # it talks to stderr about sections it cannot read, which nobody asked it to

# What a machine without conda has: the C library and its parts, GCC's runtime, zlib (the list of manylinux, as far as it is used).
_LINUX = re.compile(
    r"(libc|libm|libdl|librt|libpthread|libutil|libgcc_s|libstdc\+\+|libz)\.so\.\d+|ld-linux-(x86-64|aarch64)\.so\.\d+"
)
_MACOS = ("/usr/lib/", "/System/Library/")
_WINDOWS = re.compile(
    r"(kernel32|advapi32|user32|shell32|ole32|ws2_32|bcrypt|ntdll|dbghelp|psapi|msvcrt|ucrtbase|vcruntime140(_1)?|msvcp140(_1|_2)?)"
    r"\.dll|(api|ext)-ms-.*\.dll",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Needs:
    """Of one file: `libraries` as they are asked for, `rpaths`, and dotted `versions` by the word before them (`GLIBC`)."""

    libraries: tuple[str, ...]
    rpaths: tuple[str, ...]
    versions: Mapping[str, str]


def is_system(library: str) -> bool:
    """Whether a library comes with the operating system or, on Windows, with its C++ runtime."""
    return bool(_LINUX.fullmatch(library) or _WINDOWS.fullmatch(library) or library.startswith(_MACOS))


def is_binary(data: bytes) -> bool:
    """Whether a file is ELF, Mach-O or PE."""
    return data[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe") or data[:2] == b"MZ"


@lru_cache(maxsize=256)
def needs_of(data: bytes) -> Needs:
    """What one compiled file needs. A file that `is_binary` and that no reader understands needs nothing anyone can tell."""
    parsed = lief.parse(data)
    if isinstance(parsed, lief.ELF.Binary):
        versions: dict[str, str] = {}
        for requirement in parsed.symbols_version_requirement:
            for symbol in requirement.get_auxiliary_symbols():
                word, _, number = str(symbol.name).partition("_")
                if re.fullmatch(r"[\d.]+", number):
                    versions[word] = newest((versions.get(word, "0"), number))
        return Needs(tuple(str(name) for name in parsed.libraries), _elf_rpaths(parsed), versions)
    if isinstance(parsed, lief.MachO.Binary):
        others = [library for library in parsed.libraries if library.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB]
        return Needs(
            tuple(str(library.name) for library in others),
            tuple(str(rpath.path) for rpath in parsed.rpaths),
            {},
        )
    if isinstance(parsed, lief.PE.Binary):
        return Needs(tuple(str(entry.name) for entry in parsed.imports), (), {})
    return Needs((), (), {})


def _elf_rpaths(parsed: lief.ELF.Binary) -> tuple[str, ...]:
    found: list[str] = []
    for entry in parsed.dynamic_entries:
        if isinstance(entry, lief.ELF.DynamicEntryRunPath):
            found += str(entry.runpath).split(":")
        elif isinstance(entry, lief.ELF.DynamicEntryRpath):
            found += str(entry.rpath).split(":")
    return tuple(found)


def newest(versions: Iterable[str]) -> str:
    """The highest of dotted numbers."""
    return max(versions, key=lambda text: [int(part) for part in text.split(".") if part])


def missing_libraries(files: Mapping[str, Entry]) -> dict[str, list[str]]:
    """Libraries that files of a tree need and that neither the tree nor the system has, each with the files that need it."""
    there = {path.rsplit("/", 1)[-1].lower() for path in files}
    missing: dict[str, list[str]] = {}
    for path, entry in sorted(files.items()):
        if entry.target is None and is_binary(entry.data):
            for library in needs_of(entry.data).libraries:
                if not is_system(library) and library.rsplit("/", 1)[-1].lower() not in there:
                    missing.setdefault(library, []).append(path)
    return missing


def floors(files: Mapping[str, Entry]) -> dict[str, str]:
    """The newest symbol versions that a tree's files ask of the system: `{"GLIBC": "2.28", "GLIBCXX": "3.4.29"}`."""
    highest: dict[str, str] = {}
    for entry in files.values():
        if entry.target is None and is_binary(entry.data):
            for word, number in needs_of(entry.data).versions.items():
                if word in ("GLIBC", "GLIBCXX"):
                    highest[word] = newest((highest.get(word, "0"), number))
    return highest
