"""Whatever is not as it was published is found and named, with what to do; what is whole is found whole, each package read once."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from atheria_pack.mirror import history
from atheria_pack.mirror.airgap.signature import sign
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.index.write import write_indexes
from atheria_pack.mirror.layout import GENERATIONS
from atheria_pack.mirror.mirror import Options, Talk, mirror
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.publish import publish
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.verify import Verdict, Watcher, verify
from atheria_pack.mirror.wanted.request import Request
from small_mirror import BORN, entry, show, small, tree
from tables import table_of
from upstream import make_upstream

A, B, N = entry("a", license="MIT", run_exports_file={"weak": ["a"]}), entry("b"), entry("n", subdir="noarch")


class Progress:
    """What a user would see."""

    def __init__(self) -> None:
        self.size = self.files = 0

    def moved(self, size: int) -> None:
        self.size += size

    def arrived(self, item: object) -> None:
        self.files += 1

    def note(self, text: str) -> None:
        raise AssertionError(text)


def checked(place: FolderPlace, **options: object) -> Verdict:
    progress = Progress()
    announced: list[tuple[int, int]] = []

    @contextlib.contextmanager
    def watch(files: int, size: int) -> Iterator[Watcher]:
        announced.append((files, size))
        yield progress

    before = tree(place.root)
    verdict = verify(place, watch=watch, jobs=2, **options)  # type: ignore[arg-type]
    assert tree(place.root) == before, "verifying changes nothing"
    assert announced == [(progress.files, progress.size)] or verdict.troubles
    assert (verdict.files, verdict.size) == (progress.files, progress.size)
    return verdict


def wrong(place: FolderPlace, **options: object) -> list[str]:
    return [trouble.path for trouble in checked(place, **options).troubles]


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    made = small(tmp_path / "m", A, N)
    show(made, A, B, N, now=BORN + 1)
    return made


def test_what_was_published_is_whole(place: FolderPlace) -> None:
    verdict = checked(place, every=True)
    assert verdict.troubles == [] and verdict.extra == [] and verdict.generations == [1, 2]
    named = {f".mirror/generations/{number}/{path}" if "/" not in path or "repodata" in path or "run_exports" in path else path
             for number in (1, 2) for path, _ in history.sums(place, number)}  # fmt: skip
    assert verdict.files == len(named)
    assert checked(place).files < verdict.files


def test_every_file_that_is_named_is_read_once(place: FolderPlace) -> None:
    opened: list[str] = []

    class Counting(FolderPlace):
        def open(self, path: str) -> BinaryIO:
            opened.append(path)
            return super().open(path)

    checked(Counting(place.root, "m"), every=True)
    packages = [path for path in opened if path.endswith(".conda")]
    assert sorted(packages) == sorted(one.path for one in (A, B, N))


@pytest.mark.parametrize("damage", ["flipped", "shorter", "gone", "a link", "a folder"])
def test_every_single_file_can_be_told_from_its_damage(tmp_path: Path, damage: str) -> None:
    """Each file of the newest generation in turn; the pointer and the lock apart."""
    place = small(tmp_path / "m", A, N)
    for path in sorted(tree(place.root)):
        file = place.root / path
        if path in (".mirror/current",) or file.is_symlink():
            continue
        content = file.read_bytes()
        file.unlink()
        if damage in ("flipped", "shorter"):
            file.write_bytes(content[:-1] if damage == "shorter" else bytes([content[0] ^ 1]) + content[1:])
        elif damage == "a link":
            (tmp_path / "elsewhere").write_bytes(content)
            os.symlink(tmp_path / "elsewhere", file)
        elif damage == "a folder":
            file.mkdir()
        found = checked(place).troubles
        assert any(path in str(trouble) or path.removeprefix(f"{GENERATIONS}/1/") in str(trouble) for trouble in found), (path, found)
        assert all(trouble.advice and trouble.expected and trouble.found for trouble in found)
        file.rmdir() if damage == "a folder" else file.unlink(missing_ok=True)
        file.write_bytes(content)
    assert wrong(place) == []


def test_public_links_are_checked(place: FolderPlace, tmp_path: Path) -> None:
    link = place.root / "linux-64/repodata.json"
    link.unlink()
    assert "linux-64/repodata.json" in wrong(place)
    link.write_bytes(place.read(".mirror/current/linux-64/repodata.json"))
    assert "linux-64/repodata.json" in wrong(place), "a copy is right today and wrong after the next switch"
    link.unlink()
    os.symlink("../.mirror/generations/1/linux-64/repodata.json", link)
    assert "linux-64/repodata.json" in wrong(place), "a link past the pointer"


def test_an_older_generation_is_verified_when_asked_for(place: FolderPlace) -> None:
    path = ".mirror/generations/1/linux-64/repodata.json"
    (place.root / path).write_bytes(b"{}")
    assert wrong(place) == []
    assert path in wrong(place, every=True)


def test_a_broken_chain_is_named(place: FolderPlace) -> None:
    path = place.root / ".mirror/generations/1/manifest.json"
    value = json.loads(path.read_text())
    value["published"] -= 5
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    verdict = checked(place)
    assert [trouble.path for trouble in verdict.troubles] == [".mirror/generations/2/manifest.json"]
    assert "parent" in verdict.troubles[0].expected


def test_files_that_nobody_names_are_told_and_no_trouble(place: FolderPlace) -> None:
    place.write("linux-64/stray-1-0.conda", b"x")
    verdict = checked(place)
    assert verdict.extra == ["linux-64/stray-1-0.conda"] and verdict.troubles == []


def test_signatures(place: FolderPlace, tmp_path: Path) -> None:
    keys = {}
    for name in ("good", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
        keys[name] = tmp_path / name
    allowed = tmp_path / "allowed"
    allowed.write_text(f"release@x.example {(tmp_path / 'good.pub').read_text()}")
    assert wrong(place, allowed_signers=allowed) == [".mirror/generations/2/manifest.json.sig"], "not signed at all"
    show(place, A, now=BORN + 2, sign=lambda content: sign(content, keys["good"]))
    assert checked(place, allowed_signers=allowed).signed_by == {3: "release@x.example"}
    assert checked(place).signed_by == {3: ""}
    show(place, B, now=BORN + 3, sign=lambda content: sign(content, keys["other"]))
    verdict = checked(place, allowed_signers=allowed)
    assert [trouble.path for trouble in verdict.troubles] == [".mirror/generations/4/manifest.json.sig"]
    assert verdict.signed_by == {}, "a signature that does not hold names nobody, and was asked about"


def test_a_place_without_generations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(history.NoGenerationError):
        checked(FolderPlace(tmp_path / "none", "none"))


@pytest.fixture
def solved(tmp_path: Path) -> FolderPlace:
    """A mirror of a channel that two machines want different packages of."""
    upstream = make_upstream(tmp_path / "upstream", 60, seed=1, index="json")
    place = FolderPlace(tmp_path / "solved", str(tmp_path / "solved"))
    request = Request(("tensor", "python 3.11.*"), ("linux-64",), ("no-gpu", "cuda13"))
    mirror([upstream.url], place, request, Options(), Talk(lambda text: None, lambda files, size: contextlib.nullcontext(Progress())))
    return place


def test_what_was_asked_for_is_solved_again(solved: FolderPlace) -> None:
    verdict = checked(solved)
    assert verdict.troubles == [] and verdict.solved == 4
    assert checked(solved, solve=False).solved == 0


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (lambda one: one.name == "libtensor" and "cuda" not in one.file_name, ["tensor on linux-64, no-gpu"]),
        (lambda one: one.name == "openssl", ["python 3.11.*, tensor"]),
    ],
)
def test_a_mirror_that_does_not_solve_any_more_is_told(solved: FolderPlace, lost: Callable[[Entry], bool], told: list[str]) -> None:
    """Published without a package that machines need, by one who has every file right: clients would fail."""
    manifest = history.manifest(solved, 1)
    staged = solved.scratch / ".mirror/staging/x"
    lines = [json.loads(line) for line in (solved.root / "packages.jsonl").read_text().splitlines()]
    with table_of(solved.root) as whole, RecordTable() as table, solved.writing():
        table.info = whole.info
        table.add(one for one in whole.entries() if not lost(one))
        for line in lines:
            for reason in line["why"] if table.get(line["path"]) else ():
                table.mark(line["path"], reason)
        staged.mkdir(parents=True)
        for _ in write_indexes(table, staged):
            pass
        publish(solved, table, staged, sources=[], request=manifest.request, now=BORN * 2)
    verdict = checked(solved)
    assert [trouble.path for trouble in verdict.troubles] == told
    assert "channel mirror" in verdict.troubles[0].advice
