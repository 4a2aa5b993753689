"""A mirror in a bucket from end to end, and writers that die after any of their calls to it while others read."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zstandard
from atheria_pack.mirror.layout import CURRENT, LOCK, PRIVATE
from atheria_pack.mirror.places import s3
from atheria_pack.mirror.places.s3 import S3Place

sys.path.insert(0, str(Path(__file__).parent))

from command import EPOCH, done, reported  # noqa: E402
from readers import install  # noqa: E402
from serving import Bucket, moto_bucket  # noqa: E402
from small_mirror import entry, show  # noqa: E402
from upstream import make_upstream  # noqa: E402

LINUX = ("--platform", "linux-64")
KILLS = int(os.environ.get("ATHERIA_SOAK", "4"))  # calls after which a writer dies, of each kind; very many: after every one


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads that broke off wait in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with moto_bucket() as bucket:
        yield bucket


def objects(bucket: Bucket, prefix: str) -> dict[str, bytes]:
    """Everything below a prefix but the lock, by its path in the mirror."""
    sizes = bucket.keys()
    keys = [key for key in sizes if key.startswith(f"{prefix}/")]
    found = {key[len(prefix) + 1 :]: bytes(bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read()) for key in keys}
    return {path: content for path, content in found.items() if path != LOCK}


def test_into_a_bucket_and_out_of_it(server: Bucket, tmp_path: Path) -> None:
    """What a folder gets, a bucket gets; from either a mirror is made that names the same files; a client installs by plain HTTP."""
    up = make_upstream(tmp_path / "up", 40, 5)
    address = f"{server.url}/cluster/all"
    first = reported("mirror", up.url, address, *LINUX, "--spec", "tensor", "--profile", "no-gpu")
    assert first["published"] and first["generation"] == 1
    assert not reported("mirror", up.url, address, *LINUX, "--spec", "tensor", "--profile", "no-gpu")["published"]
    done("mirror", up.url, tmp_path / "folder", *LINUX, "--spec", "tensor", "--profile", "no-gpu")
    there = objects(server, "cluster/all")
    for path, content in there.items():
        if not path.startswith(PRIVATE) and path != "index.html":
            assert (tmp_path / "folder" / path).read_bytes() == content, path
    assert sorted(path for path in there if not path.startswith(PRIVATE)) == sorted(
        path.relative_to(tmp_path / "folder").as_posix() for path in (tmp_path / "folder").rglob("*") if path.is_file() and PRIVATE not in path.parts
    )
    done("verify", address)
    done("mirror", address, tmp_path / "back", *LINUX)
    for path in ("linux-64/repodata.json", "noarch/repodata.json"):
        assert json.loads((tmp_path / "back" / path).read_text()) == json.loads(there[path])

    for key in list(server.keys()):
        server.client.put_object_acl(Bucket=server.name, Key=key, ACL="public-read")
    channel = f"{server.endpoint}/{server.name}/cluster/all"
    assert any(line.startswith("tensor ") for line in install([channel], ["tensor"], "linux-64", tmp_path / "at"))


def test_a_new_generation_a_rollback_and_gc_in_a_bucket(server: Bucket, tmp_path: Path) -> None:
    up = make_upstream(tmp_path / "up", 0, 5, index="json")
    address = f"{server.url}/generations"
    done("mirror", up.url, address, *LINUX)
    before = objects(server, "generations")
    up.remove("linux-64/bound-1.0-h0_0.conda")
    done("mirror", up.url, address, *LINUX, epoch=EPOCH + 1)
    assert b"bound-1.0-h0_0" not in objects(server, "generations")["linux-64/repodata.json"]
    done("rollback", address, epoch=EPOCH + 2)
    after = objects(server, "generations")
    assert {path: content for path, content in after.items() if not path.startswith(PRIVATE)} == {
        path: content for path, content in before.items() if not path.startswith(PRIVATE)
    }
    assert json.loads(after[f"{CURRENT}/manifest.json"])["rollback_of"] == 1
    done("mirror", up.url, address, *LINUX, epoch=EPOCH + 3)
    done("gc", address, "--keep", "1", "--grace", "0", epoch=EPOCH + 100)
    left = objects(server, "generations")
    assert "linux-64/bound-1.0-h0_0.conda" not in left and wrong(left) == []
    done("verify", address)


class Died(BaseException):
    """The process is gone: no handler of errors sees it, nothing that it would do at its end happens."""


class Dying:
    """A store that does so many calls and then no more."""

    def __init__(self, store: Any, calls: int) -> None:
        self._store, self.left, self.done = store, calls, 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            if self.left <= 0:
                raise Died
            self.left -= 1
            self.done += 1
            return call(*arguments, **named)

        return counted


def wrong(files: dict[str, bytes]) -> list[str]:
    """What a reader would trip over: names in an index without a file, or with another one; indexes that do not read."""
    trouble = []
    for subdir in {path.partition("/")[0] for path in files if "/" in path and not path.startswith(PRIVATE)}:
        plain = files.get(f"{subdir}/repodata.json")
        packed = files.get(f"{subdir}/repodata.json.zst")
        sharded = files.get(f"{subdir}/repodata_shards.msgpack.zst")
        named = [] if plain is None else [json.loads(plain)]
        if packed is not None:
            named.append(json.loads(zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read()))
        for digest in msgpack.unpackb(unpacked(sharded))["shards"].values() if sharded is not None else ():
            shard = files.get(f"{subdir}/shards/{digest.hex()}.msgpack.zst")
            if shard is None:
                trouble.append(f"{subdir}: shard {digest.hex()}")
            else:
                named.append(msgpack.unpackb(unpacked(shard)))
        for index in named:
            for name, record in {**index.get("packages", {}), **index.get("packages.conda", {})}.items():
                content = files.get(f"{subdir}/{name}")
                digest = record["sha256"] if isinstance(record["sha256"], str) else record["sha256"].hex()
                if content is None or hashlib.sha256(content).hexdigest() != digest:
                    trouble.append(f"{subdir}/{name}")
    return trouble


def unpacked(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()


OLD = (entry("a"), entry("b"), entry("gone", subdir="osx-arm64"))
NEW = (entry("a", "2.0"), entry("b"), entry("c", subdir="noarch"))


def place_of(server: Bucket, prefix: str, tmp_path: Path, calls: int | None = None) -> tuple[S3Place, Dying | None]:
    """The mirror at a prefix, as a new process has it; with `calls` the process dies after so many."""
    place = S3Place(f"{server.url}/{prefix}", tmp_path / f"scratch-{prefix}-{random.random()}")
    if calls is None:
        return place, None
    dying = Dying(place._bucket.store, calls)
    place._bucket = replace(place._bucket, store=dying)  # type: ignore[arg-type]
    return place, dying


def copied(server: Bucket, prefix: str, to: str) -> None:
    for path, content in objects(server, prefix).items():
        server.client.put_object(Bucket=server.name, Key=f"{to}/{path}", Body=content)


def lock_runs_out(server: Bucket, prefix: str) -> None:
    """Two minutes later."""
    server.client.delete_object(Bucket=server.name, Key=f"{prefix}/{LOCK}")


@pytest.mark.parametrize("what", ["switch", "publish"])
def test_a_writer_that_dies_after_any_call(what: str, server: Bucket, tmp_path: Path) -> None:
    """Readers see nothing wrong then, nor while the next writer puts it right; in the end all is as if nobody had died."""
    base = f"{what}-base"
    place, _ = place_of(server, base, tmp_path)
    show(place, *OLD)
    if what == "switch":  # both generations are there, the older one is visible
        show(place, *NEW, now=1_790_000_001)
        with place.writing():
            place.switch(1)

    def go(place: S3Place) -> None:
        if what == "publish":
            show(place, *NEW, now=1_790_000_001)
        else:
            with place.writing():
                place.switch(2)

    copied(server, base, f"{what}-whole")
    place, dying = place_of(server, f"{what}-whole", tmp_path, 10_000)
    go(place)
    assert dying is not None
    whole, calls = objects(server, f"{what}-whole"), dying.done
    assert wrong(whole) == [] and "osx-arm64/repodata.json" not in whole
    assert whole["linux-64/repodata.json"] != objects(server, base)["linux-64/repodata.json"]
    points = range(1, calls) if calls <= KILLS else sorted(random.Random(4).sample(range(1, calls), KILLS))
    for point in points:
        prefix = f"{what}-{point}"
        copied(server, base, prefix)
        place, _ = place_of(server, prefix, tmp_path, point)
        with pytest.raises(Died):
            go(place)
        assert wrong(objects(server, prefix)) == [], f"after {point} of {calls} calls"
        lock_runs_out(server, prefix)
        # A writer that only comes and goes leaves one generation visible, whichever; nobody's packages are lost by what it does.
        place, _ = place_of(server, prefix, tmp_path)
        with place.writing():
            pass
        seen = objects(server, prefix)
        visible = json.loads(seen[f"{CURRENT}/manifest.json"])["generation"]
        for path, content in seen.items():
            folder = f"{PRIVATE}/generations/{visible}/"
            if path.startswith(folder) and "manifest" not in path and "SHA256SUMS" not in path:
                assert seen[path.removeprefix(folder)] == content, f"{path} is not what readers get, after {point} of {calls} calls"
        assert wrong(seen) == [] and s3.SWITCHING not in seen
        go(place)
        assert objects(server, prefix) == whole, f"after {point} of {calls} calls"
