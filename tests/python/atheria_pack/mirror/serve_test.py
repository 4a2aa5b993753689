"""What `channel serve` answers, over real sockets; hostile paths are sent as they are, since clients tidy them up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from atheria_pack.errors import UsageError
from atheria_pack.mirror.layout import generation_folder
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.serve import AddressError, mirror_server, served_path
from hypothesis import given
from hypothesis import strategies as st

PACKAGE = "linux-64/a_1!2.0+x~y-h0_0.conda"
SHARD = f"linux-64/shards/{'0' * 64}.msgpack.zst"
CONTENT = os.urandom(70_000)


def publish(place: FolderPlace, number: int, repodata: bytes) -> None:
    for name, content in {
        "index.html": b"<!doctype html>", "channeldata.json": b"{}", "linux-64/repodata.json": repodata, "manifest.json": b"m", "SHA256SUMS": b"s",
    }.items():  # fmt: skip
        place.write(f"{generation_folder(number)}/{name}", content)
    place.switch(number)


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    (tmp_path / "secret").write_bytes(b"secret")
    place = FolderPlace(tmp_path / "mirror", "a-mirror")
    with place.writing():
        place.write(PACKAGE, CONTENT)
        place.write(SHARD, b"shard")
        publish(place, 1, b"first")
    return place


@pytest.fixture
def server(place: FolderPlace) -> Iterator[httpx.Client]:
    with mirror_server(place, "127.0.0.1", 0, lambda _: None) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{running.port}") as client:
            yield client
        running.shutdown()
        thread.join()


def raw(server: httpx.Client, target: str, method: str = "GET") -> bytes:
    """The whole answer to a target that is sent as it is."""
    with socket.create_connection((server.base_url.host, server.base_url.port)) as connection:
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("path", "content", "kind", "kept"),
    [
        ("", b"<!doctype html>", "text/html; charset=utf-8", "no-cache"),
        ("index.html", b"<!doctype html>", "text/html; charset=utf-8", "no-cache"),
        ("linux-64/repodata.json", b"first", "application/json", "no-cache"),
        (".mirror/current/manifest.json", b"m", "application/json", "no-cache"),
        (PACKAGE, CONTENT, "application/octet-stream", "public, max-age=31536000, immutable"),
        (SHARD, b"shard", "application/zstd", "public, max-age=31536000, immutable"),
    ],
)
def test_a_file_and_what_is_said_of_it(server: httpx.Client, path: str, content: bytes, kind: str, kept: str) -> None:
    answer = server.get(f"/{path}")
    assert (answer.status_code, answer.content) == (200, content)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (kind, kept)
    assert "content-encoding" not in answer.headers  # clients unpack .zst themselves
    head = server.head(f"/{path}")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(content)))


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("bytes=0-0", 0, 1), ("bytes=100-", 100, 70_000), ("bytes=-7", 69_993, 70_000), ("bytes=69999-90000", 69_999, 70_000)]
)
def test_a_range(server: httpx.Client, asked: str, start: int, end: int) -> None:
    answer = server.get(f"/{PACKAGE}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/70000"


def test_a_range_that_is_none_of_the_file(server: httpx.Client) -> None:
    assert server.get(f"/{PACKAGE}", headers={"Range": "bytes=70000-"}).status_code == 416
    for whole in ("bytes=0-1,5-6", "lines=1-2", "bytes=x"):
        answer = server.get(f"/{PACKAGE}", headers={"Range": whole})
        assert (answer.status_code, answer.content) == (200, CONTENT), whole


def test_a_client_goes_on_only_with_the_same_file(server: httpx.Client) -> None:
    etag = server.head(f"/{PACKAGE}").headers["etag"]
    assert server.get(f"/{PACKAGE}", headers={"Range": "bytes=5-", "If-Range": etag}).status_code == 206
    assert server.get(f"/{PACKAGE}", headers={"Range": "bytes=5-", "If-Range": '"other"'}).content == CONTENT


def test_an_index_is_sent_again_only_when_there_is_a_new_one(server: httpx.Client, place: FolderPlace) -> None:
    etag = server.get("/linux-64/repodata.json").headers["etag"]
    again = server.get("/linux-64/repodata.json", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    with place.writing():
        publish(place, 2, b"again")  # the same size
    fresh = server.get("/linux-64/repodata.json", headers={"If-None-Match": etag})
    assert (fresh.status_code, fresh.content) == (200, b"again")


@pytest.mark.parametrize(
    "target",
    [
        "/../secret", "/linux-64/../../secret", "/%2e%2e/secret", "/linux-64/%2e%2e%2f%2e%2e%2fsecret", "/..%5csecret", "//secret",
        "/linux-64//secret", "/.mirror/lock", "/.mirror/verified.sqlite", "/.mirror/generations/1/manifest.json",
        "/.mirror/current/linux-64/repodata.json", "/.mirror/current", "/.mirror/", "/linux-64", "/linux-64/", "/linux-64/shards",
        "/linux-64/shards/../repodata.json", "/linux-64/out", "/linux-64/there/secret", "/linux-64/pipe", "/linux-64/none-1-0.conda",
        "/noarch/repodata.json", "/%00", "/linux-64/%00.conda", "/%ff%fe", "/index.html/x",
    ],
)  # fmt: skip
def test_nothing_else_is_served(server: httpx.Client, place: FolderPlace, tmp_path: Path, target: str) -> None:
    (place.root / "linux-64" / "out").symlink_to(tmp_path / "secret")
    (place.root / "linux-64" / "there").symlink_to(tmp_path)
    os.mkfifo(place.root / "linux-64" / "pipe")
    answer = raw(server, target)
    assert answer.startswith(b"HTTP/1.1 404 "), answer[:200]
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]


def test_an_index_that_is_no_link_of_the_mirror_is_not_followed(server: httpx.Client, place: FolderPlace, tmp_path: Path) -> None:
    index = place.root / "linux-64" / "repodata.json"
    index.unlink()
    index.symlink_to(tmp_path / "secret")
    assert raw(server, "/linux-64/repodata.json").startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"])
def test_it_is_for_reading_only(server: httpx.Client, method: str) -> None:
    assert raw(server, f"/{PACKAGE}", method).startswith(b"HTTP/1.1 405 ")


@given(st.text(alphabet="abz019./-_%\\\0~!+ ", max_size=30))
def test_what_is_served_lies_below_the_mirror(path: str) -> None:
    served = served_path(path)
    if served is not None:
        assert not served.startswith("/") and not {"", ".", ".."} & set(served.split("/")) and "\\" not in served and "\0" not in served


def test_nothing_to_serve_is_said(tmp_path: Path) -> None:
    empty = FolderPlace(tmp_path, "empty-mirror")
    with pytest.raises(UsageError, match="empty-mirror has no generation"), mirror_server(empty, "127.0.0.1", 0, print):
        pass


@pytest.mark.parametrize(("bind", "port"), [("127.0.0.1", -1), ("127.0.0.1", 70_000), ("192.0.2.1", 0), ("no such host", 0)])
def test_an_address_that_cannot_be_had_is_said(place: FolderPlace, bind: str, port: int) -> None:
    with pytest.raises(AddressError, match=f"cannot listen at {bind} port {port}: .*--bind"), mirror_server(place, bind, port, print):
        pass


def test_a_taken_port_is_said(place: FolderPlace) -> None:
    with (
        mirror_server(place, "127.0.0.1", 0, print) as first,
        pytest.raises(AddressError, match="in use"),
        mirror_server(place, "127.0.0.1", first.port, print),
    ):
        pass


def test_the_verb_says_where_and_ends_in_order(place: FolderPlace) -> None:
    words = [sys.executable, "-m", "atheria_pack", "channel", "serve", str(place.root), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[4] / "python")}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            address = process.stdout.readline().strip()
            assert httpx.get(f"{address}/{PACKAGE}").content == CONTENT
        finally:
            process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(10) == 0
    assert f"channel client-config {address}" in said and f"GET /{PACKAGE}" in said and said.endswith("stopped\n")
