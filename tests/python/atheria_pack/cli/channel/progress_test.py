"""What is told of a transfer, on a terminal and in a log."""

import fcntl
import io
import os
import pty
import struct
import termios
import threading
from pathlib import Path

import pytest
from atheria_pack.cli.channel.progress import Bar, Lines, binary, watcher
from atheria_pack.mirror.fetch import Item
from atheria_pack.mirror.sources.folder import FolderSource


@pytest.fixture
def item(tmp_path: Path) -> Item:
    return Item("noarch/a.conda", 1 << 20, "0" * 64, FolderSource(str(tmp_path)))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 << 40, "3.0 TiB")]
)
def test_bytes_for_people(size: int, text: str) -> None:
    assert binary(size) == text


def test_a_log_gets_a_line_now_and_then(item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("atheria_pack.cli.channel.progress.time.monotonic", lambda: now[0])  # nobody waits for a test
    stream = io.StringIO()
    with watcher(4, 8 << 20, stream) as lines:
        assert isinstance(lines, Lines)
        for second in range(1, 12):
            now[0] = 100.0 + second
            lines.moved(1 << 19)
            if second == 4:
                lines.arrived(item)
        lines.note("something")
    assert stream.getvalue().splitlines() == [
        "1/4 files, 2.5 MiB of 8.0 MiB, 512.0 KiB/s, 11 s left",
        "1/4 files, 5.0 MiB of 8.0 MiB, 512.0 KiB/s, 6 s left",
        "something",
    ]


def test_a_terminal_gets_a_bar_and_notes_above_it(item: Item) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    seen: list[bytes] = []
    reading = threading.Thread(target=lambda: seen.extend(iter(lambda: _read(ours), b"")))
    reading.start()
    with open(theirs, "w") as stream, watcher(2, 4 << 20, stream) as bar:
        assert isinstance(bar, Bar)
        bar.moved(2 << 20)
        bar.arrived(item)
        bar.note("[b]a source[/b] was slow")
        bar._progress.refresh()
    reading.join()
    os.close(ours)
    text = b"".join(seen).decode()
    assert "1/2 files" in text and "2.0/4.0 MiB" in text, text
    assert "[b]a source[/b] was slow" in text


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # the other end is closed
        return b""
