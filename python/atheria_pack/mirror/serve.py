"""A mirror in a folder over HTTP, for a quick look: what clients of a channel need and nothing else of the folder.

A plain web server in front of the folder does the same for a cluster; README.md shows nginx.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestedRangeNotSatisfiable
from werkzeug.http import http_date, parse_range_header
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_path_info, wrap_file

from atheria_pack.errors import PackError, UsageError
from atheria_pack.mirror.layout import CURRENT, MANIFEST, PAGE, SHARDS, SIGNATURE, SUMS, UnsafeNameError, checked_file_name, checked_subdir, is_index
from atheria_pack.mirror.media import cache_control, content_type
from atheria_pack.mirror.places.folder import FolderPlace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# What proves the visible generation; the rest below .mirror is nobody else's business.
PROOFS = tuple(f"{CURRENT}/{name}" for name in (MANIFEST, SIGNATURE, SUMS))
_PIECE = 256 * 1024
_METHODS = ("GET", "HEAD")


class AddressError(PackError):
    """The address to listen at cannot be had. The text says why and how to name another one."""


def served_path(path: str) -> str | None:
    """The file of a mirror that the path of an address means, without its leading `/`; None for what is not served."""
    if path == "":
        return PAGE
    if is_index(path) or path in PROOFS:
        return path
    folder, _, name = path.rpartition("/")
    subdir, _, inner = folder.partition("/")
    try:
        checked_subdir(subdir, "address")
        checked_file_name(name, "address")
    except UnsafeNameError:
        return None
    return path if inner in ("", SHARDS) else None


class MirrorApplication:
    """The mirror as a WSGI application. May be called by many threads at once."""

    def __init__(self, place: FolderPlace) -> None:
        self._place = place

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer(environ)(environ, start_response)
        except HTTPException as error:
            return error(environ, start_response)

    def _answer(self, environ: WSGIEnvironment) -> Response:
        if environ["REQUEST_METHOD"] not in _METHODS:
            raise MethodNotAllowed(_METHODS)
        path = served_path(get_path_info(environ).removeprefix("/"))
        if path is None:
            raise NotFound()
        try:
            stream = self._place.open(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound() from error
        status = os.fstat(stream.fileno())
        answer = Response(wrap_file(environ, stream, _PIECE), content_type=content_type(path), direct_passthrough=True)
        answer.headers["Cache-Control"] = cache_control(path)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.content_length = status.st_size
        # Another file under this name, however it came there, is another inode or has another time.
        answer.set_etag(f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}")
        answer.headers["Last-Modified"] = http_date(status.st_mtime)
        wanted = parse_range_header(environ.get("HTTP_RANGE"))
        if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
            environ.pop("HTTP_RANGE", None)  # several ranges at once, or nothing that can be read: the whole file answers both
        try:
            return answer.make_conditional(environ, accept_ranges=True, complete_length=status.st_size)
        except RequestedRangeNotSatisfiable:
            stream.close()
            raise


class _Handler(WSGIRequestHandler):
    """Tells who asked for what in one plain line."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        heard: Callable[[str], None] = getattr(self.server, "heard")  # noqa: B009  # set below; werkzeug's server has no place for it
        heard(f"{self.address_string()} {ascii(self.requestline)[1:-1]} {code if isinstance(code, str) else int(code)}")


@contextmanager
def mirror_server(place: FolderPlace, bind: str, port: int, heard: Callable[[str], None]) -> Iterator[BaseWSGIServer]:
    """A server that listens at `bind` and `port` already; its `serve_forever` answers, a thread a request, until `shutdown`.

    Port 0 takes a free one, the server's `port` tells which. `heard` gets a line for each request. UsageError when the place has no
    generation, AddressError when the address cannot be had.
    """
    if place.current() is None:
        raise UsageError(f"{place.address} has no generation to serve; `channel mirror SRC {place.address}` makes one")
    try:
        listening = socket.create_server((bind, port), family=socket.AF_INET6 if ":" in bind else socket.AF_INET)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AddressError(f"cannot listen at {bind} port {port}: {reason}; name others with --bind and --port (0 takes a free port)") from error
    with listening, make_server(
        bind, port, MirrorApplication(place), threaded=True, request_handler=_Handler, fd=listening.fileno()
    ) as server:
        setattr(server, "heard", heard)  # noqa: B010
        yield server
