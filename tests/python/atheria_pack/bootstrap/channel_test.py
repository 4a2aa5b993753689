"""The entrance: what it refuses before it makes anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from atheria_pack.bootstrap import BootstrapEvent, ensure_channel
from atheria_pack.errors import BootstrapError

ROOT = Path(__file__).parents[4]


def ensure(tmp_path: Path, pythons: list[str] | None, events: list[BootstrapEvent]) -> None:
    ensure_channel(ROOT, tmp_path / "cache", tmp_path / "channel", pythons, events.append, 1)


def test_a_python_that_is_not_here_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match=r"no Python 3\.99 that can be packaged was found(.|\n)*uv python install 3\.99"):
        ensure(tmp_path, ["3.99"], [])
    assert not (tmp_path / "channel").exists()


def test_no_compiler_is_found_out_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BootstrapError, match="no usable C"):
        ensure(tmp_path, None, [])
    assert not (tmp_path / "cache").exists()


def test_the_compiler_and_refused_interpreters_are_told(tmp_path: Path) -> None:
    events: list[BootstrapEvent] = []
    with pytest.raises(BootstrapError):
        ensure(tmp_path, ["3.99"], events)
    assert events[0].kind == "note" and "glibc" in events[0].message
