"""A mirror in a bucket. It has no links, so making a generation visible copies its indexes, and the pointer comes last.

`.mirror/current/manifest.json` is the pointer. While the indexes are copied, `.mirror/switching` names the generation: a writer that
dies then leaves indexes of two generations, each of which names only files that are there, and the next writer copies the rest before
it does anything else, so that nothing of either is cleaned away.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from atheria_pack.mirror.bucket import BucketError, explained, open_bucket
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.layout import (
    CURRENT,
    GENERATIONS,
    LOCK,
    MANIFEST,
    PRIVATE,
    ROOT_FILES,
    SIGNATURE,
    STAGING,
    SUBDIR_INDEXES,
    SUMS,
    generation_folder,
)  # fmt: skip
from atheria_pack.mirror.media import cache_control, content_type
from atheria_pack.mirror.places.lease import SECONDS, Lease
from atheria_pack.mirror.places.place import Found
from atheria_pack.mirror.ranges import object_reader

if TYPE_CHECKING:
    from obstore import ObjectMeta

SWITCHING = f"{PRIVATE}/switching"
_POINTER = f"{CURRENT}/{MANIFEST}"
_PART = 8 * 1024 * 1024  # bytes; a smaller file goes up in one request
_MOST_PARTS = 9_000  # S3 takes 10,000
_AT_ONCE = 2  # parts of a file under way, each of them in memory; many files may be under way as well
_REMOVED_AT_ONCE = 1_000  # what one request of S3 may name


class S3Place:
    """A mirror at `s3://bucket/prefix`."""

    def __init__(self, address: str, scratch: Path | None = None, lock_seconds: float = SECONDS) -> None:
        """Nothing is asked of the bucket yet. `scratch`: default a folder of this address in the user's cache, so that downloads go on."""
        self._bucket = open_bucket(address)
        self.address = self._bucket.address
        self.scratch = scratch or _cache_folder(self.address)
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._lock_seconds = lock_seconds
        self._lease: Lease | None = None

    def look(self, path: str) -> Found | None:
        """The file, None where there is none."""
        try:
            with explained(self.address, f"looking for {path}"):
                found = self._bucket.store.head(path)
        except FileNotFoundError:
            return None
        return _found(found)

    def open(self, path: str) -> BinaryIO:
        """The file for reading in order. FileNotFoundError where there is none."""
        return object_reader(self._bucket, path)[0]

    def read(self, path: str) -> bytes:
        """The content of a small file. FileNotFoundError where there is none."""
        with explained(self.address, f"reading {path}"):
            return bytes(self._bucket.store.get(path).bytes())

    def files(self, folder: str) -> Iterator[Found]:
        """All files below a folder; what an unfinished upload left is not among them."""
        with explained(self.address, f"listing {folder}"):
            for piece in self._bucket.store.list(folder or None, chunk_size=1_000):
                yield from map(_found, piece)

    def put(self, path: str, source: Path) -> None:
        """Take a local file under this path: visible whole or not at all, its checksum compared by the bucket. `source` is removed."""
        self._check()
        size = source.stat().st_size
        with explained(self.address, f"writing {path} ({size} bytes)"):
            self._bucket.store.put(
                path, source, attributes=_attributes(path), chunk_size=max(_PART, -(-size // _MOST_PARTS)), max_concurrency=_AT_ONCE
            )
        found = self.look(path)
        if found is None or found.size != size:
            there = "is not there" if found is None else f"has {found.size} bytes"
            raise BucketError(f"{self.address}: {path} was written with {size} bytes and {there}; something else writes into this bucket")
        source.unlink()

    def write(self, path: str, content: bytes) -> None:
        """A small file under this path."""
        self._check()
        with explained(self.address, f"writing {path} ({len(content)} bytes)"):
            self._bucket.store.put(path, content, attributes=_attributes(path), use_multipart=False)

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""
        self._check()
        with explained(self.address, f"removing {path}"):
            self._bucket.store.delete(path)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with all that is in it."""
        paths = (found.path for found in self.files(folder))
        while chosen := list(islice(paths, _REMOVED_AT_ONCE)):
            self._check()
            with explained(self.address, f"removing {folder}"):
                self._bucket.store.delete(chosen)

    def current(self) -> int | None:
        """The number of the generation that is visible, None in a place that has none yet."""
        try:
            content = self.read(_POINTER)
        except FileNotFoundError:
            return None
        return Manifest.from_bytes(content, f"{self.address}/{_POINTER}").generation

    def switch(self, number: int) -> None:
        """Make the generation visible: copy its indexes, remove those of subdirs that it does not have, then move the pointer."""
        self.write(SWITCHING, str(number).encode())
        folder = generation_folder(number)
        names = sorted((found.path.removeprefix(f"{folder}/") for found in self.files(folder)), key=_order)
        for name in names:
            if name not in (SUMS, SIGNATURE, MANIFEST):
                self._copy(f"{folder}/{name}", name)
        kept = {name.partition("/")[0] for name in names if "/" in name}
        for subdir in self._subdirs():
            if subdir not in kept:
                for index in reversed(SUBDIR_INDEXES):
                    self.remove(f"{subdir}/{index}")
        if SIGNATURE not in names:
            self.remove(f"{CURRENT}/{SIGNATURE}")
        for name in (SUMS, SIGNATURE, MANIFEST):
            if name in names:
                self._copy(f"{folder}/{name}", f"{CURRENT}/{name}")
        self.remove(SWITCHING)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Held by the one writer. BusyError with its owner when another one is at work.

        What a writer that died left half done is finished or removed first: a switch that had begun, uploads of large files.
        """
        self._lease = Lease(self._bucket, LOCK, self._lock_seconds)
        try:
            with self._lease.held(), self._staging():
                self._abort_uploads()
                try:
                    unfinished = int(self.read(SWITCHING))
                except FileNotFoundError:
                    pass
                else:
                    self.switch(unfinished)
                yield
        finally:
            self._lease = None

    @contextmanager
    def _staging(self) -> Iterator[None]:
        """An empty folder for what is staged; nobody goes on from what an earlier run left there."""
        staging = self.scratch / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, exist_ok=True)
        try:
            yield
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _check(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _copy(self, path: str, to: str) -> None:
        self._check()
        with explained(self.address, f"copying {path} to {to}"):
            self._bucket.store.copy(path, to)

    def _subdirs(self) -> list[str]:
        """Those that a kept generation has, the one that was visible among them; what else is in the bucket is somebody's."""
        parts = (found.path.removeprefix(f"{GENERATIONS}/").split("/") for found in self.files(GENERATIONS))
        return sorted({part[1] for part in parts if len(part) == 3})

    def _abort_uploads(self) -> None:
        """Parts of a file whose writer died are in no listing, and cost until they are dropped."""
        from botocore.exceptions import BotoCoreError, ClientError

        where = {"Bucket": self._bucket.name}
        try:
            for page in self._bucket.client.get_paginator("list_multipart_uploads").paginate(**where, Prefix=self._bucket.prefix):
                for upload in page.get("Uploads", ()):
                    if not self._bucket.prefix or upload["Key"].startswith(f"{self._bucket.prefix}/"):
                        self._bucket.client.abort_multipart_upload(**where, Key=upload["Key"], UploadId=upload["UploadId"])
        except (BotoCoreError, ClientError) as error:
            raise BucketError(
                f"{self.address}: dropping the unfinished uploads of an earlier run failed: {error}; the key needs s3:ListBucketMultipartUploads "
                "and s3:AbortMultipartUpload"
            ) from error


def _found(there: ObjectMeta) -> Found:
    return Found(there["path"], there["size"], there["e_tag"] or "", there["last_modified"].timestamp())


def _attributes(path: str) -> dict[str, str]:
    return {"Content-Type": content_type(path), "Cache-Control": cache_control(path)}


def _order(name: str) -> tuple[bool, str, int]:
    """Subdir by subdir, what is named before what names it; what lies above the subdirs comes last."""
    subdir, _, base = name.rpartition("/")
    ranks = SUBDIR_INDEXES if subdir else ROOT_FILES
    return not subdir, subdir, ranks.index(base) if base in ranks else -1


def _cache_folder(address: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "atheria-mirror" / sha256(address.encode()).hexdigest()[:16]
