"""bundle.json is read back as it was written, and no other bytes are read for it."""

import json
from pathlib import Path

import pytest
from atheria_pack.errors import PackError
from atheria_pack.mirror.airgap.listing import BundleError, Head, Kind, Member, kind_of, order, read_listing, write_listing
from atheria_pack.mirror.layout import UnsafeNameError
from hypothesis import given, settings
from hypothesis import strategies as st

ONE, TWO = "1" * 64, "2" * 64
HEAD = Head(5, 1_700_000_000, TWO, "a" * 64, {1: ONE, 3: TWO})
MEMBERS = [Member("manifest.json", 900, "a" * 64), Member("SHA256SUMS", 3, "b" * 64), Member("noarch/a-1-0.conda", 0, "c" * 64)]

names = st.from_regex(r"[a-z_][a-z0-9_.+!~-]{0,20}\.conda", fullmatch=True)
digests = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
members = st.builds(Member, st.builds("{}/{}".format, st.sampled_from(("linux-64", "noarch")), names), st.integers(0, 1 << 45), digests)


@settings(max_examples=50, deadline=None)
@given(found=st.lists(members, max_size=8, unique_by=lambda member: member.path), ancestors=st.dictionaries(st.integers(1, 8), digests))
def test_written_is_read(tmp_path_factory: pytest.TempPathFactory, found: list[Member], ancestors: dict[int, str]) -> None:
    folder = tmp_path_factory.mktemp("listing")
    wanted = [MEMBERS[0], *sorted(found, key=lambda member: order(member.path, "test"))]
    head = Head(9, 12, next(iter(ancestors.values()), None), MEMBERS[0].sha256, ancestors)
    written = write_listing(folder / "bundle.json", head, wanted)
    assert read_listing(folder / "bundle.json", "b.tar") == written
    assert list(written.members()) == wanted
    assert (written.count, written.size) == (len(wanted), sum(member.size for member in wanted))
    value = json.loads((folder / "bundle.json").read_bytes())
    assert (value["schema"], len(value["files"]), value["size"]) == (1, len(wanted), written.size)


@pytest.fixture
def text(tmp_path: Path) -> str:
    write_listing(tmp_path / "good", HEAD, MEMBERS)
    return (tmp_path / "good").read_text()


def told(tmp_path: Path, text: str) -> str:
    (tmp_path / "bundle.json").write_text(text)
    with pytest.raises(PackError) as caught:
        read_listing(tmp_path / "bundle.json", "b.tar, bundle.json")
    assert str(caught.value).startswith("b.tar, bundle.json")
    return str(caught.value)


def test_the_base_is_known_by_its_number(tmp_path: Path, text: str) -> None:
    assert HEAD.base_generation == 3
    assert Head(5, 1, None, ONE, {1: ONE}).base_generation is None
    assert "its base 222222" in told(tmp_path, text.replace(f', "3": "{TWO}"', ""))


def test_another_schema_is_named(tmp_path: Path, text: str) -> None:
    assert "a bundle of schema 2; this program reads schema 1" in told(tmp_path, text.replace('"schema": 1', '"schema": 2'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("},\n{", "}\n{"),  # no comma
        ("}\n]", "},\n]"),  # one too many
        ('"count": 3', '"count": 4'),
        ('"size": 903}', '"size": 902}'),
        ("903}\n", "903}\n\n"),
        ("903}\n", "903}"),
        ('"size": 900', '"size": 9e2'),
        ('"size": 900', '"size": true'),
        ('"size": 900', '"size": -1'),
        ('"generation": 5', '"generation": 3'),
        ('"generation": 5', '"generation": "5"'),
        ("a" * 64, "A" * 64),
        ('{"path": "manifest.json"', '{"extra": 1, "path": "manifest.json"'),
        ('{"path": "manifest.json"', '{"path": "SHA256SUMS"'),
        ('{"path": "SHA256SUMS"', '{"path": "manifest.json"'),
        ('"files": [\n', '"files": ['),
        ('"schema": 1', '"schema":  1'),
        ('"schema": 1', '"schema": 1, "extra": 1'),
        ('"manifest": "aaa', '"manifest": "bbb'),
        ('{"path": "manifest.json"', '{"path": "manifest.json.sig"'),
        (': [\n{"path": "manifest.json"', ': [\n["path", "manifest.json"'),
        ('{"schema"', "[" * 100_000 + '{"schema"'),
    ],
)
def test_nothing_else_is_read(tmp_path: Path, text: str, old: str, new: str) -> None:
    assert text.count(old) >= 1
    told(tmp_path, text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("manifest.json", Kind.MANIFEST), ("manifest.json.sig", Kind.SIGNATURE), ("SHA256SUMS", Kind.SUMS), ("channeldata.json", Kind.INDEX),
        ("noarch/repodata.json.zst", Kind.INDEX), (f"noarch/shards/{ONE}.msgpack.zst", Kind.SHARD), ("linux-64/a-1-0.conda", Kind.PACKAGE),
        ("linux-64/a-1-0.conda.v0.sigs", Kind.PACKAGE),
    ],
)  # fmt: skip
def test_a_path_tells_what_the_file_is(path: str, kind: Kind) -> None:
    assert kind_of(path, "test") is kind


@pytest.mark.parametrize(
    "path",
    ["", "/", "a-1-0.conda", "/etc/passwd", "../a.conda", "noarch/../a.conda", "noarch/a/b.conda", "noarch/.hidden", ".mirror/lock", "noarch/",
     ".mirror/current", "noarch/shards", "noarch/shards/x.msgpack.zst", "noarch/shards/../a.conda", "noarch/a b.conda", "noarch\\a.conda",
     "noarch/a\n.conda", "noarch/manifest.json/x", "bundle.json"],
)  # fmt: skip
def test_a_path_of_no_generation_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UnsafeNameError):
        kind_of(path, "test")
    with pytest.raises((UnsafeNameError, BundleError)):
        write_listing(tmp_path / "bundle.json", HEAD, [MEMBERS[0], Member(path, 1, ONE)])
        read_listing(tmp_path / "bundle.json", "test")
