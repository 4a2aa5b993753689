"""Comparing packages: every kind of difference is named, with its place, and equal files have none."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from atheria_pack.package_file import Member, package_bytes, write_package
from atheria_pack.repro.compare import Difference, compare_packages, first_difference, shown

NAME = "a-1-0"
BASE = [
    Member("pkg", "lib/a.txt", b"one\ntwo\nthree\n"),
    Member("pkg", "lib/b.txt", b"", target="a.txt"),
    Member("info", "info/paths.json", b'{"paths": [{"sha256": "1"}]}'),
    Member("info", "info/index.json", b'{"name": "a", "depends": ["b", "c"], "build_number": 1}'),
]


def compared(folder: Path, second: Sequence[Member], epoch: int = 7) -> list[Difference]:
    paths = [folder / name / f"{NAME}.conda" for name in ("first", "second")]
    for path, members, when in zip(paths, (BASE, second), (7, epoch), strict=True):
        path.parent.mkdir()
        write_package(path, package_bytes(NAME, members, when))
    return compare_packages(*paths)


def changed(name: str, data: bytes) -> list[Member]:
    return [member.with_data(data) if member.name == name else member for member in BASE]


def test_equal_files_have_no_difference(tmp_path: Path) -> None:
    assert compared(tmp_path, BASE) == []


def test_content_is_told_with_offset_count_line_and_both_texts(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, changed("lib/a.txt", b"one\ntWO\nthree\n"))
    assert (found.member, found.what, found.offset, found.count, found.place) == ("lib/a.txt", "content", 5, 2, "line 2")
    assert found.first == "6f 6e 65 0a 74 77 6f 0a 74 68 72 65 65 0a  |one.two.three.|"
    assert "|one.tWO.three.|" in found.second
    assert str(found).splitlines()[0] == "lib/a.txt: content differs at byte 5 (line 2), 2 bytes in all"


def test_other_lengths_are_told(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, changed("lib/a.txt", b"one\ntwo\n"))
    assert (found.offset, found.count) == (8, None)
    assert found.first.endswith("(14 bytes in all)") and found.second.endswith("(8 bytes in all)")


def test_keys_of_json_are_named(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, changed("info/index.json", b'{"name": "a", "depends": ["b", "d"], "noarch": "x", "build_number": 1}'))
    assert found.place == "keys depends[1], noarch"


def test_json_that_is_only_spelled_otherwise_says_so(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, changed("info/paths.json", b'{"paths":[{"sha256":"1"}]}'))
    assert found.place == "spelling only, the values agree"


def test_members_of_one_side_modes_and_links(tmp_path: Path) -> None:
    second = [
        Member("pkg", "lib/a.txt", b"one\ntwo\nthree\n", mode=0o755),
        Member("pkg", "lib/b.txt", b"", target="c.txt"),
        Member("pkg", "lib/new.txt", b""),
        BASE[2],
    ]
    found = {(one.member, one.what): (one.first, one.second) for one in compared(tmp_path, second)}
    assert found == {
        ("lib/a.txt", "mode"): ("0o644", "0o755"),
        ("lib/b.txt", "target"): ("a.txt", "c.txt"),
        ("lib/new.txt", "presence"): ("absent", "present"),
        ("info/index.json", "presence"): ("present", "absent"),
    }


def test_causes_come_before_what_follows_from_them(tmp_path: Path) -> None:
    second = changed("lib/a.txt", b"ONE\ntwo\nthree\n")
    second = [member.with_data(b'{"paths": [{"sha256": "2"}]}') if member.name == "info/paths.json" else member for member in second]
    assert [found.member for found in compared(tmp_path, second)] == ["lib/a.txt", "info/paths.json"]


def test_times_of_members_count(tmp_path: Path) -> None:
    found = compared(tmp_path, BASE, epoch=8)
    assert {(one.what, one.first, one.second) for one in found} == {("time", "7", "8")} and len(found) == len(BASE)


def test_packing_alone_is_named(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        write_package(folder / f"{NAME}.conda", package_bytes(NAME, BASE, 7))
    path = folders[1] / f"{NAME}.conda"
    data = bytearray(path.read_bytes())
    data[10] ^= 1  # the time of the first entry of the zip file
    path.write_bytes(data)
    (found,) = compare_packages(folders[0] / f"{NAME}.conda", path)
    assert (found.member, found.what, found.offset, found.count) == (f"{NAME}.conda", "content", 10, 1)


@pytest.mark.parametrize(("one", "other", "at"), [(b"abc", b"abd", 2), (b"abc", b"ab", 2), (b"", b"x", 0), (b"xbc", b"abc", 0)])
def test_first_difference(one: bytes, other: bytes, at: int) -> None:
    assert first_difference(one, other) == at


def test_an_end_of_file_is_shown_as_such() -> None:
    assert shown(b"", 0) == "(ends before)"
