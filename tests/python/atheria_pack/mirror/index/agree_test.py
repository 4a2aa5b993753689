"""Every single lie in any representation is found, and named by its path; indexes without one agree (write_test has those)."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zstandard
from atheria_pack.mirror.index.agree import disagreements
from atheria_pack.mirror.index.write import write_indexes
from atheria_pack.mirror.inventory import Inventory
from small_mirror import entry, table_of_entries
from tables import records_of

LISTED = [
    entry("a", "1", depends=["b"], run_exports_file={"weak": ["a"]}),
    entry("a", "2", license="Apache-2.0"),
    entry("old", table="packages"),
    entry("new", table="v3.conda", extra_depends={"x": ["b"]}),
    entry("b", subdir="noarch"),
]
FIRST = "a-1-h0_0.conda"
INDEX = "linux-64/repodata.json"
SHARD_INDEX = "linux-64/repodata_shards.msgpack.zst"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    with table_of_entries(LISTED) as table:
        for _ in write_indexes(table, folder):
            pass
    return folder


@pytest.fixture
def channel(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "channel"))


def told(channel: Path, **sums: str | None) -> list[str]:
    """The disagreements; `sums` replaces digests in SHA256SUMS, None takes one away."""
    with Inventory() as named:
        for one in LISTED:
            digest = sums.get(one.name, one.sha256)
            if digest is not None:
                named.name(one.path, digest)
        if extra := sums.get("extra"):
            named.name("linux-64/extra-1-0.conda", extra)
        return list(disagreements(lambda path: open(channel / path, "rb"), ["linux-64", "noarch"], named))  # noqa: SIM115


def change_json(path: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file and what is packed of it, so that these two agree."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
    path.with_name(f"{path.name}.zst").write_bytes(zstandard.compress(json.dumps(value).encode()))


def change_shard(channel: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change a shard, give it its new name, and put that into the index."""
    index = unpacked(channel / SHARD_INDEX)
    shard = unpacked(channel / "linux-64/shards" / f"{index['shards'][name].hex()}.msgpack.zst")
    change(shard)
    content = zstandard.compress(msgpack.packb(shard))
    index["shards"][name] = hashlib.sha256(content).digest()
    (channel / "linux-64/shards" / f"{index['shards'][name].hex()}.msgpack.zst").write_bytes(content)
    (channel / SHARD_INDEX).write_bytes(zstandard.compress(msgpack.packb(index)))


def change_shard_index(channel: Path, change: Callable[[Any], Any]) -> None:
    index = unpacked(channel / SHARD_INDEX)
    change(index)
    (channel / SHARD_INDEX).write_bytes(zstandard.compress(msgpack.packb(index)))


def unpacked(path: Path) -> Any:
    return msgpack.unpackb(zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()))


def test_what_was_written_together_agrees(channel: Path) -> None:
    assert told(channel) == []


@pytest.mark.parametrize(
    "file",
    ["linux-64/repodata.json", "linux-64/repodata.json.zst", SHARD_INDEX, "linux-64/run_exports.json", "linux-64/run_exports.json.zst",
     "noarch/repodata.json", "packages.jsonl"],
)  # fmt: skip
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "a byte", "longer"])
def test_no_file_can_be_damaged_unseen(channel: Path, file: str, damage: str) -> None:
    path = channel / file
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        middle = len(content) // 2
        other = {"empty": b"", "half": content[:middle], "longer": content + content}.get(damage)
        path.write_bytes(other if other is not None else content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    found = told(channel)
    assert any(file.rpartition("/")[2].removesuffix(".zst") in line for line in found), found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda v: v["packages.conda"][FIRST].update(depends=["c"]), "the shard of a: its record of a-1-h0_0.conda is not that"),
        (lambda v: v["packages.conda"][FIRST].update(future=None), "the shard of a: its record of a-1-h0_0.conda is not that"),
        (lambda v: v["packages.conda"][FIRST].update(build_number=0.5), "the shard of a: its record of a-1-h0_0.conda is not that"),
        (lambda v: v["packages.conda"].pop(FIRST), "the shard of a: has a-1-h0_0.conda of packages.conda, which repodata.json has not"),
        (lambda v: v["packages"].update({"x-1-0.tar.bz2": {"name": "x"}}), "x-1-0.tar.bz2 of packages is in repodata.json and in no shard"),
        (lambda v: v["v3"]["conda"]["new-1.0-h0_0"].update(extra_depends={}), "the shard of new: its record of new-1.0-h0_0 is not that"),
        (lambda v: v["v3"].update(whl=v["v3"].pop("conda")), "in no shard"),
        (lambda v: v["info"].update(channel_relations={}), "its info is not that of repodata.json"),
        (lambda v: v["packages.conda"][FIRST].update(sha256="0" * 64), f"linux-64/{FIRST}: sha256 {'0' * 64} in repodata.json"),
    ],
)  # fmt: skip
def test_a_change_of_json_and_zst_alone_is_found(channel: Path, change: Callable[[Any], Any], expected: str) -> None:
    change_json(channel / INDEX, change)
    assert any(expected in line for line in told(channel)), told(channel)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda v: v["packages.conda"][FIRST].update(depends=["c"]), "its record of a-1-h0_0.conda is not that of repodata.json"),
        (lambda v: v["packages.conda"].pop(FIRST), "a-1-h0_0.conda of packages.conda is in repodata.json and in no shard"),
        (lambda v: v["packages.conda"].update(extra={"name": "a"}), "has extra of packages.conda, which repodata.json has not"),
        (lambda v: v["packages"].update(v["packages.conda"]), "of packages, which repodata.json has not"),
        (lambda v: v.update({"packages.conda": 7}), "is in repodata.json and in no shard"),
        (lambda v: v["packages.conda"].update({FIRST: 7}), "no shard ("),
    ],
)
def test_a_change_of_a_shard_alone_is_found(channel: Path, change: Callable[[Any], Any], expected: str) -> None:
    change_shard(channel, "a", change)
    assert any(expected in line for line in told(channel)), told(channel)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda v: v["shards"].pop("a"), "is in repodata.json and in no shard"),
        (lambda v: v["shards"].update(a=v["shards"]["old"]), "the shard of a: has old-1.0-h0_0.tar.bz2, whose name is old"),
        (lambda v: v["shards"].update(twin=v["shards"]["a"]), "is in another shard as well"),
        (lambda v: v["shards"].update(a=b"0" * 32), f"linux-64/shards/{(b'0' * 32).hex()}.msgpack.zst, the shard of a: missing"),
        (lambda v: v["info"].update(base_url="https://far.example"), "says that files lie at"),
        (lambda v: v["info"].update(subdir="win-64"), "its info is not that of repodata.json"),
        (lambda v: v.pop("info"), "no index of shards"),
        (lambda v: v.update(shards=[]), "no index of shards"),
    ],
)
def test_a_change_of_the_shard_index_alone_is_found(channel: Path, change: Callable[[Any], Any], expected: str) -> None:
    change_shard_index(channel, change)
    assert any(expected in line for line in told(channel)), told(channel)


def test_a_shard_that_is_not_its_name_is_found(channel: Path) -> None:
    shard = next(iter(sorted((channel / "linux-64/shards").iterdir())))
    shard.write_bytes(shard.read_bytes() + b"x")
    assert [line for line in told(channel) if shard.name in line and "has sha256" in line]


def test_run_exports_of_nothing_are_found(channel: Path) -> None:
    change_json(channel / "linux-64/run_exports.json", lambda v: v["packages.conda"].update({"gone-1-0.conda": {"run_exports": {}}}))
    assert told(channel) == ["linux-64/run_exports.json: has gone-1-0.conda of packages.conda, which repodata.json has not"]


def test_a_key_that_stands_twice_is_found(channel: Path) -> None:
    content = (channel / INDEX).read_text()
    line = json.dumps(next(record for _, key, record in records_of(json.loads(content)) if key == FIRST))
    twice = content.replace('"packages.conda":{', f'"packages.conda":{{"{FIRST}":{line},', 1)
    (channel / INDEX).write_text(twice)
    (channel / f"{INDEX}.zst").write_bytes(zstandard.compress(twice.encode()))
    assert told(channel) == [f"{INDEX}: {FIRST} stands in packages.conda twice"]


def test_sums_have_the_packages_of_the_indexes(channel: Path) -> None:
    assert told(channel, b=None) == ["noarch/b-1.0-h0_0.conda: is in repodata.json and not in SHA256SUMS"]
    assert told(channel, extra="1" * 64) == ["linux-64/extra-1-0.conda: is in SHA256SUMS and in no repodata.json"]
    assert len(told(channel, b="1" * 64)) == 1


def test_packages_jsonl_has_the_packages_of_the_indexes(channel: Path) -> None:
    path = channel / "packages.jsonl"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rest))
    assert [line for line in told(channel) if line.startswith("packages.jsonl: does not tell of linux-64/a-1-h0_0.conda")]
    path.write_text("".join([first.replace("a-1-", "a-0-"), *rest]))
    assert [line for line in told(channel) if "tells of linux-64/a-0-h0_0.conda, which no" in line]
