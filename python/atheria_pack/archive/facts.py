"""What an archive says of itself: to people in BUILD_INFO.txt and INSTALL.txt, to programs in share/atheria/archive.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from atheria_pack.archive.binaries import floors
from atheria_pack.archive.choice import Choice
from atheria_pack.archive.content import Entry
from atheria_pack.archive.libraries import Borrowed
from atheria_pack.errors import PackError

CAPABILITIES = "share/atheria/libatheria-runtime/capabilities.json"


def capabilities_of(tree: Mapping[str, Entry], choice: Choice) -> dict[str, Any]:
    """The runtime's own facts. PackError when they are missing or are of another accelerator or platform."""
    try:
        found: dict[str, Any] = json.loads(tree[CAPABILITIES].data)
    except (KeyError, json.JSONDecodeError) as error:
        raise PackError(f"{choice.name}: {CAPABILITIES} is missing or no JSON ({error!r}); build the packages again") from error
    told = (found.get("accel"), found.get("platform"))
    if told != (choice.accel, choice.platform):
        raise PackError(f"{choice.name}: its files say that they are {told[0]} for {told[1]}; build the packages again")
    return found


def build_date(capabilities: Mapping[str, Any]) -> int:
    """Unix time of the build date, which is that of the newest source; 1980-01-01 where none was recorded (zip knows no earlier)."""
    date = capabilities.get("date")
    oldest = int(datetime(1980, 1, 1, tzinfo=timezone.utc).timestamp())
    if not date:
        return oldest
    when = datetime.strptime(str(date), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return max(oldest, int(when.timestamp()))


def requirements_of(tree: Mapping[str, Entry], capabilities: Mapping[str, Any]) -> dict[str, str]:
    """What a machine must have, by the words the installer knows. Only what applies is there.

    `glibc` and `libstdcxx` are the newest symbol versions its files ask for; `driver`, NVIDIA's oldest driver; `compute`, the
    oldest GPU its code runs on; `macos`, the oldest macOS.
    """
    lowest = floors(tree)
    cuda = capabilities.get("cuda") or {}
    metal = capabilities.get("metal") or {}
    capable = [_compute(name) for name in cuda.get("architectures", [])]
    found = {
        "glibc": lowest.get("GLIBC"),
        "libstdcxx": lowest.get("GLIBCXX"),
        "driver": cuda.get("minimum_driver"),
        "compute": min(capable, key=lambda text: [int(part) for part in text.split(".")]) if capable else None,
        "macos": metal.get("minimum_macos"),
    }
    return {word: str(value) for word, value in found.items() if value}


def _compute(name: str) -> str:
    """`7.5` for `sm_75`, `12.0` for `sm_120`; letters after the number (sm_90a) belong to it."""
    digits = "".join(letter for letter in name.removeprefix("sm_") if letter.isdigit())
    return f"{digits[:-1]}.{digits[-1]}"


def facts_of(
    choice: Choice, borrowed: Sequence[Borrowed], capabilities: Mapping[str, Any], requirements: Mapping[str, str]
) -> dict[str, Any]:
    """Everything worth knowing, as JSON types; the same bytes for the same packages."""
    return {
        "name": choice.name,
        "version": choice.version,
        "accel": choice.accel,
        "platform": choice.platform,
        "date": capabilities.get("date"),
        "commit": capabilities.get("commit"),
        "requires": dict(requirements),
        "packages": [
            {"name": package.name, "version": package.version, "build": package.build, "sha256": package.sha256}
            for package in choice.packages
        ],
        "libraries_of_others": [
            {"name": library.name, "version": library.version, "build": library.build, "license": library.licence}
            for library in borrowed
        ],
        "capabilities": dict(capabilities),
    }


def texts(facts: Mapping[str, Any]) -> dict[str, Entry]:
    """The files at the top of the archive that tell what it is and what to do with it."""
    return {
        "BUILD_INFO.txt": Entry(_build_info(facts).encode()),
        "INSTALL.txt": Entry(_install(facts).encode()),
        "share/atheria/archive.json": Entry((json.dumps(facts, indent=1, sort_keys=True) + "\n").encode()),
    }


def _build_info(facts: Mapping[str, Any]) -> str:
    lines = [
        f"{facts['name']} {facts['version']}",
        "",
        f"accelerator  {facts['accel']}",
        f"platform     {facts['platform']}",
        f"date         {facts['date'] or 'not recorded'}",
        f"commit       {facts['commit'] or 'not recorded'}",
        f"needs        {_needs(facts['requires'])}",
        "",
        "made of the conda packages",
        *(f"  {package['name']} {package['version']} {package['build']}" for package in facts["packages"]),
    ]
    others = facts["libraries_of_others"]
    if others:
        lines += ["with libraries of others", *(f"  {lib['name']} {lib['version']} ({lib['license']})" for lib in others)]
    lines += [
        "",
        "Compilers, flags and CPU levels are in share/atheria/PACKAGE/BUILD_INFO.txt, licences in share/licenses/PACKAGE/;",
        "share/atheria/archive.json says all of this to programs.",
    ]
    return "\n".join(lines) + "\n"


_WORDS = {
    "glibc": "glibc {} or newer",
    "libstdcxx": "a libstdc++ with GLIBCXX_{}",
    "driver": "NVIDIA's driver {} or newer",
    "compute": "a GPU of compute capability {} or newer",
    "macos": "macOS {} or newer",
}


def _needs(requirements: Mapping[str, str]) -> str:
    return ", ".join(_WORDS[word].format(value) for word, value in requirements.items()) or "nothing beyond the system"


def _install(facts: Mapping[str, Any]) -> str:
    windows = str(facts["platform"]).startswith("win-")
    redistributable = "Windows needs Microsoft's Visual C++ runtime (2015-2022), which most machines have.\n" if windows else ""
    search = "bin" if windows else "lib"
    return f"""{facts['name']} {facts['version']}: headers, libraries, backends, CMake and pkg-config files of Atheria.

Put this folder anywhere, under any name; it finds itself and may be moved later. No administrator is needed.
{redistributable}It needs {_needs(facts['requires'])}.

CMake        cmake -DCMAKE_PREFIX_PATH=FOLDER ...
             find_package(atheria-runtime) and find_package(atheria-engine) give atheria::runtime and atheria::engine
pkg-config   PKG_CONFIG_PATH=FOLDER/lib/pkgconfig pkg-config --cflags --libs atheria-engine atheria-runtime
programs     find the libraries in FOLDER/{search}; a CMake build of yours needs nothing more until it is installed

Backends lie in FOLDER/lib/atheria/backends and are loaded when they are usable; ATHERIA_* variables choose among them.
Several variants may lie beside each other: point CMAKE_PREFIX_PATH at one. Removing the folder removes everything.

install.sh, beside the archives, chooses one by this machine's hardware, checks its digest and unpacks it:
             sh install.sh --dry-run   shows what it would choose, and why
"""
