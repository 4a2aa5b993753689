"""The list of packages is proved, and adds up."""

from pathlib import Path

import pytest
from atheria_pack.mirror.audit import Totals, UnprovenError, audit, channel_of
from atheria_pack.mirror.index.provenance import Provenance
from small_mirror import BORN, ORIGIN, entry, show, small

A, B, C = entry("a"), entry("b", license="GPL-3.0-only WITH GCC-exception-3.1"), entry("c", subdir="noarch", license=None)


def test_every_package_is_told_with_licence_origin_and_reason(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A, B, C)
    manifest, packages = audit(place, None)
    found = list(packages)
    assert manifest.generation == 1 and [one.path for one in found] == [A.path, B.path, C.path]
    assert [one.license for one in found] == ["MIT", "GPL-3.0-only WITH GCC-exception-3.1", ""]
    assert found[0] == Provenance(
        A.path, "a", "1.0", "h0_0", "MIT", A.size, A.sha256, f"{ORIGIN}/{A.path}", ("a on linux-64, no-gpu",)
    )
    totals = Totals()
    for one in found:
        totals.add(one)
    value = totals.to_json()
    assert value["packages"] == 3 and value["size"] == A.size + B.size + C.size == manifest.size
    assert value["unlicensed"] == [C.path] and value["licences"]["not told"] == {"packages": 1, "size": C.size}
    assert value["origins"] == {ORIGIN: {"packages": 3, "size": manifest.size}}


def test_an_older_generation_has_its_own_list(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    show(place, B, now=BORN + 1)
    assert [one.name for one in audit(place, 1)[1]] == ["a"] and [one.name for one in audit(place, None)[1]] == ["b"]


def test_nothing_is_told_from_a_list_that_was_changed(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A, B)
    path = place.root / ".mirror/generations/1/packages.jsonl"
    content = path.read_text()
    path.write_text(content.replace("GPL-3.0-only WITH GCC-exception-3.1", "MIT"))
    with pytest.raises(UnprovenError, match="packages.jsonl"):
        audit(place, None)
    path.unlink()
    with pytest.raises(UnprovenError, match="no file"):
        audit(place, None)


@pytest.mark.parametrize(
    ("path", "origin", "channel"),
    [
        ("linux-64/a-1-0.conda", "https://x.example/c/linux-64/a-1-0.conda", "https://x.example/c"),
        ("noarch/a-1-py3.whl", "https://files.example/ab/cd/a-1-py3.whl", "https://files.example/ab/cd"),
        ("noarch/a-1-0.conda", "", "not told"),
    ],
)
def test_the_channel_of_an_origin(path: str, origin: str, channel: str) -> None:
    assert channel_of(Provenance(path, "a", "1", "0", "", 0, "", origin, ())) == channel
