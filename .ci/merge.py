"""Merges the channels of several machines into one: `merge.py OUTPUT FOLDER...`, each FOLDER with channel/ and report.json.

What two machines made under one name (packages of no platform) must hold the same files; the first is kept. The merged output
folder gets an index of its own and a report that names the channel everything was built against.
"""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import rattler
import rattler_build


def files_of(package: Path) -> set[str]:
    return set(rattler_build.Package.from_file(package).files)


def merge(output: Path, folders: list[Path]) -> int:
    """The number of packages in the merged channel."""
    channel = output / "channel"
    bases = set()
    for folder in folders:
        found = sorted(folder.glob("channel/*/*.conda"))
        if not found:
            raise SystemExit(f"error: {folder}/channel holds no packages; did its job upload them?")
        report = folder / "report.json"
        if report.is_file():
            bases.add(json.loads(report.read_text())["base_channel"]["uri"])
        for package in found:
            place = channel / package.parent.name / package.name
            if place.exists():
                if files_of(place) != files_of(package):
                    raise SystemExit(f"error: {package} and the {place.name} of another machine hold different files")
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(package, place)
    if len(bases) != 1:
        raise SystemExit(f"error: built against {', '.join(sorted(bases)) or 'no channel that a report names'}; one is needed")
    (channel / "noarch").mkdir(exist_ok=True)
    asyncio.run(rattler.index.index_fs(channel, write_zst=True, write_shards=False))
    (output / "report.json").write_text(json.dumps({"base_channel": {"name": "merged", "uri": bases.pop()}}, indent=1) + "\n")
    return len(list(channel.glob("*/*.conda")))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit("usage: merge.py OUTPUT FOLDER...")
    print(f"{merge(Path(sys.argv[1]), [Path(word) for word in sys.argv[2:]])} packages", flush=True)
    # Not the end of the file: threads of py-rattler may crash an interpreter that takes itself down under them.
    os._exit(0)
