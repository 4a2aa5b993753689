"""What a mirror needs of a channel that it reads."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from atheria_pack.errors import PackError


class SourceError(PackError):
    """A source does not answer, or not with what it promised. The text has the address and what was expected."""


@dataclass(frozen=True)
class Answer:
    """A file of a source while it is read. `offset`: where the stream begins, at most what was asked for; `size`: of the whole file."""

    stream: BinaryIO
    offset: int
    size: int | None


class Source(Protocol):
    """A folder, a web server or a bucket. May be used by many threads at once."""

    address: str  # as a user would type it, without what is secret in it

    def open(self, path: str, offset: int = 0) -> AbstractContextManager[Answer]:
        """A file from `offset` on, or from its beginning where the server cannot skip. FileNotFoundError where there is none; SourceError
        after retries where it does not answer."""

    def local(self, path: str) -> Path | None:
        """The file on this machine, to link to; None where the source is remote."""
