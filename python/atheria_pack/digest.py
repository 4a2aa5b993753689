"""Digests of what a package is made from, file by file, so that a rebuild can name the file that changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

# What no source tree means to ship, where no git can say so.
_LITTER = {"__pycache__", ".git", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "build", "output"}


def source_files(path: Path) -> list[Path]:
    """The files that a `path:` source hands to a build: all of a folder but what git ignores, or the one file.

    Without git (a release tarball) caches and build folders are left out by name. Markdown is left out either way: builds
    read none, and a better README is no reason to compile.
    """
    if path.is_file():
        return [path]
    listed = _git_files(path)
    if listed is None:
        listed = list(_walk(path))
    return sorted(file for file in listed if file.is_file() and file.suffix != ".md")


def _walk(path: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in _LITTER]
        for name in names:
            if not name.endswith((".pyc", ".pyo")):
                yield Path(folder) / name


def _git_files(path: Path) -> list[Path] | None:
    command = ["git", "-C", str(path), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "."]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    if done.returncode != 0:
        return None
    return [path / os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def sha256_of(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of the content, marked when the file is executable."""
    return sha256_of(path) + ("+x" if os.access(path, os.X_OK) else "")


def digest_files(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """Digest of every file below the given files and folders; keys are paths relative to `root`."""
    files = {file for path in paths for file in source_files(path)}
    return {os.path.relpath(file, root): file_digest(file) for file in sorted(files)}


class Digests:
    """Digests of files and commits of one moment: whatever is asked for twice is read once."""

    def __init__(self, root: Path) -> None:
        """`root`: what names are relative to."""
        self.root = root
        self._files: dict[Path, dict[str, str]] = {}
        self._commits: dict[tuple[Path, ...], str] = {}

    def of(self, paths: Iterable[Path]) -> dict[str, str]:
        """As `digest_files` answers."""
        found: dict[str, str] = {}
        for path in paths:
            if path not in self._files:
                self._files[path] = digest_files([path], self.root)
            found |= self._files[path]
        return dict(sorted(found.items()))

    def commit(self, paths: Iterable[Path]) -> str:
        """As `last_commit` answers."""
        listed = tuple(sorted(set(paths)))
        if listed not in self._commits:
            self._commits[listed] = last_commit(listed, self.root)
        return self._commits[listed]


def digest_of(value: Mapping[str, Any]) -> str:
    """One sha256 for a mapping of JSON types, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def last_change(paths: Iterable[Path], root: Path) -> int:
    """Unix time of the newest commit that touches these paths, else of their newest file: the date a build carries.

    A date that depends on the sources alone is what lets two builds of the same sources agree.
    """
    listed = [str(path) for path in paths]
    try:
        when = _git_output(root, "log", "-1", "--format=%ct", "--", *listed)
    except FileNotFoundError:
        when = ""  # no git on this machine: a tarball's file times serve
    if when:
        return int(when)
    times = [int(file.stat().st_mtime) for path in listed for file in source_files(Path(path))]
    return max(times, default=0)


def last_commit(paths: Iterable[Path], root: Path) -> str:
    """The newest commit that touches these paths, with `-modified` when they differ from it; empty without git."""
    listed = [str(path) for path in paths]
    try:
        named = _git_output(root, "log", "-1", "--format=%H", "--", *listed)
        changes = _git_output(root, "status", "--porcelain", "--", *listed)
    except FileNotFoundError:
        return ""
    return f"{named}-modified" if named and changes else named


def _git_output(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
