"""The page as HTML: what it says, that hostile names stay text, that it needs nothing from elsewhere, and how it grows."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.page import page
from atheria_pack.mirror.page.page import PageFacts, page_text, write_page
from atheria_pack.mirror.records import RecordTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOSTILE = '</code></details><script>alert(1)</script><img src=x onerror=alert(1)>"\'&lt; javascript:alert(1) \N{RIGHT-TO-LEFT OVERRIDE}\0'


def entry(name: str, build: str = "h0_0", subdir: str = "linux-64", version: str = "1.0", **record: Any) -> Entry:
    file_name = f"{name}-{version}-{build}.conda"
    record = {"name": name, "version": version, "build": build, "size": 1500, "sha256": "ab" * 32, "license": "MIT", **record}
    return Entry(subdir, file_name, "packages.conda", file_name, record)


def written(entries: list[Entry], facts: PageFacts | None = None) -> str:
    with RecordTable() as table:
        table.add(entries)
        return "".join(page_text(table, facts or PageFacts()))


class Parsed(HTMLParser):
    """The tags of a page with their attributes' names, and its text by package."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.pieces: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "data", "srcset")]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


FAMILY = [
    entry("core", f"{accel}_py{python}_h0_0", platform)
    for platform, accels in {"linux-64": ("cuda129", "cuda130", "cpu"), "osx-arm64": ("metal", "cpu")}.items()
    for accel in accels
    for python in ("39", "310", "312")
    if (accel, python) != ("cuda129", "39")
]


def rows(text: str, name: str) -> list[list[str]]:
    """The cells of the table of a package, row by row, the accelerator first."""
    table = re.search(rf'id="p-{name}".*?<tbody>(.*?)</tbody>', text, re.S)
    assert table is not None
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr.*?</tr>", table[1])]


def test_a_family_is_a_grid_of_accelerators_and_platforms() -> None:
    assert rows(written(FAMILY), "core") == [
        ["cuda130", "3.9, 3.10, 3.12", "\N{EN DASH}"],
        ["cuda129", "3.10, 3.12", "\N{EN DASH}"],
        ["metal", "\N{EN DASH}", "3.9, 3.10, 3.12"],
        ["cpu", "3.9, 3.10, 3.12", "3.9, 3.10, 3.12"],
    ]


def test_a_cell_says_when_its_newest_build_is_of_an_older_version() -> None:
    found = written([entry("a", "cpu_h0_0", version="1.10"), entry("a", "cuda130_h0_0", version="1.9"), entry("a", "cuda130_h0_0", version="1.8")])
    assert rows(found, "a") == [["cuda130", "1.9: yes"], ["cpu", "yes"]]


def test_other_packages_are_a_line_and_their_builds() -> None:
    newer = entry("zlib", version="1.10", depends=["libc >=2,<3"], constrains=["old <1"], timestamp=1_760_000_000_000)
    text = written([entry("zlib", version="1.9"), replace(newer, why=("zlib on linux-64, no-gpu",))])
    part = text[text.index('id="p-zlib"') : text.index("</section>\n<", text.index('id="p-zlib"'))]
    assert "<table" not in part and "<h4>zlib</h4> 1.10 " in part
    assert part.index("1.10 h0_0") < part.index("1.9 h0_0")  # newest first, as versions and not as letters
    said = ("libc &gt;=2,&lt;3", "old &lt;1", "ab" * 32, "1.5 kB", "2025-10-09", "MIT", "zlib on linux-64, no-gpu", "./linux-64/zlib-1.10-h0_0.conda")
    assert [text for text in said if text not in part] == []


def test_the_commands_name_the_channel() -> None:
    plain, known = written([entry("a")]), written([entry("a")], PageFacts(address="https://mirror.example/x y"))
    assert "<pre>conda install --override-channels --channel <var>&lt;channel&gt;</var> a\nmamba install " in plain
    assert "stands for the address" in plain
    assert "pixi workspace channel add --prepend <var>https://mirror.example/x y</var> &amp;&amp; pixi add a</pre>" in known
    assert "stands for the address" not in known


def test_an_empty_channel_has_a_page() -> None:
    assert "No packages yet." in written([])


def test_the_same_packages_give_the_same_bytes(tmp_path: Path) -> None:
    entries = [*FAMILY, entry("zlib")]
    for folder, order in (("a", entries), ("b", entries[::-1])):
        with RecordTable() as table:
            table.add(order)
            write_page(table, tmp_path / folder, PageFacts())
    first = (tmp_path / "a" / "index.html").read_bytes()
    assert first == (tmp_path / "b" / "index.html").read_bytes() and first.endswith(b"</html>\n")
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["index.html"]


def test_it_needs_nothing_from_elsewhere() -> None:
    parsed = Parsed(written([*FAMILY, entry("zlib")]))
    assert all(link.startswith(("#", "./linux-64/", "./osx-arm64/", ".mirror/current/")) for link in parsed.links), parsed.links
    assert {link[1:] for link in parsed.links if link.startswith("#")} <= set(parsed.ids)
    assert len(set(parsed.ids)) == len(parsed.ids)


def test_its_policy_allows_its_own_script_and_style_only() -> None:
    text = written([entry("a")])
    for part in ("script", "style"):
        content = re.search(rf"<{part}>(.*?)</{part}>", text, re.S)
        assert content is not None and f"{part}-src 'sha256-{page._digest(content[1])}'" in text


any_text = st.one_of(st.just(HOSTILE), st.text(min_size=1, max_size=20), st.text("<>&\"'/ =`-", min_size=1, max_size=20))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_text, any_text, any_text, any_text)
def test_no_name_changes_what_the_page_is_made_of(name: str, version: str, build: str, other: str) -> None:
    # surrogates come from \\ud800 escapes in a JSON; sqlite takes them in no column of its own
    name = name.encode("utf-8", "replace").decode() or "x"

    def made(name: str, version: str, build: str, other: str) -> Parsed:
        record = {"name": name, "version": version, "build": build, "license": other, "depends": [other], "constrains": other, "sha256": other}
        facts = PageFacts(title=other, address=other, sources=[other], requests=[other])
        strange = Entry("linux-64", f"{name}.conda", "packages.conda", "k", record, why=(other,))
        return Parsed(written([strange, entry("~~~")], facts))

    # A build that names an accelerator makes a grid, which is another page; what follows the first letter of a name is free.
    plain = made("x", "1", "h0", "x")
    strange = made(name, version, f"h{build}", other)
    assert sorted(strange.tags) == sorted(plain.tags) or name[:1] == "~"
    for link in strange.links:
        assert re.match(r"(#(p|letter)-|#all|#packages|\./linux-64/|\.mirror/current/)", link), link


def test_a_hostile_family_stays_text_in_every_cell() -> None:
    elsewhere = Entry(f"linux-64{HOSTILE}", "x", "packages.conda", "x", {"name": "evil", "build": "cpu_0"})
    text = written([entry("evil", f"cuda130_{HOSTILE}", version=HOSTILE), elsewhere])
    assert "<script>alert" not in text and "<img" not in text and "\0" not in text and "\N{RIGHT-TO-LEFT OVERRIDE}" not in text


def many(count: int) -> Iterator[Entry]:
    for number in range(count):
        needed = ["python >=3.10,<3.14", "numpy >=2.1,<3", "libgcc >=12", "libstdcxx >=12"]
        yield entry(f"package-{number // 3:06}", f"h{number % 3}_0", depends=needed)


def peak(count: int, folder: Path) -> tuple[int, int]:
    """The most memory that Python had while a page of `count` builds was written, and the page's size, both in bytes."""
    with RecordTable() as table:
        table.add(many(count))
        tracemalloc.start()
        try:
            write_page(table, folder, PageFacts())
            return tracemalloc.get_traced_memory()[1], (folder / "index.html").stat().st_size
        finally:
            tracemalloc.stop()


def test_it_is_written_in_little_memory(tmp_path: Path) -> None:
    (small, _), (large, size) = peak(600, tmp_path / "600"), peak(6_000, tmp_path / "6000")
    assert size > 3_000_000
    assert large < small * 1.3


@pytest.mark.parametrize("extra", [0, 1])
def test_very_large_pages_leave_the_details_to_the_indexes(monkeypatch: pytest.MonkeyPatch, extra: int) -> None:
    monkeypatch.setattr(page, "DETAILED_UP_TO", 2)
    text = written([entry(f"p{number}", depends=["needle"]) for number in range(2 + extra)])
    assert ("needle" in text) is not bool(extra)
    assert ("left out of pages of more than" in text) is bool(extra)
