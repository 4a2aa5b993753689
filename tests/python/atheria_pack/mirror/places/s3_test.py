"""A mirror in a bucket of moto's server: what Place promises, the lock, and what is left when a writer dies at any of its calls."""

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
from atheria_pack.errors import BusyError, UsageError
from atheria_pack.mirror.bucket import BucketError, open_bucket
from atheria_pack.mirror.layout import LOCK
from atheria_pack.mirror.media import ASK_EACH_TIME, FOR_EVER
from atheria_pack.mirror.places.s3 import S3Place
from obstore.exceptions import GenericError

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import Bucket, moto_bucket  # noqa: E402

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    """One bucket for all tests, each of which has a prefix."""
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def address(server: Bucket, request: pytest.FixtureRequest) -> str:
    return f"{server.url}/{request.node.name.replace('[', '-').strip(']')}"


@pytest.fixture
def place(address: str, tmp_path: Path) -> S3Place:
    return S3Place(address, tmp_path / "scratch")


def a_file(folder: Path, content: bytes) -> Path:
    file = folder / "a-file"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("size", [0, 1, 3 * MIB, 17 * MIB + 5])
def test_what_is_put_is_what_is_read(place: S3Place, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    source = a_file(tmp_path, content)
    place.put("linux-64/odd_1!2.0+local~x-h0_0.conda", source)
    assert not source.exists()
    assert place.look("linux-64/odd_1!2.0+local~x-h0_0.conda").size == size
    with place.open("linux-64/odd_1!2.0+local~x-h0_0.conda") as stream:
        assert stream.read() == content


def test_a_file_has_another_stamp_when_it_has_other_bytes(place: S3Place) -> None:
    place.write("a.json", b"one")
    first = place.look("a.json")
    place.write("a.json", b"two")
    second = place.look("a.json")
    assert first.stamp and first.stamp != second.stamp
    assert abs(second.changed - time.time()) < 60


def test_files_are_those_below_a_folder(place: S3Place) -> None:
    for path in ("noarch/a.conda", "noarch/shards/b", "noarchive/c", "noarch.txt"):
        place.write(path, b"x")
    assert sorted(found.path for found in place.files("noarch")) == ["noarch/a.conda", "noarch/shards/b"]
    assert len(list(place.files(""))) == 4
    place.remove_folder("noarch")
    assert sorted(found.path for found in place.files("")) == ["noarch.txt", "noarchive/c"]


def test_what_is_not_there_is_not_there(place: S3Place) -> None:
    assert place.look("none") is None
    assert place.current() is None
    place.remove("none")
    for read in (place.read, place.open):
        with pytest.raises(FileNotFoundError):
            read("none")


def test_clients_are_told_what_may_be_kept(place: S3Place, server: Bucket, tmp_path: Path) -> None:
    place.put("noarch/a-1-0.conda", a_file(tmp_path, b"p"))
    place.write("noarch/repodata.json", b"{}")
    prefix = place.address.removeprefix(f"{server.url}/")
    heads = [server.client.head_object(Bucket=server.name, Key=f"{prefix}/noarch/{name}") for name in ("a-1-0.conda", "repodata.json")]
    assert [head["CacheControl"] for head in heads] == [FOR_EVER, ASK_EACH_TIME]
    assert [head["ContentType"] for head in heads] == ["application/octet-stream", "application/json"]


def test_a_bucket_that_is_not_there_is_named(server: Bucket, tmp_path: Path) -> None:
    place = S3Place("s3://no-such-bucket/x", tmp_path)
    with pytest.raises(BucketError, match=r"s3://no-such-bucket/x: writing a \(1 bytes\).*NoSuchBucket"):
        place.write("a", b"x")


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "s3://bucket/../x", "s3://bucket/a//b", "s3:/bucket", "s3://b?x=1"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="s3://BUCKET"):
        open_bucket(address)


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


def test_uploads_that_died_are_dropped_by_the_next_writer(place: S3Place, server: Bucket) -> None:
    client = server.client
    prefix = place.address.removeprefix(f"{server.url}/")
    client.create_multipart_upload(Bucket=server.name, Key=f"{prefix}/linux-64/a.conda")
    client.create_multipart_upload(Bucket=server.name, Key=f"{prefix}-of-another/linux-64/a.conda")
    with place.writing():
        left = [upload["Key"] for upload in client.list_multipart_uploads(Bucket=server.name)["Uploads"]]
    assert left == [f"{prefix}-of-another/linux-64/a.conda"]
