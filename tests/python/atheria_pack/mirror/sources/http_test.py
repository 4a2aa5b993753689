"""A web server as a source: what breaks off goes on, what changes is noticed, and secrets stay where they belong."""

import gzip
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from atheria_pack.errors import UsageError
from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.source import SourceError

sys.path.insert(0, str(Path(__file__).parent.parent))
from web import Fault, FaultyServer  # noqa: E402

CONTENT = bytes(range(256)) * 2000


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    (tmp_path / "noarch").mkdir()
    (tmp_path / "noarch" / "file").write_bytes(CONTENT)
    return tmp_path


def quick(address: str, attempts: int = 5) -> HttpSource:
    return HttpSource(address, attempts=attempts, pause=0.001)


def read(source: HttpSource, path: str = "noarch/file", offset: int = 0) -> tuple[bytes, int, int | None]:
    with source.open(path, offset) as answer:
        return answer.stream.read(), answer.offset, answer.size


@dataclass
class Script:
    """A server that says byte for byte what it is told to, a connection after the other, the last answer again and again."""

    answers: list[bytes]
    heard: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def served(self) -> Iterator["Script"]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(server,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                heard = b""
                while b"\r\n\r\n" not in heard:
                    piece = connection.recv(4096)
                    if not piece:
                        break
                    heard += piece
                self.heard.append(heard.decode())
                connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_a_file_whole_and_from_an_offset_on(channel: Path) -> None:
    with FaultyServer(channel) as server:
        source = quick(f"{server.url}/")
        assert source.address == server.url
        assert read(source) == (CONTENT, 0, len(CONTENT))
        assert read(source, offset=1000) == (CONTENT[1000:], 1000, len(CONTENT))
        assert read(source, offset=len(CONTENT)) == (b"", len(CONTENT), len(CONTENT))
        assert read(source, offset=len(CONTENT) + 9) == (b"", len(CONTENT), len(CONTENT))
        assert source.local("noarch/file") is None
        with pytest.raises(FileNotFoundError, match=f"{server.url}/noarch/absent"):
            read(source, "noarch/absent")


def test_a_server_without_ranges_begins_at_the_beginning(channel: Path) -> None:
    with FaultyServer(channel, ranges=False) as server:
        assert read(quick(server.url), offset=1000) == (CONTENT, 0, len(CONTENT))


@pytest.mark.parametrize("name", ["x-1!2.0+cu129-h0_0.conda", "a~b-1-0.conda", "_x-1-0.tar.bz2", "with space", "100%"])
def test_odd_names(channel: Path, name: str) -> None:
    (channel / "noarch" / name).write_bytes(b"odd")
    with FaultyServer(channel) as server:
        assert read(quick(server.url), f"noarch/{name}") == (b"odd", 0, 3)


def test_a_plus_is_written_so_that_no_server_takes_it_for_a_space() -> None:
    with Script([answer("200 OK", b"x", Content_Length="1")]).served() as script:
        read(quick(f"{script.url}/a%20channel"), "noarch/x-1!2+3-0.conda")
    assert script.heard[0].startswith("GET /a%20channel/noarch/x-1%212%2B3-0.conda HTTP/1.1\r\n")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_goes_on_where_it_was(channel: Path, ranges: bool) -> None:
    with FaultyServer(channel, ranges=ranges) as server:
        for cut in (0, 1, 100_000, len(CONTENT) - 1):
            server.fail("file", Fault(cut=cut, times=1))
            assert read(quick(server.url)) == (CONTENT, 0, len(CONTENT))
            assert server.offsets["noarch/file"].pop() == (cut if ranges else 0)
        server.fail("file", Fault(cut=60_000, times=4))  # more often than there are attempts without a byte between them
        whole = read(quick(server.url, attempts=2 if ranges else 5), offset=10)
        assert whole[0][-len(CONTENT) + 10 :] == CONTENT[10:]


def test_a_connection_that_breaks_at_the_same_byte_for_ever(channel: Path) -> None:
    with FaultyServer(channel, ranges=False) as server:
        server.fail("file", Fault(cut=100))
        with pytest.raises(SourceError, match=rf"noarch/file broke off after 100 of {len(CONTENT)} bytes: .*; given up after 3 attempts"):
            read(quick(server.url, attempts=3))


def test_a_file_that_changes_meanwhile(channel: Path) -> None:
    with FaultyServer(channel) as server:
        server.fail("file", Fault(cut=100, times=1))
        asked = iter(range(9))
        server.on_ask = lambda path: (channel / path).write_bytes(b"another" * 900) if next(asked) else None
        with pytest.raises(SourceError, match="noarch/file changed on the server while it was read"):
            read(quick(server.url))


def test_without_etag_and_date_nothing_is_pieced_together() -> None:
    with (
        Script([answer("200 OK", b"half", Content_Length="8")]).served() as script,
        pytest.raises(SourceError, match="broke off after 4 of 8 bytes: .*no ETag and no date"),
    ):
        read(quick(script.url))
    assert len(script.heard) == 1


def test_a_weak_etag_proves_nothing_and_the_date_does() -> None:
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    first = answer("200 OK", b"half", Content_Length="8", ETag='W/"1"', Last_Modified=date)
    rest = answer("206 Partial Content", b"full", Content_Length="4", Content_Range="bytes 4-7/8", Last_Modified=date)
    with Script([first, rest]).served() as script:
        assert read(quick(script.url))[0] == b"halffull"
    assert f"If-Range: {date}\r\n" in script.heard[1]
    assert "Range: bytes=4-\r\n" in script.heard[1]


def test_part_of_what_was_asked_for() -> None:
    """Some caches answer with fewer bytes than asked for, and some begin before: both say so."""
    tag = '"1"'
    answers = [
        answer("206 Partial Content", b"23", Content_Length="2", Content_Range="bytes 2-3/8", ETag=tag),
        answer("206 Partial Content", b"3456", Content_Length="4", Content_Range="bytes 3-6/8", ETag=tag),
        answer("200 OK", b"01234567", Content_Length="8", ETag=tag),
    ]
    with Script(answers).served() as script:
        assert read(quick(script.url), offset=2) == (b"234567", 2, 8)


@pytest.mark.parametrize("status", ["408", "429", "500", "502", "503", "504"])
def test_what_passes_is_tried_again(status: str) -> None:
    with Script([answer(f"{status} Busy"), answer("200 OK", b"x", Content_Length="1")]).served() as script:
        assert read(quick(script.url))[0] == b"x"
        assert len(script.heard) == 2


def test_what_does_not_pass(channel: Path) -> None:
    with FaultyServer(channel) as server:
        server.fail("file", Fault(status=503))
        with pytest.raises(SourceError, match=r"noarch/file cannot be read after 3 attempts: it answers 503"):
            read(quick(server.url, attempts=3))
        assert server.asked["noarch/file"] == 3
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    with pytest.raises(SourceError, match=r"cannot be read after 2 attempts: .*refused; is the address right, and its server in reach"):
        read(quick(f"http://127.0.0.1:{closed}", attempts=2))


def test_the_server_says_when_to_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    busy = [answer("503 Busy", Retry_After=after) for after in ("7", "100000", "Fri, 31 Dec 1999 23:59:59 GMT")]
    with Script([*busy, answer("200 OK", b"x", Content_Length="1")]).served() as script:
        read(HttpSource(script.url, pause=1.0))
    assert waited == [7.0, 60.0, 4.0]


def test_a_silent_server_is_given_up(channel: Path) -> None:
    with FaultyServer(channel) as server:
        server.fail("file", Fault(stall=0.6))
        with pytest.raises(SourceError, match=r"broke off after \d+ of \d+ bytes: .*; given up after 1 attempt$"):
            read(HttpSource(server.url, attempts=1, pause=0.001, timeout=0.15))


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refusal_says_what_to_do(channel: Path, status: int) -> None:
    with FaultyServer(channel) as server:
        server.fail("file", Fault(status=status))
        with pytest.raises(SourceError, match=rf"refuses to give it \(status {status}\).*USER:PASSWORD@HOST.*/t/TOKEN/"):
            read(quick(server.url))
        assert server.asked["noarch/file"] == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (answer("400 Bad Request"), "answers 400 Bad Request; expected 200, or 206 from byte 5 on"),
        (answer("206 Partial Content", b"x", Content_Length="1", Content_Range="bytes 9-9/10"), "answers 206 .*'bytes 9-9/10'"),
        (answer("206 Partial Content", b"x", Content_Length="1", Content_Range="lines 5-5/6"), "answers 206 .*'lines 5-5/6'"),
        (answer("206 Partial Content", b"x", Content_Length="1"), "answers 206 Partial Content; expected"),
        (answer("416 Range Not Satisfiable"), "answers 416"),
        (b"GET OUT\r\n\r\n", "cannot be read after 2 attempts"),
        (answer("200 OK", b"no gzip", Content_Length="7", Content_Encoding="gzip"), "is broken"),
    ],
)
def test_answers_that_are_none(said: bytes, told: str) -> None:
    with Script([said]).served() as script, pytest.raises(SourceError, match=told):
        read(quick(script.url, attempts=2), offset=5)


def test_a_server_that_compresses_all_the_same() -> None:
    packed = gzip.compress(CONTENT)
    with Script([answer("200 OK", packed, Content_Length=str(len(packed)), Content_Encoding="gzip", ETag='"1"')]).served() as script:
        assert read(quick(script.url), offset=5) == (CONTENT, 0, None)
    assert "Accept-Encoding: identity\r\n" in script.heard[0]


def test_redirects(channel: Path) -> None:
    with FaultyServer(channel) as far, FaultyServer(channel) as near:
        near.fail("file", Fault(status=302, to=f"{far.url}/noarch/file"))
        assert read(quick(near.url), offset=9) == (CONTENT[9:], 9, len(CONTENT))
        near.fail("file", Fault(status=302, to="/noarch/file"))
        with pytest.raises(SourceError, match="redirects"):
            read(quick(near.url))
        near.fail("file", Fault(status=302, to="ftp://host/file"))
        with pytest.raises(SourceError, match="unsupported protocol"):
            read(quick(near.url))


def test_from_https_to_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    source = quick("https://host/channel")
    plain = source._client.build_request("GET", "http://elsewhere/file?signature=secret")
    with pytest.raises(SourceError, match="https://host/channel sends on to http://elsewhere, where anybody") as told:
        source._client.event_hooks["request"][0](plain)
    assert "secret" not in str(told.value)
    source._client.event_hooks["request"][0](source._client.build_request("GET", "https://elsewhere/file"))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://user:pass%40word@host:8443/channel/", "https://host:8443/channel"),
        ("https://host/t/ab-12345/channel", "https://host/t/<TOKEN>/channel"),
        ("https://u:p@host/api/t/ab-12345/get/channel", "https://host/api/t/<TOKEN>/get/channel"),
    ],
)
def test_secrets_are_not_shown(typed: str, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    assert open_source(typed).address == shown


def test_an_account_is_used_and_not_given_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Script([answer("403 Forbidden")]).served() as far:
        with Script([answer("302 Found", Location=f"{far.url}/noarch/file")]).served() as near:
            address = near.url.replace("//", "//user:pass%40word@") + "/t/tok-en/channel"
            with pytest.raises(SourceError) as told:
                read(quick(address))
        assert "authorization: Basic dXNlcjpwYXNzQHdvcmQ=\r\n".lower() in near.heard[0].lower()
        assert near.heard[0].startswith("GET /t/tok-en/channel/noarch/file ")
        assert "authorization" not in far.heard[0].lower()
    for text in (str(told.value), caplog.text):
        assert not any(secret in text for secret in ("pass", "tok-en", "dXNl"))


def test_what_lies_beside_gets_the_account_on_the_same_server_only() -> None:
    source = quick("https://user:word@host/channel")
    assert "Authorization" in source.beside("https://host/packages")._client.headers
    assert "Authorization" not in source.beside("https://other/packages")._client.headers
    assert "Authorization" not in source.beside("http://host/packages")._client.headers
    assert "Authorization" in source.beside("https://own:account@other/packages")._client.headers


@pytest.mark.parametrize("address", ["https://host/channel?secret", "https://host/channel#secret", "https:///channel"])
def test_addresses_that_are_no_channel(address: str) -> None:
    with pytest.raises(UsageError, match="is no channel's address") as told:
        open_source(address)
    assert "secret" not in str(told.value)


def test_many_threads(channel: Path) -> None:
    results: list[object] = []

    def work(source: HttpSource, offset: int) -> None:
        results.append(read(source, offset=offset)[0] == CONTENT[offset:])

    with FaultyServer(channel) as server:
        server.fail("file", Fault(cut=7, times=5))
        source = quick(server.url)
        threads = [threading.Thread(target=work, args=(source, 1000 * number)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        source.close()
    assert results == [True] * 12
