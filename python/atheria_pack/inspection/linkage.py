"""Checks what binaries ask the loader for: libraries, their folders, the C library's version; and what they offer."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from atheria_pack.inspection.binary import Binary
from atheria_pack.inspection.finding import Finding, error, warning
from atheria_pack.inspection.subject import Subject

# Which dependency brings a library, by the library's name.
_SUPPLIERS = (
    (r"libstdc\+\+\.so\.6", ("libstdcxx", "libstdcxx-ng")),
    (r"libgcc_s\.so\.1", ("libgcc", "libgcc-ng")),
    (r"@rpath/libc\+\+\.1\.dylib", ("libcxx",)),
    (r"(libopenblas\.so\.0|@rpath/libopenblas\.0\.dylib|openblas\.dll)", ("libopenblas", "openblas")),
    (r"(libatheria_runtime\.so\.[\d.]+|@rpath/libatheria_runtime\.[\d.]+\.dylib|atheria_runtime\.dll)", ("libatheria-runtime",)),
    (r"(libatheria_engine\.so\.[\d.]+|@rpath/libatheria_engine\.[\d.]+\.dylib|atheria_engine\.dll)", ("libatheria-engine",)),
    (r"python\d+\.dll", ("python",)),
    (r"(vcruntime140(_1)?|msvcp140)\.dll", ("vc14_runtime", "vc", "ucrt")),
)
_ZIGS_OWN = re.compile(r"_Z(n[wa]|d[la])\w*|_mh_dylib_header|__dso_handle")
# What the system brings: glibc, macOS, Windows.
_GLIBC = re.compile(r"ld-linux-(x86-64|aarch64)\.so\.\d|lib(c|m|mvec|dl|pthread|rt|resolv|util)\.so\.\d")
_SYSTEM = re.compile(
    r"/usr/lib/(libSystem\.B|libobjc\.A|libc\+\+\.1)\.dylib"
    r"|/System/Library/Frameworks/(Metal|Foundation|Accelerate|CoreFoundation)\.framework/.*"
    r"|(kernel32|user32|advapi32|msvcrt|ucrtbase|ntdll|bcrypt|ws2_32|shell32|ole32|synchronization|api-ms-win-[a-z0-9-]+)\.dll"
)
_SYSTEM_CASELESS = re.compile(_SYSTEM.pattern, re.IGNORECASE)
_RELATIVE = ("$ORIGIN", "@loader_path", "@executable_path")


def needed_libraries(subject: Subject) -> list[str]:
    """What the binaries need from outside the package, sorted."""
    own = {path.rpartition("/")[2] for path in subject.contents.files}
    names = {name for binary in subject.binaries.values() for name in binary.needed}
    return sorted(name for name in names if name.rpartition("/")[2] not in own)


def newest_glibc(subject: Subject) -> str | None:
    """The newest GLIBC_ symbol version that a binary asks for."""
    found = [binary.versions["GLIBC"] for binary in subject.binaries.values() if "GLIBC" in binary.versions]
    return ".".join(map(str, max(found))) if found else None


def check_linkage(subject: Subject) -> Iterator[Finding]:
    """Every library comes with the package, from the system or from a dependency; every folder is relative; exports are ours."""
    suppliers = {spec.split()[0] for spec in subject.contents.depends}
    own = {path.rpartition("/")[2] for path in subject.contents.files}
    for path, binary in subject.binaries.items():
        for name in binary.needed:
            if name.rpartition("/")[2] in own or _is_system(binary, name):
                continue
            known = next((packages for pattern, packages in _SUPPLIERS if re.fullmatch(pattern, name, re.IGNORECASE)), None)
            if known is None:
                yield error("needed", path, "only libraries of the system, this package or its dependencies", name)
            elif not suppliers & set(known):
                yield error("needed", path, f"a dependency on {' or '.join(known)}, for {name}", sorted(suppliers))
        yield from _check_rpaths(path, binary)
        yield from _check_exports(subject, path, binary)
    yield from _check_glibc(subject)
    yield from _check_claims(subject)


def _is_system(binary: Binary, name: str) -> bool:
    if binary.form == "ELF":
        return bool(_GLIBC.fullmatch(name))
    return bool((_SYSTEM_CASELESS if binary.form == "PE" else _SYSTEM).fullmatch(name))


def _check_rpaths(path: str, binary: Binary) -> Iterator[Finding]:
    for rpath in binary.rpaths:
        anchor = next((word for word in _RELATIVE if rpath.startswith(word)), None)
        if anchor is None:
            yield error("rpath", path, f"a folder relative to the file ({_RELATIVE[0]})", rpath)
            continue
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), rpath.removeprefix(anchor).lstrip("/")))
        if place.startswith(".."):
            yield error("rpath", path, "a folder inside the environment", rpath)


def _check_exports(subject: Subject, path: str, binary: Binary) -> Iterator[Finding]:
    allowed = r"PyInit_atheria_core" if path in subject.extensions else r"ath_\w+"
    strange, forced = strange_exports(binary, allowed)
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        yield error("exports", path, f"only {allowed}", ", ".join(strange[:3]) + more)
    if forced:
        yield warning("exports", path, f"only {allowed}", f"{len(forced)} names that zig's linker exports of its own")
    if not binary.exports and not path.endswith(".exe"):  # the launcher of a command
        yield error("exports", path, f"at least one {allowed}", "none")


def strange_exports(binary: Binary, allowed: str) -> tuple[list[str], list[str]]:
    """Exported names that `allowed` does not match: those that are our doing, and those that are the linker's.

    zig's linker for macOS does not obey -exported_symbols_list where a name may be replaced by a program: operators new and
    delete of its static libc++, and the two names it makes itself.
    """
    strange = [name for name in binary.exports if not re.fullmatch(allowed, name)]
    forced = [name for name in strange if binary.form == "Mach-O" and _ZIGS_OWN.fullmatch(name)]
    return [name for name in strange if name not in forced], forced


def _check_glibc(subject: Subject) -> Iterator[Finding]:
    newest = newest_glibc(subject)
    if newest is None:
        return
    floors = [found[1] for spec in subject.contents.depends if (found := re.match(r"__glibc >=([\d.]+)", spec))]
    if not floors:
        yield error("glibc", "info/index.json", f"a dependency __glibc >={newest}", "none")
    elif _version(floors[0]) < _version(newest):
        asking = [path for path, binary in subject.binaries.items() if binary.version("GLIBC") == newest]
        yield error("glibc", asking[0], f"no symbol newer than glibc {floors[0]}, the run dependency", newest)


def _check_claims(subject: Subject) -> Iterator[Finding]:
    if subject.claims is None:
        return
    place = subject.contents.facts_path("capabilities.json")
    for key, truth in (("libraries", needed_libraries(subject)), ("glibc", newest_glibc(subject))):
        if key not in subject.claims:
            if subject.binaries and truth is not None:
                yield warning(f"claim-{key}", place, truth, "nothing said of it")
        elif subject.claims[key] != truth:
            yield error(f"claim-{key}", place, truth, subject.claims[key])


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
