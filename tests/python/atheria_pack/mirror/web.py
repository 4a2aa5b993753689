"""Web servers for channels: nginx as the documentation sets it up, and one whose every fault is asked for."""

from __future__ import annotations

import email.utils
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[4]
_DOCUMENTED = ROOT / "python" / "atheria_pack" / "mirror" / "README.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx(folder: Path, work: Path) -> Iterator[str]:
    """Serves a folder by nginx, with the text of README.md, and gives its address. `work`: an empty folder for what nginx writes."""
    assert NGINX, "nginx is not installed"
    block = re.search(r"```nginx\n(.*?)```", _DOCUMENTED.read_text(), re.DOTALL)
    assert block, f"no nginx block in {_DOCUMENTED}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, listens = re.subn(r"listen [^;]+;", f"listen 127.0.0.1:{port};", block[1])
    server, roots = re.subn(r"root [^;]+;", f'root "{folder}";', server)
    assert listens == roots == 1, "the documented text has another shape"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f'{kind}_temp_path "{work}/{kind}";' for kind in kinds)
    config = work / "nginx.conf"
    config.write_text(
        f'daemon off;\nmaster_process off;\npid "{work}/pid";\nerror_log "{work}/error.log";\nevents {{}}\n'
        f'http {{\ntypes {{ text/html html; application/json json; }}\naccess_log "{work}/access.log";\n{temporary}\n{server}\n}}\n'
    )
    running = subprocess.Popen([NGINX, "-p", str(work), "-c", str(config)], stderr=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            if running.poll() is not None:
                raise AssertionError(f"nginx ended with {running.returncode}: {running.communicate()[1]}")
            try:
                urllib.request.urlopen(f"{address}/").close()
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.05)
            else:
                break
        else:
            raise AssertionError("nginx does not answer")
        yield address
    finally:
        running.terminate()
        running.communicate()


@dataclass
class Fault:
    """What goes wrong with a file.

    - `status`: answered in place of the file. `to`: where to, for redirects.
    - `cut`: the connection closes after so many bytes of the body, whose full length was promised.
    - `stall`: seconds without a byte, in the middle. `rate`: bytes per second.
    - `wrong`: the last byte of the body is another one.
    - `times`: how often, then all is well; None: always.
    """

    status: int | None = None
    to: str | None = None
    cut: int | None = None
    stall: float = 0.0
    rate: int | None = None
    wrong: bool = False
    times: int | None = None


class FaultyServer:
    """Serves a folder on loopback, with ranges and ETags unless told otherwise, and with the faults that were set for its files."""

    def __init__(self, folder: Path, *, ranges: bool = True, heads: bool = True) -> None:
        """`ranges`: answers 206 to who asks. `heads`: answers HEAD, else 405."""
        self.folder, self.ranges, self.heads = folder, ranges, heads
        self.faults: list[tuple[re.Pattern[str], Fault]] = []
        self.asked: Counter[str] = Counter()  # GETs by path
        self.offsets: dict[str, list[int]] = {}  # where the answers to them began
        self.sent = 0  # bytes of bodies
        self.on_ask: Callable[[str], None] = lambda path: None  # called with each path before it is answered
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"served": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail(self, pattern: str, fault: Fault) -> None:
        """Set a fault for paths (`linux-64/repodata.json`) that the regular expression is found in; the last one set comes first."""
        self.faults.insert(0, (re.compile(pattern), fault))

    def heal(self) -> None:
        self.faults.clear()

    def fault_of(self, path: str) -> Fault:
        with self._lock:
            for pattern, fault in self.faults:
                if pattern.search(path) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return Fault()

    def began(self, path: str, offset: int) -> None:
        with self._lock:
            self.asked[path] += 1
            self.offsets.setdefault(path, []).append(offset)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)

    def ended(self) -> None:
        with self._lock:
            self.at_once -= 1

    def count(self, size: int) -> None:
        with self._lock:
            self.sent += size


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none; anything else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: ClassVar[FaultyServer]

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        if not self.served.heads:
            self._say(405)
            return
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = unquote(self.path.partition("?")[0]).lstrip("/")
        self.served.on_ask(path)
        fault = self.served.fault_of(path) if body else Fault()
        if fault.status is not None:
            if body:
                self.served.began(path, 0)
                self.served.ended()
            self._say(fault.status, {"Location": fault.to} if fault.to else {})
            return
        try:
            with open(self.served.folder / path, "rb") as stream:
                content = stream.read()
                changed = (self.served.folder / path).stat().st_mtime_ns
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            self._say(404)
            return
        tag = f'"{changed:x}-{len(content):x}"'
        if self.headers.get("If-None-Match") == tag:
            self._say(304, {"ETag": tag})
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if self.served.ranges else None
        if asked and self.headers.get("If-Range", tag) != tag:
            asked = None
        start, end = (int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)) if asked else (0, len(content) - 1)
        if asked and start >= len(content):
            self._say(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        head = {"Content-Length": str(end + 1 - start), "ETag": tag, "Last-Modified": email.utils.formatdate(changed / 1e9, usegmt=True)}
        if self.served.ranges:
            head["Accept-Ranges"] = "bytes"
        if asked:
            head["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        self.send_response(206 if asked else 200)
        for name, value in head.items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        if fault.wrong:
            content = content[:-1] + bytes([content[-1] ^ 1])
        self.served.began(path, start)
        try:
            self._send(content[start : end + 1], fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.served.ended()

    def _send(self, content: bytes, fault: Fault) -> None:
        half = len(content) // 2
        if fault.cut is not None:
            content = content[: fault.cut]
            self.close_connection = True
        step = len(content) or 1
        if fault.rate:
            step = max(1, fault.rate // 20)
        elif fault.stall:
            step = max(1, half)
        for start in range(0, len(content), step):
            if start and (fault.stall or fault.rate):
                self.wfile.flush()
                time.sleep(fault.stall or 0.05)
            piece = content[start : start + step]
            self.wfile.write(piece)
            self.served.count(len(piece))

    def _say(self, status: int, head: dict[str, str] | None = None) -> None:
        text = b"" if status == 304 else f"{status}\n".encode()
        self.send_response(status)
        for name, value in {**(head or {}), "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
