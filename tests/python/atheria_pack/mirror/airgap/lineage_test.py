"""Which bundles fit which mirrors, and what is said of those that do not."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from atheria_pack.mirror.airgap.lineage import LineageError, base_for, is_there, kept_manifests
from atheria_pack.mirror.airgap.listing import Head
from atheria_pack.mirror.generation import Manifest, ManifestError
from atheria_pack.mirror.places.folder import FolderPlace
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from origins import files_of, publish  # noqa: E402


def chain(name: str, count: int) -> dict[int, Manifest]:
    found: dict[int, Manifest] = {}
    for number in range(1, count + 1):
        parent = found[number - 1].digest if number > 1 else None
        found[number] = Manifest(number, parent, number, "0" * 64, 0, 0, {}, request={"of": name})
    return found


ORIGIN, OTHER = chain("origin", 9), chain("other", 9)


def head(generation: int, base: int | None, forgotten: int = 0, chain: dict[int, Manifest] = ORIGIN) -> Head:
    """A bundle of the origin, which has dropped the first generations."""
    ancestors = {number: chain[number].digest for number in range(1 + forgotten, generation)}
    return Head(generation, 1, chain[base].digest if base else None, chain[generation].digest, ancestors)


def kept(*numbers: int, chain: dict[int, Manifest] = ORIGIN) -> dict[int, Manifest]:
    return {number: chain[number] for number in numbers}


numbers = st.integers(1, 9)


@given(generation=numbers, base=st.none() | numbers, has=st.sets(numbers))
def test_bundles_and_mirrors_of_one_origin(generation: int, base: int | None, has: set[int]) -> None:
    """A mirror may have leapt over generations; a bundle fits when it is newer and the mirror has its base."""
    if base is not None and base >= generation:
        return
    mirror = kept(*sorted(has))
    current = max(has, default=0)
    if has and generation == current:
        assert is_there(head(generation, base), mirror, "b.tar", "DST")
    elif generation > current and (base is None or base in has):
        assert not is_there(head(generation, base), mirror, "b.tar", "DST")
    else:
        with pytest.raises(LineageError, match="an old bundle" if generation < current else "wrong base"):
            is_there(head(generation, base), mirror, "b.tar", "DST")


@given(generation=numbers, base=st.none() | numbers, has=st.sets(numbers, min_size=1), forgotten=st.integers(0, 8))
def test_another_lineage_never_fits(generation: int, base: int | None, has: set[int], forgotten: int) -> None:
    if base is not None and base >= generation or forgotten >= (base or generation):
        return
    with pytest.raises(LineageError):
        is_there(head(generation, base, forgotten), kept(*sorted(has), chain=OTHER), "b.tar", "DST")


@pytest.mark.parametrize(
    ("bundle", "mirror", "told"),
    [
        (head(5, 3), {}, "builds on generation 3 .*, and DST has no generation yet. Import a full bundle first"),
        (head(5, 3), kept(1, 2), "wrong base; it builds on generation 3 .*, and DST has generations 1, 2. Export again with --since 2"),
        (head(5, 3, 2), kept(2), "wrong base; it builds on generation 3 .*, and DST has generation 2. .*--since 2 .*, else without"),
        (head(5, 3), kept(4), "wrong base; it builds on generation 3 .*, and DST has generation 4"),
        (head(3, None), kept(1, 5), "an old bundle; it brings generation 3, and DST is past it, at generation 5"),
        (head(3, 2), kept(3, chain=OTHER), "of another lineage; its generation 3 is sha256 .*, and DST has another generation 3"),
        (head(3, None), kept(2, chain=OTHER), "of another lineage; DST is at generation 2 .*earlier ones there: 1, 2.*a folder of its own"),
        (head(1, None), kept(2, chain=OTHER), "an old bundle"),
        (head(9, None, 8), kept(2), "of another lineage; .*earlier ones there: none"),
    ],
)
def test_what_is_said(bundle: Head, mirror: dict[int, Manifest], told: str) -> None:
    with pytest.raises(LineageError, match=f"^b.tar: .*{told}"):
        is_there(bundle, mirror, "b.tar", "DST")


def test_a_mirror_that_went_its_own_way_is_told_so() -> None:
    """A rollback or a sync on the inside makes a generation that the origin does not have."""
    mirror = kept(1, 2) | {3: replace(ORIGIN[3], rollback_of=1)}
    with pytest.raises(LineageError, match="another lineage; its generation 3 is"):
        is_there(head(3, 2), mirror, "b.tar", "DST")
    with pytest.raises(LineageError, match="another lineage; DST is at generation 3"):
        is_there(head(4, 2), mirror, "b.tar", "DST")


@pytest.mark.parametrize(
    ("since", "told"),
    [(5, "is at generation 5, so there is nothing since it"), (6, "--since 6, and its newest generation is 5"),
     (2, "--since 2, and the generations that are kept are 3, 4, 5")],
)  # fmt: skip
def test_a_base_that_is_none(since: int, told: str) -> None:
    with pytest.raises(LineageError, match=f"SRC: .*{told}"):
        base_for(since, kept(3, 4, 5), "SRC")
    assert base_for(4, kept(3, 4, 5), "SRC") is ORIGIN[4]


def test_manifests_are_read_up_to_the_visible_one(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "mirror", "mirror")
    assert kept_manifests(place) == {}
    first = publish(place.root, files_of("noarch/a-1"))
    second = publish(place.root, files_of("noarch/a-2"))
    (place.root / ".mirror/generations/3").mkdir()
    (place.root / ".mirror/generations/3/manifest.json").write_bytes(b"{")  # of a run that was killed before it became visible
    assert kept_manifests(place) == {1: first, 2: second}


def test_mixed_moved_and_lost_generations_are_told(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "mirror", "mirror")
    for number in (1, 2, 3):
        publish(place.root, files_of(f"noarch/a-{number}"))
    other = tmp_path / "other"
    publish(other, files_of("noarch/b-1"))
    generations = place.root / ".mirror/generations"
    original = (generations / "1/manifest.json").read_bytes()
    (generations / "1/manifest.json").write_bytes((other / ".mirror/generations/1/manifest.json").read_bytes())
    with pytest.raises(LineageError, match="generation 2 names the parent .*two mirrors were mixed"):
        kept_manifests(place)
    (generations / "1/manifest.json").write_bytes((generations / "2/manifest.json").read_bytes())
    with pytest.raises(ManifestError, match="says generation 2, expected 1"):
        kept_manifests(place)
    (generations / "1/manifest.json").write_bytes(original)
    (generations / "3/manifest.json").unlink()
    with pytest.raises(ManifestError, match="generation 3 is visible, and .mirror/generations/3/manifest.json is gone;"):
        kept_manifests(place)
