"""Compares the packages of two channels: `same_packages.py EXPECTED FOUND SUBDIR`. Hashes in build strings do not count.

For two tools that build the same recipes: the driver puts digests of sources into the hash, conda-build does not. Name, version,
build string less the hash, files, and dependencies less hashes must agree; EXPECTED may hold packages of more variants.
"""

import re
import sys
from pathlib import Path

import rattler_build

HASH = re.compile(r"_?h[0-9a-f]{7}(?=_)")


def described(folder: Path) -> dict[str, tuple[set[str], set[str]]]:
    """Files and dependencies by `name version build`, hashes taken out."""
    found = {}
    for path in sorted(folder.glob("*.conda")):
        package = rattler_build.Package.from_file(path)
        name = f"{package.name} {package.version} {HASH.sub('', package.build_string)}"
        # What is pinned exactly names a build; the order of the list means nothing.
        found[name] = ({file for file in package.files}, {HASH.sub("", depend) for depend in package.depends})
    return found


def differences(expected: Path, found: Path) -> list[str]:
    """What is different, a line each."""
    ours, theirs = described(expected), described(found)
    if not theirs:
        return [f"{found} holds no packages"]
    lines = []
    for name, (files, depends) in theirs.items():
        if name not in ours:
            lines.append(f"{name}: not among the expected packages ({', '.join(sorted(ours)) or 'none'})")
            continue
        for word, left, right in (("file", ours[name][0], files), ("dependency", ours[name][1], depends)):
            lines += [f"{name}: {word} {item} is missing" for item in sorted(left - right)]
            lines += [f"{name}: {word} {item} is not expected" for item in sorted(right - left)]
    return lines


def main() -> int:
    if len(sys.argv) != 4:
        print("usage: same_packages.py EXPECTED FOUND SUBDIR", file=sys.stderr)
        return 2
    expected, found = (Path(word) / sys.argv[3] for word in sys.argv[1:3])
    lines = differences(expected, found)
    print(*lines, sep="\n")
    if not lines:
        print(f"the same: {', '.join(described(found))}")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
