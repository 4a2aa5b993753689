"""The members of an index, one by one, are what a reader of the whole file finds; an index that is torn anywhere is told as such."""

import hashlib
import io
import json
import tracemalloc
from typing import Any

import pytest
import zstandard
from atheria_pack.mirror.sources.index_stream import IndexStream
from atheria_pack.mirror.sources.source import SourceError
from atheria_pack.mirror.sources.tables import members
from hypothesis import given, settings
from hypothesis import strategies as some

WORDS = some.text(some.characters(exclude_categories=["Cs"]), max_size=6)
NUMBERS = some.integers(-(2**70), 2**70) | some.floats(allow_nan=False, allow_infinity=False)
VALUES = some.recursive(
    some.none() | some.booleans() | NUMBERS | WORDS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
TABLES = some.dictionaries(WORDS, some.dictionaries(WORDS, VALUES, max_size=4), max_size=4)
INDEXES = some.fixed_dictionaries(
    {},
    optional={
        "info": VALUES, "packages": TABLES, "packages.conda": TABLES, "v3": some.dictionaries(WORDS, TABLES, max_size=3),
        "removed": some.lists(WORDS, max_size=3), "repodata_version": some.integers(), "a new one": VALUES, "signatures": VALUES,
    },
)  # fmt: skip


def read(content: bytes, packed: bool = False) -> list[tuple[str, str, Any]]:
    return list(members(IndexStream(io.BytesIO(content), "https://host/noarch/repodata.json", packed)))


def expected(index: dict[str, Any]) -> list[tuple[str, str, Any]]:
    found = []
    for key, value in index.items():
        if key in ("packages", "packages.conda"):
            found += [(key, name, record) for name, record in value.items()]
        elif key == "v3":
            found += [(f"v3.{table}", name, record) for table, records in value.items() for name, record in records.items()]
        elif key != "signatures":
            found.append(("", key, value))
    return found


@settings(max_examples=100, deadline=None)
@given(INDEXES, some.booleans(), some.sampled_from([None, 1]))
def test_as_a_reader_of_the_whole_file(index: dict[str, Any], packed: bool, indent: int | None) -> None:
    content = json.dumps(index, indent=indent, ensure_ascii=packed).encode()
    found = read(zstandard.compress(content) if packed else content, packed)
    assert found == expected(index)
    assert repr(found) == repr(expected(index))  # 1 is not 1.0, and members have their order


def test_numbers_are_exact() -> None:
    text = b'{"packages": {"x": {"a": 123456789012345678901234567890, "b": -0, "c": 0.1, "d": 1e3, "e": 1760000000000, "f": 5e-324}}}'
    assert repr(read(text)[0][2]) == repr(json.loads(text)["packages"]["x"])


RECORD = {"name": "é", "depends": ["x >=1"], "size": 12}
SMALL = json.dumps({"info": {"subdir": "noarch"}, "packages.conda": {"é-1-0.conda": RECORD}}, indent=1).encode()


def test_torn_anywhere() -> None:
    for end in range(len(SMALL)):
        with pytest.raises(SourceError, match=rf"^https://host/noarch/repodata.json is broken at (its end after {end} bytes|lines? \d)"):
            read(SMALL[:end])


def test_torn_anywhere_while_it_is_packed() -> None:
    packed = zstandard.compress(SMALL)
    for end in range(len(packed)):
        with pytest.raises(SourceError, match=rf"repodata.json is torn: its {end} bytes end in the middle of a zstandard frame"):
            read(packed[:end], packed=True)


def test_torn_far_inside_says_where() -> None:
    records = {f"p{number}-1-0.conda": {"name": f"p{number}"} for number in range(4000)}
    content = json.dumps({"packages.conda": records}, indent=1).encode()
    with pytest.raises(SourceError, match=rf"its end after {len(content) - 3} bytes, line {content.count(bytes([10]))}: premature EOF"):
        read(content[:-3])
    spoilt = content.replace(b'"p3000"', b'"p3000')
    line = content[: content.index(b'"p3000"')].count(b"\n") + 1
    with pytest.raises(SourceError) as told:
        read(spoilt)
    first, last = (int(word.strip(",")) for word in str(told.value).split(" at lines ")[1].split()[0:3:2])
    assert first <= line <= last
    assert last - first < 1000


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"<html>404</html>", "invalid char"),
        (b'{"packages": []}', "its table packages is no object"),
        (b'{"v3": 1}', "its member v3 is no object"),
        (b'{"v3": {"conda": []}}', "its table v3.conda is no object"),
        (b'{"packages": {}} {}', "trailing garbage"),
        (b'{"packages": {"x": {"a": NaN}}}', "invalid"),
        (b'{"packages": {"x": {"a": 1e999}}}', "too large"),
        (b'{"packages": {"x": "\xff"}}', "UTF8"),
        (b'{"packages": {"x": ' + b"[" * 9000 + b"]" * 9000 + b"}}", "nested too deeply"),
    ],
)
def test_what_is_no_index(content: bytes, told: str) -> None:
    with pytest.raises(SourceError, match=f"repodata.json is broken at .*{told}.*; the source has to be indexed again"):
        read(content)


def test_a_packed_index_in_several_frames() -> None:
    content = zstandard.compress(SMALL[:20]) + zstandard.compress(SMALL[20:])
    assert read(content, packed=True) == read(SMALL)


def test_what_is_not_packed_though_its_name_says_so() -> None:
    with pytest.raises(SourceError, match="is broken near byte"):
        read(SMALL, packed=True)


def test_the_digest_is_of_the_bytes_that_the_source_has() -> None:
    packed = zstandard.compress(SMALL)
    stream = IndexStream(io.BytesIO(packed), "index", packed=True)
    list(members(stream))
    assert stream.sha256 == hashlib.sha256(packed).hexdigest()


def test_a_disk_that_fails_while_it_is_read() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(10)

    with pytest.raises(SourceError, match="cannot be read beyond byte 10: Input/output error"):
        list(members(IndexStream(Failing(SMALL), "index", packed=False)))


def test_little_memory_for_a_large_index() -> None:
    def measured(count: int) -> int:
        content = json.dumps({"packages.conda": {f"p{number}-1-0.conda": {"name": "p", "depends": ["x"] * 9} for number in range(count)}}).encode()
        stream = IndexStream(io.BytesIO(content), "index", packed=False)
        tracemalloc.start()
        assert sum(1 for _ in members(stream)) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert measured(10_000) < measured(500) + 100_000


def test_little_memory_for_an_index_that_unpacks_to_very_much() -> None:
    packed = zstandard.compress(b" " * (48 << 20) + b"{}")
    assert len(packed) < 10_000
    tracemalloc.start()
    assert read(packed, packed=True) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 36 << 20
