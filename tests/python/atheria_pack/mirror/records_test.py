"""A table of records gives back what was put in, in order, whatever a record holds, and does so while it is changed."""

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.errors import DiskFullError
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.records import RecordTable
from hypothesis import given, settings
from hypothesis import strategies as some

WORDS = some.text(max_size=8)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
NAMES = some.text("aBé_-", min_size=1, max_size=3)
TABLES = some.sampled_from(["packages", "packages.conda", "v3.conda", "v3.whl"])


@some.composite
def entries(draw: some.DrawFn) -> Entry:
    file_name = draw(NAMES) + "-1-0.conda"
    record = {**draw(some.dictionaries(WORDS, VALUES, max_size=4)), "name": draw(NAMES), "size": draw(some.integers(0, 2**40))}
    exports = draw(some.none() | some.dictionaries(WORDS, some.lists(WORDS, max_size=2), max_size=2))
    subdir = draw(some.sampled_from(["linux-64", "noarch", "win-64"]))
    return Entry(subdir, file_name, draw(TABLES), file_name, record, exports, "https://host/" + file_name, tuple(draw(some.lists(WORDS, max_size=2))))


def identity(entry: Entry) -> tuple[str, str, str]:
    return entry.subdir, entry.table, entry.key


def entry(number: int = 0, **changes: Any) -> Entry:
    name = f"p{number}"
    made = Entry("linux-64", f"{name}-1-0.conda", "packages.conda", f"{name}-1-0.conda", {"name": name, "size": 2}, None, f"https://host/{name}")
    return replace(made, **changes)


@settings(max_examples=40, deadline=None)
@given(some.lists(entries(), max_size=20))
def test_what_went_in_comes_out_in_order(given_entries: list[Entry]) -> None:
    expected = {identity(made): made for made in given_entries}
    in_order = [expected[key] for key in sorted(expected)]
    with RecordTable() as table:
        table.add(given_entries)
        assert list(table.entries()) == in_order
        assert [list(made.record) for made in table.entries()] == [list(made.record) for made in in_order]  # the members' order, too
        assert len(table) == len(expected)
        assert list(table.names()) == sorted({made.name.lower() for made in in_order})
        assert table.subdirs() == sorted({made.subdir for made in in_order})
        for subdir in ("linux-64", "noarch", "osx-64"):
            mine = [made for made in in_order if made.subdir == subdir]
            assert list(table.entries(subdir)) == mine
            assert list(table.names(subdir)) == sorted({made.name.lower() for made in mine})
        for name in {made.name for made in in_order} | {"absent"}:
            assert list(table.named(name)) == [made for made in in_order if made.name.lower() == name.lower()]
            named = [made for made in in_order if made.name.lower() == name.lower() and made.subdir == "noarch"]
            assert list(table.named(name.upper(), "noarch")) == named
        for made in in_order:
            same_file = [other for other in in_order if other.path == made.path]
            assert table.of_file(made.path) == same_file
            assert table.get(made.path) == same_file[0]
        files: dict[str, int] = {}
        for made in in_order:
            files[made.path] = max(files.get(made.path, 0), made.size)
        assert table.size() == sum(files.values())


def test_a_later_entry_of_the_same_key_replaces() -> None:
    with RecordTable() as table:
        table.add([entry(), entry(record={"name": "p0", "size": 9})])
        assert [made.size for made in table.entries()] == [9]


def test_a_reason_goes_to_every_table_that_has_the_file() -> None:
    twin = entry(table="v3.conda", key="p0-1-0")
    with RecordTable() as table:
        table.add([entry(), twin, entry(1)])
        for reason in ("3", "1", "3", "5", "2", "4"):
            table.mark("linux-64/p0-1-0.conda", reason)
        assert [made.why for made in table.entries()] == [tuple("12345"), (), tuple("12345")]
        with pytest.raises(KeyError, match="p7"):
            table.mark("linux-64/p7-1-0.conda", "absent")


def test_what_lies_below_an_address_and_nothing_else() -> None:
    below = [entry(0, origin="https://host/p0-1-0.conda"), entry(1, origin="https://other/p1-1-0.conda"), entry(2, origin="https://host/x/p2-1-0.conda")]
    with RecordTable() as table:
        table.add(below)
        weak = {"weak": ["x"]}
        table.set_run_exports("linux-64", "https://host/", [("packages.conda", f"p{number}-1-0.conda", weak) for number in range(4)])
        assert [made.run_exports for made in table.entries()] == [weak, None, None]
        table.move("linux-64", "https://host/", "https://host/x/")
        table.move("noarch", "https://host/x/", "https://elsewhere/")
        assert [made.origin for made in table.entries()] == ["https://host/x/p0-1-0.conda", below[1].origin, below[2].origin]


def test_changed_while_it_is_iterated() -> None:
    numbers = range(1000)
    with RecordTable() as table:
        table.add(map(entry, numbers))
        seen = []
        for made in table.entries():
            seen.append(made.file_name)
            table.mark(made.path, "seen")
            if len(seen) % 100 == 1:
                table.add([entry(2000 + len(seen), subdir="a-new-one")])
        assert sorted(seen) == sorted(entry(number).file_name for number in numbers)
        assert all(made.why == ("seen",) for made in table.entries("linux-64"))


def test_several_threads() -> None:
    failures: list[BaseException] = []

    def work(table: RecordTable, first: int) -> None:
        try:
            table.add(entry(number) for number in range(first, first + 300))
            for number in range(first, first + 300):
                table.mark(entry(number).path, str(first))
            assert sum(made.why == (str(first),) for made in table.entries()) == 300
        except BaseException as error:
            failures.append(error)

    with RecordTable() as table:
        threads = [threading.Thread(target=work, args=(table, first)) for first in (0, 1000, 2000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(table) == 900


@pytest.mark.parametrize("value", [b"bytes", float("nan"), {1, 2}])
def test_more_than_json_is_refused(value: object) -> None:
    with RecordTable() as table, pytest.raises((TypeError, ValueError)):
        table.add([entry(record={"name": "x", "member": value})])


def test_the_file_goes_with_the_table(tmp_path: Path) -> None:
    with RecordTable(tmp_path / "table") as table:
        table.add([entry()])
        with pytest.raises(FileExistsError):
            RecordTable(tmp_path / "table")
    table.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    with RecordTable(tmp_path / "table") as table:
        table._database.execute("PRAGMA max_page_count = 30")  # sqlite's own error for a file that cannot grow
        with pytest.raises(DiskFullError, match=r"no space left in .*TMPDIR"):
            table.add(map(entry, range(5000)))
    with RecordTable() as table, pytest.raises(sqlite3.OperationalError):
        table._write("INSERT INTO absent VALUES (?)", [(1,)])  # another error of sqlite's keeps its name


def test_iterating_takes_steps_in_proportion() -> None:
    def steps(count: int) -> int:
        counted = 0

        def step() -> int:
            nonlocal counted
            counted += 1
            return 0

        with RecordTable() as table:
            table.add(map(entry, range(count)))
            table._database.set_progress_handler(step, 100)
            assert sum(1 for _ in table.entries("linux-64")) == sum(1 for _ in table.entries()) == count
            return counted

    assert steps(8000) < 5 * steps(2000)
