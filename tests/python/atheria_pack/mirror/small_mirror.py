"""Mirrors of a few tiny files, published by the real code: what a test needs to have generations to look at."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.index.write import write_indexes
from atheria_pack.mirror.layout import STAGING
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.publish import publish
from atheria_pack.mirror.records import RecordTable

ORIGIN = "https://channel.example/stable"
BORN = 1_760_000_000  # Unix time in seconds of the first generation


def entry(name: str, version: str = "1.0", subdir: str = "linux-64", table: str = "packages.conda", **record: Any) -> Entry:
    """A package whose content is its path."""
    suffix = {"packages": ".tar.bz2", "packages.conda": ".conda"}.get(table, f".{table.removeprefix('v3.')}")
    stem = f"{name}-{version}-h0_0"
    content = content_of(f"{subdir}/{stem}{suffix}")
    exports = record.pop("run_exports_file", None)
    says = {
        "name": name, "version": version, "build": "h0_0", "build_number": 0, "depends": [], "subdir": subdir, "license": "MIT",
        "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest(), "timestamp": BORN * 1000,
    }  # fmt: skip
    key = stem if table.startswith("v3.") else stem + suffix
    why = (f"{name} on {subdir}, no-gpu",)
    return Entry(subdir, stem + suffix, table, key, {**says, **record}, exports, f"{ORIGIN}/{subdir}/{stem}{suffix}", why)


def content_of(path: str) -> bytes:
    """What the file of a small mirror's package holds."""
    return f"the bytes of {path}\n".encode()


def table_of_entries(entries: Iterable[Entry], info: Mapping[str, dict[str, Any]] | None = None) -> RecordTable:
    """A table, which the caller closes."""
    table = RecordTable()
    table.add(entries)
    table.info = dict(info or {})
    return table


def show(place: Place, *entries: Entry, now: int = BORN, **more: Any) -> Manifest | None:
    """Put the packages into the place and publish them, as a run of `mirror` would."""
    with place.writing():
        return show_while_writing(place, *entries, now=now, **more)


def show_while_writing(place: Place, *entries: Entry, now: int = BORN, request: Mapping[str, Any] | None = None, **more: Any) -> Manifest | None:
    with table_of_entries(entries, more.pop("info", None)) as table:
        for one in entries:
            if place.look(one.path) is None:
                place.write(one.path, content_of(one.path))
        staged = place.scratch / STAGING / "next"
        staged.mkdir(parents=True)
        for _ in write_indexes(table, staged):
            pass
        for name, content in more.pop("extra", {}).items():
            (staged / name).write_bytes(content)
        return publish(place, table, staged, sources=[{"address": ORIGIN, "indexes": {}}], request=dict(request or {}), now=now, **more)


def small(root: Path, *entries: Entry, **more: Any) -> FolderPlace:
    """A new mirror with one generation."""
    place = FolderPlace(root, str(root))
    show(place, *entries, **more)
    return place


def listed(root: Path, subdir: str = "linux-64") -> set[str]:
    """The file names in the repodata.json that a client of a folder gets."""
    index = json.loads((root / subdir / "repodata.json").read_text())
    return {*index["packages"], *index["packages.conda"], *(f"{key}.{kind}" for kind, keys in index.get("v3", {}).items() for key in keys)}


def tree(root: Path) -> dict[str, bytes | str]:
    """Every file of a folder by its path, links as what they say; without what only says who ran when."""
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file() and name not in (".mirror/lock", ".mirror/verified.sqlite"):
            found[name] = path.read_bytes()
    return found
