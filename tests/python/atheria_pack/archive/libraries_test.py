"""Libraries of others: what is missing is found in the channel, with its licence, or the archive is refused."""

import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from atheria_pack.archive.binaries import floors, is_system, missing_libraries, needs_of
from atheria_pack.archive.content import Entry
from atheria_pack.archive.libraries import Borrowed, borrow
from atheria_pack.errors import PackError

sys.path.insert(0, str(Path(__file__).parent))

from packages import write_package  # noqa: E402

COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler is here to make libraries with")


def library(folder: Path, name: str, *needs: Path, code: str = "") -> Path:
    """A real shared library that needs others."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    source = folder / f"{name}.c"
    source.write_text(code or f"int made_for_{name.split('.')[0]}(void) {{ return 1; }}")
    words = [str(COMPILER), "-shared", "-fPIC", "-o", str(path), str(source), f"-Wl,-soname,{name}", "-Wl,--no-as-needed", *map(str, needs)]
    subprocess.run(words, check=True)
    return path


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """libouter needs libinner of a package that comes before it in the alphabet, as OpenBLAS needs gfortran's library."""
    folder = tmp_path / "libraries"
    inner = library(folder, "libinner.so.5")
    outer = library(folder, "libouter.so.0", inner)
    place = tmp_path / "channel"
    write_package(place, "ainner", "h1_0", {"lib/libinner.so.5": inner.read_bytes(), "share/other": b"o"}, version="5.0")
    files: dict[str, bytes | str] = {"lib/libouter-1.so": outer.read_bytes(), "lib/libouter.so.0": "libouter-1.so", "include/outer.h": b""}
    write_package(place, "outer", "h1_0", files, ["ainner >=5", "libgcc >=12"], version="1.0")
    write_package(place, "libgcc", "h1_0", {}, version="14")
    return place


def tree(tmp_path: Path) -> dict[str, Entry]:
    user = library(tmp_path / "libraries", "libuser.so", tmp_path / "libraries" / "libouter.so.0")
    return {"lib/atheria/backends/libuser.so": Entry(user.read_bytes())}


def borrowed(tmp_path: Path, channel: Path, depends: tuple[str, ...] = ("outer >=1,<2", "libgcc >=12", "__glibc >=2.17")) -> list[Borrowed]:
    lines: list[str] = []
    return borrow(tree(tmp_path), depends, channel.as_uri(), "linux-64", tmp_path / "cache", lines.append)


def test_the_library_its_link_and_what_it_needs(tmp_path: Path, channel: Path) -> None:
    assert missing_libraries(tree(tmp_path)) == {"libouter.so.0": ["lib/atheria/backends/libuser.so"]}
    found = {library.name: library for library in borrowed(tmp_path, channel)}
    assert set(found) == {"outer", "ainner"}
    assert set(found["outer"].content.files) == {"lib/libouter.so.0", "lib/libouter-1.so"}, "the library alone, not its headers"
    assert set(found["ainner"].content.files) == {"lib/libinner.so.5"}
    assert found["outer"].content.licences == {"LICENSE": b"licence of outer"}


def test_nothing_is_missing(tmp_path: Path) -> None:
    """No channel is asked, so a cpu archive needs none in reach."""
    alone = {"lib/libinner.so": Entry(library(tmp_path / "l", "libinner.so").read_bytes())}
    assert borrow(alone, ["outer"], "file:///nowhere", "linux-64", tmp_path, print) == []


def test_no_licence_no_library(tmp_path: Path, channel: Path) -> None:
    outer = (tmp_path / "libraries" / "libouter.so.0").read_bytes()
    write_package(channel, "outer", "h2_1", {"lib/libouter.so.0": outer}, ["ainner >=5"], version="1.0", licence=False)
    with pytest.raises(PackError, match="outer 1.0 of the channel file:.* has no licence text"):
        borrowed(tmp_path, channel)


def test_a_library_that_no_package_has(tmp_path: Path, channel: Path) -> None:
    with pytest.raises(PackError, match="lib/atheria/backends/libuser.so needs libouter.so.0, which neither"):
        borrowed(tmp_path, channel, ("ainner >=5",))
    with pytest.raises(PackError, match="cannot give nowhere >=5 for linux-64"):
        borrowed(tmp_path, channel, ("nowhere >=5",))


def test_a_damaged_package_is_not_used(tmp_path: Path, channel: Path) -> None:
    path = channel / "linux-64" / "outer-1.0-h1_0.conda"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PackError, match="outer-1.0-h1_0.conda is not what its channel lists"):
        borrowed(tmp_path, channel)


class Served(http.server.SimpleHTTPRequestHandler):
    """A channel over HTTP that counts what is asked for and can end its packages early."""

    asked: ClassVar[list[str]] = []
    cut = False

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path = Path(self.translate_path(self.path))
        if not self.cut or path.suffix != ".conda":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        self.wfile.write(path.read_bytes()[:-1])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def address(channel: Path) -> Iterator[str]:
    for subdir in channel.iterdir():
        (subdir / "repodata.json.zst").unlink(missing_ok=True)
    Served.asked.clear()
    Served.cut = False
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=str(channel))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_packages_of_a_server_are_fetched_once_and_whole(tmp_path: Path, address: str) -> None:
    def fetch() -> set[str]:
        return {found.name for found in borrow(tree(tmp_path), ("outer >=1,<2",), address, "linux-64", tmp_path / "cache", lambda _: None)}

    Served.cut = True
    with pytest.raises(PackError, match=rf"{address}/linux-64/ainner-5.0-h1_0.conda (came as another file|could not be fetched)"):
        fetch()
    assert not list((tmp_path / "cache" / "fetched").iterdir()), "nothing is kept of it"
    Served.cut = False
    Served.asked.clear()
    assert fetch() == fetch() == {"outer", "ainner"}
    packages = [path for path in Served.asked if path.endswith(".conda")]
    assert sorted(packages) == ["/linux-64/ainner-5.0-h1_0.conda", "/linux-64/outer-1.0-h1_0.conda"]


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("libc.so.6", True), ("ld-linux-x86-64.so.2", True), ("libstdc++.so.6", True), ("libgcc_s.so.1", True), ("libz.so.1", True),
        ("libopenblas.so.0", False), ("libcuda.so.1", False), ("libgomp.so.1", False), ("libgfortran.so.5", False),
        ("/usr/lib/libSystem.B.dylib", True), ("@rpath/libc++.1.dylib", False),
        ("KERNEL32.dll", True), ("api-ms-win-crt-heap-l1-1-0.dll", True), ("MSVCP140.dll", True), ("openblas.dll", False),
    ],
)  # fmt: skip
def test_what_a_system_has(name: str, system: bool) -> None:
    assert is_system(name) == system


def test_the_newest_symbols_a_tree_asks_for(tmp_path: Path) -> None:
    """log's newest version is GLIBC_2.29's; what needs no symbols has no floor."""
    old = library(tmp_path / "l", "libold.so")
    new = library(tmp_path / "l", "libnew.so", code="double log(double); double f(double x) { return log(x); }")
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", str(new), f"{new}.c", "-lm"], check=True)
    if "GLIBC" not in needs_of(new.read_bytes()).versions:
        pytest.skip("this machine's C library has no symbol versions")
    assert floors({"a": Entry(old.read_bytes()), "b": Entry(new.read_bytes())})["GLIBC"] == "2.29"
    assert floors({"c": Entry(b"text")}) == {}
