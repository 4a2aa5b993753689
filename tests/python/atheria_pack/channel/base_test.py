"""Choosing the channel: names, folders, and what does not answer."""

import http.server
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest
from atheria_pack.bootstrap import BootstrapEvent
from atheria_pack.channel.base import address, choose, silence
from atheria_pack.errors import UsageError


def never(_event: BootstrapEvent) -> None:
    raise AssertionError("nothing was to be bootstrapped")


def empty_channel(folder: Path) -> Path:
    (folder / "noarch").mkdir(parents=True)
    (folder / "noarch" / "repodata.json").write_text('{"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {}}')
    return folder


def test_a_folder_is_a_channel(tmp_path: Path) -> None:
    folder = empty_channel(tmp_path / "c")
    chosen = choose(str(folder), tmp_path, tmp_path / "out", 1, None, never, nullcontext())
    assert chosen.uri == folder.as_uri() and chosen.overlay("linux-64") == {}


def test_an_asked_channel_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no channel there .* `--channel bootstrap` makes one"):
        choose(str(tmp_path), tmp_path, tmp_path / "out", 1, None, never, nullcontext())
    with pytest.raises(UsageError, match="no channel there"):
        choose("http://127.0.0.1:9/channel", tmp_path, tmp_path / "out", 1, None, never, nullcontext())


def test_a_server_is_probed(tmp_path: Path) -> None:
    empty_channel(tmp_path / "here")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words: object) -> None:
            super().__init__(*words, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_address[1]}"
        assert silence(f"{root}/here") is None
        assert silence(f"{root}/elsewhere") == "HTTP 404"
        server.shutdown()


def test_names_are_rattlers(tmp_path: Path) -> None:
    assert address("conda-forge").endswith("/conda-forge")
    assert address(str(tmp_path)) == tmp_path.as_uri()
