"""A folder as a source: files from any offset on, clear words for what is no file, and nothing outside of it."""

import os
from pathlib import Path

import pytest
from atheria_pack.errors import UsageError
from atheria_pack.mirror.layout import UnsafeNameError
from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.folder import FolderSource
from atheria_pack.mirror.sources.source import SourceError
from hypothesis import given, settings
from hypothesis import strategies as some


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    folder = tmp_path / "a channel+1!"
    (folder / "noarch").mkdir(parents=True)
    (folder / "noarch" / "x-1!2+3-0.conda").write_bytes(b"content")
    return folder


@pytest.mark.parametrize("address", [Path.as_posix, Path.as_uri, lambda folder: f"{folder}/", lambda folder: f"{folder.as_uri()}/"])
def test_by_path_and_by_uri(channel: Path, address: object) -> None:
    typed = address(channel)  # type: ignore[operator]
    source = open_source(typed)
    assert source.address == typed.rstrip("/")
    with source.open("noarch/x-1!2+3-0.conda", 3) as answer:
        assert (answer.stream.read(), answer.offset, answer.size) == (b"tent", 3, 7)
    assert source.local("noarch/x-1!2+3-0.conda") == channel / "noarch" / "x-1!2+3-0.conda"


@settings(max_examples=30, deadline=None)
@given(content=some.binary(max_size=50), offset=some.integers(0, 60))
def test_from_any_offset(tmp_path_factory: pytest.TempPathFactory, content: bytes, offset: int) -> None:
    folder = tmp_path_factory.mktemp("channel")
    (folder / "file").write_bytes(content)
    with FolderSource(str(folder)).open("file", offset) as answer:
        assert answer.offset == min(offset, len(content))
        assert answer.stream.read() == content[offset:]
        assert answer.size == len(content)


@pytest.mark.parametrize("path", ["noarch/absent", "absent/file", "noarch/x-1!2+3-0.conda/file"])
def test_what_is_not_there(channel: Path, path: str) -> None:
    source = FolderSource(str(channel))
    with pytest.raises(FileNotFoundError, match=path.replace("+", r"\+")), source.open(path):
        pass
    assert source.local(path) is None


def test_what_is_no_file(channel: Path) -> None:
    os.mkfifo(channel / "pipe")
    source = FolderSource(str(channel))
    for path in ("pipe", "noarch"):
        with pytest.raises(SourceError, match=f"{path} cannot be read: it is no regular file"), source.open(path):
            pass
        assert source.local(path) is None


def test_what_may_not_be_read(channel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:  # the tests may run as root, whom no mode keeps out
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SourceError, match="x-1!2.*cannot be read: Permission denied"), FolderSource(str(channel)).open("noarch/x-1!2+3-0.conda"):
        pass


@pytest.mark.parametrize("path", ["../secret", "noarch/../../secret", "/etc/passwd", ""])
def test_nothing_outside(channel: Path, path: str) -> None:
    source = FolderSource(str(channel))
    with pytest.raises(UnsafeNameError, match="no path within a channel"), source.open(path):
        pass
    with pytest.raises(UnsafeNameError):
        source.local(path)


def test_a_link_leads_to_the_file_itself(channel: Path) -> None:
    (channel / "noarch" / "link").symlink_to("x-1!2+3-0.conda")
    assert FolderSource(str(channel)).local("noarch/link") == channel / "noarch" / "x-1!2+3-0.conda"


def test_addresses_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="absent is not there; expected a folder"):
        open_source(str(tmp_path / "absent"))
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="file is no folder"):
        open_source(str(tmp_path / "file"))
    with pytest.raises(SourceError, match="names the machine 'host'.*three slashes"):
        open_source("file://host/channel")
    with pytest.raises(UsageError, match="cannot be read by ftp://"):
        open_source("ftp://host/channel")
