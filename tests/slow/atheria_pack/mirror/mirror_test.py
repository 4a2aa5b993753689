"""Mirrors of a bucket and in one, and a mirror that is interrupted."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.mirror.fetch import Quiet
from atheria_pack.mirror.mirror import Options, Report, Talk, mirror
from atheria_pack.mirror.places import open_place
from atheria_pack.mirror.wanted.request import Request

sys.path.insert(0, str(Path(__file__).parent))

from command import done, environment, words  # noqa: E402
from upstream import Package, make_upstream  # noqa: E402
from web import Fault, FaultyServer  # noqa: E402

SOME = Request(specs=("python", "tensor=*=cpu*"), platforms=("linux-64", "osx-arm64"), profiles=("no-gpu", "macos"))


class Watching(Quiet):
    def __enter__(self) -> "Watching":
        return self

    def __exit__(self, *_: object) -> None:
        return None


def made(source: str, target: str) -> Report:
    return mirror([source], open_place(target), SOME, Options(), Talk(lambda text: None, lambda files, size: Watching()))


def packages(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/*.conda")}


def test_a_bucket_is_filled_and_mirrored_in_turn(tmp_path: Path, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same packages and records, and nothing fetched twice."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    upstream = make_upstream(tmp_path / "up", 0, 5, index="json")
    target = f"{bucket.url}/channel"
    assert made(upstream.url, target).published and not made(upstream.url, target).published
    keys = bucket.keys()
    assert any(key.startswith("channel/linux-64/tensor-2.1-") for key in keys)
    made(target, str(tmp_path / "back"))
    made(upstream.url, str(tmp_path / "straight"))
    assert packages(tmp_path / "back") == packages(tmp_path / "straight") != {}
    for subdir in ("linux-64", "osx-arm64", "noarch"):
        back, straight = (json.loads((tmp_path / name / subdir / "repodata.json").read_text())["packages.conda"] for name in ("back", "straight"))
        assert back == straight, subdir
    upstream.add(Package("ca-certificates", "2027.1.1", subdir="noarch"))
    report = made(upstream.url, target)
    assert report.published and report.fetched.files == 1
    assert bucket.keys().keys() - keys.keys() >= {"channel/noarch/ca-certificates-2027.1.1-h0_0.conda"}


def test_ctrl_c_leaves_what_the_next_run_goes_on_from(tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    upstream = make_upstream(tmp_path / "up", 0, 5, index="json")
    server = serve_with_faults(upstream.folder)
    large = Package("large", payload=400_000)
    upstream.add(large)
    server.fail(r"large.*conda$", Fault(rate=100_000))
    target = tmp_path / "m"
    verb = ("mirror", server.url, target, "--platform", "linux-64")
    running = subprocess.Popen(words(*verb), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size > 20_000 for path in (target / ".mirror" / "partial").glob("*")) and time.monotonic() < deadline:
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130 and "what was downloaded is kept. The same command goes on from there" in err and "Traceback" not in err
    assert not (target / ".mirror" / "current").exists()
    arrived = {path for path in server.asked if (target / path).is_file()}
    server.heal()
    before = dict(server.asked)
    done(*verb)
    assert server.offsets[large.path][-1] > 20_000
    assert {path: server.asked[path] for path in arrived} == {path: before[path] for path in arrived}
