"""A snapshot has what the indexes have, verbatim, whichever kind of index they are, and of each name what strict priority leaves."""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zstandard
from atheria_pack.errors import UsageError
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.layout import UnsafeNameError
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.needs import needed
from atheria_pack.mirror.sources.snapshot import Snapshot, snapshot
from atheria_pack.mirror.sources.source import SourceError
from hypothesis import given, settings
from hypothesis import strategies as some

sys.path.insert(0, str(Path(__file__).parent.parent))
from small_channel import listed, record, to_shards, write_channel, write_shard, write_shard_index  # noqa: E402
from upstream import Upstream, make_upstream  # noqa: E402
from web import Fault, FaultyServer  # noqa: E402

ALL = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []  # whatever happened


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    return make_upstream(tmp_path_factory.mktemp("upstream") / "channel", 120, 5)


def read(scratch: Path, *sources: object, subdirs: tuple[str, ...] = ("linux-64",), names: Any = None) -> Snapshot:
    return snapshot([str(source) for source in sources], subdirs, scratch, names)


def without_origin(found: Snapshot) -> list[Entry]:
    return [replace(entry, origin="") for entry in found.table.entries()]


def as_json_has_it(folder: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = {}
    for path in folder.glob("*/repodata.json"):
        index = json.loads(path.read_text())
        tables = {name: index.get(name, {}) for name in ("packages", "packages.conda")}
        tables |= {f"v3.{name}": table for name, table in index.get("v3", {}).items()}
        found.update({(path.parent.name, name, key): made for name, table in tables.items() for key, made in table.items()})
    return found


def test_every_kind_of_index_gives_the_same(upstream: Upstream, tmp_path: Path, scratch: Path) -> None:
    expected = as_json_has_it(upstream.folder)
    exports = {}
    for path in upstream.folder.glob("*/run_exports.json"):
        for table, values in json.loads(path.read_text()).items():
            if table != "info":
                exports.update({(path.parent.name, table, key): value["run_exports"] for key, value in values.items()})
    assert {table for _, table, _ in expected} >= {"packages", "packages.conda", "v3.conda"}
    seen = []
    for kept in ("repodata.json.zst", "repodata.json", "repodata_shards.msgpack.zst"):
        folder = tmp_path / kept
        for path in upstream.folder.rglob("*"):
            wanted = path.name == kept or path.name == "run_exports.json" or (path.parent.name == "shards" and "shards" in kept)
            if path.is_file() and wanted:
                (folder / path.relative_to(upstream.folder)).parent.mkdir(parents=True, exist_ok=True)
                (folder / path.relative_to(upstream.folder)).hardlink_to(path)
        with read(scratch, folder, subdirs=ALL) as found:
            entries = list(found.table.entries())
            assert {(entry.subdir, entry.table, entry.key): entry.record for entry in entries} == expected
            assert all(entry.run_exports == exports.get((entry.subdir, entry.table, entry.key)) for entry in entries if entry.table[:2] != "v3")
            assert [entry.origin for entry in entries] == [f"{folder}/{entry.path}" for entry in entries]
            for entry in entries[::10]:
                assert found.source_of(entry).address == str(folder)
                assert found.path_in_source(entry) == entry.path
            seen.append((without_origin(found), {subdir: about["info"] for subdir, about in found.table.info.items()}))
            indexes = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*/re*"))}
            indexes |= {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/run*")}
            assert found.manifest_sources() == [{"address": str(folder), "indexes": dict(sorted(indexes.items()))}]
    assert seen[0] == seen[1] == seen[2]


NUMBERS = some.integers(-(2**63), 2**63 - 1) | some.floats(allow_nan=False, allow_infinity=False)
VALUES = some.none() | some.booleans() | NUMBERS | some.text(some.characters(exclude_categories=["Cs"]), max_size=5)
KEYS = some.sampled_from(["depends", "license", "timestamp", "purls", "new", "a.b", ""])
MEMBERS = some.dictionaries(KEYS, VALUES | some.lists(VALUES, max_size=2))
Made = tuple[str, str, dict[str, Any]]


@settings(max_examples=25, deadline=None)
@given(some.lists(some.tuples(some.sampled_from(["x", "y-z", "_q"]), some.sampled_from("123"), MEMBERS), max_size=6))
def test_any_record_is_the_same_from_json_and_from_shards(tmp_path_factory: pytest.TempPathFactory, made: list[Made]) -> None:
    folder = tmp_path_factory.mktemp("channel")
    records = [{**record(name, version), **more} for name, version, more in made]
    index = {"info": {"subdir": "noarch"}, "packages": listed(*records[::2], suffix=".tar.bz2"), "packages.conda": listed(*records[1::2])}
    index["v3"] = {"conda": listed(*records, suffix="")}
    write_channel(folder, noarch=index)
    with snapshot([str(folder)], [], folder) as found:
        as_json = without_origin(found)
    assert {(entry.subdir, entry.table, entry.key): entry.record for entry in as_json} == as_json_has_it(folder)
    to_shards(folder)
    with snapshot([str(folder)], [], folder) as found:
        assert repr(without_origin(found)) == repr(as_json)


@pytest.mark.parametrize("start", [{"python"}, {"libtensor", "OpenSSL"}, {"extra"}, {"absent"}])
def test_names_reach_what_they_may_need_and_no_further(upstream: Upstream, tmp_path: Path, scratch: Path, start: set[str]) -> None:
    sharded = to_shards(write_channel(tmp_path / "other", linux_64=[record("extra", depends=["libgcc >=12"])]))
    with read(scratch, upstream.folder, subdirs=ALL) as whole, read(scratch, upstream.folder, sharded, subdirs=ALL, names=start) as found:
        entries = list(whole.table.entries())
        expected = {name.lower() for name in start} | ({"libgcc"} if "extra" in start else set())
        while more := {name for entry in entries if entry.name in expected for name in needed(entry.record)} - expected:
            expected |= more
        extra = {"linux-64/extra-1-0.conda"} if "extra" in start else set()
        assert {entry.path for entry in found.table.entries()} == {entry.path for entry in entries if entry.name in expected} | extra


def test_names_spare_most_of_a_server(upstream: Upstream, scratch: Path) -> None:
    with FaultyServer(upstream.folder) as server, read(scratch, server.url, names=["openssl"]) as found:
        shards = {path for path in server.asked if "/shards/" in path}
        assert len(shards) == sum(1 for subdir in ("linux-64", "noarch") for _ in found.table.names(subdir)) > 2
        assert all(server.asked[path] == 1 for path in shards)
        assert not any("repodata.json" in path for path in server.asked)


def test_names_reach_across_sources_of_both_kinds(tmp_path: Path, scratch: Path) -> None:
    plain = write_channel(tmp_path / "plain", linux_64=[record("a", depends=["b"]), record("c"), record("unasked")])
    others = [record("b", depends=["c[when=__unix]", "d"]), record("d"), record("c", "2"), record("z")]
    sharded = to_shards(write_channel(tmp_path / "sharded", linux_64=others))
    with read(scratch, plain, sharded, names=["a"]) as found:
        assert [entry.key for entry in found.table.entries()] == ["a-1-0.conda", "b-1-0.conda", "c-1-0.conda", "d-1-0.conda", "unasked-1-0.conda"]


CHANNELS = some.lists(
    some.dictionaries(some.sampled_from(["linux-64", "osx-arm64", "noarch"]), some.sets(some.sampled_from("abc"), max_size=3)), min_size=1, max_size=3
)


@settings(max_examples=40, deadline=None)
@given(CHANNELS, some.data())
def test_strict_priority_as_every_platform_sees_it(
    tmp_path_factory: pytest.TempPathFactory, channels: list[Mapping[str, set[str]]], data: some.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("channels")
    for number, channel in enumerate(channels):
        subdirs = {subdir.replace("-", "_"): [record(name, str(number)) for name in sorted(names)] for subdir, names in channel.items()}
        write_channel(folder / str(number), **subdirs)
        if data.draw(some.booleans()):
            to_shards(folder / str(number))
    narrowed = data.draw(some.sampled_from([None, ["a", "b", "c"]]))
    with snapshot([str(folder / str(number)) for number in range(len(channels))], ["linux-64", "osx-arm64"], folder, narrowed) as found:
        has = {(int(entry.record["version"]), entry.subdir, entry.name) for entry in found.table.entries()}
    for name in "abc":
        for platform in ("linux-64", "osx-arm64"):
            seen = {number for number, subdir, other in has if other == name and subdir in (platform, "noarch")}
            assert len(seen) <= 1  # no client sees a name from two sources
            # ... and what it sees is of the first that it would have seen: unless a noarch package would have led to two on another platform.
            first = [number for number, channel in enumerate(channels) if name in channel.get(platform, ()) or name in channel.get("noarch", ())]
            others = [number for number, channel in enumerate(channels) if any(name in names for names in channel.values())]
            assert not first or seen == {first[0]} or others[0] < first[0]
        assert {number for number, _, other in has if other == name} or not any(name in names for channel in channels for names in channel.values())


def test_priority_holds_for_run_exports_and_info(tmp_path: Path, scratch: Path) -> None:
    first = write_channel(tmp_path / "first", linux_64={"info": {"subdir": "linux-64", "mine": 1}, "packages.conda": listed(record("x"))})
    both = listed(record("x"), record("y"))
    second = write_channel(tmp_path / "second", linux_64={"info": {"subdir": "linux-64", "other": 2}, "packages.conda": both})
    for folder, word in ((first, "first"), (second, "second")):
        exports = {key: {"run_exports": {"weak": [word]}} for key in ("x-1-0.conda", "y-1-0.conda", "unlisted-1-0.conda")}
        packed = zstandard.compress(json.dumps({"info": {"version": 1}, "packages": {}, "packages.conda": exports}).encode())
        (folder / "linux-64" / "run_exports.json.zst").write_bytes(packed)
    with read(scratch, first, second) as found:
        assert {entry.name: entry.run_exports for entry in found.table.entries()} == {"x": {"weak": ["first"]}, "y": {"weak": ["second"]}}
        assert found.table.info["linux-64"] == {"info": {"subdir": "linux-64", "mine": 1}}
        assert [list(source["indexes"]) for source in found.manifest_sources()] == [
            ["linux-64/repodata.json", "linux-64/run_exports.json.zst", "noarch/repodata.json"]
        ] * 2


def test_what_is_kept_of_an_index_beside_its_packages(tmp_path: Path, scratch: Path) -> None:
    relations = {"base": "../other"}
    index = {
        "info": {"subdir": "noarch", "channel_relations": relations, "base_url": "../files/noarch"}, "removed": ["gone-1-0.conda"],
        "packages": {}, "repodata_version": 2, "future": {"a": [1.5]}, "signatures": {"x": 1},
    }  # fmt: skip
    folder = write_channel(tmp_path / "channel", noarch=index)
    (folder / "notices.json").write_text(json.dumps({"notices": [{"id": "1", "message": "hello"}]}))
    with read(scratch, folder, subdirs=()) as found:
        info = {"subdir": "noarch", "channel_relations": relations}
        rest = {"removed": ["gone-1-0.conda"], "repodata_version": 1, "future": {"a": [1.5]}}
        assert found.table.info == {"noarch": {"info": info, **rest}}
        assert found.notices == [{"id": "1", "message": "hello"}]
        assert "notices.json" in found.manifest_sources()[0]["indexes"]


PLACES = [("../files/x", "files/x"), ("files/", "linux-64/files"), ("./", "linux-64"), ("", "linux-64")]


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize(("base", "inside"), PLACES)
def test_files_that_lie_elsewhere_in_the_channel(tmp_path: Path, scratch: Path, base: str, inside: str, sharded: bool, behind: bool) -> None:
    info, packages = {"info": {"subdir": "linux-64", "base_url": base}}, {"packages.conda": listed(record("x"))}
    folder = write_channel(tmp_path / "channel", linux_64={**packages, **info} if behind else {**info, **packages})
    if sharded:
        to_shards(folder)
    with read(scratch, folder) as found:
        entry = next(found.table.entries())
        assert entry.origin == f"{folder}/{inside}/x-1-0.conda"
        assert (found.source_of(entry).address, found.path_in_source(entry)) == (str(folder), f"{inside}/x-1-0.conda")


def test_files_on_another_server(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x-1-0.conda").write_bytes(b"content")
    with FaultyServer(tmp_path / "channel") as near, FaultyServer(tmp_path / "files") as far:
        write_channel(tmp_path / "channel", linux_64={"info": {"base_url": f"{far.url}/"}, "packages.conda": listed(record("x"))})
        with read(scratch, near.url) as found:
            entry = next(found.table.entries())
            assert entry.origin == f"{far.url}/x-1-0.conda"
            elsewhere = found.source_of(entry)
            with elsewhere.open(found.path_in_source(entry)) as answer:
                assert answer.stream.read() == b"content"
        with pytest.raises(RuntimeError, match="closed"), elsewhere.open("x-1-0.conda"):
            pass
        absolute = {"info": {"base_url": "/elsewhere"}, "packages.conda": listed(record("x"))}
        write_channel(tmp_path / "channel", linux_64=absolute)
        with read(scratch, near.url.replace("//", "//user:word@")) as found:
            assert next(found.table.entries()).origin == f"{near.url}/elsewhere/x-1-0.conda"


@pytest.mark.parametrize("base", ["file:///etc", "ftp://host/x", "s3://bucket/x", "//host/x?y", 7])
def test_a_server_cannot_send_to_everywhere(tmp_path: Path, scratch: Path, base: object) -> None:
    write_channel(tmp_path, linux_64={"info": {"base_url": base}, "packages.conda": listed(record("x"))})
    with FaultyServer(tmp_path) as server, pytest.raises(SourceError, match="linux-64/repodata.json"):
        read(scratch, server.url)


def test_a_folder_beside_the_channel(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "files").mkdir()
    folder = write_channel(tmp_path / "channel", linux_64={"info": {"base_url": "../../files"}, "packages.conda": listed(record("x"))})
    with read(scratch, folder) as found:
        assert next(found.table.entries()).origin == f"{tmp_path}/files/x-1-0.conda"


def test_wheels_of_one_server_are_asked_for_over_one_client(tmp_path: Path, scratch: Path) -> None:
    """Each has connections and certificates of its own, and in an index of wheels each wheel has a folder of its own."""
    wheels = {f"a-{number}-0": record("a", url=f"https://host/pa%20ckages/{number:02x}/a-{number}-py3-none-any.whl") for number in range(40)}
    folder = write_channel(tmp_path, noarch={"info": {}, "v3": {"whl": wheels}})
    with read(scratch, folder, subdirs=()) as found:
        entries = list(found.table.entries())
        assert len({id(found.source_of(entry)) for entry in entries}) == 1
        assert {found.path_in_source(entry) for entry in entries} == {f"pa ckages/{number:02x}/a-{number}-py3-none-any.whl" for number in range(40)}


def test_wheels_lie_where_their_records_say(tmp_path: Path, scratch: Path) -> None:
    wheels = {"a-1-0": record("a", url="https://host/deep/a-1-py3-none-any.whl"), "b-1-0": record("b", url="../w/b%2B.whl"), "c-1-0": record("c")}
    folder = write_channel(tmp_path, noarch={"info": {}, "v3": {"whl": wheels}})
    with read(scratch, folder, subdirs=()) as found:
        a, b, c = found.table.entries()
        assert (a.file_name, a.origin) == ("a-1-0.whl", "https://host/deep/a-1-py3-none-any.whl")
        assert (found.source_of(a).address, found.path_in_source(a)) == ("https://host", "deep/a-1-py3-none-any.whl")
        assert (found.source_of(c).address, found.path_in_source(c)) == (str(folder), "noarch/c-1-0.whl")
        assert b.origin == f"{folder}/noarch/../w/b%2B.whl"
        (folder / "w").mkdir()
        (folder / "w" / "b+.whl").write_bytes(b"wheel")
        with found.source_of(b).open(found.path_in_source(b)) as answer:
            assert answer.stream.read() == b"wheel"
    bad = {"a-1-0": record("a", url="file:///etc/passwd")}
    with pytest.raises(SourceError, match="the url of a-1-0.whl is 'file:///etc/passwd'"):
        read(scratch, write_channel(tmp_path, noarch={"v3": {"whl": bad}}), subdirs=())


def test_subdirs_that_are_not_there(tmp_path: Path, scratch: Path) -> None:
    full = write_channel(tmp_path / "full", linux_64=[record("x")])
    empty = write_channel(tmp_path / "empty")
    with read(scratch, full, subdirs=("linux-64", "win-64")) as found:
        assert found.table.subdirs() == ["linux-64", "noarch"]
    with read(scratch, empty, full) as found:
        assert len(found.table) == 1
    with pytest.raises(SourceError, match=rf"{empty}/win-64 has none of repodata.json.zst.*; {full}/win-64 has none"):
        read(scratch, empty, full, subdirs=("win-64",))
    (empty / "noarch" / "repodata.json").unlink()
    with pytest.raises(SourceError, match=f"{empty}/noarch has none of .*every channel has one"):
        read(scratch, full, empty)


def test_sources_and_subdirs_that_are_none(tmp_path: Path, scratch: Path) -> None:
    folder = write_channel(tmp_path / "channel")
    with pytest.raises(UsageError, match="is named twice"):
        read(scratch, folder, f"{folder}/")
    with pytest.raises(UsageError, match="no source is named"):
        read(scratch)
    with pytest.raises(UnsafeNameError, match="no subdir of a channel"):
        read(scratch, folder, subdirs=("../x",))


@pytest.mark.parametrize("name", ["../x-1-0.conda", "a/b-1-0.conda", ".hidden-1-0.conda", "-x-1-0.conda", "x 1.conda", "repodata.json", "x\n.conda"])
@pytest.mark.parametrize("sharded", [False, True])
def test_names_that_would_leave_the_mirror(tmp_path: Path, scratch: Path, name: str, sharded: bool) -> None:
    folder = write_channel(tmp_path / "channel", linux_64={"info": {}, "packages.conda": {name: record("x")}})
    if sharded:
        to_shards(folder)
    with pytest.raises(UnsafeNameError, match="linux-64/repodata.*cannot be the name of a package file"):
        read(scratch, folder)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ([1], "has no record but"),
        ({"version": "1"}, "the record of x-1-0.conda has no name"),
        (record("x", size="12"), "the size of x-1-0.conda is '12'"),
        (record("x", size=-1), "the size of x-1-0.conda is -1"),
        (record("x", sha256="12"), "the sha256 of x-1-0.conda is '12'"),
    ],
)
def test_records_that_are_none(tmp_path: Path, scratch: Path, made: object, told: str) -> None:
    folder = write_channel(tmp_path / "channel", linux_64={"info": {}, "packages.conda": {"x-1-0.conda": made}})
    with pytest.raises(SourceError, match=f"linux-64/repodata.json: .*{told}"):
        read(scratch, folder)


def test_a_size_of_nothing_and_digests_that_are_not_given(tmp_path: Path, scratch: Path) -> None:
    made = [record("x", size=0), record("y", size=None, sha256=None), record("z", sha256="AB" * 32)]
    with read(scratch, write_channel(tmp_path / "channel", linux_64=made)) as found:
        entries = list(found.table.entries())
        assert [entry.record for entry in entries] == made
        assert [(entry.size, entry.sha256) for entry in entries[:2]] == [(0, made[0]["sha256"]), (0, "")]


def test_a_broken_index_is_not_passed_over_for_another(tmp_path: Path, scratch: Path) -> None:
    folder = write_channel(tmp_path / "channel", linux_64=[record("x")])
    (folder / "linux-64" / "repodata.json.zst").write_bytes(zstandard.compress(b'{"packages": {}}')[:-5])
    with pytest.raises(SourceError, match=r"linux-64/repodata.json.zst is torn: its \d+ bytes end in the middle"):
        read(scratch, folder)
    (folder / "linux-64" / "repodata.json.zst").unlink()
    for name, content, told in (
        ("run_exports.json", b'{"packages": {"x": {"run_exports": {}}', "linux-64/run_exports.json is broken at its end"),
        ("run_exports.json", b'{"packages": {"x": []}}', "x has no object run_exports"),
    ):
        (folder / "linux-64" / name).write_bytes(content)
        with pytest.raises(SourceError, match=told):
            read(scratch, folder)
        (folder / "linux-64" / name).unlink()
    (folder / "notices.json").write_text("{")
    with pytest.raises(SourceError, match="notices.json is no JSON"):
        read(scratch, folder)


def test_broken_shards(tmp_path: Path, scratch: Path) -> None:
    folder = to_shards(write_channel(tmp_path / "channel", linux_64=[record("x")]))
    subdir = folder / "linux-64"
    (shard,) = (subdir / "shards").iterdir()
    content, index = shard.read_bytes(), (subdir / "repodata_shards.msgpack.zst").read_bytes()
    short = rf"\(the shard of x\) has {len(content) - 1} bytes of the sha256"
    for spoilt, told in ((content[:-1], short), (None, "is not there though .* names it")):
        shard.unlink()
        if spoilt is not None:
            shard.write_bytes(spoilt)
        with pytest.raises(SourceError, match=told):
            read(scratch, folder)
    for value, told in (
        (["no map"], "no map at its top"),
        ({"version": 2}, "is of version 2; this program reads version 1"),
        ({"info": {}}, "has no info and shards"),
        ({"info": {}, "shards": {"x": "ab"}}, "the shard of 'x' has no sha256 of 32 bytes"),
        ({"info": {}, "shards": {"x": write_shard(subdir, {"packages": []})}}, "its member packages is no map"),
        ({"info": {}, "shards": {"x": write_shard(subdir, {"packages": {"x-1-0.conda": {b"1": 2}}})}}, "a key is no text"),
        ({"info": {}, "shards": {"x": write_shard(subdir, {"packages": {"x-1-0.conda": record("x", when=msgpack.Timestamp(1))}})}}, "type Timestamp"),
        ({"info": {}, "shards": {"x": write_shard(subdir, 7)}}, "no map at its top"),
    ):
        write_shard_index(subdir, value)
        with pytest.raises(SourceError, match=told):
            read(scratch, folder)
    for cut in range(0, len(index), 7):
        (subdir / "repodata_shards.msgpack.zst").write_bytes(index[:cut])
        with pytest.raises(SourceError, match=r"linux-64/repodata_shards.msgpack.zst is torn: its \d+ bytes"):
            read(scratch, folder)


def test_removed_packages_are_told_by_shards_as_well(tmp_path: Path, scratch: Path) -> None:
    folder = to_shards(write_channel(tmp_path / "channel", linux_64=[record("x")]))
    subdir = folder / "linux-64"
    digests = {name: write_shard(subdir, {"packages": {}, "packages.conda": {}, "removed": [f"{name}-0-0.conda"]}) for name in "ba"}
    write_shard_index(subdir, {"info": {"subdir": "linux-64"}, "shards": digests})
    with read(scratch, folder) as found:
        assert found.table.info["linux-64"] == {"info": {"subdir": "linux-64"}, "removed": ["a-0-0.conda", "b-0-0.conda"]}


def test_over_the_network_with_faults(upstream: Upstream, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with read(scratch, upstream.folder, subdirs=ALL) as local, FaultyServer(upstream.folder) as server:
        server.fail("repodata", Fault(cut=1000, times=3))
        server.fail("run_exports", Fault(status=503, times=3))
        with read(scratch, server.url, subdirs=ALL) as found:
            assert without_origin(found) == without_origin(local)
            assert [source["indexes"] for source in found.manifest_sources()] == [source["indexes"] for source in local.manifest_sources()]
        assert all(count == 1 for path, count in server.asked.items() if not server.offsets[path][1:])  # each index once


def test_only_connections_of_its_own_are_closed(tmp_path: Path, scratch: Path) -> None:
    write_channel(tmp_path / "channel", linux_64=[record("x")])
    with FaultyServer(tmp_path / "channel") as server, FaultyServer(tmp_path / "channel") as other:
        given = HttpSource(server.url)
        with snapshot([given, other.url], ["linux-64"], scratch) as found:
            opened = found.sources[1]
        assert isinstance(opened, HttpSource)
        with pytest.raises(RuntimeError, match="closed"), opened.open("noarch/repodata.json"):
            pass
        with given.open("noarch/repodata.json") as answer:
            assert answer.stream.read()
        given.close()


def test_a_bucket_behind_a_web_server_refuses_what_it_does_not_have(tmp_path: Path, scratch: Path) -> None:
    write_channel(tmp_path / "channel", linux_64=[record("x")])
    with FaultyServer(tmp_path / "channel") as server:
        server.fail(r"zst|run_exports|notices", Fault(status=403))
        with read(scratch, server.url) as found:
            assert [entry.name for entry in found.table.entries()] == ["x"]
        server.fail("repodata.json", Fault(status=403))
        with pytest.raises(SourceError, match=r"noarch/repodata.*refuses to give it \(status 403\)|linux-64/repodata.*refuses"):
            read(scratch, server.url)
