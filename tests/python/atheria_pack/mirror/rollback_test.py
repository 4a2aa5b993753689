"""A rollback shows old content whole, or not at all (gc_test has random histories of both)."""

from pathlib import Path

import pytest
from atheria_pack.mirror import history
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.rollback import LostContentError, roll_back
from small_mirror import BORN, content_of, entry, show, small, tree

START = BORN


def aged(tmp_path: Path) -> FolderPlace:
    """Two generations."""
    place = small(tmp_path / "m", entry("a"), now=START)
    show(place, entry("b"), now=START + 1)
    return place


@pytest.mark.parametrize("loss", ["gone", "damaged", "index"])
def test_a_rollback_to_what_is_not_whole_is_refused_by_name(tmp_path: Path, loss: str) -> None:
    place = aged(tmp_path)
    path = ".mirror/generations/1/linux-64/repodata.json" if loss == "index" else entry("a").path
    if loss == "damaged":
        (place.root / path).write_bytes(content_of(path).upper())
    else:
        (place.root / path).unlink()
    before = tree(place.root)
    with pytest.raises(LostContentError, match=f"generation 1 cannot be shown again.*{path} .{'damaged' if loss == 'damaged' else 'gone'}"):
        roll_back(place, 1, now=START + 2)
    assert tree(place.root) == before


def test_a_rollback_is_signed_and_dated_like_any_generation(tmp_path: Path) -> None:
    place = aged(tmp_path)
    assert roll_back(place, None, now=0, dry_run=True).number == 3
    assert place.current() == 2
    done = roll_back(place, None, now=0, sign=lambda content: b"signed " + content)
    manifest = history.manifest(place, 3)
    assert (done.shown, done.again, done.number, manifest.rollback_of) == (2, 1, 3, 1)
    assert manifest.published == START + 1, "a clock that went back"
    assert manifest.parent == history.manifest(place, 2).digest and manifest.sums == history.manifest(place, 1).sums
    assert place.read(".mirror/current/manifest.json.sig") == b"signed " + manifest.to_bytes()


def test_there_has_to_be_something_to_go_back_to(tmp_path: Path) -> None:
    place = small(tmp_path / "m", entry("a"))
    with pytest.raises(history.NoGenerationError, match="has generation 1 only"):
        roll_back(place, None, now=START)
    with pytest.raises(history.NoGenerationError, match="no generation 7"):
        roll_back(place, 7, now=START)
