"""The indexes that are written: read by rattler and by conda's formats they say what the table says, in every representation."""

import asyncio
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zstandard
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.index.agree import disagreements
from atheria_pack.mirror.index.shards import decode_shard, read_index
from atheria_pack.mirror.index.write import RecordError, write_indexes
from atheria_pack.mirror.inventory import Inventory
from atheria_pack.mirror.layout import UnsafeNameError, is_index
from atheria_pack.mirror.records import RecordTable
from hypothesis import given, settings
from hypothesis import strategies as st
from rattler import Channel, Gateway, MatchSpec
from rattler.index import index_fs
from rattler.repo_data import PackageFormatSelection, SparseRepoData
from small_mirror import entry, table_of_entries
from tables import records_of, table_of
from upstream import make_upstream

SUBDIRS = ("linux-64", "noarch", "win-64")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
EXPORTS = st.none() | st.dictionaries(st.sampled_from(["weak", "strong", "noarch"]), st.lists(TEXT, max_size=2))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    table = draw(st.sampled_from(["packages", "packages.conda", "v3.conda", "v3.tar.bz2"]))
    name, version = draw(st.sampled_from(["a", "a.b", "_x", "lib-a", "a+"])), draw(st.sampled_from(["1", "1.0", "1.0+local", "1!2", "2"]))
    subdir = draw(st.sampled_from(SUBDIRS))
    more = draw(st.dictionaries(TEXT.map(lambda text: f"future {text}"), JSON, max_size=2))
    more["timestamp"] = draw(st.sampled_from([0, 1_500_000_000, 1_760_000_000_000, 1_760_000_000_123]))
    if draw(st.booleans()):
        more["indexed_timestamp"] = draw(st.integers(1, 2**41))
    made = entry(name, version, subdir, table, run_exports_file=draw(EXPORTS), **more)
    if draw(st.booleans()):
        made.record["sha256"] = made.record["sha256"].upper()
    return made


INFOS = st.dictionaries(
    st.sampled_from(SUBDIRS),
    st.fixed_dictionaries(
        {"info": st.fixed_dictionaries({}, optional={
            "subdir": st.just("elsewhere"), "base_url": st.just("https://far.example/"), "channel_relations": st.just({"base": "../other"}),
            "repodata_revisions": st.just({"v3": {"message": "new", "n_packages": 99, "newest": 5}}), "future": JSON,
        })},
        optional={"repodata_version": st.sampled_from([1, 2]), "removed": st.just(["a-0-h0_0.conda", "strange"]), "further": JSON},
    ),
)  # fmt: skip


def written(table: RecordTable, folder: Path) -> dict[str, str]:
    """Write, and check that what is yielded is what lies there."""
    found = dict(write_indexes(table, folder))
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == found
    return found


def agreement(table: RecordTable, folder: Path) -> list[str]:
    with Inventory() as named:
        for one in table.entries():
            named.name(one.path, one.sha256.lower())
        return list(disagreements(lambda path: open(folder / path, "rb"), sorted({*table.subdirs(), "noarch"}), named))  # noqa: SIM115


@settings(max_examples=25, deadline=None)
@given(st.lists(entries(), max_size=12), INFOS)
def test_every_member_of_every_record_is_in_all_representations(listed: list[Entry], infos: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name, table_of_entries(listed, infos) as table:
        folder = Path(name)
        written(table, folder)
        assert agreement(table, folder) == []
        for subdir in {*table.subdirs(), "noarch"}:
            wanted = {(one.table, one.key): {**one.record, "sha256": one.sha256.lower()} for one in table.entries(subdir)}
            index = json.loads((folder / subdir / "repodata.json").read_bytes())
            assert {(kind, key): record for kind, key, record in records_of(index)} == wanted
            assert json.loads(unpacked(folder / subdir / "repodata.json.zst")) == index
            assert shards(folder / subdir) == wanted
            exports = {(one.table, one.key): {"run_exports": one.run_exports} for one in table.entries(subdir) if one.run_exports is not None}
            assert (folder / subdir / "run_exports.json").exists() == bool(exports)
            if exports:
                told = json.loads(unpacked(folder / subdir / "run_exports.json.zst"))
                assert {(kind, key): value for kind, key, value in records_of(told)} == exports
            given_info = infos.get(subdir, {})
            expected = {member: value for member, value in given_info.get("info", {}).items() if member != "base_url"}
            if "repodata_revisions" in expected:
                indexed = [record["indexed_timestamp"] for (kind, _), record in wanted.items() if kind[:2] == "v3" and "indexed_timestamp" in record]
                counted = sum(kind.startswith("v3") for kind, _ in wanted)
                newest = max((stamp if stamp >= 10**10 else stamp * 1000 for stamp in indexed), default=None)
                expected["repodata_revisions"] = {"v3": {"message": "new", "n_packages": counted, "newest": newest}}
            assert index["info"] == {**expected, "subdir": subdir}
            assert index["repodata_version"] == 1
            assert {member: index[member] for member in ("removed", "further") if member in given_info} == {
                member: given_info[member] for member in ("removed", "further") if member in given_info
            }


@settings(max_examples=10, deadline=None)
@given(st.lists(entries(), max_size=8), st.randoms())
def test_the_same_packages_give_the_same_bytes(listed: list[Entry], chance: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        unique = list({(one.subdir, one.table, one.key): one for one in listed}.values())
        results = []
        for number in range(2):
            folder = Path(name) / str(number)
            folder.mkdir()
            chance.shuffle(unique)
            with table_of_entries(unique) as table:
                results.append(written(table, folder))
        assert results[0] == results[1]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A channel indexed by rattler: hotfixes, v3, odd names, several build numbers."""
    folder = tmp_path_factory.mktemp("upstream")
    make_upstream(folder, 150, seed=4)
    return folder


@pytest.fixture(scope="module")
def ours(upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same channel with our indexes."""
    folder = tmp_path_factory.mktemp("ours")
    with table_of(upstream) as table:
        written(table, folder)
    return folder


def test_shards_are_the_very_files_of_rattlers_indexer(upstream: Path, ours: Path) -> None:
    for subdir in ("linux-64", "noarch", "osx-arm64"):
        theirs = {path.name: path.read_bytes() for path in (upstream / subdir / "shards").iterdir()}
        assert {path.name: path.read_bytes() for path in (ours / subdir / "shards").iterdir()} == theirs
        assert theirs


@pytest.mark.parametrize("kind", ["repodata_shards.msgpack.zst", "repodata.json.zst", "repodata.json"])
def test_rattler_reads_one_channel_from_each_representation(upstream: Path, ours: Path, tmp_path: Path, serve_by_nginx: Any, kind: str) -> None:
    """With nothing else to read: the Gateway finds what it finds in the index that rattler made."""
    names = sorted({json.loads(line)["name"] for line in (ours / "packages.jsonl").read_text().splitlines()})
    expected = gateway(upstream.as_uri(), names, tmp_path / "theirs")
    for subdir in ("linux-64", "noarch", "win-64"):
        (tmp_path / "channel" / subdir).mkdir(parents=True)
        shutil.copy(ours / subdir / kind, tmp_path / "channel" / subdir)
        if "shards" in kind:
            shutil.copytree(ours / subdir / "shards", tmp_path / "channel" / subdir / "shards")
    assert gateway(serve_by_nginx(tmp_path / "channel"), names, tmp_path / "ours") == expected
    assert len(expected) > 80


@pytest.mark.parametrize("subdir", ["linux-64", "noarch"])
def test_rattler_reads_single_records_from_json(upstream: Path, ours: Path, subdir: str) -> None:
    assert sparse(ours, subdir) == sparse(upstream, subdir)


def gateway(url: str, names: list[str], cache: Path) -> list[str]:
    found = asyncio.run(
        Gateway(cache_dir=cache).query(
            [Channel(url)], ["linux-64", "noarch", "win-64"], [MatchSpec(name) for name in names], recursive=False
        )
    )
    return sorted(record.to_json().replace(url.rstrip("/"), "") for records in found for record in records)


def sparse(channel: Path, subdir: str) -> list[str]:
    with SparseRepoData(Channel(channel.as_uri()), subdir, channel / subdir / "repodata.json") as data:
        records = data.load_all_records(PackageFormatSelection.BOTH)
        return sorted(record.to_json().replace(channel.as_uri(), "") for record in records)


def test_an_index_of_rattlers_over_the_same_files_says_the_same(upstream: Path, tmp_path: Path) -> None:
    """Index the packages anew by rattler, without hotfixes: the records that no hotfix touched are those that we carried."""
    for path in upstream.glob("*/*.conda"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        (tmp_path / path.parent.name / path.name).hardlink_to(path)
    asyncio.run(index_fs(tmp_path))
    anew = {key: {**record, "indexed_timestamp": 0} for _, key, record in records_of(json.loads((tmp_path / "linux-64/repodata.json").read_text()))}
    with tempfile.TemporaryDirectory() as name, table_of(upstream) as table:
        written(table, Path(name))
        carried = records_of(json.loads((Path(name) / "linux-64/repodata.json").read_text()))
        ours = {key: {**record, "indexed_timestamp": 0} for _, key, record in carried if key in anew}
    different = {key for key in ours if ours[key] != anew[key]}
    assert different == {"old-pin-1.0-h0_0.conda"}, "the one with the hotfix"
    assert len(ours) > 50


def test_channeldata_tells_what_is_here(tmp_path: Path) -> None:
    listed = [
        entry("a", "1.9", timestamp=1_700_000_000_000, license="MIT"),
        entry("a", "1.10", "noarch", timestamp=1_600_000_000, license="BSD-3-Clause", run_exports_file={"weak": ["a"]}),
        entry("b", "not-a-version!!"),
    ]
    known = {"a": {"summary": "the a", "version": "77", "subdirs": ["osx-64"], "activate.d": True}}
    with table_of_entries(listed) as table:
        for _ in write_indexes(table, tmp_path, known.get):
            pass
    value = json.loads((tmp_path / "channeldata.json").read_text())
    assert value["channeldata_version"] == 1 and value["subdirs"] == ["linux-64", "noarch"]
    a = value["packages"]["a"]
    assert (a["version"], a["subdirs"], a["summary"], a["activate.d"]) == ("1.10", ["linux-64", "noarch"], "the a", True)
    assert (a["license"], a["timestamp"], a["run_exports"]) == ("BSD-3-Clause", 1_700_000_000, {"1.10": {"weak": ["a"]}})
    assert value["packages"]["b"]["version"] == "not-a-version!!"
    required = ["activate.d", "binary_prefix", "deactivate.d", "post_link", "pre_link", "pre_unlink", "text_prefix"]
    assert {value["packages"]["b"][member] for member in required} == {False}


def test_a_table_without_packages_is_a_channel(tmp_path: Path) -> None:
    with RecordTable() as table:
        assert {path for path in written(table, tmp_path) if is_index(path)} == {
            "channeldata.json", "packages.jsonl", "noarch/repodata.json", "noarch/repodata.json.zst", "noarch/repodata_shards.msgpack.zst"
        }  # fmt: skip
        assert agreement(table, tmp_path) == []
    assert sparse(tmp_path, "noarch") == []
    with open(tmp_path / "noarch/repodata_shards.msgpack.zst", "rb") as stream:
        info, names = read_index(stream)
        assert list(names) == [] and info["created_at"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [("depends", 2**70, "cannot be written into a shard"), ("license", "\ud800", "cannot be written into a shard")],
)
def test_a_record_that_no_client_can_read_is_named(tmp_path: Path, name: str, value: Any, why: str) -> None:
    with table_of_entries([entry("good"), entry("bad", **{name: value})]) as table, pytest.raises(RecordError, match=f"bad-1.0-h0_0.conda.*{why}"):
        for _ in write_indexes(table, tmp_path):
            pass


@pytest.mark.parametrize("file_name", ["../evil.conda", "repodata.json", ".hidden.conda", "a/b.conda", "x y.conda"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, file_name: str) -> None:
    bad = entry("bad")
    object.__setattr__(bad, "file_name", file_name)
    with table_of_entries([bad]) as table, pytest.raises(UnsafeNameError):
        for _ in write_indexes(table, tmp_path):
            pass
    assert not (tmp_path.parent / "evil.conda").exists()


def unpacked(path: Path) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())


def shards(folder: Path) -> dict[tuple[str, str], Any]:
    """Every record in the shards that the index names, by the format's own words rather than by our reader alone."""
    value = msgpack.unpackb(unpacked(folder / "repodata_shards.msgpack.zst"))
    assert value["version"] == 1
    found: dict[tuple[str, str], Any] = {}
    for name, digest in value["shards"].items():
        content = (folder / "shards" / f"{digest.hex()}.msgpack.zst").read_bytes()
        assert hashlib.sha256(content).digest() == digest
        raw = msgpack.unpackb(unpacked(folder / "shards" / f"{digest.hex()}.msgpack.zst"))
        assert {type(record["sha256"]) for record in records(raw)} <= {bytes} and {record["name"] for record in records(raw)} == {name}
        found |= {(kind, key): record for kind, key, record in decode_shard(content)}
    return found


def records(shard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (record for _, _, record in records_of(shard))
