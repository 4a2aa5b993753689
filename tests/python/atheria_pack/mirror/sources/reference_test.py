"""Where an index may send: below its channel it stays in the source, elsewhere it opens another one, and a server never reaches this machine."""

from pathlib import Path

import pytest
from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.folder import FolderSource
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.reference import resolved
from atheria_pack.mirror.sources.s3 import S3Source
from atheria_pack.mirror.sources.source import SourceError

INDEX = "linux-64/repodata.json"


@pytest.fixture
def folder(tmp_path: Path) -> FolderSource:
    (tmp_path / "channel").mkdir()
    (tmp_path / "files" / "deep").mkdir(parents=True)
    return FolderSource(str(tmp_path / "channel"))


@pytest.mark.parametrize("address", ["folder", "https://host/t/tok/channel", "s3://bucket/channel"])
@pytest.mark.parametrize(
    ("reference", "inside"),
    [("./", "linux-64"), ("", "linux-64"), ("shards/", "linux-64/shards"), ("..", ""), ("../a%2Bb/", "a+b"), ("x/../../y", "y")],
)
def test_below_the_channel_it_is_the_same_source(folder: FolderSource, address: str, reference: str, inside: str) -> None:
    source = folder if address == "folder" else open_source(address)
    found, path = resolved(source, INDEX, reference)
    assert found is source
    assert path == inside


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("https://other/x/", "https://other/x"),
        ("http://other/x", "http://other/x"),
        ("//other/x", "https://other/x"),
        ("/x/y", "https://host/x/y"),
        ("../../../../y", "https://host/y"),
        ("https://user:word@other/t/tok/x", "https://other/t/<TOKEN>/x"),
    ],
)
def test_from_a_server_to_another_place(reference: str, address: str) -> None:
    found, path = resolved(HttpSource("https://host/t/tok/channel"), INDEX, reference)
    assert isinstance(found, HttpSource)
    assert (found.address, path) == (address, "")


@pytest.mark.parametrize("reference", ["file:///etc", "ftp://other/x", "s3://bucket/x"])
def test_a_server_may_only_send_to_servers(reference: str) -> None:
    with pytest.raises(SourceError, match=f"https://host/channel/{INDEX} sends to .*; a web server may only send to another one"):
        resolved(HttpSource("https://host/channel"), INDEX, reference)


@pytest.mark.parametrize("reference", ["../../files/deep", "{parent}/files/deep", "{uri}/files/deep"])
def test_from_a_folder_to_another_one(folder: FolderSource, reference: str) -> None:
    parent = folder.folder.parent
    found, path = resolved(folder, INDEX, reference.format(parent=parent, uri=parent.as_uri()))
    assert isinstance(found, FolderSource)
    assert (found.folder, path) == (parent / "files" / "deep", "")


@pytest.mark.parametrize("source", ["folder", "s3://bucket/channel"])
@pytest.mark.parametrize(("reference", "kind"), [("https://other/x", HttpSource), ("s3://other/x", S3Source)])
def test_from_elsewhere_to_the_network(folder: FolderSource, source: str, reference: str, kind: type) -> None:
    found, path = resolved(folder if source == "folder" else open_source(source), INDEX, reference)
    assert isinstance(found, kind)
    assert (found.address, path) == (reference, "")


@pytest.mark.parametrize("reference", ["file:///etc", "/etc", "../../etc", "ftp://other/x"])
def test_a_bucket_cannot_send_to_this_machine(reference: str) -> None:
    with pytest.raises(SourceError, match=f"s3://bucket/channel/{INDEX} sends to .*, which cannot be followed from there"):
        resolved(open_source("s3://bucket/channel"), INDEX, reference)


@pytest.mark.parametrize("reference", ["https://other/x?key=secret", "shards/#secret"])
def test_no_questions(reference: str) -> None:
    with pytest.raises(SourceError, match="with . or # as a folder; expected a plain address") as told:
        resolved(HttpSource("https://host/channel"), INDEX, reference)
    assert "secret" not in str(told.value)


def test_a_folder_beside_that_is_not_there(folder: FolderSource) -> None:
    with pytest.raises(SourceError, match="absent is not there"):
        resolved(folder, INDEX, "../../absent")
