"""Files brought from sources to a place: many at once, each going on where it broke off, each verified by size and sha256 before it has its name."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from atheria_pack.errors import PackError
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.sources.http import RefusedError
from atheria_pack.mirror.sources.source import Source, SourceError

_CHUNK = 1 << 20  # bytes
_BREAKS = 4  # how often a download may end early without a single new byte before the source counts as broken
_PAUSE = 0.2  # seconds before the first such try, doubled for each
_STRIPES = 256
_READABLE = 0o444
_LARGEST_BESIDE = 4 << 20  # bytes


class WrongBytesError(PackError):
    """A source served other bytes than its own index promises. The text has the file, what was expected, what came, and from where."""


@dataclass(frozen=True)
class Item:
    """A file to bring.

    `path`: where it goes in the place. `size`: bytes, 0 where no index says. `sha256`: in hexadecimal. `at`: where it lies in the source, empty
    where that is the same as `path`. `beside`: the ending of a small list in JSON that is taken along if the source has it, though no index promises
    it; empty for none.
    """

    path: str
    size: int
    sha256: str
    source: Source
    at: str = ""
    beside: str = ""

    @property
    def there(self) -> str:
        """Where it lies in the source."""
        return self.at or self.path

    @property
    def origin(self) -> str:
        """The address that it comes from, for people."""
        return f"{self.source.address.rstrip('/')}/{self.there}"


class Watcher(Protocol):
    """Who looks on. Called by several threads at once."""

    def moved(self, size: int) -> None:
        """So many bytes more are here; negative where some had to be thrown away."""

    def arrived(self, item: Item) -> None:
        """The file is in the place."""

    def note(self, text: str) -> None:
        """Something worth a line, though the work goes on."""


@dataclass
class Fetched:
    """What a run brought. `size`, `resumed` in bytes: of all files, and of what an earlier run had left for them."""

    files: int = 0
    size: int = 0
    linked: int = 0
    resumed: int = 0
    retried: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, *, files: int = 0, size: int = 0, linked: int = 0, resumed: int = 0, retried: int = 0) -> None:
        with self._lock:
            self.files += files
            self.size += size
            self.linked += linked
            self.resumed += resumed
            self.retried += retried


class _StoppedError(Exception):
    """Another thread failed or the user interrupted: what is half here stays."""


class Fetcher:
    """Brings files to one place.

    `partial`: the folder of unfinished files, each called by the sha256 that it will have. `link`: take files of local sources by hard link
    where the file system can, in place of copying them.
    """

    def __init__(self, place: Place, partial: Path, watcher: Watcher, *, jobs: int = 8, link: bool = True) -> None:
        self._place = place
        self._partial = partial
        self._watcher = watcher
        self._jobs = jobs
        self._link = link
        self._hidden = os.umask(0o077)  # what a file that is made here lacks; there is no way to ask without setting it
        os.umask(self._hidden)
        self._stop = threading.Event()
        self._strange = False  # whether a server was seen to give something else in the place of what it does not have
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]
        self.fetched = Fetched()

    def fetch(self, items: Iterable[Item]) -> Iterator[Item]:
        """Bring the files; yields each when it is in the place, in the order in which they arrive.

        WrongBytesError, SourceError and OSError end it, as does the end of the iterator: then the other threads stop at once, and what they
        have of their files stays in the folder of unfinished ones.
        """
        if self._partial.is_symlink():
            raise PackError(f"{self._partial} is a link to {os.readlink(self._partial)}; a mirror has a folder there, and nothing was written behind "
                            "the link. Remove it and run this again")
        self._partial.mkdir(parents=True, exist_ok=True)
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="fetch")
        running: set[Future[Item]] = set()
        try:
            for item in items:
                running.add(pool.submit(self._bring, item))
                while len(running) >= 2 * self._jobs:
                    running, arrived = _next(running)
                    yield from arrived
            while running:
                running, arrived = _next(running)
                yield from arrived
        finally:
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _bring(self, item: Item) -> Item:
        partial = self._partial / item.sha256
        if item.beside:
            self._take_along(item)  # before the file itself: where that is there, nobody asks again
        # Two names may have the same bytes; the second one waits for the first, as both would write the same unfinished file.
        with self._stripes[int(item.sha256[:2], 16)]:
            if not (self._link and self._linked(item)):
                self._download(item, partial)
                self._place.put(item.path, partial)
                partial.unlink(missing_ok=True)
        self.fetched.add(files=1, size=item.size)
        self._watcher.arrived(item)
        return item

    def _take_along(self, item: Item) -> None:
        if self._place.look(item.path + item.beside) is not None:
            return  # nothing says which one is right, and published files do not change
        try:
            with item.source.open(item.there + item.beside) as answer:
                content = answer.stream.read(_LARGEST_BESIDE + 1)
        except (FileNotFoundError, RefusedError):  # no index promises it, and buckets behind a web server refuse what they do not have
            return
        if len(content) > _LARGEST_BESIDE:
            self._watcher.note(f"{item.origin}{item.beside} has more than {_LARGEST_BESIDE} bytes; it is left out")
            return
        if not _is_list(content):
            if not self._strange:
                self._strange = True
                self._watcher.note(f"{item.origin}{item.beside} is no list of attestations (a page?); it is left out, as are others like it")
            return
        self._place.write(item.path + item.beside, content)

    def _linked(self, item: Item) -> bool:
        """Whether the place took the source's file by hard link, verified.

        A file that fewer may read than one that is made here is left to be copied: clients would find it and not get it.
        The link never has the name of an unfinished file: those are written to, and the source's file would be.
        """
        local = item.source.local(item.there)
        if local is None:
            return False
        link = self._partial / f"{item.sha256}.link"
        link.unlink(missing_ok=True)
        try:
            os.link(local.resolve(strict=True), link)
            if _READABLE & ~self._hidden & ~link.stat().st_mode:
                link.unlink()
                return False
        except OSError:  # another file system, no right to link, too many links, no such file: reading it tells which
            return False
        try:
            digest = hashlib.sha256()
            size = self._read(link, None, digest, _Told(self._watcher))
            if digest.hexdigest() != item.sha256 or item.size not in (0, size):
                raise _wrong(item, digest.hexdigest(), size)
            self._place.put(item.path, link)
        finally:
            link.unlink(missing_ok=True)  # a rename onto another link of the same file leaves both names
        self.fetched.add(linked=1)
        return True

    def _download(self, item: Item, partial: Path) -> None:
        """Leave the verified file at `partial`. Wrong bytes are fetched anew once: an earlier run or the way may have torn them."""
        told = _Told(self._watcher)
        breaks = wrong = 0
        if partial.exists() and partial.stat().st_nlink > 1:
            partial.unlink()  # a file that has another name as well must not be written to
        self.fetched.add(resumed=_size(partial))
        while True:
            before = _size(partial)
            try:
                digest, size, promised = self._go_on(item, partial, told)
            except FileNotFoundError as error:
                raise SourceError(
                    f"{item.origin}: the source's index names this file, but the source does not have it; if the source is being "
                    "changed right now, start again when that is done. Nothing was published"
                ) from error
            except SourceError:
                if _size(partial) <= before:
                    raise  # it was asked several times already, and sent nothing
                continue
            if size < promised:
                breaks = 0 if size > before else breaks + 1
                if breaks > _BREAKS:
                    raise SourceError(f"{item.origin}: ends after {size} of {promised} bytes each time; the same command goes on from there")
                self._pause(_PAUSE * 2**breaks if breaks else 0)
            elif digest == item.sha256 and size == (item.size or size):
                return
            else:
                partial.unlink()
                told.at(0)
                wrong += 1
                if wrong > 1:
                    raise _wrong(item, digest, size)
                self.fetched.add(retried=1)
                expected = f"expected {item.size or size} of {item.sha256[:12]}..."
                self._watcher.note(f"{item.origin}: got {size} bytes of sha256 {digest[:12]}..., {expected}; fetching it once more")

    def _go_on(self, item: Item, partial: Path, told: _Told) -> tuple[str, int, int]:
        """Fetch what is missing of a file: (sha256, bytes, bytes that the source promised)."""
        digest = hashlib.sha256()
        with open(partial, "a+b") as stream:
            have = stream.seek(0, os.SEEK_END)
            if item.size and have > item.size:
                stream.truncate(0)
                have = 0
            if have and have == item.size:
                self._read(partial, None, digest, told)
                return digest.hexdigest(), have, have
            with item.source.open(item.there, have) as answer:
                stream.truncate(answer.offset)  # a server that cannot skip begins anew
                size = self._read(partial, answer.offset, digest, told)
                promised = item.size if answer.size is None else answer.size
                # What is there now, where the stream can tell: a slow source must not keep the program from stopping.
                read = getattr(answer.stream, "read1", answer.stream.read)
                while chunk := read(_CHUNK):
                    self._pause(0)
                    stream.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    told.at(size)
                    if item.size and size > item.size:
                        break  # more than was promised: no need to see the end of it
                stream.flush()
                os.fsync(stream.fileno())
        return digest.hexdigest(), size, min(promised, item.size or promised)

    def _read(self, path: Path, limit: int | None, digest: hashlib._Hash, told: _Told) -> int:
        """Feed the first `limit` bytes of a file to the digest, all of them where it is None; answers how many these were."""
        size = 0
        with open(path, "rb") as stream:
            while chunk := stream.read(_CHUNK if limit is None else min(_CHUNK, limit - size)):
                self._pause(0)
                digest.update(chunk)
                size += len(chunk)
                told.at(size)
        return size

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds) if seconds else self._stop.is_set():
            raise _StoppedError


def _is_list(content: bytes) -> bool:
    """Whether it is JSON of a list, as every sidecar is."""
    try:
        return isinstance(json.loads(content), list)
    except (ValueError, RecursionError):
        return False


def _next(running: set[Future[Item]]) -> tuple[set[Future[Item]], list[Item]]:
    done, rest = wait(running, return_when=FIRST_COMPLETED)
    return rest, [future.result() for future in done]


def _wrong(item: Item, digest: str, size: int) -> WrongBytesError:
    expected = f"{item.size} bytes of sha256 {item.sha256}" if item.size else f"sha256 {item.sha256}"
    return WrongBytesError(
        f"{item.path}: expected {expected}, got {size} bytes of sha256 {digest} from {item.origin}; the source changed since its index was "
        "read, or serves damaged files. Nothing was published; start again to read its index anew, and tell whoever runs it if it stays so"
    )


class _Told:
    """How far into one file the watcher believes us to be."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._position = 0

    def at(self, position: int) -> None:
        self._watcher.moved(position - self._position)
        self._position = position


class Quiet:
    """A watcher that says nothing."""

    def moved(self, size: int) -> None:
        return None

    def arrived(self, item: Item) -> None:
        return None

    def note(self, text: str) -> None:
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
