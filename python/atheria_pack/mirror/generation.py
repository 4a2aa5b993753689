"""A generation: everything that the indexes of a mirror name at one moment, as two files that prove each other.

`SHA256SUMS` has a line `sha256  path` per file, sorted by path, as sha256sum writes and reads it; `manifest.json` has its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from atheria_pack.errors import PackError

SCHEMA = 1


class ManifestError(PackError):
    """A manifest or a list of sums is torn, of another schema, or does not fit the other. The text names it."""


@dataclass(frozen=True)
class Manifest:
    """What manifest.json says.

    - `generation`: counts up from 1. `parent`: sha256 of the parent's manifest.json, None for the first.
    - `published`: Unix time in seconds; never before the parent's.
    - `rollback_of`: the generation whose content this one has again, else None.
    - `sums`: sha256 of SHA256SUMS. `files`, `size`: how many files it lists, and the bytes of the packages among them.
    - `packages`: how many by subdir.
    - `sources`: a list of {address, indexes: {path: sha256}}, as they were read. `request`: what was asked for, as JSON types.
    """

    generation: int
    parent: str | None
    published: int
    sums: str
    files: int
    size: int
    packages: Mapping[str, int]
    sources: list[dict[str, Any]] = field(default_factory=list)
    request: dict[str, Any] = field(default_factory=dict)
    rollback_of: int | None = None
    schema: int = SCHEMA

    def to_bytes(self) -> bytes:
        """The file, the same bytes for the same values."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @property
    def digest(self) -> str:
        """sha256 of the file: what a child calls its parent by."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Manifest:
        """Read the file; ManifestError, which says `where` it was, for anything that `to_bytes` would not write."""
        try:
            value = json.loads(content)
            schema = value.get("schema")
            if schema != SCHEMA:
                raise ManifestError(f"{where}: manifest of schema {schema}; this program reads schema {SCHEMA}")
            found = cls(**value)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ManifestError(f"{where}: no manifest of a mirror ({error})") from error
        if found.to_bytes() != content:
            raise ManifestError(f"{where}: the manifest was not written by this program or was changed since")
        return found


def sums_lines(digests: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """The lines of SHA256SUMS for (path, sha256), which have to come sorted by path."""
    for path, digest in digests:
        yield f"{digest}  {path}\n".encode()


def read_sums(lines: Iterable[bytes], where: str) -> Iterator[tuple[str, str]]:
    """(path, sha256) of every line, in order; ManifestError for a line that sha256sum would not have written, or out of order."""
    last = ""
    for number, line in enumerate(lines, 1):
        digest, gap, path = line.decode("utf-8", "replace").rstrip("\n").partition("  ")
        if not gap or len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or path <= last:
            raise ManifestError(f"{where}, line {number}: {line[:120]!r} is not a sum in order; the file was changed or torn")
        last = path
        yield path, digest
