"""Every cell's identifier and build string, as written down: a change of the matrix is seen in review, wherever this runs.

Rendered without the driver's digests of sources, so the hashes stand for variant keys alone and stay when C++ changes. After a
meant change: `ATHERIA_WRITE_SNAPSHOT=1 python -m pytest tests/recipes/snapshot_test.py`, and read the difference.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from atheria_pack.matrix import PLATFORMS
from atheria_pack.recipes import find_recipes, rendered_variants
from atheria_pack.variants import combinations, load_variants

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = Path(__file__).with_name("cells.txt")


def cells() -> Iterator[str]:
    for platform in PLATFORMS:
        rows = combinations(load_variants(ROOT / "variants.yaml", platform))
        found = {
            f"{platform}/{variant.recipe.package.name}={variant.recipe.build.string}"
            for recipe in find_recipes(ROOT)
            for row in rows
            for variant in rendered_variants(recipe, row, platform)
        }
        yield from sorted(found)


def test_cells_and_build_strings_are_those_written_down() -> None:
    text = "\n".join(cells()) + "\n"
    if os.environ.get("ATHERIA_WRITE_SNAPSHOT"):
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text()
