"""The folder an archive holds: packages merged, freed of conda's layout and of the build's prefix, and checked."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from atheria_pack.archive.binaries import is_binary, needs_of
from atheria_pack.archive.content import Content, Entry
from atheria_pack.errors import PackError

_PLACEHOLDER = b"placehold_placehold"  # rattler-build's own filling of a build prefix
_CONDA_ONLY = ("etc/conda/", "conda-meta/")


def merged(packages: Mapping[str, Content]) -> dict[str, Entry]:
    """The files of all packages in one tree, by path. A path that two packages fill differently is a PackError."""
    tree: dict[str, Entry] = {}
    owners: dict[str, str] = {}
    for package, content in packages.items():
        for path, entry in content.files.items():
            if path.startswith(_CONDA_ONLY):
                continue
            place = path.removeprefix("Library/")  # conda's extra level on Windows
            settled = _relocated(package, place, entry)
            if place in tree and tree[place] != settled:
                raise PackError(f"{owners[place]} and {package} both have {place}, and not the same")
            tree[place], owners[place] = settled, package
        for name, data in content.licences.items():
            tree[f"share/licenses/{package}/{name}"] = Entry(data)
    for path, entry in tree.items():
        _check(path, entry, owners.get(path, "a licence"))
    return tree


def _relocated(package: str, path: str, entry: Entry) -> Entry:
    """The same file with the build's prefix put as something that moves with it. Only CMake and pkg-config files can."""
    if entry.placeholder is None:
        return entry
    up = posixpath.relpath(".", posixpath.dirname(path) or ".")
    if path.endswith(".cmake"):
        here = f"${{CMAKE_CURRENT_LIST_DIR}}/{up}"
    elif path.endswith(".pc"):
        here = f"${{pcfiledir}}/{up}"
    else:
        raise PackError(f"{package}: {path} holds the prefix it was built for and cannot say where it is, so it does not move")
    return replace(entry, data=entry.data.replace(entry.placeholder.encode(), here.encode()), placeholder=None)


def _check(path: str, entry: Entry, owner: str) -> None:
    if path.startswith("/") or ".." in path.split("/"):
        raise PackError(f"{owner}: {path} leads out of the archive")
    if entry.target is not None:
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), entry.target))
        if entry.target.startswith("/") or inside.startswith(".."):
            raise PackError(f"{owner}: the link {path} -> {entry.target} leads out of the archive")
        return
    if _PLACEHOLDER in entry.data:
        raise PackError(f"{owner}: {path} holds the folder it was built in")
    if is_binary(entry.data):
        absolute = [rpath for rpath in needs_of(entry.data).rpaths if not rpath.startswith(("$ORIGIN", "@loader_path"))]
        if absolute:
            raise PackError(f"{owner}: {path} looks for its libraries in {', '.join(absolute)}; only places relative to it move with it")
