"""A channel on a web server as a source: what breaks off goes on where it was, and secrets in the address stay in it."""

from __future__ import annotations

import base64
import io
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote, unquote, urlsplit

import httpx

from atheria_pack.errors import UsageError
from atheria_pack.mirror.sources.source import Answer, SourceError

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT = 60.0  # seconds, whatever Retry-After asks for
_MOST_CONNECTIONS = 64
HIDDEN = "<TOKEN>"  # what stands for it where addresses are printed
_TOKEN = re.compile(r"(?<=/t/)[^/]+")  # conda's way to put a token into an address

# Its lines have every address as it was asked for, with the tokens in it.
logging.getLogger("httpx").setLevel(logging.WARNING)


class RefusedError(SourceError):
    """The server refuses to give a file, or says so of one that it does not have, as buckets behind a web server do."""


class HttpSource:
    """A channel at `https://` or `http://`, with `user:password@` or `/t/TOKEN/` where it needs them. May be used by many threads at once."""

    def __init__(self, address: str, *, attempts: int = 5, pause: float = 0.5, timeout: float = 60.0) -> None:
        """`attempts` at a request before it is given up; `pause` in seconds after the first, doubled after each; `timeout` in seconds
        without a byte. UsageError for an address that is no channel's. Nothing is asked of the server yet."""
        parts = urlsplit(address)
        self.address = without_secrets(address).rstrip("/")
        if parts.query or parts.fragment or not parts.hostname:
            raise UsageError(f"{self.address} is no channel's address; expected https://HOST/PATH without ? and #")
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._account = parts.netloc.rpartition("@")[0]
        self._attempts = attempts
        self._pause = pause
        headers = {"Accept-Encoding": "identity"}  # what is compressed here is so by name, and ranges count the bytes of the file
        if self._account:
            user, _, password = self._account.partition(":")
            token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"  # a header, not `auth`: httpx drops it on a redirect to another host
        self._client = httpx.Client(
            headers=headers,
            follow_redirects=True,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 15.0), pool=None),
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_CONNECTIONS),
            event_hooks={"request": [self._refuse_plain]},
        )

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Answer]:
        """A file from `offset` on, or from its beginning where the server cannot skip. What breaks off is asked for again from there on.

        FileNotFoundError where there is none; SourceError where the server does not answer, refuses, or has changed the file meanwhile.
        """
        body = _Body(self, path, offset)
        with io.BufferedReader(body, 1 << 17) as stream:
            yield Answer(cast(BinaryIO, stream), body.offset, body.size)

    def local(self, path: str) -> Path | None:
        """None: it is on another machine."""
        return None

    def beside(self, url: str) -> HttpSource:
        """The channel at another address that this one's index named. It gets the same account only where it is the same server's."""
        parts = urlsplit(url)
        if self._account and not parts.username and parts[:2] == urlsplit(self._url)[:2]:
            url = parts._replace(netloc=f"{self._account}@{parts.netloc}").geturl()
        return HttpSource(url, attempts=self._attempts, pause=self._pause)

    def url(self, path: str) -> str:
        """The whole address of a file, secrets in the path included: to resolve what an index names, never to print."""
        return f"{self._url}/{quote(path)}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """The answer to a request, its body not read yet, after as many attempts as it takes: its status is none that is worth another."""
        for attempt in range(1, self._attempts + 1):
            wait = self.wait(attempt)
            try:
                response = self._client.send(self._client.build_request("GET", self.url(path), headers=headers), stream=True)
            except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
                raise SourceError(f"{self.address}/{path}: {error}") from error
            except httpx.TransportError as error:
                why = reason(error)
            else:
                if response.status_code not in _RETRIED:
                    return response
                response.close()
                why = f"it answers {response.status_code} {response.reason_phrase}"
                asked = response.headers.get("Retry-After", "")
                wait = min(_LONGEST_WAIT, float(asked)) if asked.isascii() and asked.isdigit() else wait
            if attempt < self._attempts:
                time.sleep(wait)
        raise SourceError(f"{self.address}/{path} cannot be read after {_times(self._attempts)}: {why}; is the address right, and its server in "
                          "reach? Then run it again")

    def wait(self, attempt: int) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        return float(min(_LONGEST_WAIT, self._pause * 2 ** (attempt - 1)))

    @property
    def attempts(self) -> int:
        """How often something is tried before it is given up."""
        return self._attempts

    def _refuse_plain(self, request: httpx.Request) -> None:
        # Called before every request, those of redirects included.
        if self._url.startswith("https:") and request.url.scheme != "https":
            raise SourceError(f"{self.address} sends on to {request.url.scheme}://{request.url.host}, where anybody may change what is read")


def without_secrets(address: str) -> str:
    """An address as it may be printed: no account, no token, nothing after a question mark."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=_TOKEN.sub(HIDDEN, parts.path), query="", fragment="").geturl()


def reason(error: Exception) -> str:
    """What went wrong on the network, in words."""
    return str(error) or type(error).__name__


class _Body(io.RawIOBase):
    """The bytes of a file from `offset` on; a connection that breaks is replaced by another one that goes on."""

    def __init__(self, source: HttpSource, path: str, offset: int) -> None:
        super().__init__()
        self._source = source
        self._path = path
        self._label = f"{source.address}/{path}"
        self._failures = 0  # in a row, without a byte between them
        self._left = b""
        response = source.ask(path, {"Range": f"bytes={offset}-"} if offset else {})
        self.size: int | None = None
        self.offset = self._accept(response, offset)
        self._position = self.offset
        self._validator = _validator(response)
        self._encoded = response.headers.get("Content-Encoding", "identity") != "identity"
        if self._encoded:
            self.size = None  # that of the encoded bytes, which nobody gets to see
        self._take(response)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer, in the words of typeshed
        while not self._left:
            try:
                self._left = next(self._chunks)
            except StopIteration:
                if self.size is None or self._position >= self.size:
                    return 0
                self._resume("the connection was closed")
            except httpx.TransportError as error:
                self._resume(reason(error))
            except httpx.DecodingError as error:
                raise SourceError(f"{self._label} is broken: {reason(error)}") from error
            else:
                self._failures = 0
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        self._position += count
        return count

    def close(self) -> None:
        if not self.closed and hasattr(self, "_response"):
            self._response.close()
        super().close()

    def _take(self, response: httpx.Response) -> None:
        self._response = response
        # An empty file's answer to a range has a body of its own, which is none of the file's.
        self._chunks = iter(()) if response.status_code == 416 else response.iter_bytes()

    def _accept(self, response: httpx.Response, asked: int) -> int:
        """Where the body begins; sets the size."""
        status = response.status_code
        ranges = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
        if status == 200:
            length = response.headers.get("Content-Length", "")
            self.size = int(length) if length.isascii() and length.isdigit() else None
            return 0
        if ranges and ranges[2] != "*":
            self.size = int(ranges[2])
        if status == 206 and ranges and ranges[1] and int(ranges[1]) <= asked:
            return int(ranges[1])
        if status == 416 and self.size is not None and self.size <= asked:
            return self.size
        response.close()
        if status in (404, 410):
            raise FileNotFoundError(self._label)
        if status in (401, 403, 407):
            secrets = "a server with accounts takes https://USER:PASSWORD@HOST/..., one with tokens https://HOST/t/TOKEN/..."
            raise RefusedError(f"{self._label}: the server refuses to give it (status {status}); {secrets}")
        told = f" {response.headers['Content-Range']!r}" if "Content-Range" in response.headers else ""
        raise SourceError(f"{self._label}: the server answers {status} {response.reason_phrase}{told}; expected 200, or 206 from byte {asked} on")

    def _resume(self, why: str) -> None:
        self._response.close()
        self._failures += 1
        broken = f"{self._label} broke off after {self._position} of {self.size if self.size is not None else 'unknown'} bytes: {why}"
        if self._encoded or not self._validator:
            raise SourceError(f"{broken}; the server gives no ETag and no date, so it cannot be told whether it still has the same file")
        if self._failures >= self._source.attempts:
            raise SourceError(f"{broken}; given up after {_times(self._failures)}")
        time.sleep(self._source.wait(self._failures))
        size = self.size
        response = self._source.ask(self._path, {"Range": f"bytes={self._position}-", "If-Range": self._validator})
        start = self._accept(response, self._position)
        if _validator(response) != self._validator or self.size != size:
            response.close()
            raise SourceError(f"{self._label} changed on the server while it was read; run again")
        self._take(response)
        self._skip(self._position - start)

    def _skip(self, count: int) -> None:
        """Read over bytes that are here already, from a server that begins before them."""
        while count > 0:
            try:
                chunk = next(self._chunks)
            except (StopIteration, httpx.TransportError) as error:
                self._resume(reason(error))
                return
            count -= len(chunk)
            self._left = chunk[len(chunk) + count :] if count < 0 else b""


def _validator(response: httpx.Response) -> str:
    """What tells one state of a file from another, as If-Range takes it: a strong ETag, or the date."""
    tag = str(response.headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(response.headers.get("Last-Modified", ""))


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
