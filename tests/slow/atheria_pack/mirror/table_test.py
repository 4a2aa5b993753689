"""The feature table of mirrors, a test per row: each feature once, end to end, through the command line. The tests of the parts go deeper."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from command import DAY, EPOCH, channel, done, environment, refused, reported, words  # noqa: E402
from kills import tree  # noqa: E402
from readers import install, look, representations  # noqa: E402
from upstream import BROKEN_IN_ARCHIVE, CONDITIONAL, MISSING, Package, Upstream, make_upstream  # noqa: E402
from web import Fault, FaultyServer  # noqa: E402

LINUX = ("--platform", "linux-64")
SECOND = EPOCH + DAY
OPENSSL = "linux-64/openssl-3.6.0-h0_10.conda"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    """Not to be changed."""
    return make_upstream(tmp_path_factory.mktemp("original") / "up", 120, 5)


@pytest.fixture(scope="module")
def whole(original: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of all of its linux-64. Not to be changed."""
    mirror = tmp_path_factory.mktemp("whole") / "mirror"
    done("mirror", original.url, mirror, *LINUX)
    return mirror


@pytest.fixture
def mirror(whole: Path, tmp_path: Path) -> Path:
    """A copy of `whole`."""
    subprocess.run(["cp", "-a", str(whole), str(tmp_path / "mirror")], check=True)
    return tmp_path / "mirror"


@pytest.fixture
def small(tmp_path: Path) -> Upstream:
    """A channel to change."""
    return make_upstream(tmp_path / "small", 0, 5, index="json")


def names(mirror: Path, subdir: str = "linux-64") -> set[str]:
    """The files that the index names."""
    return {name for name, _, _ in dict((index, listed) for index, listed, _ in representations(mirror / subdir))["repodata.json"]}


def index_of(mirror: Path, subdir: str = "linux-64") -> dict[str, Any]:
    return dict(json.loads((mirror / subdir / "repodata.json").read_text()))


def generation(mirror: Path) -> int:
    return int(os.readlink(mirror / ".mirror" / "current").rpartition("/")[2])


def test_filter_by_spec(original: Upstream, tmp_path: Path) -> None:
    done("mirror", original.url, tmp_path / "m", *LINUX, "--spec", "kernels==1.0+gpu")
    assert {name for name in names(tmp_path / "m") if name.startswith("kernels")} == {"kernels-1.0+gpu-h0_0.conda"}
    assert not {name for name in names(tmp_path / "m") if name.startswith(("tensor", "python"))}


def test_dependency_closure_by_a_real_solve(original: Upstream, tmp_path: Path) -> None:
    """What installs from the source installs from the mirror alone, and no spec asked for the rest."""
    done("mirror", original.url, tmp_path / "m", *LINUX, "--spec", "tensor", "--profile", "no-gpu")
    assert install([(tmp_path / "m").as_uri()], ["tensor"], "linux-64", tmp_path / "at") == install(
        [original.url], ["tensor"], "linux-64", tmp_path / "from"
    )
    assert "ca-certificates-2026.2.1-h0_0.conda" in names(tmp_path / "m", "noarch")
    assert len(names(tmp_path / "m")) < len(index_of(Path(original.folder))["packages.conda"]) / 3
    told = refused("mirror", original.url, tmp_path / "none", *LINUX, "--spec", MISSING)
    assert MISSING in told and not (tmp_path / "none" / "linux-64").exists()


def test_several_platforms_and_virtual_package_profiles_in_one_plan(original: Upstream, tmp_path: Path) -> None:
    profiles = [word for name in ("no-gpu", "cuda12", "cuda13", "macos") for word in ("--profile", name)]
    done("mirror", original.url, tmp_path / "m", "--platform", "linux-64", "--platform", "osx-arm64", *profiles, "--spec", "tensor")
    linux = {name.split("-")[2].split("_")[0] for name in names(tmp_path / "m") if name.startswith("tensor-")}
    assert linux == {"cpu", "cuda129", "cuda130"}
    assert {name.split("-")[2].split("_")[0] for name in names(tmp_path / "m", "osx-arm64") if name.startswith("tensor-")} == {"cpu", "metal"}


def test_verify_sha256_of_new_files(small: Upstream, tmp_path: Path) -> None:
    path = small.folder / OPENSSL
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"\1")
    told = refused("mirror", small.url, tmp_path / "m", *LINUX)
    assert Path(OPENSSL).name in told and hashlib.sha256(content).hexdigest() in told
    assert not (tmp_path / "m" / OPENSSL).exists()


def test_re_verify_files_already_there(mirror: Path, original: Upstream) -> None:
    """A bit that flipped, with size and times as before: found, and mended by the next run that reads everything."""
    path = mirror / OPENSSL
    content, status = path.read_bytes(), path.stat()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    told = channel("verify", mirror)
    assert told.returncode not in (0, 130) and Path(OPENSSL).name in told.stdout + told.stderr
    done("mirror", original.url, mirror, *LINUX, "--reverify", epoch=SECOND)
    assert path.read_bytes() == content
    done("verify", mirror)


def test_temp_name_and_rename_for_packages(small: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    """While a download is slow, nothing has its name; then it has all of its bytes."""
    (large,) = small.add(Package("large", payload=200_000))
    server = serve_with_faults(small.folder)
    server.fail("large", Fault(rate=400_000))
    running = subprocess.Popen(words("mirror", server.url, tmp_path / "m", *LINUX), env=environment(), stderr=subprocess.PIPE, text=True)
    sizes = set()
    target, parts = tmp_path / "m" / "linux-64" / large.name, tmp_path / "m" / ".mirror" / "partial"
    while running.poll() is None:
        if target.exists():
            sizes.add(target.stat().st_size)
        elif 0 < largest(parts) < large.stat().st_size:
            sizes.add(-1)
    assert running.communicate()[1] is not None and running.returncode == 0
    assert sizes <= {-1, large.stat().st_size} and -1 in sizes, "no partial file was seen under its temporary name"


def largest(folder: Path) -> int:
    """The size of the largest file in a folder that somebody else is at work in."""
    sizes = [0]
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue  # renamed meanwhile
    return max(sizes)


def test_index_before_delete(small: Upstream, tmp_path: Path) -> None:
    """A package that the source drops leaves the index at once and the disk after the grace time."""
    mirror = tmp_path / "m"
    done("mirror", small.url, mirror, *LINUX)
    small.remove("linux-64/bound-1.0-h0_0.conda")
    done("mirror", small.url, mirror, *LINUX, epoch=SECOND)
    gone = mirror / "linux-64" / "bound-1.0-h0_0.conda"
    assert gone.name not in names(mirror) and gone.exists()
    today = int(time.time())
    done("gc", mirror, "--keep", "1", "--grace", "14", clock=today + 13 * DAY)
    assert gone.exists()
    done("gc", mirror, "--keep", "1", "--grace", "14", clock=today + 15 * DAY)
    assert not gone.exists() and look(mirror) == []


@pytest.mark.parametrize("index", ["repodata.json.zst", "repodata_shards.msgpack.zst"])
def test_zst_and_shards(original: Upstream, mirror: Path, index: str) -> None:
    """Each names the same packages, and is enough for a client; that it is, clients_test shows."""
    listed = {name: sorted(found) for name, found, bad in representations(mirror / "linux-64")}
    assert listed[index] == listed["repodata.json"] and len(listed[index]) > 30


def test_run_exports_json(original: Upstream, mirror: Path) -> None:
    theirs = json.loads((original.folder / "linux-64" / "run_exports.json").read_text())
    ours = json.loads((mirror / "linux-64" / "run_exports.json").read_text())
    assert (ours["packages"], ours["packages.conda"]) == (theirs["packages"], theirs["packages.conda"])


def test_repodata_v3_records_kept(original: Upstream, mirror: Path) -> None:
    theirs, ours = index_of(original.folder), index_of(mirror)
    assert ours["v3"]["conda"] == theirs["v3"]["conda"] and f"{CONDITIONAL}-1.0-h0_0" in ours["v3"]["conda"]
    assert (mirror / "linux-64" / f"{CONDITIONAL}-1.0-h0_0.conda").exists()


def test_upstream_hotfix_kept(original: Upstream, mirror: Path, tmp_path: Path) -> None:
    """Every record is the source's, member by member, hotfixes with it; the archive alone says otherwise and could not be installed."""
    theirs, ours = index_of(original.folder), index_of(mirror)
    assert (ours["packages"], ours["packages.conda"]) == (theirs["packages"], theirs["packages.conda"])
    assert ours["packages.conda"][f"{BROKEN_IN_ARCHIVE}-1.0-h0_0.conda"]["depends"] == ["openssl >=3"]
    assert any(line.startswith(BROKEN_IN_ARCHIVE) for line in install([mirror.as_uri()], [BROKEN_IN_ARCHIVE], "linux-64", tmp_path / "at"))


def test_garbage_collection_of_shards(small: Upstream, tmp_path: Path) -> None:
    mirror = tmp_path / "m"
    done("mirror", small.url, mirror, *LINUX)
    before = {path.name for path in (mirror / "linux-64" / "shards").iterdir()}
    small.hotfix("linux-64/bound-1.0-h0_0.conda", constrains=["openssl <3"])
    done("mirror", small.url, mirror, *LINUX, epoch=SECOND)
    both = {path.name for path in (mirror / "linux-64" / "shards").iterdir()}
    assert len(both) == len(before) + 1
    done("gc", mirror, "--keep", "1", "--grace", "1", clock=int(time.time()) + 2 * DAY)
    after = {path.name for path in (mirror / "linux-64" / "shards").iterdir()}
    assert len(after) == len(before) and after != before and look(mirror) == []


@pytest.mark.parametrize("index", ["repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"])
def test_cross_check_json_zst_shards(mirror: Path, original: Upstream, tmp_path: Path, index: str) -> None:
    """One index of another moment among the others is told by name."""
    done("mirror", original.url, tmp_path / "other", *LINUX, "--spec", "bound")
    shutil.copyfile(tmp_path / "other" / "linux-64" / index, (mirror / "linux-64" / index).resolve())
    told = channel("verify", mirror)
    assert told.returncode not in (0, 130) and f"linux-64/{index}" in told.stdout + told.stderr, told.stdout + told.stderr


def test_attestations_mirrored(small: Upstream, tmp_path: Path) -> None:
    sidecar = small.folder / f"{OPENSSL}.v0.sigs"
    sidecar.write_text("[]")
    done("mirror", small.url, tmp_path / "m", *LINUX)
    assert (tmp_path / "m" / f"{OPENSSL}.v0.sigs").read_text() == "[]"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    made = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests", "-f", str(made)], check=True)
    (tmp_path / "allowed").write_text(f"tests {made.with_suffix('.pub').read_text()}")
    return made


def test_delta_bundle_for_air_gap(small: Upstream, tmp_path: Path, key: Path) -> None:
    """Two mirrors that share nothing but bundles have the same bytes, and the second bundle holds only what is new."""
    here, there, allowed = tmp_path / "here", tmp_path / "there", tmp_path / "allowed"
    done("mirror", small.url, here, *LINUX)
    done("export", here, tmp_path / "1.tar", "--sign", key)
    done("import", tmp_path / "1.tar", there, "--allowed-signers", allowed)
    small.add(Package("further", payload=2000))
    done("mirror", small.url, here, *LINUX, epoch=SECOND)
    done("export", here, tmp_path / "2.tar", "--since", "1", "--sign", key)
    done("import", tmp_path / "2.tar", there, "--allowed-signers", allowed)
    assert tree(here) == tree(there) and look(there) == []
    assert (tmp_path / "2.tar").stat().st_size < (tmp_path / "1.tar").stat().st_size / 2


def test_signed_manifest_of_the_generation(small: Upstream, tmp_path: Path, key: Path) -> None:
    """OpenSSH's own tool checks the manifest, and sha256sum everything that it stands for."""
    mirror = tmp_path / "m"
    done("mirror", small.url, mirror, *LINUX, "--sign", key)
    current = mirror / ".mirror" / "current"
    verify = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        str(tmp_path / "allowed"),
        "-I",
        "tests",
        "-n",
        "atheria-mirror",
        "-s",
        str(current / "manifest.json.sig"),
    ]
    with open(current / "manifest.json", "rb") as manifest:
        subprocess.run(verify, stdin=manifest, check=True, capture_output=True)
    assert json.loads((current / "manifest.json").read_text())["sums"] == hashlib.sha256((current / "SHA256SUMS").read_bytes()).hexdigest()
    subprocess.run(["sha256sum", "--quiet", "-c", ".mirror/current/SHA256SUMS"], cwd=mirror, check=True)


def test_import_check_against_the_base_generation(small: Upstream, tmp_path: Path, key: Path) -> None:
    here, there, allowed = tmp_path / "here", tmp_path / "there", tmp_path / "allowed"
    done("mirror", small.url, here, *LINUX)
    small.add(Package("further"))
    done("mirror", small.url, here, *LINUX, epoch=SECOND)
    done("export", here, tmp_path / "delta.tar", "--since", "1", "--sign", key)
    told = refused("import", tmp_path / "delta.tar", there, "--allowed-signers", allowed)
    assert "base" in told and not (there / "linux-64").exists()


def test_snapshots_and_rollback(small: Upstream, tmp_path: Path) -> None:
    mirror = tmp_path / "m"
    done("mirror", small.url, mirror, *LINUX)
    first = index_of(mirror)
    small.add(Package("further"))
    done("mirror", small.url, mirror, *LINUX, epoch=SECOND)
    assert "further-1.0-h0_0.conda" in names(mirror)
    done("rollback", mirror, "--to", "1", epoch=SECOND + 1)
    assert index_of(mirror) == first and generation(mirror) == 3


def test_dry_run_with_sizes(original: Upstream, tmp_path: Path) -> None:
    told = reported("mirror", original.url, tmp_path / "m", *LINUX, "--spec", "libgcc", "--dry-run")
    size = sum(original.record(f"linux-64/{name}")["size"] for name in ("libgcc-15.1.0-h0_0.conda", "_libgcc_mutex-0.1-main_0.tar.bz2"))
    assert str(size) in json.dumps(told) and "GPL-3.0-only WITH GCC-exception-3.1" in json.dumps(told)
    assert not (tmp_path / "m" / "linux-64").exists()


def test_resume(small: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    """A run that was killed in the middle of a file: the next one asks for the rest of it."""
    small.add(Package("large", payload=3_000_000))
    server = serve_with_faults(small.folder)
    server.fail("large", Fault(cut=2_000_000, stall=60, times=1))
    running = subprocess.Popen(words("mirror", server.url, tmp_path / "m", *LINUX), env=environment(), stderr=subprocess.DEVNULL)
    while largest(tmp_path / "m" / ".mirror" / "partial") < 900_000:
        assert running.poll() is None
    running.kill()
    running.wait()
    done("mirror", server.url, tmp_path / "m", *LINUX)
    assert server.offsets["linux-64/large-1.0-h0_0.conda"][-1] >= 900_000
    assert look(tmp_path / "m") == []


def test_solve_test_after_publish_with_overrides(original: Upstream, tmp_path: Path) -> None:
    """`verify` solves for every kind of machine that was asked for, from the mirror alone."""
    mirror = tmp_path / "m"
    done("mirror", original.url, mirror, *LINUX, "--spec", "tensor", "--profile", "no-gpu", "--profile", "cuda12")
    assert reported("verify", mirror)["solved"] == 2
    assert reported("verify", mirror, "--no-solve")["solved"] == 0


def test_client_configuration_written_for_you(mirror: Path) -> None:
    condarc = yaml.safe_load(done("client-config", mirror.as_uri(), "--for", "conda"))
    assert condarc["channels"] == [mirror.as_uri()]
    assert f'channels = ["{mirror.as_uri()}"]' in done("client-config", mirror.as_uri(), "--for", "pixi")
