"""A mirror in a folder: every index a link that never changes, and one link behind them all that is replaced to publish."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

from atheria_pack.errors import BusyError, DiskFullError, PackError
from atheria_pack.mirror.layout import (
    CURRENT,
    GENERATIONS,
    INCOMING,
    LOCK,
    MANIFEST,
    PARTIAL,
    PRIVATE,
    ROOT_FILES,
    STAGING,
    SUBDIR_INDEXES,
    generation_folder,
    is_index,
)
from atheria_pack.mirror.places.place import Found

_POINTER = re.compile(r"generations/([1-9][0-9]*)")
_UNFINISHED = (PARTIAL, STAGING, INCOMING)
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)  # what file systems of clusters answer that are mounted without locks
_NAMED = 5  # entries of a strange folder that an error names


class FolderError(PackError):
    """The folder is no mirror, or something in it is not what a mirror has there. The text names it, and what to do."""


class FolderPlace:
    """A mirror in a folder of this machine or of a shared disk. Links in it are followed only where a mirror has one of its own."""

    def __init__(self, root: Path, address: str) -> None:
        """`root` need not be there yet: the first `writing` makes it. `address`: what the user called it."""
        self.address = address
        self.root = root.resolve()
        self.scratch = self.root
        self._numbers = count()

    def look(self, path: str) -> Found | None:
        where = self._behind(path)
        if where is None:
            return None
        try:
            with self._folder_of(where) as (folder, name):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return _found(path, status) if stat.S_ISREG(status.st_mode) else None

    def open(self, path: str) -> BinaryIO:
        where = self._behind(path)
        if where is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.root / path))
        with self._explained(path), self._folder_of(where) as (folder, name):
            try:
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            except OSError as error:
                if error.errno == errno.ELOOP:  # a link is none of the mirror's files
                    raise FileNotFoundError(errno.ENOENT, "a link, not a file", str(self.root / path)) from error
                raise
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise FileNotFoundError(errno.ENOENT, "not a file", str(self.root / path))
            return os.fdopen(handle, "rb")

    def read(self, path: str) -> bytes:
        with self.open(path) as stream:
            return stream.read()

    def files(self, folder: str) -> Iterator[Found]:
        try:
            with self._folder_of(f"{folder}/." if folder else ".") as (top, _):
                for here, folders, names, handle in os.fwalk(".", follow_symlinks=False, dir_fd=top):
                    prefix = "/".join(part for part in (folder, here.removeprefix(".").removeprefix("/")) if part)
                    folders[:] = [name for name in folders if f"{prefix}/{name}" not in _UNFINISHED]
                    for name in names:
                        try:
                            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
                        except FileNotFoundError:
                            continue  # removed while the folder was read
                        if stat.S_ISREG(status.st_mode):
                            yield _found(f"{prefix}/{name}" if prefix else name, status)
        except FileNotFoundError:
            return  # no such folder has no files

    def put(self, path: str, source: Path) -> None:
        with self._explained(path):
            handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            with self._folder_of(path, make=True) as (folder, name):
                try:
                    os.rename(source, name, dst_dir_fd=folder)
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
                    with self._new_file() as (fresh, stream), open(source, "rb") as content:
                        shutil.copyfileobj(content, stream, 1 << 20)
                        _sync(stream)
                        os.rename(fresh, name, dst_dir_fd=folder)
                os.fsync(folder)

    def write(self, path: str, content: bytes) -> None:
        with self._explained(path), self._new_file() as (fresh, stream):
            stream.write(content)
            _sync(stream)
            with self._folder_of(path, make=True) as (folder, name):
                os.rename(fresh, name, dst_dir_fd=folder)
                os.fsync(folder)

    def remove(self, path: str) -> None:
        with self._explained(path):
            try:
                with self._folder_of(path) as (folder, name):
                    os.unlink(name, dir_fd=folder)
                    os.fsync(folder)
            except FileNotFoundError:
                pass  # as promised

    def remove_folder(self, folder: str) -> None:
        """At once for whoever looks: the folder leaves by a rename, and what is in it is removed after."""
        leaving = self._scratch_name()
        with self._explained(folder):
            try:
                with self._folder_of(folder) as (parent, name):
                    os.rename(name, leaving, src_dir_fd=parent)
                    os.fsync(parent)
            except FileNotFoundError:
                return
            if leaving.is_symlink():
                leaving.unlink()
            else:
                shutil.rmtree(leaving)

    def current(self) -> int | None:
        try:
            pointer = os.readlink(self.root / CURRENT)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise FolderError(f"{self.root / CURRENT}: {error.strerror}; give the user who runs this the right to read {self.root}, "
                              "and run it again") from error
        except OSError as error:
            if not self.root.is_dir():
                return None  # a file in its place, which `writing` refuses
            raise FolderError(f"{self.root / CURRENT} is not the link that a mirror has there ({error.strerror}); restore it with "
                              f"`ln -sfn generations/N`, N being the highest number in {self.root / GENERATIONS}") from error
        match = _POINTER.fullmatch(pointer)
        if match is None:
            raise FolderError(f"{self.root / CURRENT} leads to {pointer!r}; expected generations/N. Somebody changed it; restore it with "
                              f"`ln -sfn generations/N`, N being the highest number in {self.root / GENERATIONS}")
        return int(match[1])

    def switch(self, number: int) -> None:
        prefix = f"{generation_folder(number)}/"
        indexes = {path for found in self.files(generation_folder(number)) if is_index(path := found.path[len(prefix) :])}
        with self._explained(CURRENT):
            for path in sorted(indexes):
                self._link(path, _pointing(path))
            self._link(CURRENT, f"generations/{number}")
            for path in self._own_links():
                if path not in indexes:  # of a subdir that the generation has no more: it leads nowhere since the line above
                    self.remove(path)

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.refuse_strangers()
        with self._explained(LOCK):
            try:
                for folder in (self.root, self.root / PRIVATE):
                    _make_folder(folder)
            except (FileNotFoundError, NotADirectoryError, FileExistsError) as error:
                raise FolderError(f"the folder {folder} cannot be made ({error.strerror}); name a place for the mirror where it can") from error
            if (self.root / PRIVATE).is_symlink():
                raise FolderError(f"{self.root / PRIVATE} is a link; a mirror keeps what is its own in a folder of its own. Remove the link")
            handle = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        with os.fdopen(handle, "r+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = lock.read().strip() or "another process"
                raise BusyError(f"{self.address} is being written by {holder}; wait until it has ended, then run this again") from error
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                raise FolderError(f"{self.root / LOCK} cannot be locked ({error.strerror}), so two runs at once could not be told apart; nothing was "
                                  "changed. The file system has to be mounted with locks for all its machines (Lustre: -o flock; NFS: without "
                                  "nolock, and lockd at work)") from error
            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
            lock.flush()
            self._clear_leftovers()
            try:
                yield
            finally:
                self._clear_staging()

    def refuse_strangers(self) -> None:
        """A folder that somebody else filled is not taken over: publishing would put links in the place of its indexes. FolderError then, and
        for a file in the folder's place. Nothing is made."""
        there = next(path for path in (self.root, *self.root.parents) if path.exists())
        if there != self.root:
            if not there.is_dir():
                raise FolderError(f"{there} is a file, so {self.root} cannot be made; name a place for the mirror where it can")
            return
        if not self.root.is_dir():
            raise FolderError(f"{self.root} is a file; a mirror needs a folder")
        names = sorted(os.listdir(self.root))
        if names and PRIVATE not in names:
            told = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
            raise FolderError(f"{self.root} holds {told} but no {PRIVATE}, so it was not made as a mirror; nothing was changed. Give an empty "
                              "or a new folder; this one may be a source of the mirror, and its packages are linked where the disk is the same")

    def _clear_leftovers(self) -> None:
        """Remove what a run that was killed left and none goes on from: staged files, and generations that never became visible."""
        self._clear_staging()
        with self._explained(GENERATIONS):
            _make_folder(self.root / STAGING)
            visible = self.current() or 0
            if not visible:
                self._refuse_lost_pointer()
            if (self.root / GENERATIONS).is_dir():
                for name in os.listdir(self.root / GENERATIONS):
                    if not name.isdigit() or int(name) > visible:
                        self.remove_folder(f"{GENERATIONS}/{name}")

    def _refuse_lost_pointer(self) -> None:
        """Several generations were visible once: a first one that never was is alone, as the next writer removes it."""
        numbers = {int(found.path.split("/")[2]) for found in self.files(GENERATIONS) if found.path.split("/")[2].isdigit()}
        whole = sorted(number for number in numbers if self.look(f"{generation_folder(number)}/{MANIFEST}"))
        if len(whole) > 1:
            raise FolderError(f"{self.root / CURRENT} is gone, and generations {', '.join(map(str, whole))} are there; nothing was changed. Was it "
                              f"copied without its links? `ln -sfn generations/{whole[-1]} {self.root / CURRENT}` brings the newest back, and "
                              "`channel mirror` the links of its indexes")

    def _clear_staging(self) -> None:
        with self._explained(STAGING):
            staging = self.root / STAGING
            if staging.is_symlink():
                staging.unlink()
            elif staging.exists():
                shutil.rmtree(staging)

    def _behind(self, path: str) -> str | None:
        """Where the file of a path lies: indexes in the visible generation, everything else where it says. None: it is not there."""
        below = path.removeprefix(f"{CURRENT}/")
        if below == path:
            if not is_index(path):
                return path
            try:
                with self._folder_of(path) as (folder, name):
                    pointing = os.readlink(name, dir_fd=folder)
            except OSError:
                return None
            if pointing != _pointing(path):
                return None
        number = self.current()
        return None if number is None else f"{generation_folder(number)}/{below}"

    @contextmanager
    def _folder_of(self, path: str, make: bool = False) -> Iterator[tuple[int, str]]:
        """An open folder, and the name of the file in it. No link on the way is followed: FolderError names one."""
        *folders, name = path.split("/")
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for depth, folder in enumerate(folders):
                if make:
                    try:
                        os.mkdir(folder, dir_fd=handle)
                        os.fsync(handle)
                    except FileExistsError:
                        pass
                try:
                    inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
                except OSError as error:
                    if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                        raise
                    strange = self.root.joinpath(*folders[: depth + 1])
                    kind = f"a link to {os.readlink(strange)}" if strange.is_symlink() else "a file"
                    raise FolderError(f"{strange} is {kind}; a mirror has a folder there, and follows no link out of it. "
                                      "Nothing was read or written behind it; remove it and run this again") from error
                os.close(handle)
                handle = inner
            yield handle, name
        finally:
            os.close(handle)

    def _link(self, path: str, pointing: str) -> None:
        """Make a link lead where it should; whoever looks finds the old one or the new one."""
        with self._folder_of(path, make=True) as (folder, name):
            try:
                if os.readlink(name, dir_fd=folder) == pointing:
                    return
            except FileNotFoundError:
                pass
            except OSError as error:
                if error.errno != errno.EINVAL:  # a file is in its place, and is replaced
                    raise
            fresh = self._scratch_name()
            os.symlink(pointing, fresh)
            os.rename(fresh, name, dst_dir_fd=folder)
            os.fsync(folder)

    def _own_links(self) -> list[str]:
        """The paths of all indexes that are links of this mirror's making."""
        subdirs = [entry.name for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False) and entry.name != PRIVATE]
        paths = [*ROOT_FILES, *(f"{subdir}/{name}" for subdir in subdirs for name in SUBDIR_INDEXES)]
        return [path for path in paths if (self.root / path).is_symlink() and os.readlink(self.root / path) == _pointing(path)]

    def _scratch_name(self) -> Path:
        _make_folder(self.root / STAGING)
        return self.root / STAGING / f"{os.getpid()}-{next(self._numbers)}"

    @contextmanager
    def _new_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """A file under a name of its own, which is removed unless it was renamed."""
        path = self._scratch_name()
        try:
            with open(path, "xb") as stream:
                yield path, stream
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        """Errors of the operating system that a user can do something about, in words."""
        try:
            yield
        except PermissionError as error:
            raise FolderError(f"{self.root / path}: {error.strerror}; give the user who runs this the right to write in {self.root}, "
                              "and run it again. What is published stays as it is") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFullError(f"{self.root / path}: {error.strerror}; free some space and run this again, it goes on from what "
                                    "is there. What is published stays as it is") from error
            if error.errno == errno.EROFS:
                raise FolderError(f"{self.root / path}: {error.strerror}; mount it for writing. What is published stays as it is") from error
            raise


def _pointing(path: str) -> str:
    """What the link of an index says: up to the root, then through the pointer."""
    return f"{'../' * path.count('/')}{CURRENT}/{path}"


def _found(path: str, status: os.stat_result) -> Found:
    return Found(path, status.st_size, f"{status.st_ino}:{status.st_mtime_ns}:{status.st_ctime_ns}", max(status.st_mtime, status.st_ctime))


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _make_folder(path: Path) -> None:
    """Make a folder that lasts; its parents as well."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
