"""What a mirror needs of the place it lies in. Paths are relative, with `/`, and were checked by `layout`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class Found:
    """A file of a place.

    `stamp` changes whenever the content may have (a folder: inode, times; a bucket: the ETag). `changed`: Unix time in seconds since
    when the file is there as it is.
    """

    path: str
    size: int
    stamp: str
    changed: float


class Place(Protocol):
    """A folder or a bucket. Whatever is written is there whole or not at all, and lasts when the call returns."""

    address: str  # as a user would type it
    scratch: Path  # a local folder that has PARTIAL, STAGING and INCOMING below it; where the place is a folder, that folder

    def look(self, path: str) -> Found | None:
        """The file, None where there is none."""

    def open(self, path: str) -> BinaryIO:
        """The file for reading in order. FileNotFoundError where there is none."""

    def read(self, path: str) -> bytes:
        """The content of a small file. FileNotFoundError where there is none."""

    def files(self, folder: str) -> Iterator[Found]:
        """All files below a folder, in no order; none where there is no such folder. Links and unfinished files are not among them."""

    def put(self, path: str, source: Path) -> None:
        """Take a local file under this path; `source` may be moved away by it."""

    def write(self, path: str, content: bytes) -> None:
        """A small file under this path."""

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with all that is in it."""

    def current(self) -> int | None:
        """The number of the generation that is visible, None in a place that has none yet."""

    def switch(self, number: int) -> None:
        """Make the generation visible: its files lie in its folder already, what they name as well."""

    def writing(self) -> AbstractContextManager[None]:
        """Held by the one writer. BusyError when another one is at work, with who it is where that is known."""
