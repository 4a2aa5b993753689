"""An object of a bucket as a stream that is read in order, in pieces of some MiB: each is a request of its own that can be tried again."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError, PreconditionError

from atheria_pack.errors import PackError
from atheria_pack.mirror.bucket import Bucket, BucketError, explained

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from obstore import GetOptions

PIECE = 8 * 1024 * 1024


class ObjectStream(io.RawIOBase):
    """The bytes of an object from `offset` on, all of one version of it.

    `size`: bytes of the whole object. FileNotFoundError where there is none, a `failure` when the bucket does not answer or the object
    changed while it was read.
    """

    def __init__(self, bucket: Bucket, path: str, offset: int = 0, failure: type[PackError] = BucketError) -> None:
        super().__init__()
        self._bucket, self._path, self._failure = bucket, path, failure
        self._position = offset
        self._etag: str | None = None
        self._piece = memoryview(b"")
        self.size = offset + 1  # until the first answer tells
        self._piece = self._next()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        if not self._piece and self._position < self.size:
            self._piece = self._next()
        count = min(len(target), len(self._piece))
        target[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _next(self) -> memoryview:
        store, end = self._bucket.store, self._position + PIECE
        with explained(self._bucket.address, f"reading {self._path} from byte {self._position}", self._failure):
            try:
                options: GetOptions = {"range": (self._position, end)}
                if self._etag is not None:
                    options["if_match"] = self._etag
                answer = store.get(self._path, options=options)
                found, content = answer.meta, answer.bytes()
            except PreconditionError as error:
                raise self._failure(f"{self._bucket.address}: {self._path} changed while it was read; run it again") from error
            except BaseError as error:
                if "416 Range Not Satisfiable" not in str(error):  # the library has no class for it
                    raise
                found = store.head(self._path)
                if found["size"] > self._position:
                    raise
                content = None
        self.size, self._etag = found["size"], found["e_tag"]
        if content is None:
            return memoryview(b"")
        self._position += len(content)
        return memoryview(content)


def object_reader(
    bucket: Bucket, path: str, offset: int = 0, failure: type[PackError] = BucketError
) -> tuple[io.BufferedReader, int]:
    """An object as a buffered stream from `offset` on, and the size of the whole object. Errors: those of ObjectStream."""
    stream = ObjectStream(bucket, path, offset, failure)
    return io.BufferedReader(stream, 1024 * 1024), stream.size
