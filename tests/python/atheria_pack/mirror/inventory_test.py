"""What is named and what is there, compared on disk as sets would compare it in memory."""

import pytest
from atheria_pack.errors import DiskFullError
from atheria_pack.mirror.inventory import ConflictError, Inventory, Sorted
from atheria_pack.mirror.places.place import Found
from hypothesis import given
from hypothesis import strategies as st

PATHS = st.text("ab/-.~0", min_size=1, max_size=4)


@given(st.dictionaries(PATHS, st.integers(0, 3)), st.dictionaries(PATHS, st.integers(0, 3)))
def test_it_compares_as_dictionaries_do(named: dict[str, int], there: dict[str, int]) -> None:
    with Inventory() as inventory:
        for path, size in named.items():
            inventory.name(path, f"digest of {path}", size or None)  # 0: nobody says
        inventory.see(Found(path, size, "stamp", 1.5) for path, size in there.items())
        assert list(inventory.sums()) == [(path, f"digest of {path}") for path in sorted(named)]
        lost = [(path, size or None, there.get(path)) for path, size in sorted(named.items()) if there.get(path) != (size or there.get(path, -1))]
        assert list(inventory.lost()) == lost
        assert [found.path for found in inventory.strangers()] == sorted(there.keys() - named.keys())
        assert inventory.volume(inventory) == (len(named.keys() & there.keys()), sum(there[path] for path in named.keys() & there.keys()))
        assert inventory.subdirs() == sorted({path.partition("/")[0] for path in named if "/" in path})


def test_one_name_stands_for_one_content() -> None:
    with Inventory() as inventory:
        inventory.name("a", "1" * 64)
        inventory.name("a", "1" * 64)
        with pytest.raises(ConflictError, match="a is named with sha256 1.* and with 2"):
            inventory.name("a", "2" * 64)


@given(st.lists(st.tuples(PATHS, st.text(max_size=3))))
def test_lines_come_sorted_each_key_once(lines: list[tuple[str, str]]) -> None:
    with Sorted() as found:
        for key, line in lines:
            found.add(key, line)
        assert list(found) == sorted({key: line for key, line in reversed(lines)}.items())


def test_a_full_folder_of_temporary_files_is_told() -> None:
    with Sorted() as found:
        found.execute("PRAGMA max_page_count = 20")
        with pytest.raises(DiskFullError, match="TMPDIR"):
            for number in range(10_000):
                found.add(f"{number}", "x" * 1000)
