"""A folder as a mirror's place: whole files or none, one pointer, and no link followed that the mirror did not make."""

import errno
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from atheria_pack.errors import BusyError, DiskFullError, UsageError
from atheria_pack.mirror.places import open_place
from atheria_pack.mirror.places.folder import FolderError, FolderPlace
from small_mirror import tree

PACKAGE = "linux-64/a-1-0.conda"
INDEX = "linux-64/repodata.json"


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    made = FolderPlace(tmp_path / "mirror", "MIRROR")
    with made.writing():
        stage(made, 1, "one")
        made.switch(1)
    return made


def stage(place: FolderPlace, number: int, content: str, *indexes: str) -> None:
    for index in indexes or (INDEX,):
        place.write(f".mirror/generations/{number}/{index}", content.encode())
    place.write(f".mirror/generations/{number}/manifest.json", b"{}")


def test_what_was_written_is_there(place: FolderPlace, tmp_path: Path) -> None:
    place.write(PACKAGE, b"content")
    found = place.look(PACKAGE)
    assert found and (found.path, found.size) == (PACKAGE, 7)
    assert place.read(PACKAGE) == b"content"
    source = tmp_path / "source"
    source.write_bytes(b"other")
    place.put(PACKAGE, source)
    assert place.read(PACKAGE) == b"other" and not source.exists()
    changed = place.look(PACKAGE)
    assert changed and changed.stamp != found.stamp
    place.remove(PACKAGE)
    place.remove(PACKAGE)
    assert place.look(PACKAGE) is None
    with pytest.raises(FileNotFoundError):
        place.open(PACKAGE)


def test_files_are_readable_as_the_users_umask_says(place: FolderPlace) -> None:
    before = os.umask(0o022)
    try:
        place.write("linux-64/b-1-0.conda", b"x")
    finally:
        os.umask(before)
    assert (place.root / "linux-64/b-1-0.conda").stat().st_mode & 0o777 == 0o644


def test_a_switch_shows_all_indexes_of_a_generation(place: FolderPlace) -> None:
    with place.writing():
        stage(place, 2, "two", INDEX, "noarch/repodata.json", "channeldata.json")
        assert place.read(INDEX) == b"one"
        place.switch(2)
    for index in (INDEX, "noarch/repodata.json", "channeldata.json"):
        assert place.read(index) == (place.root / index).read_bytes() == b"two"
    assert place.current() == 2
    assert os.readlink(place.root / INDEX) == "../.mirror/current/linux-64/repodata.json"


def test_indexes_of_a_subdir_that_left_leave_with_it(place: FolderPlace) -> None:
    with place.writing():
        stage(place, 2, "two", "noarch/repodata.json")
        place.switch(2)
    assert not os.path.lexists(place.root / INDEX)
    assert place.look(INDEX) is None


def test_a_new_subdirs_link_before_the_switch_is_no_index(place: FolderPlace) -> None:
    os.mkdir(place.root / "noarch")
    os.symlink("../.mirror/current/noarch/repodata.json", place.root / "noarch/repodata.json")  # where a kill would leave it
    assert place.look("noarch/repodata.json") is None
    assert not (place.root / "noarch/repodata.json").exists()


def test_a_foreign_file_in_the_place_of_an_index_is_replaced(place: FolderPlace) -> None:
    (place.root / INDEX).unlink()
    (place.root / INDEX).write_text("somebody's")
    assert place.look(INDEX) is None
    with place.writing():
        place.switch(1)
    assert (place.root / INDEX).read_text() == "one"


def test_no_reader_sees_half_a_switch(place: FolderPlace) -> None:
    """Two indexes through the one pointer: read as one snapshot of the pointer they are of one generation, and never missing."""
    with place.writing():
        stage(place, 2, "0", INDEX, "noarch/repodata.json")
        place.switch(2)
        seen: set[bytes] = set()
        trouble: list[str] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                pointer = os.open(place.root / ".mirror/current/", os.O_RDONLY)
                try:
                    contents = []
                    for index in (INDEX, "noarch/repodata.json"):
                        handle = os.open(index, os.O_RDONLY, dir_fd=pointer)
                        contents.append(os.read(handle, 100))
                        os.close(handle)
                except FileNotFoundError as error:
                    trouble.append(str(error))
                    continue
                finally:
                    os.close(pointer)
                seen.add(contents[0])
                if contents[0] != contents[1]:
                    trouble.append(f"{contents}")
                for index in (INDEX, "noarch/repodata.json"):
                    if not (place.root / index).exists():
                        trouble.append(f"{index} was gone")

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(3, 40):
            stage(place, number, str(number), INDEX, "noarch/repodata.json")
            place.switch(number)
        done.set()
        reader.join()
    assert not trouble
    assert len(seen) > 1, "the reader has to have seen switches"


def test_a_killed_writer_leaves_nothing_that_stays(place: FolderPlace) -> None:
    before = tree(place.root)
    with place.writing():
        pass
    staging = place.root / ".mirror/staging"
    staging.mkdir()
    (staging / "half").write_bytes(b"x")
    stage(place, 2, "never visible")
    (place.root / ".mirror/partial").mkdir()
    (place.root / ".mirror/partial/abc").write_bytes(b"half a download")
    with place.writing():
        assert not (staging / "half").exists()
    assert tree(place.root) == before | {".mirror/partial/abc": b"half a download"}


def test_a_second_writer_is_told_who_writes(place: FolderPlace) -> None:
    told = f"MIRROR is being written by process {os.getpid()} on .*, since"
    with place.writing(), pytest.raises(BusyError, match=told) as caught, FolderPlace(place.root, "MIRROR").writing():
        raise AssertionError("two writers at once")
    assert caught.value.exit_code == 3
    with place.writing():
        pass


def test_the_lock_of_a_killed_writer_is_free(place: FolderPlace) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from atheria_pack.mirror.places.folder import FolderPlace\n"
        "with FolderPlace(Path(sys.argv[1]), 'x').writing(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(place.root)], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert done.returncode == -9
    with place.writing():
        pass


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks_is_told(place: FolderPlace, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Such as Lustre's without -o flock, which no test can mount."""

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(FolderError, match=r"lock cannot be locked \(.*Lustre: -o flock"), place.writing():
        raise AssertionError("two writers could be at work")


def test_generations_without_their_pointer_are_kept_and_told(place: FolderPlace) -> None:
    """A mirror that was copied without its links is not one that was never published."""
    with place.writing():
        stage(place, 2, "two")
        place.switch(2)
    (place.root / ".mirror/current").unlink()
    stage(place, 3, "three")
    place.remove(".mirror/generations/3/manifest.json")  # never whole
    before = tree(place.root)
    told = r"current is gone, and generations 1, 2 are there; nothing was changed.*`ln -sfn generations/2 "
    with pytest.raises(FolderError, match=told), place.writing():
        raise AssertionError("it was begun anew")
    assert tree(place.root) == before
    os.symlink("generations/2", place.root / ".mirror/current")
    with place.writing():
        assert place.read(INDEX) == b"two"


def test_a_first_generation_that_was_never_visible_is_removed(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "mirror", "MIRROR")
    with place.writing():
        stage(place, 1, "one")
    with place.writing():
        assert not list(place.files(".mirror/generations"))


def test_a_folder_that_is_no_mirror_is_refused(tmp_path: Path) -> None:
    for name in ("linux-64", "noarch", "index.html"):
        (tmp_path / name).mkdir()
    before = tree(tmp_path)
    told = "holds index.html, linux-64, noarch but no .mirror, so it was not made as a mirror"
    with pytest.raises(FolderError, match=told), FolderPlace(tmp_path, "x").writing():
        raise AssertionError("it was taken over")
    assert tree(tmp_path) == before
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="is a file"), FolderPlace(tmp_path / "file", "x").writing():
        raise AssertionError("a file is no folder")
    with pytest.raises(FolderError, match=r"/file is a file, so .*/file/m cannot be made"), FolderPlace(tmp_path / "file" / "m", "x").writing():
        raise AssertionError("a file has no folders")
    with pytest.raises(FolderError, match=r"cannot be made \(.*\); name a place"), FolderPlace(Path("/proc/m"), "x").writing():
        raise AssertionError("the system has a file there")


def test_looking_makes_nothing(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "none", "x")
    assert place.current() is None
    assert place.look(PACKAGE) is None
    assert list(place.files("")) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("act", ["put", "write", "remove", "remove_folder", "look", "open", "files"])
def test_a_strangers_link_to_a_folder_is_not_followed(place: FolderPlace, tmp_path: Path, act: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim.conda").write_bytes(b"precious")
    os.symlink(outside, place.root / "win-64")
    source = tmp_path / "source"
    source.write_bytes(b"evil")
    path = "win-64/victim.conda"
    acts = {
        "put": lambda: place.put(path, source),
        "write": lambda: place.write(path, b"evil"),
        "remove": lambda: place.remove(path),
        "remove_folder": lambda: place.remove_folder("win-64/victim.conda"),
        "look": lambda: place.look(path),
        "open": lambda: place.open(path),
        "files": lambda: list(place.files("win-64")),
    }
    with pytest.raises(FolderError, match="win-64 is a link to"):
        acts[act]()
    assert tree(outside) == {"victim.conda": b"precious"}


def test_a_strangers_link_in_the_place_of_a_file_is_no_file(place: FolderPlace, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    os.symlink(victim, place.root / PACKAGE)
    assert place.look(PACKAGE) is None
    with pytest.raises(FileNotFoundError):
        place.open(PACKAGE)
    assert PACKAGE not in {found.path for found in place.files("")}
    place.write(PACKAGE, b"package")
    assert victim.read_bytes() == b"precious" and place.read(PACKAGE) == b"package"


def test_removing_a_folder_that_is_a_link_removes_the_link(place: FolderPlace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"precious")
    os.symlink(outside, place.root / ".mirror/generations/7")
    place.remove_folder(".mirror/generations/7")
    assert not os.path.lexists(place.root / ".mirror/generations/7")
    assert tree(outside) == {"file": b"precious"}


@pytest.mark.parametrize("pointing", ["generations/0", "../../../etc", "generations/1/", "/generations/1", "generations/one"])
def test_a_changed_pointer_is_named(place: FolderPlace, pointing: str) -> None:
    (place.root / ".mirror/current").unlink()
    os.symlink(pointing, place.root / ".mirror/current")
    with pytest.raises(FolderError, match="expected generations/N"):
        place.current()


def test_a_pointer_that_is_a_folder_is_named(place: FolderPlace) -> None:
    (place.root / ".mirror/current").unlink()
    (place.root / ".mirror/current").mkdir()
    with pytest.raises(FolderError, match="not the link"):
        place.current()


def test_listing_leaves_out_what_is_unfinished(place: FolderPlace) -> None:
    place.write(PACKAGE, b"x")
    for folder in ("partial", "staging", "incoming"):
        place.write(f".mirror/{folder}/file", b"x")
    paths = {found.path for found in place.files("")}
    assert paths == {PACKAGE, ".mirror/lock", f".mirror/generations/1/{INDEX}", ".mirror/generations/1/manifest.json"}
    assert [found.path for found in place.files("linux-64")] == [PACKAGE]


@pytest.fixture
def small_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_does_not_fit_leaves_the_old_one(place: FolderPlace, small_files: None) -> None:
    place.write(PACKAGE, b"old")
    with pytest.raises(DiskFullError, match=f"{PACKAGE}: .*; free some space"):
        place.write(PACKAGE, b"x" * 5000)
    assert place.read(PACKAGE) == b"old"
    assert list((place.root / ".mirror/staging").iterdir()) == []


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        place = FolderPlace(tmp_path / "mirror", "x")
        with place.writing():
            place.write(PACKAGE, b"old")
            with pytest.raises(DiskFullError, match="No space left on device"):
                place.write(PACKAGE, b"x" * 200_000)
            assert place.read(PACKAGE) == b"old"
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize(
    ("act", "shut", "right"), [("write('linux-64/a-1-0.conda', b'x')", "linux-64", "write in"), ("current()", ".mirror", "read")]
)
def test_a_lost_permission_is_told(place: FolderPlace, act: str, shut: str, right: str) -> None:
    if os.geteuid() == 0:
        script = (
            "import os, sys; from pathlib import Path; from atheria_pack.mirror.places.folder import FolderError, FolderPlace\n"
            "os.setuid(65534)\n"
            f"try: FolderPlace(Path(sys.argv[1]), 'x').{act}\n"
            "except FolderError as error: print(error)"
        )
        for folder in (place.root, *place.root.parents[:3]):
            folder.chmod(0o755)
        (place.root / ".mirror").chmod(0o700)
        done = subprocess.run(
            [sys.executable, "-c", script, str(place.root)], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "No module named" in done.stderr or "Permission denied" in done.stderr:
            pytest.skip(f"another user cannot read the program here: {done.stderr.strip().splitlines()[-1]}")
        told = done.stdout
    else:
        (place.root / shut).chmod(0o555 if right == "write in" else 0)
        try:
            with pytest.raises(FolderError) as caught:
                eval(f"place.{act}")
        finally:
            (place.root / shut).chmod(0o755)
        told = str(caught.value)
    assert f"Permission denied; give the user who runs this the right to {right}" in told


def test_addresses() -> None:
    assert isinstance(open_place("/srv/mirror"), FolderPlace)
    place = open_place("file:///srv/with%20space")
    assert isinstance(place, FolderPlace) and place.root == Path("/srv/with space")
    for address, why in (("https://x.example/c", "not at https://"), ("file://far/x", "of another machine")):
        with pytest.raises(UsageError, match=why):
            open_place(address)
