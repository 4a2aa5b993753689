"""A channel in a folder of this machine as a source."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from atheria_pack.mirror.layout import UnsafeNameError
from atheria_pack.mirror.sources.source import Answer, SourceError


class FolderSource:
    """A channel at a path or at `file://`. May be used by many threads at once."""

    def __init__(self, address: str) -> None:
        """SourceError where there is no such folder."""
        self.address = address.rstrip("/") or "/"
        self.folder = _folder(self.address).absolute()
        if not self.folder.is_dir():
            what = "no folder" if self.folder.exists() else "not there"
            raise SourceError(f"the channel {self.address} is {what}; expected a folder with a subdir such as noarch in it")

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Answer]:
        """A file from `offset` on, at most from its end. FileNotFoundError where there is none, SourceError where it cannot be read."""
        with self._opened(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            yield Answer(stream, stream.seek(min(offset, size)), size)

    def local(self, path: str) -> Path | None:
        """The file itself, links resolved; None where it is no regular file."""
        found = self._path(path).resolve()
        return found if found.is_file() else None

    def _path(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or ".." in parts or parts[0] == "/":
            raise UnsafeNameError(f"{self.address}: {path!r} is no path within a channel")
        return self.folder.joinpath(*parts)

    @contextmanager
    def _opened(self, path: str) -> Iterator[BinaryIO]:
        try:
            # Without waiting: a pipe in the place of a file would keep the program for ever.
            handle = os.open(self._path(path), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(f"{self.address}/{path}") from error
        except OSError as error:
            raise self._unreadable(path, error.strerror or str(error)) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise self._unreadable(path, "it is no regular file")
        with os.fdopen(handle, "rb") as stream:
            yield stream

    def _unreadable(self, path: str, why: str) -> SourceError:
        return SourceError(f"{self.address}/{path} cannot be read: {why}")


def _folder(address: str) -> Path:
    if not address.startswith("file:"):
        return Path(address)
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost"):
        raise SourceError(f"{address} names the machine {unquote(parts.netloc)!r}; a folder of this machine is file:///PATH, with three slashes")
    return Path(url2pathname(parts.path))
