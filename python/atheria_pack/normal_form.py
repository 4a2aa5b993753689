"""The normal form of a package: what says when and where it was built is replaced, so that equal inputs give equal bytes.

py-rattler-build writes the clock (`timestamp` in index.json, the times of all members), the address of the channel (about.json)
and the folder of the build (the prefix that installers replace by their own, and that paths.json declares); and it lists the
dependencies that come by run_exports in another order each time. None of it is an input. Everything else in a package is left
as it is, byte for byte: what differs there is for `repro` to name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atheria_pack.errors import PackageFileError
from atheria_pack.package_file import CONTENT, Member, package_bytes, read_package, write_package

# A folder that nobody has, as long as conda's rules allow, which is how long builds on Linux and macOS make theirs.
_PLACE = "/atheria_build"
_PADDING = "_placehold"
_LENGTH = 255


def normalise(path: Path, epoch: int) -> bool:
    """Bring a package file into normal form; answers whether it had to be changed.

    `epoch` is the Unix time it is to carry everywhere. Normal form of a package in normal form is that package. PackageFileError
    names a package that is torn, or does not hold what its own index claims.
    """
    before = path.read_bytes()
    after = package_bytes(path.stem, settled(read_package(path), epoch, path.name), epoch)
    if after == before:
        return False
    write_package(path, after)
    return True


def settled(members: Sequence[Member], epoch: int, package: str) -> list[Member]:
    """The members with time, place and channel replaced."""
    found = {member.name: member for member in members}
    for needed in ("info/index.json", "info/paths.json"):
        if needed not in found:
            raise PackageFileError(f"{package} has no {needed}")
    if "info/has_prefix" in found:  # conda-build's older way; two declarations of one thing would have to agree
        raise PackageFileError(f"{package} declares prefixes in info/has_prefix; only those of paths.json can be settled")
    paths = json.loads(found["info/paths.json"].data)
    changed = _settle_prefixes(paths, found, package)
    changed["info/paths.json"] = _as_json(paths)
    index = {**json.loads(found["info/index.json"].data), "timestamp": epoch * 1000}
    for name in ("depends", "constrains"):
        if name in index:
            index[name] = sorted(index[name])
    changed["info/index.json"] = _as_json(index)
    if "info/about.json" in found:
        changed["info/about.json"] = _as_json(_without_local_channels(json.loads(found["info/about.json"].data)))
    return [member.with_data(changed.get(member.name, member.data)) for member in members]


def placeholder(length: int = _LENGTH) -> str:
    """The prefix that stands in packages: `length` characters, the same for every build."""
    padded = _PLACE + _PADDING * (1 + length // len(_PADDING))
    return padded[:length]


def _settle_prefixes(paths: Mapping[str, Any], found: Mapping[str, Member], package: str) -> dict[str, bytes]:
    """Replace every declared prefix, in paths.json (in place) and in the files (answered); sizes and digests follow."""
    changed: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    for entry in paths["paths"]:
        old = entry.get("prefix_placeholder")
        if old is None:
            continue
        member = found.get(entry["_path"])
        if member is None or member.part != CONTENT or old.encode() not in member.data:
            raise PackageFileError(f"{package}: paths.json says that {entry['_path']} holds the prefix {old}, which it does not")
        # In a binary file every offset behind the prefix counts, so there the length stays.
        new = placeholder(len(old.encode()) if entry.get("file_mode") == "binary" else _LENGTH)
        data = member.data.replace(old.encode(), new.encode())
        changed[member.name] = data
        entry["prefix_placeholder"] = new
        digests[hashlib.sha256(member.data).hexdigest()] = hashlib.sha256(data).hexdigest()
        entry["size_in_bytes"] = len(data)
    for entry in paths["paths"]:  # a symbolic link carries the digest of the file it leads to
        if "sha256" in entry:
            entry["sha256"] = digests.get(entry["sha256"], entry["sha256"])
    return changed


def _without_local_channels(about: Mapping[str, Any]) -> dict[str, Any]:
    """A folder of the building machine tells nobody where the package's dependencies are."""
    told = about.get("channels", [])
    return {**about, "channels": [address for address in told if not str(address).startswith("file:")]}


def _as_json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).encode()
