"""gc and rollback over random histories against a model in memory; what gc never touches; clocks that jump."""

import itertools
import os
import tempfile
import time
from pathlib import Path

import pytest
from atheria_pack.errors import BusyError, UsageError
from atheria_pack.mirror import history
from atheria_pack.mirror.gc import DAY, ClockError, collect
from atheria_pack.mirror.generation import ManifestError
from atheria_pack.mirror.layout import is_index
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.rollback import roll_back
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from small_mirror import entry, listed, show, small, tree

NAMES = "abcd"
# Files of the model are as old as the test; its time goes on from a later hour, in days.
START = int(time.time()) + 3600
GRACE = 5 * DAY


class Histories(RuleBasedStateMachine):
    """The model: which names each kept generation shows, when it was published, and since when a file is there."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = FolderPlace(Path(self.folder.name) / "m", "m")
        self.now = START
        self.counter = itertools.count(1)

    @initialize(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def begin(self, names: set[str]) -> None:
        self.generations = {1: frozenset(names)}
        self.published = {1: self.now}
        self.files = set(names)
        show(self.place, *map(entry, sorted(names)), now=self.now)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def mirror(self, names: set[str]) -> None:
        newest = max(self.generations)
        found = show(self.place, *map(entry, sorted(names)), now=self.now)
        assert (found is None) == (self.generations[newest] == names)
        self.files |= names
        if found:
            assert found.generation == newest + 1
            self.generations[newest + 1] = frozenset(names)
            self.published[newest + 1] = self.now

    @rule(days=st.sampled_from([0, 1, 4, 5, 20]))
    def wait(self, days: int) -> None:
        self.now += days * DAY

    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        newest = max(self.generations)
        to = data.draw(st.sampled_from(sorted(self.generations)))
        done = roll_back(self.place, to, now=self.now)
        if self.generations[to] == self.generations[newest]:
            assert done.number is None
            return
        assert done.number == newest + 1
        self.generations[newest + 1] = self.generations[to]
        self.published[newest + 1] = self.now
        assert history.manifest(self.place, newest + 1).rollback_of == to

    @rule(keep=st.integers(1, 3), grace=st.sampled_from([0, DAY, GRACE]), dry_run=st.booleans())
    def collect(self, keep: int, grace: int, dry_run: bool) -> None:
        numbers = sorted(self.generations)
        superseded = dict(zip(numbers, (self.published[number] for number in numbers[1:]), strict=False))
        kept = [number for number in numbers if number in numbers[-keep:] or (grace and self.now - superseded[number] < grace)]
        named = frozenset().union(*(self.generations[number] for number in kept))
        # Every file is as old as the test, so it is older than a grace when the model's time is that far ahead.
        old = not grace or self.now - START >= grace
        before = tree(self.place.root)
        found = collect(self.place, keep=keep, grace=grace, now=self.now, dry_run=dry_run)
        assert found.kept == tuple(kept) and set(found.generations) == set(numbers) - set(kept)
        if dry_run:
            assert tree(self.place.root) == before
            return
        self.generations = {number: self.generations[number] for number in kept}
        if old:
            self.files &= named
        assert collect(self.place, keep=keep, grace=grace, now=self.now).files == 0, "a second time there is nothing"

    @precondition(lambda self: hasattr(self, "generations"))
    @invariant()
    def the_place_is_as_the_model_says(self) -> None:
        assert history.numbers(self.place) == sorted(self.generations)
        assert listed(self.place.root) == {entry(name).file_name for name in self.generations[max(self.generations)]}
        there = {found.path for found in self.place.files("linux-64") if "/shards/" not in found.path}
        assert there == {entry(name).path for name in self.files}
        for number in self.generations:
            for path, _ in history.sums(self.place, number):
                assert self.place.look(f".mirror/generations/{number}/{path}" if is_index(path) else path), "kept generations stay whole"

    def teardown(self) -> None:
        self.folder.cleanup()


Histories.TestCase.settings = settings(max_examples=12, stateful_step_count=8, deadline=None)
test_random_histories = Histories.TestCase


def aged(tmp_path: Path) -> FolderPlace:
    """Two generations, the first superseded long ago by the second."""
    place = small(tmp_path / "m", entry("a"), now=START)
    show(place, entry("b"), now=START + 1)
    return place


def test_what_is_not_a_mirrors_own_is_left_and_named(tmp_path: Path) -> None:
    place = aged(tmp_path)
    strangers = ["README.txt", "linux-64/notes.txt", "linux-64/shards/readme", "deep/er/x.conda", "Linux/x.conda", "linux-64/.hidden.conda"]
    for path in strangers:
        (place.root / path).parent.mkdir(parents=True, exist_ok=True)
        (place.root / path).write_text("mine")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x-1-0.conda").write_text("precious")
    os.symlink(outside, place.root / "win-64")
    found = collect(place, keep=1, grace=0, now=START + 2)
    assert sorted(found.strangers) == sorted(strangers)
    assert all((place.root / path).read_text() == "mine" for path in strangers)
    assert (outside / "x-1-0.conda").read_text() == "precious"
    assert place.look(entry("a").path) is None and place.look(entry("b").path)


def test_sidecars_go_with_their_packages(tmp_path: Path) -> None:
    place = aged(tmp_path)
    sidecars = [f"{entry('a').path}.v0.sigs", f"{entry('a').path}.sigs.{'0' * 64}"]
    for path in sidecars:
        place.write(path, b"[]")
    found = collect(place, keep=1, grace=0, now=START + 2)
    assert found.strangers == () and not any(place.look(path) for path in sidecars)


def test_files_of_an_unfinished_run_have_their_grace(tmp_path: Path) -> None:
    place = aged(tmp_path)
    place.write("linux-64/c-1-0.conda", b"brought, and not yet published")
    for folder in ("partial", "incoming"):
        place.write(f".mirror/{folder}/abc", b"half")
    now = int(time.time())
    assert collect(place, keep=3, grace=DAY, now=START + 2).files == 0
    assert place.look("linux-64/c-1-0.conda") and (place.root / ".mirror/partial/abc").exists()
    found = collect(place, keep=3, grace=DAY, now=now + DAY + 60)
    assert (found.files, found.unfinished) == (1, 2)
    assert place.look("linux-64/c-1-0.conda") is None and not (place.root / ".mirror/partial/abc").exists()


def test_a_clock_before_the_newest_generation_removes_nothing(tmp_path: Path) -> None:
    place = aged(tmp_path)
    before = tree(place.root)
    with pytest.raises(ClockError, match=r"the clock says \d+-.* UTC, and generation 2 was published .*; nothing was removed"):
        collect(place, keep=1, grace=DAY, now=START - DAY)
    assert tree(place.root) == before
    assert collect(place, keep=1, grace=0, now=START - DAY).generations == (1,), "no time is compared"


@pytest.mark.parametrize(("keep", "grace", "option"), [(0, 1.0, "--keep 0"), (1, -DAY, "--grace -1")])
def test_senseless_options_are_refused(tmp_path: Path, keep: int, grace: float, option: str) -> None:
    with pytest.raises(UsageError, match=option):
        collect(aged(tmp_path), keep=keep, grace=grace, now=START + 2)


def test_a_place_without_generations_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "none", "none")
    for act in (lambda: collect(place, keep=1, grace=0, now=0), lambda: roll_back(place, None, now=0)):
        with pytest.raises(history.NoGenerationError, match="none has no generation"):
            act()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_visible_generation_that_lost_its_manifest_is_no_leftover(tmp_path: Path, dry_run: bool) -> None:
    """Readers need its indexes and its packages as before."""
    place = aged(tmp_path)
    place.remove(".mirror/generations/2/manifest.json")
    before = tree(place.root)
    told = r"generation 2 is visible, and .mirror/generations/2/manifest.json is gone; nothing was changed.* lead to an earlier one that is whole: 1$"
    for act in (
        lambda: collect(place, keep=1, grace=0, now=START + 2, dry_run=dry_run), lambda: roll_back(place, None, now=START + 2, dry_run=dry_run),
    ):  # fmt: skip
        with pytest.raises(ManifestError, match=told):
            act()
    assert tree(place.root) == before


@pytest.mark.parametrize(("number", "way"), [(1, "or remove .mirror/generations/1"), (2, "from a copy$")])
def test_a_kept_generation_without_its_sums_keeps_everything(tmp_path: Path, number: int, way: str) -> None:
    place = aged(tmp_path)
    place.remove(f".mirror/generations/{number}/SHA256SUMS")
    before = tree(place.root)
    with pytest.raises(ManifestError, match=f"generations/{number}/SHA256SUMS is gone, so nothing tells which files.*{way}"):
        collect(place, keep=2, grace=0, now=START + 2)
    assert tree(place.root) == before


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    place = aged(tmp_path)
    other = FolderPlace(place.root, "m")
    with other.writing():
        for act in (lambda: collect(place, keep=1, grace=0, now=START + 2), lambda: roll_back(place, None, now=START + 2)):
            with pytest.raises(BusyError):
                act()
        assert collect(place, keep=1, grace=0, now=START + 2, dry_run=True).generations == (1,), "looking needs no lock"
