"""A bucket as a source, read from any offset; the pieces are made small so that a few bytes take several requests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from atheria_pack.errors import UsageError
from atheria_pack.mirror import bucket as bucket_module
from atheria_pack.mirror import ranges
from atheria_pack.mirror.sources.s3 import S3Source
from atheria_pack.mirror.sources.source import SourceError

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import Bucket, moto_bucket  # noqa: E402

CONTENT = bytes(range(256)) * 10


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with moto_bucket() as bucket:
        bucket.client.put_object(Bucket=bucket.name, Key="up/linux-64/a-1!2+x-0.conda", Body=CONTENT)
        bucket.client.put_object(Bucket=bucket.name, Key="up/empty", Body=b"")
        yield bucket


@pytest.fixture
def source(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> S3Source:
    monkeypatch.setattr(ranges, "PIECE", 1000)
    return S3Source(f"{server.url}/up/")


@pytest.mark.parametrize("offset", [0, 1, 999, 1000, 2559, 2560, 9999])
def test_a_file_from_an_offset_on(source: S3Source, offset: int) -> None:
    with source.open("linux-64/a-1!2+x-0.conda", offset) as answer:
        assert (answer.offset, answer.size) == (min(offset, 2560), 2560)
        assert answer.stream.read() == CONTENT[offset:]


def test_an_empty_file(source: S3Source) -> None:
    with source.open("empty") as answer:
        assert (answer.offset, answer.size, answer.stream.read()) == (0, 0, b"")


def test_a_file_that_is_not_there(source: S3Source) -> None:
    with pytest.raises(FileNotFoundError, match="s3://mirror-[0-9a-f]+/up: reading none"), source.open("none"):
        pass


def test_a_file_that_changes_while_it_is_read(source: S3Source, server: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    server.client.put_object(Bucket=server.name, Key="up/changing", Body=CONTENT)
    with pytest.raises(SourceError, match="changing changed while it was read"), source.open("changing") as answer:
        answer.stream.read(10)
        server.client.put_object(Bucket=server.name, Key="up/changing", Body=CONTENT[::-1])
        while answer.stream.read(500):
            pass


def test_a_bucket_that_is_not_there(server: Bucket) -> None:
    with pytest.raises(SourceError, match="no-such-bucket.*NoSuchBucket"), S3Source("s3://no-such-bucket").open("a"):
        pass


def test_a_server_that_is_not_there(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_module, "_RETRIES", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(SourceError, match="reading a from byte 0 failed.*AWS_ENDPOINT_URL"), S3Source("s3://mirror/up").open("a"):
        pass


def test_a_public_bucket_needs_no_key(server: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server.client.put_object(Bucket=server.name, Key="up/public", Body=CONTENT, ACL="public-read")
    with S3Source(f"{server.url}/up").open("public") as answer:
        assert answer.stream.read() == CONTENT
    with pytest.raises(SourceError, match="403 Forbidden.*AWS_ACCESS_KEY_ID"), S3Source(f"{server.url}/up").open("empty"):
        pass


def test_a_profile_is_found_as_other_tools_find_it(server: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys, region and endpoint come from the user's files; a wrong endpoint there is not reached."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    (tmp_path / "credentials").write_text("[cluster]\naws_access_key_id = a\naws_secret_access_key = b\n")
    (tmp_path / "config").write_text(f"[profile cluster]\nregion = eu-west-3\nendpoint_url = {server.endpoint}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "cluster")
    with S3Source(f"{server.url}/up").open("linux-64/a-1!2+x-0.conda") as answer:
        assert answer.stream.read() == CONTENT


@pytest.mark.parametrize("address", ["s3:bucket", "s3://a b/c"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="s3://BUCKET"):
        S3Source(address)
