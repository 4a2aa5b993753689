"""A small mirror in the current folder, for the verbs that take one."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "mirror"))

from small_mirror import BORN, entry, show, small  # noqa: E402


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a mirror `m` of two generations: a, then a and b."""
    a, b = entry("a"), entry("b", license=None)
    place = small(tmp_path / "m", a)
    show(place, a, b, now=BORN + 1)
    monkeypatch.chdir(tmp_path)
    return tmp_path
