"""What can go wrong around a mirror, through the command line: nothing is lost, and each time the message says what happened and what to do."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import pytest
import zstandard

sys.path.insert(0, str(Path(__file__).parent))

from command import DAY, EPOCH, channel, done, environment, refused, words  # noqa: E402
from kills import NO_STRACE, STRACE, tree  # noqa: E402
from readers import look  # noqa: E402
from upstream import Package, Upstream, archive, make_upstream  # noqa: E402
from web import Fault, FaultyServer  # noqa: E402

LINUX = ("--platform", "linux-64")
SECOND = EPOCH + DAY


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses before tries are short, which does not change their number."""
    slept = time.sleep
    monkeypatch.setattr("time.sleep", lambda seconds: slept(seconds / 100))


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path / "up", 0, 2, index="json")


def generation(mirror: Path) -> str:
    return os.readlink(mirror / ".mirror" / "current")


# Disk full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_disk_full(upstream: Upstream, small_disk: Path) -> None:
    mirror = small_disk / "mirror"
    done("mirror", upstream.url, mirror, *LINUX)
    upstream.add(*(Package(f"large{number}", payload=1 << 20) for number in range(3)))
    before = tree(mirror)
    told = refused("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    assert "No space left" in told or "free" in told
    assert generation(mirror) == "generations/1" and look(mirror) == []
    assert before.items() <= tree(mirror).items()
    upstream.remove("linux-64/large0-1.0-h0_0.conda", "linux-64/large1-1.0-h0_0.conda")
    done("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    assert generation(mirror) == "generations/2" and look(mirror) == []


@pytest.mark.parametrize("call", ["write", "renameat", "fsync", "symlink", "mkdirat"])
def test_disk_full_at_a_call(upstream: Upstream, tmp_path: Path, call: str) -> None:
    """The system says ENOSPC from the first call of a kind on that is about the mirror: it stays as it was, and the next run goes on."""
    if STRACE is None:
        pytest.skip(NO_STRACE)
    mirror = tmp_path / "mirror"
    done("mirror", upstream.url, mirror, *LINUX)
    upstream.add(Package("further"))
    subprocess.run(["cp", "-a", str(mirror), str(tmp_path / "other")], check=True)

    def run(target: Path, *inject: str) -> subprocess.CompletedProcess[str]:
        log = ["-o", str(tmp_path / "log"), "-e", f"trace={call}"]
        verb = words("mirror", upstream.url, target, *LINUX, "--copy")
        return subprocess.run([STRACE, "-f", "-y", *log, *inject, *verb], env=environment(SECOND), capture_output=True, text=True, check=False)

    assert run(tmp_path / "other").returncode == 0
    calls = re.findall(rf"^(\d+) +{call}\((.*)", (tmp_path / "log").read_text(), re.MULTILINE)
    thread, number = next((thread, n) for n, (thread, line) in enumerate(calls, 1) if str(tmp_path / "other") in line)
    number = sum(one == thread for one, _ in calls[:number])
    from_there_on = "" if call == "write" else "+"  # else the message could not be written either
    ended = run(mirror, "-e", f"inject={call}:error=ENOSPC:when={number}{from_there_on}")
    assert ended.returncode == 5 and "No space left" in ended.stderr and "Traceback" not in ended.stderr, ended.stderr
    assert look(mirror) == [] and generation(mirror) == "generations/1"
    done("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    assert generation(mirror) == "generations/2" and look(mirror) == []


# Permission lost


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user gets to, as pytest's are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def as_nobody(*arguments: object, epoch: int = EPOCH) -> subprocess.CompletedProcess[str]:
    """The verb by a user who is held to the modes of files, as root is not."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if drop and not shutil.which("setpriv"):
        pytest.skip("root is held to no modes, and setpriv is not here to drop the rights")
    if (
        drop
        and subprocess.run(
            [*drop, sys.executable, "-c", "import atheria_pack.cli.main"], env=environment(), check=False, capture_output=True
        ).returncode
        != 0
    ):
        pytest.skip("the interpreter or the project lies where other users have no rights")
    return subprocess.run(
        [*drop, *words(*arguments)], env=environment(epoch, HOME="/nonexistent"), capture_output=True, text=True, check=False, cwd="/"
    )


@pytest.mark.parametrize("taken", ["linux-64", ".mirror", ".mirror/generations"])
def test_permission_lost(open_folder: Path, taken: str) -> None:
    upstream = make_upstream(open_folder / "up", 0, 2, index="json")
    mirror = open_folder / "mirror"
    done("mirror", upstream.url, mirror, *LINUX)
    upstream.add(Package("further"))
    for path in (mirror, *mirror.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534, follow_symlinks=False)
    before = tree(mirror)
    (mirror / taken).chmod(0o555)
    ended = as_nobody("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    assert ended.returncode not in (0, 130) and "Traceback" not in ended.stderr, ended.stderr
    assert "ermission denied" in ended.stderr and str(mirror) in ended.stderr, ended.stderr
    assert tree(mirror) == before or before.items() <= tree(mirror).items()
    assert look(mirror) == [] and generation(mirror) == "generations/1"
    (mirror / taken).chmod(0o755)
    ended = as_nobody("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    assert ended.returncode == 0, ended.stderr
    assert generation(mirror) == "generations/2" and look(mirror) == []


def test_package_that_may_not_be_read_is_told(open_folder: Path) -> None:
    upstream = make_upstream(open_folder / "up", 0, 2, index="json")
    (open_folder / "up" / "linux-64" / "openssl-3.5.0-h0_0.conda").chmod(0)
    target = open_folder / "target"
    target.mkdir()
    target.chmod(0o777)
    ended = as_nobody("mirror", upstream.url, target / "mirror", *LINUX)
    assert ended.returncode not in (0, 130) and "Traceback" not in ended.stderr, ended.stderr
    assert "openssl-3.5.0-h0_0.conda" in ended.stderr and "ermission" in ended.stderr, ended.stderr


# Sources that change, lie or break


def test_source_that_changes_while_it_is_read(upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    """A package is made anew under its name, another one is gone: the index that was read first is what counts."""
    server = serve_with_faults(upstream.folder)
    mirror = tmp_path / "mirror"
    changed = "linux-64/openssl-3.5.0-h0_0.conda"

    def change(path: str) -> None:
        if path.endswith((".conda", ".tar.bz2")):
            server.on_ask = lambda path: None
            (upstream.folder / changed).write_bytes(archive(Package("openssl", "3.5.0", depends=("nothing",)), 99))

    server.on_ask = change
    told = refused("mirror", server.url, mirror, *LINUX)
    assert "openssl-3.5.0-h0_0.conda" in told and "sha256" in told
    assert not (mirror / "linux-64" / "repodata.json").exists()

    server.on_ask = lambda path: upstream.remove("linux-64/bound-1.0-h0_0.conda") if path.endswith("bound-1.0-h0_0.conda") else None
    (upstream.folder / changed).write_bytes(archive(upstream.packages[changed], 2))
    other = tmp_path / "other"
    told = refused("mirror", server.url, other, *LINUX)
    assert "bound-1.0-h0_0.conda" in told and not (other / "linux-64" / "repodata.json").exists()
    for folder in (mirror, other):
        done("mirror", server.url, folder, *LINUX)
        assert look(folder) == [] and "bound-1.0" not in (folder / "linux-64" / "repodata.json").read_text()


@pytest.mark.parametrize(
    "fault", [Fault(wrong=True), Fault(cut=100), Fault(status=404), Fault(status=403)], ids=["wrong", "cut", "gone", "forbidden"]
)
def test_source_that_fails_for_good(
    upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer], impatient: None, fault: Fault
) -> None:
    server = serve_with_faults(upstream.folder, ranges=False)
    mirror = tmp_path / "mirror"
    done("mirror", server.url, mirror, *LINUX)
    upstream.add(Package("further", payload=5000))
    server.fail(r"further-1\.0", fault)
    told = refused("mirror", server.url, mirror, *LINUX, epoch=SECOND)
    assert "further-1.0-h0_0.conda" in told
    assert generation(mirror) == "generations/1" and look(mirror) == [] and not (mirror / "linux-64" / "further-1.0-h0_0.conda").exists()
    server.heal()
    done("mirror", server.url, mirror, *LINUX, epoch=SECOND)
    assert (mirror / "linux-64" / "further-1.0-h0_0.conda").read_bytes() == (upstream.folder / "linux-64" / "further-1.0-h0_0.conda").read_bytes()


@pytest.mark.parametrize("index", ["repodata.json", "run_exports.json"])
def test_torn_index_of_a_source(upstream: Upstream, tmp_path: Path, index: str) -> None:
    mirror = tmp_path / "mirror"
    done("mirror", upstream.url, mirror, *LINUX)
    path = upstream.folder / "linux-64" / index
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    told = refused("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    assert f"linux-64/{index}" in told
    assert generation(mirror) == "generations/1" and look(mirror) == []


def test_downloads_break_and_go_on(upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    upstream.add(Package("large", payload=300_000))
    server = serve_with_faults(upstream.folder)
    server.fail(r"large-.*\.conda$", Fault(cut=100_000, times=2))
    server.fail(r"openssl-.*\.conda$", Fault(status=503, times=2))
    done("mirror", server.url, tmp_path / "mirror", *LINUX)
    assert server.offsets["linux-64/large-1.0-h0_0.conda"][:3] == [0, 100_000, 200_000]
    assert look(tmp_path / "mirror") == []


# Names from outside

HOSTILE = [
    "../../outside-1.0-h0_0.conda", "/outside-1.0-h0_0.conda", "..\\outside-1.0-h0_0.conda", ".mirror/current", "repodata.json", "a/b-1.0-h0_0.conda",
    "outside-1.0-h0_0.conda\n", "-outside-1.0-h0_0.conda", "x" * 300 + "-1.0-h0_0.conda", "outside-1.0-h0_0.conda\0", "%2e%2e%2foutside-1-h_0.conda",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_in_repodata(upstream: Upstream, tmp_path: Path, name: str) -> None:
    path = upstream.folder / "linux-64" / "repodata.json"
    index = json.loads(path.read_text())
    content = archive(Package("outside"))
    digest = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    index["packages.conda"][name] = {**Package("outside").index_json(), **digest}
    path.write_text(json.dumps(index))
    inside = tmp_path / "inside"
    inside.mkdir()
    told = refused("mirror", upstream.url, inside / "mirror", *LINUX)
    assert repr(name)[1:40] in told or name[:40] in told, told
    assert not [path for path in tmp_path.rglob("outside*")] and not (inside / "mirror" / "linux-64" / "repodata.json").exists()


def test_hostile_name_in_a_shard(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path / "up", 0, 2)
    folder = upstream.folder / "linux-64"
    for name in ("repodata.json", "repodata.json.zst"):
        (folder / name).unlink()
    record = {**Package("bound").index_json(), "sha256": b"\1" * 32, "size": 3}
    packed = zstandard.compress(msgpack.packb({"packages": {}, "packages.conda": {"../../outside-1.0-h0_0.conda": record}, "removed": []}))
    digest = hashlib.sha256(packed).digest()
    (folder / "shards" / f"{digest.hex()}.msgpack.zst").write_bytes(packed)
    index = msgpack.unpackb(zstandard.decompress((folder / "repodata_shards.msgpack.zst").read_bytes(), 1 << 26), strict_map_key=False)
    index["shards"]["bound"] = digest
    (folder / "repodata_shards.msgpack.zst").write_bytes(zstandard.compress(msgpack.packb(index)))
    told = refused("mirror", upstream.url, tmp_path / "mirror", *LINUX)
    assert "../../outside-1.0-h0_0.conda" in told
    assert not list(tmp_path.rglob("outside*"))


@pytest.mark.parametrize("base", ["../../../elsewhere/", "file:///etc/"])
def test_shard_index_that_leads_elsewhere(tmp_path: Path, base: str) -> None:
    """`base_url` may name another place for packages; what comes from there still has to be what the record says, or is refused."""
    upstream = make_upstream(tmp_path / "up", 0, 2)
    for subdir in ("linux-64", "noarch"):
        path = upstream.folder / subdir / "repodata.json"
        index = json.loads(path.read_text())
        index["info"]["base_url"] = base
        path.write_text(json.dumps(index))
        for other in ("repodata.json.zst", "repodata_shards.msgpack.zst"):
            (upstream.folder / subdir / other).unlink()
    ended = channel("mirror", upstream.url, tmp_path / "mirror", *LINUX)
    assert "Traceback" not in ended.stderr
    assert look(tmp_path / "mirror") == []
    if ended.returncode == 0:  # the place beside the index was used, and the mirror's own index does not lead away from it
        assert "base_url" not in json.loads((tmp_path / "mirror" / "linux-64" / "repodata.json").read_text())["info"]


def test_links_in_a_source(upstream: Upstream, tmp_path: Path) -> None:
    """A package that is a link to something else is not taken for it."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = upstream.folder / "linux-64" / "bound-1.0-h0_0.conda"
    path.unlink()
    path.symlink_to(secret)
    told = refused("mirror", upstream.url, tmp_path / "mirror", *LINUX)
    assert "bound-1.0-h0_0.conda" in told
    assert not any(path.is_file() and path.read_bytes() == b"secret" for path in (tmp_path / "mirror").rglob("*"))


@pytest.mark.parametrize("name", ["linux-64", "linux-64/shards", ".mirror/generations", ".mirror/staging", ".mirror/partial"])
def test_links_in_a_mirror(upstream: Upstream, tmp_path: Path, name: str) -> None:
    """Somebody replaced a folder of the mirror by a link: nothing is written behind it, or it is made a folder again."""
    mirror = tmp_path / "mirror"
    done("mirror", upstream.url, mirror, *LINUX)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    upstream.add(Package("further"))
    if (mirror / name).exists():
        shutil.rmtree(mirror / name)
    (mirror / name).symlink_to(outside)
    ended = channel("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    assert "Traceback" not in ended.stderr, ended.stderr
    assert [path.name for path in outside.iterdir()] == ["kept"]
    if ended.returncode != 0:
        assert name in ended.stderr and "link" in ended.stderr, ended.stderr


def bundle_with(original: Path, target: Path, change: Callable[[tarfile.TarInfo, bytes], Iterator[tuple[tarfile.TarInfo, bytes]]]) -> Path:
    """A bundle made anew, member by member."""
    with tarfile.open(original) as old, tarfile.open(target, "w") as new:
        for member in old:
            stream = old.extractfile(member)
            for head, content in change(member, stream.read() if stream else b""):
                head.size = len(content)
                new.addfile(head, io.BytesIO(content))
    return target


@pytest.mark.parametrize("kind", ["path", "absolute", "symlink", "hard link", "further", "device"])
def test_hostile_bundles(upstream: Upstream, tmp_path: Path, kind: str) -> None:
    mirror = tmp_path / "mirror"
    done("mirror", upstream.url, mirror, *LINUX)
    done("export", mirror, tmp_path / "good.tar")
    seen: list[str] = []

    def change(head: tarfile.TarInfo, content: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        yield head, content
        seen.append(head.name)
        if len(seen) == 4:
            fresh = tarfile.TarInfo({"path": "../../outside", "absolute": str(tmp_path / "outside")}.get(kind, "linux-64/outside"))
            if kind in ("symlink", "hard link"):
                fresh.type, fresh.linkname = (tarfile.SYMTYPE if kind == "symlink" else tarfile.LNKTYPE), "../../outside"
            elif kind == "device":
                fresh.type = tarfile.FIFOTYPE
            yield fresh, b"" if fresh.type != tarfile.REGTYPE else b"outside"

    hostile = bundle_with(tmp_path / "good.tar", tmp_path / "hostile.tar", change)
    told = refused("import", hostile, tmp_path / "deep" / "target", "--allow-unsigned")
    assert "outside" in told and hostile.name in told
    assert not list(tmp_path.rglob("outside*"))
    done("import", tmp_path / "good.tar", tmp_path / "deep" / "target", "--allow-unsigned")
    assert look(tmp_path / "deep" / "target") == []


# The clock


def test_clock_that_jumps_back(upstream: Upstream, tmp_path: Path) -> None:
    """`published` never goes back, and nothing is thrown away by a clock that is behind the mirror."""
    mirror = tmp_path / "mirror"
    done("mirror", upstream.url, mirror, *LINUX, epoch=EPOCH)
    upstream.add(Package("further"))
    done("mirror", upstream.url, mirror, *LINUX, epoch=EPOCH - 300 * DAY)
    published = [json.loads((mirror / ".mirror" / "generations" / str(n) / "manifest.json").read_text())["published"] for n in (1, 2)]
    assert published == [EPOCH, EPOCH]
    before = tree(mirror)
    told = refused("gc", mirror, "--keep", "1", clock=EPOCH - 300 * DAY)
    assert "clock" in told and "2026-09-21" in told
    assert tree(mirror) == before


def test_clock_far_ahead_leaves_what_is_kept(upstream: Upstream, tmp_path: Path) -> None:
    """A clock of the year 2100 ends every grace time; the generations to be kept stay with all that they name."""
    mirror = tmp_path / "mirror"
    done("mirror", upstream.url, mirror, *LINUX, epoch=EPOCH)
    upstream.add(Package("further"))
    done("mirror", upstream.url, mirror, *LINUX, epoch=SECOND)
    upstream.remove("linux-64/bound-1.0-h0_0.conda")
    done("mirror", upstream.url, mirror, *LINUX, epoch=SECOND + 1)
    done("gc", mirror, "--keep", "2", clock=4_102_444_800)
    assert sorted(path.name for path in (mirror / ".mirror" / "generations").iterdir()) == ["2", "3"]
    assert (mirror / "linux-64" / "bound-1.0-h0_0.conda").exists() and look(mirror) == []
    done("verify", mirror)
