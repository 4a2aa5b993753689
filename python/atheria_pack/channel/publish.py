"""The channel that users install from: every current package and nothing else, under one index."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import rattler

from atheria_pack.digest import sha256_of
from atheria_pack.record import BuiltPackage

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def publish(packages: Iterable[BuiltPackage], store: Path, channel: Path, subdirs: Iterable[str]) -> None:
    """Make `channel` hold exactly these packages.

    A new folder is filled with hard links and indexed beside the old one, with which it then changes places (`replace_folder`).
    Indexing happens here only, once, since two indexers in one folder overwrite each other's result.
    """
    fresh = channel.with_name(f".{channel.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for subdir in {"noarch", *subdirs}:
        (fresh / subdir).mkdir(parents=True)
    for package in packages:
        link_or_copy(package.path(store), fresh / package.subdir / package.file_name)
    asyncio.run(rattler.index.index_fs(fresh, write_zst=True, write_shards=False))
    replace_folder(fresh, channel)


def replace_folder(fresh: Path, target: Path) -> None:
    """Put the folder `fresh` in the place of `target`, and remove what was there.

    In one step where the kernel can swap two names (Linux): a reader finds one folder or the other, whole. Elsewhere in two
    renames, between which there is none for an instant.
    """
    retired = target.with_name(f".{target.name}.old")
    shutil.rmtree(retired, ignore_errors=True)
    if not target.exists():
        os.rename(fresh, target)
    elif _swapped(fresh, target):
        shutil.rmtree(fresh)
    else:
        os.rename(target, retired)
        os.rename(fresh, target)
        shutil.rmtree(retired)


def _swapped(left: Path, right: Path) -> bool:
    """Swap two names in one step; False, and nothing done, where C library, kernel or file system cannot."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    if renameat2 is None:
        return False
    return bool(renameat2(_AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _RENAME_EXCHANGE) == 0)


def published_files(channel: Path) -> dict[str, str]:
    """`subdir/file` and sha256, by the channel's index, of every package whose file is what the index says.

    A package that is in one of both only, or whose file has other content, is there with an empty digest: the channel is not as
    it was published.
    """
    found = {f"{path.parent.name}/{path.name}": "" for path in channel.glob("*/*.conda")}
    for index in channel.glob("*/repodata.json"):
        try:
            packages = json.loads(index.read_text(encoding="utf-8"))["packages.conda"]
            listed = {f"{index.parent.name}/{name}": str(record["sha256"]) for name, record in packages.items()}
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
            continue  # torn: its packages keep their empty digests
        found |= {place: digest if place in found and sha256_of(channel / place) == digest else "" for place, digest in listed.items()}
    return found


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the file system allows it, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
