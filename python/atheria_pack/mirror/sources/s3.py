"""A channel in a bucket as a source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atheria_pack.mirror.bucket import open_bucket
from atheria_pack.mirror.ranges import object_reader
from atheria_pack.mirror.sources.source import Answer, SourceError


class S3Source:
    """A channel at `s3://bucket/prefix`. May be used by many threads at once."""

    def __init__(self, address: str) -> None:
        """UsageError for an address of another form. Nothing is asked of the bucket yet."""
        self._bucket = open_bucket(address)
        self.address = self._bucket.address

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Answer]:
        """A file from `offset` on. FileNotFoundError where there is none, SourceError when the bucket does not answer."""
        stream, size = object_reader(self._bucket, path, offset, SourceError)
        with stream:
            yield Answer(stream, min(offset, size), size)

    def local(self, path: str) -> Path | None:
        """None: a bucket is never on this machine."""
        return None
