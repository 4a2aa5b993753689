"""Files arrive whole, from where they broke off, or not at all; counted at a real web server with faults."""

import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from atheria_pack.mirror.fetch import Fetcher, Item, Quiet, WrongBytesError
from atheria_pack.mirror.layout import PARTIAL
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.source import Source, SourceError
from hypothesis import given, settings
from hypothesis import strategies as st
from web import Fault, FaultyServer

SIZE = 300_000


class Notes(Quiet):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.bytes = 0
        self.notes: list[str] = []
        self._lock = threading.Lock()

    def moved(self, size: int) -> None:
        with self._lock:
            self.bytes += size

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    folder = tmp_path / "upstream"
    (folder / "linux-64").mkdir(parents=True)
    for number in range(6):
        (folder / "linux-64" / f"p{number}.conda").write_bytes(random.Random(number).randbytes(SIZE + number))
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Iterator[FolderPlace]:
    made = FolderPlace(tmp_path / "mirror", "mirror")
    with made.writing():
        (made.scratch / PARTIAL).mkdir()
        yield made


@pytest.fixture
def server(serve_with_faults: Callable[..., FaultyServer], upstream: Path) -> FaultyServer:
    return serve_with_faults(upstream)


def item(upstream: Path, source: Source, number: int, *, size: int | None = None) -> Item:
    content = (upstream / "linux-64" / f"p{number}.conda").read_bytes()
    return Item(f"linux-64/p{number}.conda", len(content) if size is None else size, hashlib.sha256(content).hexdigest(), source)


def fetcher(place: FolderPlace, notes: Notes | None = None, *, jobs: int = 3, link: bool = True) -> Fetcher:
    return Fetcher(place, place.scratch / PARTIAL, notes or Notes(), jobs=jobs, link=link)


def same(place: FolderPlace, upstream: Path, path: str) -> bool:
    return place.read(path) == (upstream / path).read_bytes()


def left_over(place: FolderPlace) -> list[str]:
    return sorted(os.listdir(place.scratch / PARTIAL))


def test_all_arrive_several_at_once(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    server.fail("conda", Fault(stall=0.1))
    notes = Notes()
    source = open_source(server.url)
    items = [item(upstream, source, number) for number in range(6)]
    run = fetcher(place, notes)
    assert sorted(arrived.path for arrived in run.fetch(items)) == [one.path for one in items]
    assert all(same(place, upstream, one.path) for one in items)
    assert server.most_at_once == 3
    assert notes.bytes == run.fetched.size == sum(one.size for one in items) == server.sent
    assert left_over(place) == []


def test_an_interrupted_download_goes_on_where_it_broke_off(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    """Each byte is sent once, by one run or by two."""
    server.fail("p0", Fault(cut=100_000, times=1))
    notes = Notes()
    run = fetcher(place, notes)
    assert list(run.fetch([item(upstream, open_source(server.url), 0)]))
    assert server.offsets["linux-64/p0.conda"] == [0, 100_000]
    assert server.sent == SIZE == notes.bytes

    (place.scratch / PARTIAL / item(upstream, open_source(server.url), 1).sha256).write_bytes((upstream / "linux-64/p1.conda").read_bytes()[:70_000])
    again = fetcher(place)
    assert list(again.fetch([item(upstream, open_source(server.url), 1)]))
    assert server.offsets["linux-64/p1.conda"] == [70_000] and again.fetched.resumed == 70_000
    assert same(place, upstream, "linux-64/p0.conda") and same(place, upstream, "linux-64/p1.conda")


def test_a_server_that_cannot_skip_sends_it_all_again(
    place: FolderPlace, upstream: Path, serve_with_faults: Callable[..., FaultyServer]
) -> None:
    server = serve_with_faults(upstream, ranges=False)
    one = item(upstream, open_source(server.url), 0)
    (place.scratch / PARTIAL / one.sha256).write_bytes((upstream / one.path).read_bytes()[:70_000])
    notes = Notes()
    assert list(fetcher(place, notes).fetch([one]))
    assert server.offsets[one.path] == [0] and notes.bytes == one.size
    assert same(place, upstream, one.path)


def test_a_download_that_never_gets_further_ends(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    one = item(upstream, HttpSource(server.url, pause=0.01), 0)
    server.fail("p0", Fault(cut=0))
    (place.scratch / PARTIAL / one.sha256).write_bytes((upstream / one.path).read_bytes()[:70_000])
    with pytest.raises(SourceError, match="p0.conda"):
        list(fetcher(place).fetch([one]))
    assert left_over(place) == [one.sha256]
    server.heal()
    assert list(fetcher(place).fetch([one]))
    assert server.offsets[one.path][-1] == 70_000


def test_wrong_bytes_once_are_fetched_again_and_told(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    server.fail("p0", Fault(wrong=True, times=1))
    notes = Notes()
    run = fetcher(place, notes)
    one = item(upstream, open_source(server.url), 0)
    assert list(run.fetch([one]))
    assert same(place, upstream, one.path)
    assert run.fetched.retried == 1 and one.origin in notes.notes[0] and notes.bytes == one.size


def test_wrong_bytes_twice_are_an_error_with_all_the_numbers(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    server.fail("p0", Fault(wrong=True))
    one = item(upstream, open_source(server.url), 0)
    content = (upstream / one.path).read_bytes()
    got = hashlib.sha256(content[:-1] + bytes([content[-1] ^ 1])).hexdigest()
    with pytest.raises(WrongBytesError) as caught:
        list(fetcher(place).fetch([one]))
    expected = f"{one.path}: expected {one.size} bytes of sha256 {one.sha256}, got {one.size} bytes of sha256 {got} from {one.origin};"
    assert str(caught.value).startswith(expected)
    assert place.look(one.path) is None and left_over(place) == []
    assert server.asked[one.path] == 2


@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_size_that_lies_is_wrong_bytes(place: FolderPlace, upstream: Path, server: FaultyServer, wrong: int) -> None:
    one = item(upstream, open_source(server.url), 0, size=SIZE + wrong)
    with pytest.raises((WrongBytesError, SourceError), match=one.path):
        list(fetcher(place).fetch([one]))
    assert place.look(one.path) is None


def test_no_size_is_needed(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    one = item(upstream, open_source(server.url), 0, size=0)
    assert list(fetcher(place).fetch([one]))
    assert same(place, upstream, one.path)


def test_a_file_that_the_source_lost_is_named(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    one = item(upstream, open_source(server.url), 0)
    (upstream / one.path).unlink()
    with pytest.raises(SourceError, match=f"{one.path}: the source's index names this file"):
        list(fetcher(place).fetch([one]))


def test_one_failure_stops_the_others_which_keep_what_they_have(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    server.fail("p[1-5]", Fault(rate=400_000))
    server.fail("p0", Fault(wrong=True, stall=0.2))
    source = open_source(server.url)
    with pytest.raises(WrongBytesError):
        list(fetcher(place).fetch([item(upstream, source, number) for number in range(6)]))
    kept = left_over(place)
    assert kept and all(place.look(f"linux-64/p{number}.conda") is None for number in range(1, 6))
    server.heal()
    again = fetcher(place)
    assert len(list(again.fetch([item(upstream, source, number) for number in range(1, 6)]))) == 5
    assert 0 < again.fetched.resumed == sum(server.offsets[f"linux-64/p{number}.conda"][-1] for number in range(1, 6))
    assert all(same(place, upstream, f"linux-64/p{number}.conda") for number in range(1, 6))


def test_closing_the_iterator_stops_at_once(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    """What Ctrl-C does to the loop around it."""
    server.fail("p[1-5]", Fault(rate=100_000))
    source = open_source(server.url)
    arriving = fetcher(place).fetch([item(upstream, source, number) for number in range(3)])
    assert next(arriving).path == "linux-64/p0.conda"
    arriving.close()
    assert same(place, upstream, "linux-64/p0.conda")
    assert place.look("linux-64/p1.conda") is None and len(left_over(place)) == 2


def test_local_sources_are_linked(place: FolderPlace, upstream: Path) -> None:
    source = open_source(str(upstream))
    items = [item(upstream, source, number) for number in range(6)]
    notes = Notes()
    run = fetcher(place, notes)
    assert len(list(run.fetch(items))) == 6 == run.fetched.linked
    for one in items:
        assert (place.root / one.path).samefile(upstream / one.path)
    assert left_over(place) == [] and notes.bytes == run.fetched.size


def test_copies_are_made_where_links_are_forbidden_or_impossible(
    place: FolderPlace, upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(str(upstream))
    run = fetcher(place, link=False)
    list(run.fetch([item(upstream, source, 0)]))

    def other_disk(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("atheria_pack.mirror.fetch.os.link", other_disk)  # two file systems are not at hand in every test's surroundings
    list(fetcher(place).fetch([item(upstream, source, 1)]))
    for number in (0, 1):
        path = f"linux-64/p{number}.conda"
        assert same(place, upstream, path) and not (place.root / path).samefile(upstream / path)
    assert run.fetched.linked == 0


def test_a_damaged_local_source_is_named_and_left_alone(place: FolderPlace, upstream: Path) -> None:
    one = item(upstream, open_source(str(upstream)), 0)
    (upstream / one.path).write_bytes(b"damaged")
    with pytest.raises(WrongBytesError, match="got 7 bytes"):
        list(fetcher(place).fetch([one]))
    assert (upstream / one.path).read_bytes() == b"damaged" and (upstream / one.path).stat().st_nlink == 1
    assert place.look(one.path) is None and left_over(place) == []


def test_an_unfinished_file_with_another_name_is_not_written_to(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    """It may be a package: of the source, where a run was killed between a link and its removal."""
    one = item(upstream, open_source(server.url), 0)
    other = upstream / "linux-64" / "precious.conda"
    other.write_bytes(b"precious")
    os.link(other, place.scratch / PARTIAL / one.sha256)
    assert list(fetcher(place).fetch([one]))
    assert other.read_bytes() == b"precious" and same(place, upstream, one.path)


def test_two_names_of_the_same_bytes(place: FolderPlace, upstream: Path, server: FaultyServer) -> None:
    source = open_source(server.url)
    for name in ("a", "b", "c"):
        (upstream / "linux-64" / f"{name}.conda").write_bytes((upstream / "linux-64/p0.conda").read_bytes())
    digest = item(upstream, source, 0).sha256
    server.fail("conda", Fault(stall=0.05))
    items = [Item(f"linux-64/{name}.conda", SIZE, digest, source) for name in ("a", "b", "c")]
    assert len(list(fetcher(place).fetch(items))) == 3
    assert all(same(place, upstream, one.path) for one in items)


@settings(max_examples=12, deadline=None)
@given(
    content=st.binary(max_size=5000),
    left=st.one_of(st.none(), st.binary(max_size=5000), st.integers(0, 5000)),
    known=st.booleans(),
    ranges=st.booleans(),
)
def test_whatever_was_left_over_the_file_arrives(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, left: bytes | int | None, known: bool, ranges: bool
) -> None:
    """`left`: nothing, garbage, or so many bytes of the file."""
    folder = tmp_path_factory.mktemp("left")
    (folder / "up" / "noarch").mkdir(parents=True)
    (folder / "up" / "noarch" / "x.conda").write_bytes(content)
    place = FolderPlace(folder / "mirror", "mirror")
    digest = hashlib.sha256(content).hexdigest()
    with place.writing(), FaultyServer(folder / "up", ranges=ranges) as server:
        (place.scratch / PARTIAL).mkdir()
        if left is not None:
            (place.scratch / PARTIAL / digest).write_bytes(content[:left] if isinstance(left, int) else left)
        one = Item("noarch/x.conda", len(content) if known else 0, digest, open_source(server.url))
        assert list(fetcher(place).fetch([one])) == [one]
        assert place.read(one.path) == content
