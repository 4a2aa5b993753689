"""A file is read again when anything touched it, and not otherwise."""

import hashlib
import logging
import os
from pathlib import Path
from typing import BinaryIO

import pytest
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.stamps import Remembered, Stamps, sha256_of

PATH = "linux-64/a-1-0.conda"
CONTENT = b"content"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Counting(FolderPlace):
    """A folder that counts what is opened."""

    opened = 0

    def open(self, path: str) -> BinaryIO:
        self.opened += 1
        return super().open(path)


@pytest.fixture
def place(tmp_path: Path) -> Counting:
    made = Counting(tmp_path, "x")
    made.write(PATH, CONTENT)
    return made


def test_a_file_is_read_once(place: Counting) -> None:
    with Stamps(place) as stamps:
        assert stamps.check(PATH, DIGEST, len(CONTENT))
        assert stamps.check(PATH, DIGEST)
    assert place.opened == 1
    with Stamps(place) as stamps:
        assert stamps.check(PATH, DIGEST)
        assert not stamps.check(PATH, "0" * 64), "another digest is wrong without reading too"
        assert place.opened == 1
        assert stamps.check(PATH, DIGEST, reread=True)
    assert place.opened == 2
    found = place.look(PATH)
    assert found
    with Remembered(place) as remembered:
        assert remembered.check(found, DIGEST) is True
        assert remembered.check(found, "0" * 64) is False


@pytest.mark.parametrize("how", ["in place", "exchanged", "same times", "shorter"])
def test_a_change_is_seen(place: Counting, how: str) -> None:
    file = place.root / PATH
    with Stamps(place) as stamps:
        assert stamps.check(PATH, DIGEST)
        before = file.stat()
        other = b"CONTENT"
        if how == "exchanged":
            (place.root / "new").write_bytes(other)
            os.utime(place.root / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
            os.rename(place.root / "new", file)
        else:
            file.write_bytes(b"short" if how == "shorter" else other)
        if how == "same times":
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert not stamps.check(PATH, DIGEST)
        assert not stamps.check(PATH, DIGEST, len(CONTENT))


def test_what_was_written_just_now_is_not_read(place: Counting) -> None:
    with Stamps(place) as stamps:
        stamps.remember(PATH, DIGEST)
        assert stamps.check(PATH, DIGEST)
        assert place.opened == 0
        stamps.forget("linux-64/")
        assert stamps.check(PATH, DIGEST)
        assert place.opened == 1


def test_what_is_not_there_is_not_good(place: Counting) -> None:
    with Stamps(place) as stamps:
        assert not stamps.check("linux-64/b-1-0.conda", DIGEST)
        assert not stamps.check(PATH, DIGEST, size=3)
    assert place.opened == 0


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_torn_memory_costs_reading_only(place: Counting, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (place.root / ".mirror").mkdir(exist_ok=True)
    (place.root / ".mirror/verified.sqlite").write_bytes(content)
    with caplog.at_level(logging.WARNING), Stamps(place) as stamps:
        assert stamps.check(PATH, DIGEST)
    assert place.opened == 1
    assert ("is torn" in caplog.text) == bool(content)
    with Stamps(place) as stamps:
        assert stamps.check(PATH, DIGEST)
    assert place.opened == 1


def test_the_digest_of_a_stream(tmp_path: Path) -> None:
    for size in (0, 1, 1 << 20, (1 << 20) + 1, 3_000_000):
        content = os.urandom(size)
        (tmp_path / "file").write_bytes(content)
        with open(tmp_path / "file", "rb") as stream:
            assert sha256_of(stream) == hashlib.sha256(content).hexdigest()
