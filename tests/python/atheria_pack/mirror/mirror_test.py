"""A mirror from end to end: what it shows is what was asked for, what is not new costs nothing, what is wrong is never shown."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.errors import DiskFullError, PackError, UsageError
from atheria_pack.mirror.airgap.signature import sign, verify_signature
from atheria_pack.mirror.attestation import AttestationError, Policy
from atheria_pack.mirror.fetch import Quiet, WrongBytesError
from atheria_pack.mirror.generation import ManifestError, read_sums
from atheria_pack.mirror.layout import CURRENT, GENERATIONS, LOCK, PARTIAL, SIDECAR_SUFFIX, SUMS, VERIFIED
from atheria_pack.mirror.mirror import Options, Report, Talk, mirror
from atheria_pack.mirror.places import open_place
from atheria_pack.mirror.plan import RefusedError
from atheria_pack.mirror.sources.source import SourceError
from atheria_pack.mirror.wanted.request import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from sigstore_world import IDENTITY, World
from upstream import BROKEN_IN_ARCHIVE, Package, Upstream, archive, make_upstream
from web import Fault, FaultyServer

LINUX = Request(platforms=("linux-64",))
SOME = Request(specs=("python", "tensor=*=cpu*"), platforms=("linux-64", "osx-arm64"), profiles=("no-gpu", "macos"))


class Watching(Quiet):
    """Hears what is brought, and nothing else."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.planned: list[tuple[int, int]] = []

    def __enter__(self) -> "Watching":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def watch(self, files: int, size: int) -> "Watching":
        self.planned.append((files, size))
        return self


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path / "up", 0, 5, index="json")


def made(source: Upstream | str, target: Path, request: Request = LINUX, options: Options | None = None, *more: str) -> Report:
    watching = Watching()
    address = source if isinstance(source, str) else str(source.folder)
    return mirror([address, *more], open_place(str(target)), request, options or Options(), Talk(watching.told.append, watching.watch))


def tree(folder: Path, *left_out: str) -> dict[str, Any]:
    """Everything in a folder: what links lead to, what files hold, when they were changed."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file() and name not in left_out:
            found[name] = (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
    return found


def shown(target: Path) -> dict[str, str]:
    """path: sha256 of everything that the mirror shows, checked."""
    sums = dict(read_sums((target / CURRENT / "SHA256SUMS").read_bytes().splitlines(keepends=True), "sums"))
    for path, sha256 in sums.items():
        assert hashlib.sha256((target / path).read_bytes()).hexdigest() == sha256, path
    return sums


def packages(target: Path) -> dict[str, str]:
    return {path: sha256 for path, sha256 in shown(target).items() if path.endswith((".conda", ".tar.bz2"))}


def test_everything_of_a_platform_with_its_own_records(upstream: Upstream, tmp_path: Path) -> None:
    report = made(upstream, tmp_path / "m")
    assert (report.generation, report.published) == (1, True)
    wanted = {path for path, package in upstream.packages.items() if package.subdir in ("linux-64", "noarch")}
    assert set(packages(tmp_path / "m")) == wanted and report.packages == len(wanted)
    for subdir in ("linux-64", "noarch"):
        here, there = (json.loads((folder / subdir / "repodata.json").read_text()) for folder in (tmp_path / "m", upstream.folder))
        for table in ("packages", "packages.conda", "v3"):
            assert here.get(table, {}) == there.get(table, {}), (subdir, table)
    assert report.fetched.linked == len(wanted)
    assert not (tmp_path / "m" / PARTIAL).exists()


def test_a_closure_holds_what_its_specs_take_and_no_more(upstream: Upstream, tmp_path: Path) -> None:
    report = made(upstream, tmp_path / "m", SOME)
    found = packages(tmp_path / "m")
    assert {path.rpartition("-")[2] for path in found if "tensor-" in path} == {"cpu_py312_hcpu_200.conda", "cpu_hcpu_200.conda"}
    names = {path.rpartition("-")[0].rpartition("-")[0] for path in found}
    system = {"accel-variant", "libgcc", "_libgcc_mutex", "libtensor", "openssl", "python", "tensor"}
    assert names == {f"{subdir}/{name}" for subdir in ("linux-64", "osx-arm64") for name in system} | {"noarch/ca-certificates"}
    assert report.packages == len(found)


@pytest.mark.parametrize("before", [False, True])
def test_a_dry_run_writes_nothing(upstream: Upstream, tmp_path: Path, before: bool) -> None:
    if before:
        made(upstream, tmp_path / "m", SOME)
    was = tree(tmp_path)
    report = made(upstream, tmp_path / "m", LINUX, Options(dry_run=True))
    assert tree(tmp_path) == was and (tmp_path / "m").exists() == before
    wanted = {path for path, package in upstream.packages.items() if package.subdir in ("linux-64", "noarch")}
    there = wanted & set(packages(tmp_path / "m")) if before else set()
    assert report.summary and report.summary.chosen.files == report.packages == len(wanted)
    assert report.summary.there.files == len(there) and report.summary.new.files == len(wanted - there)


def test_nothing_new_writes_nothing_and_asks_for_indexes_only(
    upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]
) -> None:
    server = serve_with_faults(upstream.folder)
    made(server.url, tmp_path / "m", SOME)
    was = tree(tmp_path / "m", LOCK)
    server.asked.clear()
    report = made(server.url, tmp_path / "m", SOME)
    assert (report.generation, report.published, report.summary) == (1, False, None)
    assert tree(tmp_path / "m", LOCK) == was
    assert not [path for path in server.asked if path.endswith((".conda", ".bz2"))] and server.asked
    again = made(server.url, tmp_path / "m", SOME, Options(reread=True))
    assert not again.published and tree(tmp_path / "m", LOCK, VERIFIED) == {path: what for path, what in was.items() if path != VERIFIED}


def test_a_server_that_refuses_what_it_does_not_have_is_mirrored(
    upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]
) -> None:
    """As a bucket behind a web server does, whose readers may not list it."""
    (upstream.folder / "channeldata.json").unlink()
    server = serve_with_faults(upstream.folder)
    server.fail(r"\.sigs$|channeldata|notices|zst$", Fault(status=403))
    made(server.url, tmp_path / "m")
    assert set(packages(tmp_path / "m")) == {path for path, package in upstream.packages.items() if package.subdir in ("linux-64", "noarch")}
    assert made(server.url, tmp_path / "m").summary is None, "nothing is new"
    server.fail(r"repodata\.json$", Fault(status=403))
    with pytest.raises(SourceError, match=r"refuses to give it \(status 403\)"):
        made(server.url, tmp_path / "m")


def test_digests_in_capitals_are_the_same_digests(upstream: Upstream, tmp_path: Path) -> None:
    for subdir in ("linux-64", "noarch"):
        index = upstream.folder / subdir / "repodata.json"
        index.write_text(re.sub(r'("sha256": ?")([0-9a-f]{64})', lambda found: found[1] + found[2].upper(), index.read_text()))
    assert re.search('"sha256": ?"[0-9A-F]{64}"', index.read_text())
    made(upstream, tmp_path / "m", options=Options(link=False))
    assert packages(tmp_path / "m")
    assert made(upstream, tmp_path / "m", SOME).published, "what was published did not change under its name"


@pytest.mark.parametrize(("mode", "linked"), [(0o600, False), (0o640, False), (0o444, True), (0o644, True)])
def test_packages_that_only_their_owner_may_read_are_copied(tmp_path: Path, mode: int, linked: bool) -> None:
    """A link has the rights of the file, and clients have to be able to read what the index names."""
    upstream = make_upstream(tmp_path / "up", 0, 5, index="json")
    for path in upstream.packages:
        (upstream.folder / path).chmod(mode)
    before = os.umask(0o022)
    try:
        report = made(upstream, tmp_path / "m")
    finally:
        os.umask(before)
    assert report.fetched.linked == (report.fetched.files if linked else 0)
    assert all((tmp_path / "m" / path).stat().st_mode & 0o444 == 0o444 for path in packages(tmp_path / "m"))


@pytest.mark.parametrize("change", ["request", "subdir", "run_exports", "channeldata"])
def test_what_is_new_is_noticed_without_a_new_package(upstream: Upstream, tmp_path: Path, change: str) -> None:
    """What the shortcut compares is all that a generation is made of."""
    index = upstream.folder / "osx-arm64" / "repodata.json"
    exports = upstream.folder / "linux-64" / "run_exports.json"
    hidden = {"request": None, "subdir": index, "run_exports": exports, "channeldata": upstream.folder / "channeldata.json"}[change]
    content = hidden.read_bytes() if hidden else b""
    if hidden:
        hidden.unlink()
    both = Request(platforms=("linux-64", "osx-arm64"))
    assert made(upstream, tmp_path / "m", both).published
    assert not made(upstream, tmp_path / "m", both).published
    if hidden:
        hidden.write_bytes(content)
        assert made(upstream, tmp_path / "m", both).published
    else:
        assert made(upstream, tmp_path / "m", LINUX).published
        assert not any(path.startswith("osx-arm64/") for path in packages(tmp_path / "m"))


def test_one_package_more_is_one_file(upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    server = serve_with_faults(upstream.folder)
    made(server.url, tmp_path / "m")
    was = packages(tmp_path / "m")
    inodes = {path: (tmp_path / "m" / path).stat().st_ino for path in was}
    upstream.add(Package("brand-new"))
    server.asked.clear()
    report = made(server.url, tmp_path / "m")
    assert (report.generation, report.published, report.fetched.files) == (2, True, 1)
    assert [path for path in server.asked if path.endswith((".conda", ".bz2"))] == ["linux-64/brand-new-1.0-h0_0.conda"]
    assert set(packages(tmp_path / "m")) - set(was) == {"linux-64/brand-new-1.0-h0_0.conda"}
    assert {path: (tmp_path / "m" / path).stat().st_ino for path in was} == inodes


def test_a_hotfix_changes_records_and_no_file(upstream: Upstream, tmp_path: Path) -> None:
    made(upstream, tmp_path / "m")
    was = packages(tmp_path / "m")
    upstream.hotfix(f"linux-64/{BROKEN_IN_ARCHIVE}-1.0-h0_0.conda", depends=["openssl >=3.5"])
    report = made(upstream, tmp_path / "m")
    assert (report.published, report.fetched.files) == (True, 0) and packages(tmp_path / "m") == was


DAMAGES: dict[str, Callable[[Path], object]] = {
    "package gone": lambda folder: next((folder / "linux-64").glob("openssl-3.5*")).unlink(),
    "package cut": lambda folder: os.truncate(next((folder / "linux-64").glob("openssl-3.5*")), 100),
    "package of other bytes": lambda folder: flip(next((folder / "linux-64").glob("openssl-3.5*"))),
    "shard gone": lambda folder: next((folder / "linux-64" / "shards").iterdir()).unlink(),
    "shard of other bytes": lambda folder: flip(next((folder / "linux-64" / "shards").iterdir())),
    "link gone": lambda folder: (folder / "linux-64" / "repodata.json").unlink(),
    "file for a link": lambda folder: ((folder / "noarch" / "repodata.json").unlink(), (folder / "noarch" / "repodata.json").write_text("{}")),
    "index of other bytes": lambda folder: flip(folder / CURRENT / "linux-64" / "repodata.json.zst"),
    "memory gone": lambda folder: (folder / VERIFIED).unlink(),
}


def flip(path: Path) -> None:
    """One byte changes; size and time of modification stay."""
    status = path.stat()
    content = path.read_bytes()
    path.unlink()  # it may be a link to the source's
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_damaged_is_mended(upstream: Upstream, tmp_path: Path, damage: str) -> None:
    made(upstream, tmp_path / "m", options=Options(link=False))
    was = shown(tmp_path / "m")
    DAMAGES[damage](tmp_path / "m")
    report = made(upstream, tmp_path / "m")
    assert (report.generation, report.published) == (1, False)
    assert shown(tmp_path / "m") == was
    assert report.fetched.files == damage.startswith("package")


def test_a_kept_generation_without_its_sums_is_told(upstream: Upstream, tmp_path: Path) -> None:
    """Which packages must not change is in them: a run that went on would take other bytes under their names."""
    made(upstream, tmp_path / "m")
    upstream.add(Package("one-more", "1.0", "h0", subdir="linux-64"))
    made(upstream, tmp_path / "m")
    (tmp_path / "m" / GENERATIONS / "1" / SUMS).unlink()
    was = tree(tmp_path / "m", LOCK)
    with pytest.raises(ManifestError, match=r"generations/1/SHA256SUMS is gone.* or remove .mirror/generations/1; nothing was changed"):
        made(upstream, tmp_path / "m", Request(platforms=("linux-64", "osx-arm64")))
    assert tree(tmp_path / "m", LOCK) == was


def test_damage_behind_the_back_of_all_stamps_needs_reverify(upstream: Upstream, tmp_path: Path) -> None:
    """A disk that forgets tells nobody: here the memory is made to match."""
    made(upstream, tmp_path / "m", options=Options(link=False))
    path = next((tmp_path / "m" / "linux-64").glob("openssl-3.5*"))
    flip(path)
    status = path.stat()
    with sqlite3.connect(tmp_path / "m" / VERIFIED) as memory:
        stamp = f"{status.st_ino}:{status.st_mtime_ns}:{status.st_ctime_ns}"
        assert memory.execute("UPDATE files SET stamp = ? WHERE path = ?", (stamp, f"linux-64/{path.name}")).rowcount == 1
    memory.close()
    assert made(upstream, tmp_path / "m").fetched.files == 0
    assert made(upstream, tmp_path / "m", options=Options(reread=True)).fetched.files == 1
    shown(tmp_path / "m")


def test_wrong_bytes_are_never_shown(upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]) -> None:
    server = serve_with_faults(upstream.folder)
    server.fail("openssl-3.5", Fault(wrong=True))
    with pytest.raises(WrongBytesError, match="openssl-3.5"):
        made(server.url, tmp_path / "m")
    assert open_place(str(tmp_path / "m")).current() is None and not (tmp_path / "m" / "linux-64" / "repodata.json").exists()
    server.heal()
    assert made(server.url, tmp_path / "m").published
    upstream.add(Package("further"))
    server.fail("further", Fault(wrong=True))
    was = shown(tmp_path / "m")
    with pytest.raises(WrongBytesError):
        made(server.url, tmp_path / "m")
    assert shown(tmp_path / "m") == was


def test_a_package_that_changed_under_its_name_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    made(upstream, tmp_path / "m", options=Options(link=False))
    was = shown(tmp_path / "m")
    upstream.add(Package("bound", constrains=("openssl <3.5",)))
    with pytest.raises(RefusedError, match="linux-64/bound-1.0-h0_0.conda: changed under its name"):
        made(upstream, tmp_path / "m")
    assert shown(tmp_path / "m") == was


def test_a_full_disk_is_told_before_anything_is_downloaded(
    upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve_with_faults(upstream.folder)
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("atheria_pack.mirror.plan.shutil.disk_usage", lambda _: usage)  # the slow tests fill a real disk
    for dry_run in (True, False):
        with pytest.raises(DiskFullError, match="has 1,000 free"):
            made(server.url, tmp_path / "m", options=Options(dry_run=dry_run))
    assert not [path for path in server.asked if path.endswith((".conda", ".bz2"))]


def test_places_that_are_sources_are_refused(upstream: Upstream, tmp_path: Path) -> None:
    for target in (upstream.folder, upstream.folder / "inside", upstream.folder / "linux-64", tmp_path):
        was = tree(tmp_path)
        with pytest.raises(UsageError, match="source"):
            made(upstream, target)
        assert tree(tmp_path) == was
    (tmp_path / "link").symlink_to(upstream.folder)
    with pytest.raises(UsageError, match="a source and the target at once"):
        made(upstream, tmp_path / "link")


def test_sources_that_are_none_and_requests_for_nothing(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackError, match="noarch"):
        made(str(tmp_path / "empty"), tmp_path / "m")
    (tmp_path / "empty" / "noarch").mkdir()
    (tmp_path / "empty" / "noarch" / "repodata.json").write_text('{"packages": {}, "packages.conda": {}}')
    (tmp_path / "empty" / "linux-64").mkdir()
    (tmp_path / "empty" / "linux-64" / "repodata.json").write_text('{"packages": {}, "packages.conda": {}}')
    with pytest.raises(UsageError, match="nothing is chosen"):
        made(str(tmp_path / "empty"), tmp_path / "m")
    with pytest.raises(SourceError, match="not there"):
        made(str(tmp_path / "nowhere"), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_the_first_source_owns_a_name(upstream: Upstream, tmp_path: Path) -> None:
    ours = make_upstream(tmp_path / "ours", 0, 6, index="json")
    ours.remove(*(path for path in list(ours.packages) if "openssl" not in path))
    made(ours, tmp_path / "m", LINUX, None, str(upstream.folder))
    found = packages(tmp_path / "m")
    for path, sha256 in found.items():
        owner = ours if "openssl" in path else upstream
        assert hashlib.sha256((owner.folder / path).read_bytes()).hexdigest() == sha256, path


def test_a_signed_generation(upstream: Upstream, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests", "-f", str(key)], check=True)
    (tmp_path / "allowed").write_text(f"tests {key.with_suffix('.pub').read_text()}")
    made(upstream, tmp_path / "m")
    assert not (tmp_path / "m" / CURRENT / "manifest.json.sig").exists()
    made(upstream, tmp_path / "m", options=Options(sign=lambda content: sign(content, key)))
    for name in ("m", "fresh"):
        if name == "fresh":
            made(upstream, tmp_path / "fresh", options=Options(sign=lambda content: sign(content, key)))
        folder = tmp_path / name / CURRENT
        manifest, signature = ((folder / file).read_bytes() for file in ("manifest.json", "manifest.json.sig"))
        assert verify_signature(manifest, signature, tmp_path / "allowed") == "tests"


def with_attestations(upstream: Upstream, world: World, *, promised: str, loose: str) -> bytes:
    """One package has a sidecar that its index promises, another one that lies beside it."""
    sidecars = {}
    for path in (promised, loose):
        digest = hashlib.sha256((upstream.folder / path).read_bytes()).hexdigest()
        sidecars[path] = json.dumps([world.bundle(Path(path).name, digest, upstream.url)]).encode()
    digest = hashlib.sha256(sidecars[promised]).hexdigest()
    (upstream.folder / f"{promised}.sigs.{digest}").write_bytes(sidecars[promised])
    (upstream.folder / f"{loose}{SIDECAR_SUFFIX}").write_bytes(sidecars[loose])
    upstream.hotfix(promised, attestations_sha256=digest)
    return sidecars[promised]


def test_attestations_are_carried_and_judged(upstream: Upstream, tmp_path: Path) -> None:
    world = World()
    root = tmp_path / "root.json"
    root.write_text(json.dumps(world.trusted_root()))
    promised, loose = "noarch/ca-certificates-2026.2.1-h0_0.conda", "linux-64/_libgcc_mutex-0.1-main_0.tar.bz2"
    sidecar = with_attestations(upstream, world, promised=promised, loose=loose)
    names = {f"{promised}.sigs.{hashlib.sha256(sidecar).hexdigest()}", f"{loose}{SIDECAR_SUFFIX}"}
    just_these = Request(specs=("ca-certificates", "_libgcc_mutex"), platforms=("linux-64",), profiles=("no-gpu",))
    more = Request(specs=("openssl",), platforms=("linux-64",), profiles=("no-gpu",))

    made(upstream, tmp_path / "m", just_these)
    assert names <= set(shown(tmp_path / "m"))
    for name in names:
        os.remove(tmp_path / "m" / name)
    assert made(upstream, tmp_path / "m", just_these).fetched.files == 2  # mended like any file
    assert names <= set(shown(tmp_path / "m"))

    report = made(upstream, tmp_path / "judged", just_these, Options(attestations=Policy("require", root, IDENTITY)))
    assert report.attested == 2 and report.published
    report = made(upstream, tmp_path / "warned", more, Options(attestations=Policy("warn", root)))
    assert report.published and report.attested == 2 and any("openssl" in doubt and "no attestations" in doubt for doubt in report.doubts)
    for policy, reason in ((Policy("require", root), "no attestations"), (Policy("require"), "No log key valid")):
        was = shown(tmp_path / "judged")
        with pytest.raises(AttestationError, match=f"(?s)nothing was published.*{reason}"):
            made(upstream, tmp_path / "judged", more if policy.trusted_root else just_these, Options(attestations=policy))
        assert shown(tmp_path / "judged") == was

    made(upstream, tmp_path / "ignored", just_these, Options(attestations=Policy("ignore")))
    assert not any(".sigs" in path for path in tree(tmp_path / "ignored"))


def test_a_page_in_the_place_of_a_sidecar_is_left_out(
    upstream: Upstream, tmp_path: Path, serve_with_faults: Callable[..., FaultyServer]
) -> None:
    """Some servers answer 200 with a page for what they do not have; published once, it would stay."""
    server = serve_with_faults(upstream.folder)
    server.fail(SIDECAR_SUFFIX, Fault(status=200))
    watching = Watching()
    notes: list[str] = []
    watching.note = notes.append  # type: ignore[method-assign]
    mirror([server.url], open_place(str(tmp_path / "m")), LINUX, Options(jobs=1), Talk(watching.told.append, watching.watch))
    assert packages(tmp_path / "m") and not any(".sigs" in path for path in tree(tmp_path / "m"))
    assert len(notes) == 1 and f"{SIDECAR_SUFFIX} is no list of attestations" in notes[0]


def test_a_promised_sidecar_of_other_bytes_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    promised = "noarch/ca-certificates-2026.2.1-h0_0.conda"
    upstream.hotfix(promised, attestations_sha256="0" * 64)
    with pytest.raises(SourceError, match=f"{promised}.sigs.000"):
        made(upstream, tmp_path / "m")
    (upstream.folder / f"{promised}.sigs.{'0' * 64}").write_text("[]")
    with pytest.raises(WrongBytesError, match=f"{promised}.sigs.000"):
        made(upstream, tmp_path / "m")
    assert not (tmp_path / "m" / CURRENT).exists()


changes = st.tuples(st.sampled_from(["add", "remove", "hotfix", "sidecar"]), st.integers(0, 1000))


@settings(max_examples=4, deadline=None)
@given(st.lists(st.lists(changes, max_size=4), min_size=1, max_size=3))
def test_a_mirror_that_followed_is_the_one_made_afresh(tmp_path_factory: pytest.TempPathFactory, days: list[list[tuple[str, int]]]) -> None:
    """Whatever a source does from day to day, what is shown are the bytes of a new mirror of the last day."""
    folder = tmp_path_factory.mktemp("days")
    source = make_upstream(folder / "up", 0, 7, index="json")
    made(source, folder / "followed")
    for day in days:
        for what, number in day:
            there = sorted(path for path in source.packages if "v3" not in source.packages[path].table)
            path = there[number % len(there)]
            if what == "add":
                source.add(Package(f"new{number}", payload=number, subdir=("linux-64", "noarch")[number % 2]))
            elif what == "remove" and len(there) > 5:
                source.remove(path)
            elif what == "hotfix":
                source.hotfix(path, depends=[f"new{number}"])
            elif what == "sidecar":
                content = f"[{number}]".encode()
                (source.folder / f"{path}.sigs.{hashlib.sha256(content).hexdigest()}").write_bytes(content)
                source.hotfix(path, attestations_sha256=hashlib.sha256(content).hexdigest())
        made(source, folder / "followed")
    made(source, folder / "fresh")
    assert shown(folder / "followed") == shown(folder / "fresh")


def test_no_page_or_index_depends_on_where_the_mirror_lies(upstream: Upstream, tmp_path: Path) -> None:
    made(upstream, tmp_path / "one" / "m")
    made(upstream, tmp_path / "two" / "n", options=Options(link=False, jobs=1))
    assert shown(tmp_path / "one" / "m") == shown(tmp_path / "two" / "n")


def test_archives_are_what_their_records_say(upstream: Upstream, tmp_path: Path) -> None:
    """The material of these tests is worth something: its files are packages."""
    package = upstream.packages["linux-64/bound-1.0-h0_0.conda"]
    made(upstream, tmp_path / "m")
    assert (tmp_path / "m" / package.path).read_bytes() == archive(package, 5)
