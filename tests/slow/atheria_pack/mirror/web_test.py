"""The servers of the tests do what other tests rely on."""

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python" / "atheria_pack" / "mirror"))

from web import Fault, FaultyServer  # noqa: E402

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "linux-64/a-1.0+gpu-h0_0.conda",
        "linux-64/repodata.json",
        ".mirror/SHA256SUMS",
        ".mirror/current/SHA256SUMS",
        "linux-64/shards/" + "a" * 64 + ".msgpack.zst",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(CONTENT)
    return tmp_path


def test_nginx_as_documented(folder: Path, serve_by_nginx: Callable[[Path], str]) -> None:
    """What changes is asked for each time, what cannot change is kept, and the mirror's own folder is nobody's business."""
    (folder / "linux-64" / "repodata.json").rename(folder / ".mirror" / "repodata.json")
    (folder / "linux-64" / "repodata.json").symlink_to("../.mirror/repodata.json")
    address = serve_by_nginx(folder)
    index = httpx.get(f"{address}/linux-64/repodata.json")
    assert index.content == CONTENT and index.headers["cache-control"] == "no-cache"
    assert httpx.get(f"{address}/linux-64/repodata.json", headers={"If-None-Match": index.headers["etag"]}).status_code == 304
    for name in ("a-1.0+gpu-h0_0.conda", "shards/" + "a" * 64 + ".msgpack.zst"):
        kept = httpx.get(f"{address}/linux-64/{name}", headers={"Range": "bytes=10-"})
        assert kept.status_code == 206 and kept.content == CONTENT[10:] and "immutable" in kept.headers["cache-control"]
    assert httpx.get(f"{address}/.mirror/SHA256SUMS").status_code == 404
    assert httpx.get(f"{address}/.mirror/current/SHA256SUMS").content == CONTENT


def test_faults(folder: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    server = serve_with_faults(folder)
    address = f"{server.url}/linux-64/a-1.0%2Bgpu-h0_0.conda"
    path = "linux-64/a-1.0+gpu-h0_0.conda"
    assert httpx.get(address).content == CONTENT and server.sent == len(CONTENT)
    assert httpx.get(address, headers={"Range": "bytes=100-"}).content == CONTENT[100:]
    assert (server.asked[path], server.offsets[path]) == (2, [0, 100])

    server.fail(r"\.conda$", Fault(status=500, times=1))
    assert [httpx.get(address).status_code for _ in range(2)] == [500, 200]
    server.fail(r"\.conda$", Fault(cut=1000, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(address)
    server.fail(r"\.conda$", Fault(wrong=True, times=1))
    wrong = httpx.get(address).content
    assert len(wrong) == len(CONTENT) and hashlib.sha256(wrong).digest() != hashlib.sha256(CONTENT).digest()
    server.fail(r"\.conda$", Fault(status=302, to="/linux-64/repodata.json", times=1))
    assert str(httpx.get(address, follow_redirects=True).url).endswith("repodata.json")
    server.fail(r"\.conda$", Fault(stall=0.3, times=1))
    started = time.monotonic()
    assert httpx.get(address).content == CONTENT and time.monotonic() - started > 0.25
    assert httpx.get(f"{server.url}/linux-64/none").status_code == 404


def test_without_ranges(folder: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    server = serve_with_faults(folder, ranges=False, heads=False)
    answer = httpx.get(f"{server.url}/linux-64/repodata.json", headers={"Range": "bytes=100-"})
    assert answer.status_code == 200 and answer.content == CONTENT
    assert httpx.head(f"{server.url}/linux-64/repodata.json").status_code == 405


def test_bucket(bucket: Any) -> None:
    from obstore.store import S3Store

    store = S3Store(bucket.name)  # by the environment alone, as the program finds it
    store.put("linux-64/a-1!2+gpu.conda", CONTENT)
    assert bucket.keys() == {"linux-64/a-1!2+gpu.conda": len(CONTENT)}
