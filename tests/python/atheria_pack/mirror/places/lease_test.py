"""The lock of a bucket: one writer at a time, taken over from one that died, and never from one that lives."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.errors import BusyError
from atheria_pack.mirror.layout import LOCK
from atheria_pack.mirror.places.s3 import S3Place
from obstore.exceptions import GenericError

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import Bucket, moto_bucket  # noqa: E402


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    """One bucket for all tests, each of which has a prefix."""
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def address(server: Bucket, request: pytest.FixtureRequest) -> str:
    return f"{server.url}/{request.node.name}"


@pytest.fixture
def place(address: str, tmp_path: Path) -> S3Place:
    return S3Place(address, tmp_path / "scratch")


def test_one_writer_at_a_time(address: str, tmp_path: Path) -> None:
    first, second = S3Place(address, tmp_path / "1"), S3Place(address, tmp_path / "2")
    with first.writing():
        with pytest.raises(BusyError, match=rf"{address} is being written by process {os.getpid()} on"), second.writing():
            pass
        first.write("a", b"x")  # the refused one did not take it away
    assert [found.path for found in first.files("")] == ["a"]
    with second.writing():
        pass


def test_of_many_writers_one_begins(address: str, tmp_path: Path) -> None:
    begun: list[int] = []
    busy: list[int] = []
    everybody_tried = threading.Barrier(6)

    def write(number: int) -> None:
        place = S3Place(address, tmp_path / str(number))
        try:
            with place.writing():
                begun.append(number)
                everybody_tried.wait(20)
        except BusyError:
            busy.append(number)
            everybody_tried.wait(20)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (len(begun), len(busy)) == (1, 5)


def test_the_lock_of_a_writer_that_died_is_taken_over_after_a_while(place: S3Place, address: str, tmp_path: Path) -> None:
    place.write(LOCK, b'{"owner": "process 7 on gone", "renewal": 1, "seconds": 1, "token": "x"}')
    with pytest.raises(BusyError, match="process 7 on gone"), place.writing():
        pass
    time.sleep(2.1)  # the bucket's time stamps are whole seconds
    with place.writing():
        assert b"process 7 on gone" not in place.read(LOCK)
    assert place.look(LOCK) is None


def test_a_writer_at_work_keeps_its_lock(address: str, tmp_path: Path) -> None:
    first, second = S3Place(address, tmp_path / "1", lock_seconds=2), S3Place(address, tmp_path / "2")
    with first.writing():
        time.sleep(3.2)
        with pytest.raises(BusyError), second.writing():
            pass
        first.write("a", b"x")


def test_a_writer_that_lost_its_lock_writes_no_more(address: str, tmp_path: Path) -> None:
    first = S3Place(address, tmp_path / "1", lock_seconds=0.4)
    with first.writing():
        S3Place(address, tmp_path / "2").write(LOCK, b'{"owner": "the next one", "seconds": 120, "token": "y"}')
        deadline = time.monotonic() + 10
        with pytest.raises(BusyError, match="another writer took its lock over"):
            while time.monotonic() < deadline:
                first.write("a", b"x")
                time.sleep(0.05)
    assert b"the next one" in first.read(LOCK)  # and it leaves the lock of the other one alone


class Stuck:
    """A store that answers a first request to write the lock and no later one."""

    def __init__(self, store: Any) -> None:
        self._store, self._puts, self.released = store, 0, threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, path: str, *arguments: Any, **named: Any) -> Any:
        self._puts += path == LOCK
        if path == LOCK and self._puts > 1:
            self.released.wait(20)
            raise GenericError("no answer")
        return self._store.put(path, *arguments, **named)


def test_a_writer_that_cannot_renew_its_lock_stops_in_time(address: str, tmp_path: Path) -> None:
    place = S3Place(address, tmp_path, lock_seconds=0.8)
    stuck = Stuck(place._bucket.store)
    place._bucket = replace(place._bucket, store=stuck)  # type: ignore[arg-type]
    with place.writing():
        place.write("a", b"x")
        time.sleep(1)  # the renewal is still under way
        with pytest.raises(BusyError, match="its lock could not be renewed for 1 s"):
            place.write("a", b"y")
        stuck.released.set()
    assert place.read("a") == b"x"
