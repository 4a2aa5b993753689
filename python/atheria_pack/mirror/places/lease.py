"""The lock of a bucket: one writer at a time, and a writer that died is out of it after a while.

The lock is an object with an owner that is made only where there is none (If-None-Match) and written again every few seconds. One that
was not written for `seconds` may be taken over (If-Match, so by one only). Time is what the bucket says it is: the clocks of the
machines that write need not agree.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from obstore.exceptions import AlreadyExistsError, PreconditionError

from atheria_pack.errors import BusyError
from atheria_pack.mirror.bucket import Bucket, BucketError, explained

SECONDS = 120.0


class Lease:
    """The right to write, while `held()`. `seconds`: how long it lasts without being renewed."""

    def __init__(self, bucket: Bucket, path: str, seconds: float = SECONDS) -> None:
        self._bucket, self._path, self._seconds = bucket, path, seconds
        self._token = secrets.token_hex(8)
        self._renewals = 0
        self._etag: str | None = None
        self._renewed = time.monotonic()  # when the request began, so never later than the bucket's own time of it
        self._failure = ""
        self._trouble: str | None = None
        self._over = threading.Event()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Take the lease and keep it. BusyError, with its owner, when another one has it."""
        self._take()
        keeper = threading.Thread(target=self._keep, name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._over.set()
            keeper.join()
            self._give_back()

    def check(self) -> None:
        """BusyError when the lease was lost: this writer was silent for so long that another one may be at work."""
        silent = time.monotonic() - self._renewed
        if self._trouble is None and silent > self._seconds:
            self._trouble = f"its lock could not be renewed for {silent:.0f} s, so another writer may be at work{self._failure}"
        if self._trouble is not None:
            raise BusyError(f"{self._bucket.address}: {self._trouble}; nothing more was written. Run it again: it goes on where it stopped")

    def _content(self) -> bytes:
        # Each renewal has other bytes, hence another ETag: who takes over by an old ETag comes too late.
        self._renewals += 1
        owner = f"process {os.getpid()} on {socket.gethostname()}"
        return json.dumps({"owner": owner, "renewal": self._renewals, "seconds": self._seconds, "token": self._token}, sort_keys=True).encode()

    def _take(self) -> None:
        store = self._bucket.store
        with explained(self._bucket.address, "taking its lock"):
            while True:
                self._renewed = time.monotonic()
                try:
                    self._etag = store.put(self._path, self._content(), mode="create")["e_tag"]
                    return
                except AlreadyExistsError:
                    pass
                try:
                    there = store.get(self._path)
                    holder = _holder(bytes(there.bytes()))
                except FileNotFoundError:
                    continue  # given back just now
                if holder.get("token") == self._token:
                    self._etag = there.meta["e_tag"]  # the first try arrived, only its answer did not
                    return
                silent = self._now() - there.meta["last_modified"].timestamp()
                lasts = float(holder.get("seconds", self._seconds))
                if silent <= lasts:
                    raise BusyError(
                        f"{self._bucket.address} is being written by {holder.get('owner', 'somebody')}, last heard of {silent:.0f} s ago; wait "
                        f"for it to end. If it died, the next run may go on after {lasts:.0f} s of silence"
                    )
                try:
                    self._etag = store.put(self._path, self._content(), mode={"e_tag": there.meta["e_tag"]})["e_tag"]
                    return
                except (PreconditionError, FileNotFoundError):
                    continue  # its owner lives, or another one was faster

    def _now(self) -> float:
        """The time of the bucket in Unix seconds."""
        probe = f"{self._path}.{self._token}"
        self._bucket.store.put(probe, b"what time is it?")
        try:
            return self._bucket.store.head(probe)["last_modified"].timestamp()
        finally:
            self._bucket.store.delete(probe)

    def _keep(self) -> None:
        while not self._over.wait(self._seconds / 4):
            began = time.monotonic()
            try:
                with explained(self._bucket.address, "renewing its lock"):
                    try:
                        self._etag = self._bucket.store.put(self._path, self._content(), mode={"e_tag": self._etag})["e_tag"]
                    except (PreconditionError, AlreadyExistsError, FileNotFoundError):
                        if not self._still_ours():
                            self._trouble = "another writer took its lock over"
                            return
                self._renewed = began
            except BucketError as error:
                self._failure = f" ({error})"  # tried again until it is too late

    def _still_ours(self) -> bool:
        """Whether the lock has this owner: a renewal whose answer got lost fails when it is tried again."""
        try:
            there = self._bucket.store.get(self._path)
            self._etag = there.meta["e_tag"]
            return _holder(bytes(there.bytes())).get("token") == self._token
        except FileNotFoundError:
            return False

    def _give_back(self) -> None:
        with explained(self._bucket.address, "giving its lock back"):
            if self._still_ours():
                self._bucket.store.delete(self._path)


def _holder(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
