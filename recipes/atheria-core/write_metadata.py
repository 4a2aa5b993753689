"""Writes what says what this build is: the distribution's metadata, capabilities.json and BUILD_INFO.txt.

Run by build_python.cmake with the prefix's Python; arguments: CMake's build folder, from which the compiler's facts are read, the
libraries that the extension needs (a list of CMake) and the newest glibc version it asks for. What the engine says of itself (CPU
levels, commit, accelerator) is taken from the capabilities of the engine that was linked.
"""

import datetime
import json
import os
import re
import shlex
import sys
from pathlib import Path


def compiler_facts(build: Path) -> dict[str, str]:
    """Id and version of the C++ compiler that CMake used."""
    (record,) = build.glob("CMakeFiles/*/CMakeCXXCompiler.cmake")
    values = dict(re.findall(r'set\((CMAKE_CXX_COMPILER_(?:ID|VERSION)) "([^"]*)"\)', record.read_text()))
    return {"id": values["CMAKE_CXX_COMPILER_ID"], "version": values["CMAKE_CXX_COMPILER_VERSION"]}


def readable(fact: object) -> str:
    """A fact as BUILD_INFO.txt writes it."""
    if isinstance(fact, dict):
        return " ".join(map(str, fact.values()))
    if isinstance(fact, list):
        return (" " if any(str(word).startswith("-") for word in fact) else ", ").join(map(str, fact))
    return "not recorded" if fact is None else str(fact)


def compiler_flags(build: Path) -> list[str]:
    """What the extension was compiled with, less what says where: as libatheria-engine's own facts give it."""
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE))
    words = shlex.split(f"{cache['CMAKE_CXX_FLAGS']} {cache['CMAKE_CXX_FLAGS_RELEASE']} -ffp-contract=off")
    return [word for at, word in enumerate(words) if "/" not in word and word != "-isystem" and words[at - 1] != "-isystem"]


def main(build: Path, libraries: str, glibc: str) -> None:
    prefix = Path(os.environ["PREFIX"])
    if os.environ["target_platform"].startswith("win-"):  # noqa: SIM112 - rattler-build names it so
        prefix /= "Library"  # where conda keeps everything but Python there
    engine = json.loads((prefix / "share/atheria/libatheria-engine/capabilities.json").read_text())
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    date = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else None
    capabilities = {
        "format": engine["format"],
        "package": os.environ["PKG_NAME"],
        "build_string": os.environ["PKG_BUILD_STRING"],
        "build_number": int(os.environ["PKG_BUILDNUM"]),
        "version": os.environ["PKG_VERSION"],
        "abi": engine["abi"],
        "accel": engine["accel"],
        "platform": engine["platform"],
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "compiler": compiler_facts(build),
        "flags": compiler_flags(build),
        "cpu_levels": engine["cpu_levels"],
        "engine_build_string": engine["build_string"],
        # Read from ELF files only; no list is no statement.
        **({"libraries": libraries.split(";"), "glibc": glibc} if libraries else {}),
        "commit": os.environ.get("COMMIT") or None,
        "date": date,
    }
    facts = prefix / "share/atheria" / os.environ["PKG_NAME"]
    facts.mkdir(parents=True)
    (facts / "capabilities.json").write_text(json.dumps(capabilities, indent=2) + "\n")
    lines = [f"{key.replace('_', ' '):<20}{readable(value)}" for key, value in capabilities.items()]
    ending = "\n\ncapabilities.json beside this file says the same to programs.\n"
    (facts / "BUILD_INFO.txt").write_text("\n".join(lines) + ending)

    name = "atheria-core"
    metadata = Path(os.environ["SP_DIR"]) / f"{name.replace('-', '_')}-{capabilities['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {capabilities['version']}\n"
        "Summary: Tile-sparse engine for learned quantum cellular automata\nLicense: Apache-2.0\n"
        "Requires-Python: >=3.10\nRequires-Dist: numpy>=1.23,<3\nRequires-Dist: pillow\n"
    )
    (metadata / "INSTALLER").write_text("conda\n")


main(Path(sys.argv[1]), *sys.argv[2:])
