"""A generation is visible as a whole or not at all, names only what is there, and is not made twice."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.mirror import history, publish
from atheria_pack.mirror.fetch import Quiet
from atheria_pack.mirror.generation import ManifestError
from atheria_pack.mirror.layout import SUMS
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.publish import PublishError, install
from atheria_pack.mirror.verify import verify
from small_mirror import BORN, content_of, entry, listed, show, show_while_writing, small, table_of_entries, tree

STEP = int(os.environ.get("ATHERIA_CRASH_STEP", "25"))  # 1: a kill before every change

A, A2, B, N = entry("a"), entry("a", "2.0"), entry("b"), entry("n", subdir="noarch")


def test_a_first_generation_lists_everything_that_clients_get(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A, N, extra={"index.html": b"<p>page"})
    assert place.current() == 1 and listed(place.root) == {A.file_name} and listed(place.root, "noarch") == {N.file_name}
    manifest = history.manifest(place, 1)
    assert (manifest.generation, manifest.parent, manifest.published, manifest.packages) == (1, None, BORN, {"linux-64": 1, "noarch": 1})
    sums = dict(history.sums(place, 1))
    assert manifest.files == len(sums) and manifest.size == A.size + N.size
    checked = subprocess.run(["sha256sum", "-c", "--strict", f".mirror/current/{SUMS}"], cwd=place.root, capture_output=True, text=True, check=True)
    assert checked.stdout.count(": OK") == len(sums)
    served = {path for path, content in tree(place.root).items() if not path.startswith(".mirror/")}
    assert served == sums.keys(), "nothing is served that the list does not prove"


def test_a_generation_names_its_parent(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    found = show(place, A, B, now=BORN + 5)
    assert found and (found.generation, found.parent, found.published) == (2, history.manifest(place, 1).digest, BORN + 5)
    assert history.numbers(place) == [1, 2] and listed(place.root) == {A.file_name, B.file_name}
    show(place, B, now=BORN + 9)
    assert listed(place.root) == {B.file_name}
    assert place.read(A.path) == content_of(A.path), "a client with the index of a minute ago still gets what that names"


def test_nothing_new_is_nothing(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A, N, request={"specs": ["a"]})
    before = tree(place.root)
    assert show(place, A, N, now=BORN + 100, request={"specs": ["a"]}, extra={}) is None
    assert show(place, A, N, now=BORN + 100, request={"specs": ["a"]}) is None
    assert tree(place.root) == before
    assert show(place, A, N, request={"specs": ["b"]}), "another request is worth recording"


def test_the_page_alone_is_nothing_new(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A, extra={"index.html": b"made on monday"})
    assert show(place, A, extra={"index.html": b"made on tuesday"}) is None
    assert place.read("index.html") == b"made on monday"


def test_a_package_that_is_not_there_is_never_named(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    before = tree(place.root)
    place.write(B.path, content_of(B.path)[:-1])
    with pytest.raises(PublishError, match=f"{B.path} \\({B.size - 1} bytes, expected {B.size} bytes\\)"):
        show(place, A, B)
    place.remove(B.path)
    os.symlink("/etc/hostname", place.root / B.path)
    with place.writing(), pytest.raises(PublishError, match=f"{B.path} \\(missing"):
        stage_and_publish(place, B)
    (place.root / B.path).unlink()
    assert tree(place.root) == before


def stage_and_publish(place: FolderPlace, *entries: Any) -> None:
    from atheria_pack.mirror.index.write import write_indexes

    staged = place.scratch / ".mirror/staging/next"
    staged.mkdir(parents=True)
    with table_of_entries(entries) as table:
        for _ in write_indexes(table, staged):
            pass
        publish.publish(place, table, staged, sources=[], request={}, now=BORN)


def test_indexes_that_disagree_are_not_published(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    before = tree(place.root)
    with pytest.raises(PublishError, match="the indexes of the new generation disagree.*linux-64/repodata.json.zst: torn"):
        show(place, A, B, extra={"linux-64/repodata.json.zst": b"torn"})
    assert place.current() == 1
    assert {path: content for path, content in tree(place.root).items() if path != B.path} == before


def test_a_clock_that_went_back_does_not_stop_time(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A, now=BORN)
    found = show(place, B, now=BORN - 1000)
    assert found and found.published == BORN


@pytest.mark.parametrize("loss", ["a link", "an index", "a shard", "the list", "damaged shard", "damaged index", "foreign index"])
def test_a_run_with_nothing_new_puts_right_what_is_lost(tmp_path: Path, loss: str) -> None:
    place = small(tmp_path / "m", A, N)
    before = tree(place.root)
    shard = next(path for path in before if "/shards/" in path)
    own = ".mirror/generations/1/linux-64/repodata.json"
    victim = place.root / {
        "a link": "linux-64/repodata.json", "an index": own, "damaged index": own, "the list": ".mirror/generations/1/SHA256SUMS",
        "foreign index": "linux-64/repodata.json", "a shard": shard, "damaged shard": shard,
    }[loss]  # fmt: skip
    victim.unlink()
    if loss.startswith(("damaged", "foreign")):
        victim.write_bytes(b"damaged")
    assert show(place, A, N, now=BORN + 50) is None
    assert tree(place.root) == before


def test_a_missing_signature_is_made(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    signed: list[bytes] = []

    def sign(content: bytes) -> bytes:
        signed.append(content)
        return b"signature of " + hashlib.sha256(content).hexdigest().encode()

    assert show(place, A, sign=sign) is None
    assert place.read(".mirror/current/manifest.json.sig") == b"signature of " + history.manifest(place, 1).digest.encode()
    show(place, A, B, sign=sign)
    assert place.read(".mirror/current/manifest.json.sig") == b"signature of " + history.manifest(place, 2).digest.encode()


def test_sidecars_are_listed_and_are_no_packages(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "m", "x")
    digest = hashlib.sha256(b"[]").hexdigest()
    sidecars = [(f"{A.path}.v0.sigs", digest), (f"{A.path}.sigs.{digest}", digest)]
    with place.writing():
        for path, _ in sidecars:
            place.write(path, b"[]")
        show_while_writing(place, A, sidecars=sidecars)
    assert set(sidecars) < set(history.sums(place, 1))
    assert history.manifest(place, 1).packages == {"linux-64": 1, "noarch": 0}
    verdict = verify(place, watch=lambda files, size: nullcontext(Quiet()))
    assert verdict.troubles == [] and verdict.extra == []


def test_readers_of_every_switch_find_what_they_are_told(tmp_path: Path) -> None:
    """A client that reads an index and at once what it names, over and over, while generations come and go."""
    place = small(tmp_path / "m", A, N)
    trouble: list[str] = []
    seen: set[str] = set()
    done = threading.Event()

    def client() -> None:
        while not done.is_set():
            try:
                for subdir in ("linux-64", "noarch"):
                    index = json.loads((place.root / subdir / "repodata.json").read_text())
                    for file_name, record in index["packages.conda"].items():
                        seen.add(file_name)
                        if hashlib.sha256((place.root / subdir / file_name).read_bytes()).hexdigest() != record["sha256"]:
                            trouble.append(f"{file_name} is wrong")
            except FileNotFoundError as error:
                trouble.append(str(error))

    reader = threading.Thread(target=client)
    reader.start()
    for number in range(6):
        show(place, N, *(entry("a", f"{number}.{minor}") for minor in range(3)), now=BORN + number)
    done.set()
    reader.join()
    assert not trouble and len(seen) > 3


CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.truncate")


def run_until(count: int, place: FolderPlace, *entries: Any, now: int) -> bool:
    """Publish in a process that kills itself before its change of the file system after `count` others; answers whether it came so far."""
    child = os.fork()
    if child == 0:
        left = [count]

        def watch(event: str, arguments: Any) -> None:
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_CREAT | os.O_TRUNC)
            if writes or event in CHANGES:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        status = 1
        try:
            show(place, *entries, now=now)
            status = 0
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status != 0


def test_a_kill_at_any_change_leaves_one_whole_generation_and_the_next_run_ends_the_same(tmp_path: Path) -> None:
    """SIGKILL before the n-th change of the file system, for n over the whole run."""
    undisturbed = small(tmp_path / "undisturbed", A, N)
    after = (A2, N, entry("w", subdir="win-64"))
    show(undisturbed, *after, now=BORN + 100)
    end = tree(undisturbed.root)
    number = killed = switched = 0
    while True:
        root = tmp_path / f"killed{number}"
        place = small(root, A, N)
        if not run_until(number, place, *after, now=BORN + 100):
            break
        killed += 1
        switched += place.current() == 2
        assert listed(root) == ({A.file_name} if place.current() == 1 else {A2.file_name})
        for subdir in ("linux-64", "noarch", "win-64"):
            if (root / subdir / "repodata.json").exists():
                for file_name in listed(root, subdir):
                    assert (root / subdir / file_name).read_bytes() == content_of(f"{subdir}/{file_name}")
        show(place, *after, now=BORN + 100)
        assert tree(root) == end, number
        number += STEP
    assert killed * STEP >= 100 and (switched or STEP > 3)


def test_what_is_installed_is_newer_and_complete(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    staged = tmp_path / "staged"
    staged.mkdir()
    (staged / SUMS).write_text(f"{B.sha256}  {B.path}\n")
    with place.writing():
        with pytest.raises(PublishError, match="shows generation 1, and 1 is not newer"):
            install(place, 1, staged)
        with pytest.raises(PublishError, match=f"{B.path} .missing"):
            install(place, 2, staged)
        (staged / "stray.json").write_text("{}")
        place.write(B.path, content_of(B.path))
        with pytest.raises(PublishError, match="stray.json was staged, but SHA256SUMS does not list it"):
            install(place, 2, staged)
    assert place.current() == 1


def test_a_torn_list_is_not_believed(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    path = place.root / ".mirror/generations/1/SHA256SUMS"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rest))
    with pytest.raises(ManifestError, match="expected .* as its manifest says"):
        list(history.sums(place, 1))


def test_generations_are_counted_up_to_the_visible_one(tmp_path: Path) -> None:
    place = small(tmp_path / "m", A)
    with pytest.raises(history.NoGenerationError, match="no generation 4; there are 1. The newest is 1"):
        history.chosen(place, 4)
    place.write(".mirror/generations/2/manifest.json", b"{}")
    place.write(".mirror/generations/0/linux-64/repodata.json", b"{}")
    assert history.numbers(place) == [1] and history.leftovers(place) == [0, 2]
    with pytest.raises(history.NoGenerationError, match="has no generation: it is no mirror"):
        history.visible(FolderPlace(tmp_path / "none", "none"))
