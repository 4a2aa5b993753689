"""A mirror in a bucket of moto's server: what Place promises."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from atheria_pack.errors import UsageError
from atheria_pack.mirror.bucket import BucketError, open_bucket
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.media import ASK_EACH_TIME, FOR_EVER
from atheria_pack.mirror.places.s3 import S3Place
from atheria_pack.mirror.stamps import Stamps
from atheria_pack.mirror.unchanged import files_unchanged

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import Bucket, moto_bucket  # noqa: E402
from small_mirror import entry, show  # noqa: E402

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


def test_what_else_is_in_the_bucket_is_left_alone(place: S3Place) -> None:
    place.write("Our Logs/2026/a.txt", b"mine")
    for number, subdir in ((1, "linux-64"), (2, "noarch")):
        manifest = Manifest(number, None, 0, "", 0, 0, {}).to_bytes()
        with place.writing():
            place.write(f".mirror/generations/{number}/{subdir}/repodata.json", b"{}")
            place.write(f".mirror/generations/{number}/manifest.json", manifest)
            place.switch(number)
        assert place.current() == number
    assert place.read("noarch/repodata.json") == b"{}" and place.look("linux-64/repodata.json") is None
    assert place.read("Our Logs/2026/a.txt") == b"mine"


def test_the_copy_of_a_large_index_is_known_again(place: S3Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has another ETag than what it is a copy of, which went up in parts."""
    large = {"linux-64": {"info": {"subdir": "linux-64", "padding": "x" * (5 * MIB + 9)}}}
    monkeypatch.setattr("atheria_pack.mirror.places.s3._PART", 5 * MIB)
    manifest = show(place, entry("a"), info=large)
    own, public = (place.look(f"{folder}linux-64/repodata.json") for folder in (".mirror/generations/1/", ""))
    assert own.size == public.size and own.stamp != public.stamp
    opened = []
    monkeypatch.setattr(place, "open", lambda path, was=place.open: opened.append(path) or was(path))
    for again in (False, True):
        with place.writing(), Stamps(place) as stamps:
            assert files_unchanged(place, manifest, stamps, False)
        assert ("linux-64/repodata.json" in opened) != again, "it is read once"
        opened.clear()
    monkeypatch.setattr(place, "switch", lambda number: pytest.fail("copied once more"))
    assert show(place, entry("a"), info=large) is None
    place.write("linux-64/repodata.json", b"y" * own.size)
    with place.writing(), Stamps(place) as stamps:
        assert not files_unchanged(place, manifest, stamps, False)


def test_uploads_that_died_are_dropped_by_the_next_writer(place: S3Place, server: Bucket) -> None:
    client = server.client
    prefix = place.address.removeprefix(f"{server.url}/")
    client.create_multipart_upload(Bucket=server.name, Key=f"{prefix}/linux-64/a.conda")
    client.create_multipart_upload(Bucket=server.name, Key=f"{prefix}-of-another/linux-64/a.conda")
    with place.writing():
        left = [upload["Key"] for upload in client.list_multipart_uploads(Bucket=server.name)["Uploads"]]
    assert left == [f"{prefix}-of-another/linux-64/a.conda"]
