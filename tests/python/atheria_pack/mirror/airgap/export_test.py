"""What a bundle has: all that is new since its base, nothing that the base had."""

import sys
import tarfile
from pathlib import Path

import pytest
from atheria_pack.errors import PackError
from atheria_pack.mirror.airgap.bundle import OpenBundle
from atheria_pack.mirror.airgap.export import Exported, export
from atheria_pack.mirror.airgap.lineage import LineageError
from atheria_pack.mirror.airgap.listing import BundleError, Counts
from atheria_pack.mirror.airgap.signature import SignatureError, read_claims
from atheria_pack.mirror.places.folder import FolderPlace

sys.path.insert(0, str(Path(__file__).parent))

from origins import files_of, publish, sha256, tree  # noqa: E402
from signature_test import make_key  # noqa: E402

FIRST = files_of("linux-64/a-1", "noarch/b-1")
SECOND = files_of("linux-64/a-1", "linux-64/a-2", "noarch/b-1")
TOP = {"manifest.json", "SHA256SUMS"}


@pytest.fixture
def origin(tmp_path: Path) -> FolderPlace:
    publish(tmp_path / "origin", FIRST)
    publish(tmp_path / "origin", SECOND)
    return FolderPlace(tmp_path / "origin", "ORIGIN")


def contents(bundle: Path) -> dict[str, bytes]:
    with tarfile.open(bundle) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


def test_a_full_bundle_has_everything(origin: FolderPlace, tmp_path: Path) -> None:
    done = export(origin, tmp_path / "b.tar")
    found = contents(tmp_path / "b.tar")
    assert {path: found[path] for path in SECOND} == SECOND
    assert set(found) == {"bundle.json", *TOP, *SECOND}
    assert (done.generation, done.base, done.signed_by) == (2, None, None)
    assert done.bundle_size == (tmp_path / "b.tar").stat().st_size
    assert done.counts == Counts(files=15, indexes=8, shards=2, packages=3, size=sum(len(found[path]) for path in (*TOP, *SECOND)))


def test_a_delta_has_what_is_new(origin: FolderPlace, tmp_path: Path) -> None:
    """By path and content: an index of the same name is new, a shard and a package that were there are not."""
    done = export(origin, tmp_path / "b.tar", since=1)
    new = {path: content for path, content in SECOND.items() if FIRST.get(path) != content}
    assert {"linux-64/a-2-0.conda", "linux-64/repodata.json", "index.html"} < set(new)
    assert {"noarch/repodata.json", "channeldata.json", "noarch/b-1-0.conda"}.isdisjoint(new)
    found = contents(tmp_path / "b.tar")
    assert {path: content for path, content in found.items() if path not in {"bundle.json", *TOP}} == new
    assert done.base == 1 and done.counts.packages == 1


def test_the_same_generation_gives_the_same_bundle(origin: FolderPlace, tmp_path: Path) -> None:
    key = make_key(tmp_path, "key")
    export(origin, tmp_path / "one.tar", since=1, key=key)
    export(origin, tmp_path / "two.tar", since=1, key=key)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_it_is_signed(origin: FolderPlace, tmp_path: Path) -> None:
    done = export(origin, tmp_path / "b.tar", key=make_key(tmp_path, "key"))
    found = contents(tmp_path / "b.tar")
    assert read_claims(found["bundle.json.sig"]).fingerprint == done.signed_by
    assert list(found)[:4] == ["bundle.json", "bundle.json.sig", "manifest.json", "SHA256SUMS"]


def test_the_signature_of_a_manifest_comes_along(tmp_path: Path) -> None:
    key = make_key(tmp_path, "key")
    publish(tmp_path / "origin", FIRST, sign_with=key)
    export(FolderPlace(tmp_path / "origin", "ORIGIN"), tmp_path / "b.tar")
    assert contents(tmp_path / "b.tar")["manifest.json.sig"] == (tmp_path / "origin/.mirror/generations/1/manifest.json.sig").read_bytes()


def test_a_dry_run_writes_nothing_and_counts_the_same(origin: FolderPlace, tmp_path: Path) -> None:
    before = tree(tmp_path)
    planned = export(origin, tmp_path / "b.tar", since=1, dry_run=True)
    assert tree(tmp_path) == before
    done = export(origin, tmp_path / "b.tar", since=1)
    assert planned == Exported(done.generation, done.base, done.counts, 0, None)


def test_the_mirror_is_only_read(origin: FolderPlace, tmp_path: Path) -> None:
    before = tree(origin.root)
    lock = (origin.root / ".mirror/lock").read_bytes()
    export(origin, tmp_path / "b.tar")
    assert tree(origin.root) == before and (origin.root / ".mirror/lock").read_bytes() == lock


def test_what_cannot_be_exported(origin: FolderPlace, tmp_path: Path) -> None:
    with pytest.raises(LineageError, match="has no generation yet"):
        export(FolderPlace(tmp_path / "empty", "EMPTY"), tmp_path / "b.tar")
    with pytest.raises(LineageError, match="ORIGIN: --since 7, and its newest generation is 2"):
        export(origin, tmp_path / "b.tar", since=7)
    with pytest.raises(PackError, match="nowhere: no such folder to write the bundle to"):
        export(origin, tmp_path / "nowhere" / "b.tar")
    with pytest.raises(SignatureError, match="no such key"):
        export(origin, tmp_path / "b.tar", key=tmp_path / "key")
    assert not list(tmp_path.glob("*b.tar*"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("noarch/b-1-0.conda", "noarch/b-1-0.conda"),
        (".mirror/generations/2/linux-64/repodata.json", "linux-64/repodata.json"),
        (".mirror/generations/2/SHA256SUMS", "SHA256SUMS"),
    ],
)
def test_a_damaged_or_lost_file_is_named(origin: FolderPlace, tmp_path: Path, damage: str, told: str) -> None:
    path = origin.root / damage
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BundleError, match=f"{told}.* sha256 .*`channel verify`"):
        export(origin, tmp_path / "b.tar")
    path.unlink()
    with pytest.raises(BundleError, match=f"{told} of generation 2 is missing"):
        export(origin, tmp_path / "b.tar")
    assert not list(tmp_path.glob("*b.tar*"))


def test_a_reader_takes_it(origin: FolderPlace, tmp_path: Path) -> None:
    export(origin, tmp_path / "b.tar", since=1, key=make_key(tmp_path, "key"))
    with open(tmp_path / "b.tar", "rb") as stream:
        (tmp_path / "read").mkdir()
        opened = OpenBundle(stream, "b.tar", tmp_path / "read")
        head = opened.listing().head
        taken = {member.path: member.sha256 for member in opened.members(lambda member: None)}
    assert (head.generation, head.base_generation, set(head.ancestors)) == (2, 1, {1})
    assert taken["linux-64/a-2-0.conda"] == sha256(SECOND["linux-64/a-2-0.conda"])


def test_an_imported_mirror_with_gaps_is_exported_on(tmp_path: Path) -> None:
    """Generations that a bundle leapt over are no reason to refuse, ancestors with a parent that does not fit are."""
    for number in (1, 2, 3):
        publish(tmp_path / "origin", files_of(f"noarch/a-{number}"))
    place = FolderPlace(tmp_path / "origin", "ORIGIN")
    place.remove_folder(".mirror/generations/2")
    assert export(place, tmp_path / "b.tar", since=1).base == 1
