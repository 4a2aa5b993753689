"""The bytes of an index while it is read: unpacked, counted for error messages, and digested as the source has them."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

import zstandard

from atheria_pack.mirror.sources.source import SourceError

_PIECE = 1 << 16  # bytes read at once
_SLICE = 1 << 9  # bytes unpacked at once: few, because four bytes may stand for a block of 128 KiB


class IndexStream:
    """Reads an index to its end. SourceError where it cannot be read, or is no whole zstandard stream though its name says so."""

    def __init__(self, stream: BinaryIO, label: str, packed: bool) -> None:
        """`label`: the index's address for messages. `packed`: whether it is compressed by zstandard."""
        self.label = label
        self._stream = stream
        self._digest = hashlib.sha256()
        self._unpacker = zstandard.ZstdDecompressor().decompressobj() if packed else None
        self._taken = 0  # bytes as the source has them
        self._packed = b""
        self._left = memoryview(b"")
        self._offset = 0  # of what was handed out last, unpacked
        self._length = 0
        self._line = 1
        self._newlines = 0

    def read(self, size: int = -1) -> bytes:
        """At most `size` unpacked bytes, all of them where it is negative; none at the end."""
        if size < 0:
            pieces = []
            while piece := self.read(_PIECE):
                pieces.append(piece)
            return b"".join(pieces)
        if size == 0:
            return b""
        while not self._left:
            if not self._packed:
                self._packed = self._piece()
            if not self._packed:
                break
            if self._unpacker is None:
                self._left, self._packed = memoryview(self._packed), b""
            else:
                self._left = memoryview(self._unpacked())
        out, self._left = bytes(self._left[:size]), self._left[size:]
        self._offset += self._length
        self._line += self._newlines
        self._length, self._newlines = len(out), out.count(b"\n")
        return out

    @property
    def sha256(self) -> str:
        """Of the bytes that were read so far, as the source has them."""
        return self._digest.hexdigest()

    def broken(self, why: str) -> SourceError:
        """The error for content that does not parse, with where in the unpacked bytes the reader is."""
        end = self._offset + self._length
        lines = f"line {self._line}" if not self._newlines else f"lines {self._line} to {self._line + self._newlines}"
        place = f"{lines}, bytes {self._offset} to {end}" if self._length else f"its end after {end} bytes, line {self._line}"
        return SourceError(f"{self.label} is broken at {place}: {why}; the source has to be indexed again, or was read while it was written")

    def _piece(self) -> bytes:
        try:
            piece = self._stream.read(_PIECE)
        except OSError as error:
            raise SourceError(f"{self.label} cannot be read beyond byte {self._taken}: {error.strerror or error}") from error
        self._taken += len(piece)
        self._digest.update(piece)
        if not piece and self._unpacker is not None and not self._unpacker.eof:
            raise SourceError(f"{self.label} is torn: its {self._taken} bytes end in the middle of a zstandard frame")
        return piece

    def _unpacked(self) -> bytes:
        """What the next slice stands for."""
        if self._unpacker is None or self._unpacker.eof:  # several frames in a row are one stream
            self._unpacker = zstandard.ZstdDecompressor().decompressobj()
        piece, self._packed = self._packed[:_SLICE], self._packed[_SLICE:]
        try:
            out = self._unpacker.decompress(piece)
        except zstandard.ZstdError as error:
            raise SourceError(f"{self.label} is broken near byte {self._taken - len(self._packed)}: {error}") from error
        self._packed = self._unpacker.unused_data + self._packed
        return out
