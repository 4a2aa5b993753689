"""An import ends in the origin's bytes or changes nothing, and says why."""

import io
import shutil
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from atheria_pack.errors import BusyError, DiskFullError, PackError
from atheria_pack.mirror.airgap import importing
from atheria_pack.mirror.airgap.bundle import header_of
from atheria_pack.mirror.airgap.contents import ChangedPackageError, LostFileError
from atheria_pack.mirror.airgap.export import export
from atheria_pack.mirror.airgap.importing import Imported, import_bundle
from atheria_pack.mirror.airgap.lineage import LineageError
from atheria_pack.mirror.airgap.listing import BundleError, Head, Member, order, write_listing
from atheria_pack.mirror.airgap.signature import SignatureError, sign
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.stamps import Stamps
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from origins import PUBLISHED, files_of, publish, readable, sha256, tree  # noqa: E402
from signature_test import allow, make_key  # noqa: E402

GENERATIONS = (
    files_of("linux-64/a-1", "noarch/b-1"),
    files_of("linux-64/a-1", "linux-64/a-2", "noarch/b-1"),
    files_of("linux-64/a-2", "noarch/b-1", "noarch/c-1"),
    files_of("linux-64/a-1", "noarch/b-1"),  # what was there before comes back, as after a rollback
)


class World:
    """An origin of four generations, each exported in every way, and the keys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.key = make_key(root, "origin-key")
        self.stranger = make_key(root, "stranger-key")
        self.allowed = allow(root / "allowed", ("mirror@origin", self.key))
        self.origin = FolderPlace(root / "origin", "ORIGIN")
        self.after: list[dict[str, str]] = []
        for number, files in enumerate(GENERATIONS, 1):
            publish(self.origin.root, files, sign_with=self.key)
            self.after.append(tree(self.origin.root))
            for since in (None, *range(1, number)):
                export(self.origin, self.bundle(number, since), since, self.key)
        for number in (1, 2):
            publish(root / "other", files_of(f"noarch/other-{number}"))
        self.other = FolderPlace(root / "other", "OTHER")

    def bundle(self, number: int, since: int | None = None) -> Path:
        return self.root / (f"{number}.tar" if since is None else f"{since}-{number}.tar")

    def first(self, folder: Path) -> FolderPlace:
        """A copy of a mirror that has the first generation."""
        made = self.root / "first"
        if not made.exists():
            self.mirror(made, self.bundle(1))
        shutil.copytree(made, folder, symlinks=True)
        return FolderPlace(folder, "DST")

    def mirror(self, folder: Path, *bundles: Path) -> FolderPlace:
        place = FolderPlace(folder, "DST")
        for bundle in bundles:
            import_bundle(bundle, place, self.allowed)
        return place


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def visible(found: dict[str, str]) -> dict[str, str]:
    """What a mirror shows: everything but its earlier generations, and packages that only those have."""
    return {path: value for path, value in found.items() if not path.startswith(".mirror/generations/")}


def refuse(kind: type[PackError], told: str, world: World, place: FolderPlace, bundle: Path, allowed: Path | None = None) -> None:
    """The bundle is refused in these words, on a dry run as well, and the mirror is as it was."""
    before = tree(place.root)
    for dry_run in (True, False):
        with pytest.raises(kind, match=told):
            import_bundle(bundle, place, allowed or world.allowed, dry_run)
        after = tree(place.root)
        if before:
            assert after == before
        else:
            assert not (set(after) - {".mirror", ".mirror/staging"})
    readable(place.root)


def test_a_full_bundle_makes_a_mirror(world: World, tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "mirror", "DST")
    done = import_bundle(world.bundle(1), place, world.allowed)
    assert tree(place.root) == world.after[0]
    assert (done.generation, done.base, done.signed_by, done.there_already) == (1, None, "mirror@origin", False)
    assert (done.counts.packages, done.counts.shards, done.counts.indexes, done.counts.files) == (2, 2, 8, 15)
    readable(place.root)


def test_every_delta_in_order_ends_in_the_origin(world: World, tmp_path: Path) -> None:
    """Byte for byte, all generations; the mirrors share nothing, not even inodes."""
    place = world.first(tmp_path / "mirror")
    for number in (2, 3, 4):
        done = import_bundle(world.bundle(number, number - 1), place, world.allowed)
        assert (done.generation, done.base) == (number, number - 1)
        assert tree(place.root) == world.after[number - 1]
        readable(place.root)
    inodes = [{path.stat().st_ino for path in root.rglob("*") if path.is_file()} for root in (place.root, world.origin.root)]
    assert not inodes[0] & inodes[1]


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_way_to_the_newest_shows_the_same(world: World, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Full or delta, leaping or not, from the newest base or an older one; what was imported before, imported again."""
    place = FolderPlace(tmp_path_factory.mktemp("way") / "mirror", "DST")
    has: list[int] = []
    for number in [*data.draw(st.lists(st.integers(1, 3), max_size=3).map(sorted)), 4]:
        since = data.draw(st.sampled_from([None, *(base for base in has if base < number)]))
        done = import_bundle(world.bundle(number, since), place, world.allowed)
        assert done.there_already == (number in has)
        has.append(number)
        readable(place.root)
        shown = FolderPlace(place.root, "DST")
        for path, content in GENERATIONS[number - 1].items():
            assert shown.read(path) == content
    assert visible(tree(place.root)).items() <= visible(world.after[3]).items()  # but for packages of generations that were leapt over


def test_the_same_bundle_again_changes_nothing(world: World, tmp_path: Path) -> None:
    place = world.mirror(tmp_path / "mirror", world.bundle(1), world.bundle(2, 1))
    before = {path: path.lstat().st_mtime_ns for path in place.root.rglob("*")}
    for bundle in (world.bundle(2, 1), world.bundle(2)):
        done = import_bundle(bundle, place, world.allowed)
        assert done.there_already and done.counts.files == 0
    assert {path: path.lstat().st_mtime_ns for path in place.root.rglob("*")} == before


def test_a_dry_run_proves_and_writes_nothing(world: World, tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "mirror", "DST")
    planned = import_bundle(world.bundle(1), place, world.allowed, dry_run=True)
    assert not place.root.exists()
    done = import_bundle(world.bundle(1), place, world.allowed)
    assert planned == done
    before = tree(place.root)
    stamps = (place.root / ".mirror/verified.sqlite").read_bytes()
    assert import_bundle(world.bundle(3, 1), place, world.allowed, dry_run=True).counts.packages == 2
    assert tree(place.root) == before and (place.root / ".mirror/verified.sqlite").read_bytes() == stamps


def test_what_was_verified_is_not_read_again(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delta relies on what earlier imports proved; a file that was touched since is read."""
    place = world.mirror(tmp_path / "mirror", world.bundle(1))
    opened: list[str] = []
    original = FolderPlace.open

    def watched(self: FolderPlace, path: str) -> io.BufferedReader:
        opened.append(path)
        return original(self, path)  # type: ignore[return-value]

    monkeypatch.setattr(FolderPlace, "open", watched)
    (place.root / "noarch/b-1-0.conda").touch()
    import_bundle(world.bundle(2, 1), place, world.allowed)
    assert {path for path in opened if path.endswith(".conda")} == {"noarch/b-1-0.conda"}
    with Stamps(place) as stamps:
        opened.clear()
        assert stamps.check("linux-64/a-2-0.conda", sha256(GENERATIONS[1]["linux-64/a-2-0.conda"]))
    assert opened == []


# Who may have signed it


def test_an_unsigned_bundle_needs_consent(world: World, tmp_path: Path) -> None:
    export(world.origin, tmp_path / "b.tar", since=1)
    place = world.first(tmp_path / "mirror")
    refuse(SignatureError, "b.tar: is not signed; export it with --sign KEY. --allow-unsigned", world, place, tmp_path / "b.tar")
    assert import_bundle(tmp_path / "b.tar", place, None) == Imported(4, 1, Anything(), None, False)
    assert visible(tree(place.root)).items() <= visible(world.after[3]).items()


class Anything:
    def __eq__(self, _other: object) -> bool:
        return True


def test_a_wrong_key_or_another_namespace_is_refused(world: World, tmp_path: Path) -> None:
    export(world.origin, tmp_path / "b.tar", key=world.stranger)
    place = FolderPlace(tmp_path / "mirror", "DST")
    refuse(SignatureError, "b.tar, signature: signed by key SHA256:.*, which is not in .*allowed", world, place, tmp_path / "b.tar")
    refuse(
        SignatureError, "valid today", world, place, world.bundle(1), allow(tmp_path / "expired", ('x valid-before="20200101"', world.key))
    )
    content = rebuilt(world.bundle(1), world, signature=lambda listing: sign(listing, world.key, "git"))
    (tmp_path / "c.tar").write_bytes(content)
    refuse(SignatureError, "namespace 'git', expected 'atheria-mirror'", world, place, tmp_path / "c.tar")
    assert not place.root.exists()


def test_the_signature_of_another_bundle_is_refused(world: World, tmp_path: Path) -> None:
    other = members_of(world.bundle(2, 1))["bundle.json.sig"]
    (tmp_path / "b.tar").write_bytes(rebuilt(world.bundle(1), world, signature=lambda listing: other))
    refuse(SignatureError, "not for these bytes", world, FolderPlace(tmp_path / "mirror", "DST"), tmp_path / "b.tar")


def test_a_manifest_with_a_wrong_signature_is_refused(world: World, tmp_path: Path) -> None:
    """Though the bundle around it is signed well: it would be in the mirror for everybody to check."""
    bad = sign(b"something else", world.key)
    (tmp_path / "b.tar").write_bytes(rebuilt(world.bundle(1), world, lambda files: {**files, "manifest.json.sig": bad}))
    refuse(SignatureError, "b.tar, manifest.json.sig: not for these bytes", world, FolderPlace(tmp_path / "mirror", "DST"), tmp_path / "b.tar")


# What does not fit the mirror


def test_wrong_base_replay_and_other_lineages_are_refused(world: World, tmp_path: Path) -> None:
    fresh = FolderPlace(tmp_path / "fresh", "DST")
    refuse(LineageError, "1-2.tar: wrong base; it builds on generation 1 .*, and DST has no generation yet", world, fresh, world.bundle(2, 1))
    first = world.mirror(tmp_path / "first", world.bundle(1))
    refuse(LineageError, "wrong base; it builds on generation 2 .*, and DST has generation 1", world, first, world.bundle(3, 2))
    newest = world.mirror(tmp_path / "newest", world.bundle(4))
    for old in (world.bundle(2), world.bundle(2, 1), world.bundle(3, 2)):
        refuse(LineageError, "an old bundle; it brings generation [23], and DST is past it, at generation 4", world, newest, old)
    for bundle in (world.bundle(2, 1), world.bundle(2), world.bundle(3), world.bundle(3, 2)):
        refuse(LineageError, "of another lineage|wrong base", world, world.other, bundle)


def test_a_bundle_of_an_unknown_schema_is_refused(world: World, tmp_path: Path) -> None:
    content = rebuilt(world.bundle(1), world, listing=lambda text: text.replace(b'"schema": 1', b'"schema": 2'))
    (tmp_path / "b.tar").write_bytes(content)
    refuse(BundleError, "a bundle of schema 2; this program reads schema 1", world, FolderPlace(tmp_path / "mirror", "DST"), tmp_path / "b.tar")


@pytest.mark.parametrize(
    ("path", "told"),
    [("noarch/b-1-0.conda", "it is missing"), (".mirror/generations/1/noarch/repodata.json", "it is missing"),
     (f"noarch/shards/{sha256(b'shard of noarch/b-1')}.msgpack.zst", "it is missing")],
)  # fmt: skip
def test_a_file_that_the_mirror_lost_is_named(world: World, tmp_path: Path, path: str, told: str) -> None:
    place = world.first(tmp_path / "mirror")
    content = (place.root / path).read_bytes()
    (place.root / path).unlink()
    with pytest.raises(LostFileError, match=f"DST: {path} is left out by the bundle, .* {told}; export without --since"):
        import_bundle(world.bundle(2, 1), place, world.allowed)
    (place.root / path).write_bytes(content[:-1] + b"?")
    with pytest.raises(LostFileError, match=f"{path} .*sha256"):
        import_bundle(world.bundle(2, 1), place, world.allowed)
    assert place.current() == 1
    import_bundle(world.bundle(2), place, world.allowed)  # everything is in it
    readable(place.root)
    assert visible(tree(place.root)).items() <= visible(world.after[1]).items()


def test_a_package_with_other_bytes_is_refused(world: World, tmp_path: Path) -> None:
    """Signed and all: packages never change, and clients may have the other one."""
    changed = {**GENERATIONS[1], "linux-64/a-1-0.conda": b"other bytes"}
    root = tmp_path / "origin"
    publish(root, GENERATIONS[0], sign_with=world.key)
    place = world.mirror(tmp_path / "mirror")
    export(FolderPlace(root, "O"), tmp_path / "1.tar", key=world.key)
    import_bundle(tmp_path / "1.tar", place, world.allowed)
    publish(root, changed, sign_with=world.key)
    export(FolderPlace(root, "O"), tmp_path / "2.tar", key=world.key)
    refuse(ChangedPackageError, "brings linux-64/a-1-0.conda with sha256 .*, and generation 1 of DST names it with", world, place, tmp_path / "2.tar")


# What was done to the bundle


def members_of(bundle: Path) -> dict[str, bytes]:
    with tarfile.open(bundle) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


def rebuilt(
    bundle: Path,
    world: World,
    change: Callable[[dict[str, bytes]], dict[str, bytes]] = lambda files: files,
    head: Callable[[Head], Head] = lambda head: head,
    listing: Callable[[bytes], bytes] = lambda text: text,
    signature: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """A bundle as somebody who has the key might make it by hand, with whatever was changed in it."""
    files = members_of(bundle)
    manifest = Manifest.from_bytes(files["manifest.json"], "test")
    for name in ("bundle.json", "bundle.json.sig"):
        del files[name]
    files = change(files)
    path = world.root / "rebuilt.json"
    path.unlink(missing_ok=True)
    members = sorted((Member(name, len(content), sha256(content)) for name, content in files.items()), key=lambda member: order(member.path, "test"))
    wanted = head(Head(manifest.generation, manifest.published, None, sha256(files["manifest.json"]), {}))
    write_listing(path, wanted, members)
    text = listing(path.read_bytes())
    seal = (signature or (lambda text: sign(text, world.key)))(text)
    out = b""
    for name, content in [("bundle.json", text), ("bundle.json.sig", seal), *((member.path, files[member.path]) for member in members)]:
        out += header_of(Member(name, len(content), ""), wanted.published) + content + bytes(-len(content) % 512)
    return out + bytes(1024)


def test_a_bundle_can_be_rebuilt(world: World) -> None:
    """Else the tests with changes would show nothing."""
    assert rebuilt(world.bundle(1), world) == world.bundle(1).read_bytes()


def _without(files: dict[str, bytes], path: str) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != path}


def _with_sums(files: dict[str, bytes]) -> dict[str, bytes]:
    """Another SHA256SUMS, and the manifest that names it."""
    sums = b"".join(line for line in files["SHA256SUMS"].splitlines(True) if b"index.html" not in line)
    value = Manifest.from_bytes(files["manifest.json"], "test")
    manifest = replace(value, sums=sha256(sums)).to_bytes()
    return {**_without(_without(files, "index.html"), "manifest.json.sig"), "SHA256SUMS": sums, "manifest.json": manifest}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda files: _without(files, "noarch/b-1-0.conda"), "noarch/b-1-0.conda is left out by the bundle.*it is missing"),
        (lambda files: _without(files, "index.html"), "index.html is left out by the bundle.*no kept generation has it"),
        (lambda files: _without(files, "SHA256SUMS"), "SHA256SUMS is missing"),
        (lambda files: {**files, "noarch/x-1-0.conda": b"x"}, "noarch/x-1-0.conda is in the bundle, but not in SHA256SUMS"),
        (lambda files: {**files, "noarch/b-1-0.conda": b"x"}, "noarch/b-1-0.conda has sha256 .* in the bundle and .* in SHA256SUMS"),
        (lambda files: {**files, "SHA256SUMS": files["SHA256SUMS"] + b"x"}, "SHA256SUMS has sha256 .*, and the manifest says"),
        (lambda files: {**files, "manifest.json": b"{}\n"}, "manifest of schema None"),
        (lambda files: {**files, "manifest.json": b"[]\n"}, "no manifest of a mirror"),
        (lambda files: {**files, "manifest.json": b"[" * 100_000}, "no manifest of a mirror"),
        (lambda files: {**files, "manifest.json": b"\xff\n"}, "no manifest of a mirror"),
        (_with_sums, "SHA256SUMS has 11 lines, and the manifest says 12 files"),
    ],
)
def test_a_bundle_put_together_by_hand_is_refused(
    world: World, tmp_path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]], told: str
) -> None:
    (tmp_path / "b.tar").write_bytes(rebuilt(world.bundle(1), world, change))
    refuse(PackError, told, world, FolderPlace(tmp_path / "mirror", "DST"), tmp_path / "b.tar")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (lambda head: Head(7, head.published, None, head.manifest, {}), "announces generation 7, .* its manifest is of generation 2"),
        (lambda head: Head(2, 5, None, head.manifest, {}), "published at 5, and its manifest is of generation 2, published at"),
        (lambda head: Head(2, head.published, None, head.manifest, {1: "1" * 64}), "names 1111.* as generation 1, and its manifest"),
    ],
)
def test_a_head_that_lies_is_refused(world: World, tmp_path: Path, head: Callable[[Head], Head], told: str) -> None:
    (tmp_path / "b.tar").write_bytes(rebuilt(world.bundle(2), world, head=head))
    refuse(BundleError, told, world, FolderPlace(tmp_path / "mirror", "DST"), tmp_path / "b.tar")


def test_a_manifest_that_would_fill_the_memory_is_refused(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_LARGEST_MANIFEST", 100)
    place = FolderPlace(tmp_path / "mirror", "DST")
    refuse(BundleError, r"manifest.json of \d+ bytes, expected at most 100", world, place, world.bundle(1))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_other_byte_or_length_is_refused(world: World, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whole readers' bytes stay, wherever the bundle was hit; white space between the lines of a signature is not part of what it says."""
    folder = tmp_path_factory.mktemp("changed")
    place = world.first(folder / "mirror")
    good = world.bundle(2, 1).read_bytes()
    what = data.draw(st.sampled_from(("flip", "cut", "append")))
    if what == "flip":
        at = data.draw(st.integers(0, len(good) - 1))
        changed = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
        if changed.split() == good.split():
            return
    else:
        changed = good[: data.draw(st.integers(0, len(good) - 1))] if what == "cut" else good + data.draw(st.binary(min_size=1, max_size=600))
    (folder / "b.tar").write_bytes(changed)
    refuse(PackError, "b.tar", world, place, folder / "b.tar")


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_members_dropped_doubled_renamed_or_moved_are_refused(world: World, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("changed")
    place = world.first(folder / "mirror")
    files = list(members_of(world.bundle(2, 1)).items())
    one, other = data.draw(st.integers(0, len(files) - 1)), data.draw(st.integers(0, len(files) - 1))
    match data.draw(st.sampled_from(("drop", "double", "rename", "move"))):
        case "drop":
            del files[one]
        case "double":
            files.insert(other, files[one])
        case "rename":
            files[one] = (data.draw(st.sampled_from(("noarch/new-1-0.conda", "../../outside", "/outside", ".mirror/lock"))), files[one][1])
        case "move":
            files.insert(other, files.pop(one))
            if one == other:
                return
    published = PUBLISHED + 1
    content = b"".join(header_of(Member(name, len(text), ""), published) + text + bytes(-len(text) % 512) for name, text in files)
    (folder / "b.tar").write_bytes(content + bytes(1024))
    refuse(PackError, "b.tar", world, place, folder / "b.tar")
    assert not (folder.parent / "outside").exists() and not Path("/outside").exists()


# What happens to the mirror meanwhile


def test_a_run_that_was_killed_is_done_again(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped before every step that changes the mirror, one after the other; the next run ends in the same bytes."""
    wanted = tree(world.mirror(tmp_path / "undisturbed", world.bundle(1), world.bundle(2, 1)).root)

    class Killed(BaseException):
        pass

    steps = 0
    for stop in range(1000):
        root = tmp_path / f"killed-{stop}"
        place = world.first(root)
        steps = 0

        def counted(original: Callable[..., None], stop: int = stop) -> Callable[..., None]:
            def step(*words: object) -> None:
                nonlocal steps
                steps += 1
                if steps > stop:
                    raise Killed
                original(*words)

            return step

        with monkeypatch.context() as patch:
            for name in ("put", "write", "remove_folder", "switch"):
                patch.setattr(FolderPlace, name, counted(getattr(FolderPlace, name)))
            try:
                import_bundle(world.bundle(2, 1), place, world.allowed)
            except Killed:
                assert place.current() == 1
            else:
                break
        readable(root)
        import_bundle(world.bundle(2, 1), place, world.allowed)
        assert tree(root) == wanted
    assert steps > 8, "no step was seen"


def test_leftovers_of_another_bundle_are_removed(world: World, tmp_path: Path) -> None:
    place = world.first(tmp_path / "mirror")
    left = place.root / ".mirror/incoming" / ("0" * 64) / "packages"
    left.mkdir(parents=True)
    (left / "x").write_bytes(b"x")
    import_bundle(world.bundle(2, 1), place, world.allowed)
    assert not (place.root / ".mirror/incoming").exists()
    for name in ("incoming", "staging"):  # killed when everything but cleaning was done
        (place.root / ".mirror" / name).mkdir()
        assert import_bundle(world.bundle(2, 1), place, world.allowed).there_already
        assert not (place.root / ".mirror" / name).exists()


def test_a_second_writer_waits(world: World, tmp_path: Path) -> None:
    place = world.first(tmp_path / "mirror")
    with place.writing(), pytest.raises(BusyError, match="DST is being written by"):
        import_bundle(world.bundle(2, 1), FolderPlace(place.root, "DST"), world.allowed)
    assert place.current() == 1


def test_too_little_space_is_told_before_anything_is_written(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = world.first(tmp_path / "mirror")
    monkeypatch.setattr(importing.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 100}))
    before = visible(tree(place.root))
    with pytest.raises(DiskFullError, match=r"DST: the bundle brings \d+ bytes, and 100 are free"):
        import_bundle(world.bundle(2, 1), place, world.allowed)
    assert visible(tree(place.root)) == before
    left = place.root / ".mirror/incoming" / ("0" * 64)
    left.mkdir(parents=True)  # what a killed run left is no reason to refuse
    monkeypatch.setattr(importing.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 100 if left.exists() else 1 << 30}))
    import_bundle(world.bundle(2, 1), place, world.allowed)
    assert place.current() == 2


def test_a_link_in_the_mirror_leads_nowhere(world: World, tmp_path: Path) -> None:
    place = world.first(tmp_path / "mirror")
    (tmp_path / "outside").mkdir()
    incoming = place.root / ".mirror/incoming"
    incoming.symlink_to(tmp_path / "outside")
    with pytest.raises(PackError, match="incoming is a link"):
        import_bundle(world.bundle(2, 1), place, world.allowed)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_bundle_that_is_not_there(world: World, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nothing.tar: the bundle cannot be read .No such file"):
        import_bundle(tmp_path / "nothing.tar", FolderPlace(tmp_path / "mirror", "DST"), world.allowed)
    with pytest.raises(BundleError, match="cannot be read .Is a directory"):
        import_bundle(tmp_path, FolderPlace(tmp_path / "mirror", "DST"), world.allowed)
