"""The channel that users install from: every current package and nothing else, under one index."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import rattler

from atheria_pack.record import BuiltPackage


def publish(packages: Iterable[BuiltPackage], store: Path, channel: Path, subdirs: Iterable[str]) -> None:
    """Make `channel` hold exactly these packages.

    A new folder is filled with hard links and indexed beside the old one, which it then replaces: a reader finds either
    channel whole. Indexing happens here only, once, since two indexers in one folder overwrite each other's result.
    """
    fresh = channel.with_name(f".{channel.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for subdir in {"noarch", *subdirs}:
        (fresh / subdir).mkdir(parents=True)
    for package in packages:
        link_or_copy(package.path(store), fresh / package.subdir / package.file_name)
    asyncio.run(rattler.index.index_fs(fresh, write_zst=True, write_shards=False))
    retired = channel.with_name(f".{channel.name}.old")
    shutil.rmtree(retired, ignore_errors=True)
    if channel.exists():
        os.rename(channel, retired)
    os.rename(fresh, channel)
    shutil.rmtree(retired, ignore_errors=True)


def published_files(channel: Path) -> set[str]:
    """`subdir/file` of every package in the channel's folder."""
    return {f"{path.parent.name}/{path.name}" for path in channel.glob("*/*.conda")}


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the file system allows it, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
