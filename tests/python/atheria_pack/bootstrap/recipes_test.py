"""The recipes of the project are understood, and a wrong one is refused with its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from atheria_pack.bootstrap.recipes import BootstrapRecipe, read_recipe, read_recipes
from atheria_pack.errors import BootstrapError

ROOT = Path(__file__).parents[4]
RECIPES = read_recipes(ROOT / "recipes" / "bootstrap")

GOOD = """\
package: {name: one, version: "1"}
extra:
  bootstrap:
    made_from: facts
"""


def written(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "recipe.yaml").write_text(text)
    return folder


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_is_named_after_its_folder_and_marks_its_package(recipe: BootstrapRecipe) -> None:
    text = recipe.path.read_text()
    assert recipe.instances or recipe.name == recipe.folder.name
    assert recipe.name.startswith(recipe.folder.name.removesuffix("-cross"))
    assert re.search(r"^  description: \$\{\{ mark \}\}$", text, re.MULTILINE), "about must say that this is no conda-forge build"
    assert "    origin: ${{ origin }}" in text
    assert "${{ digest }}" in text or recipe.name == "python_abi", "the build string must carry the content's digest"


@pytest.mark.parametrize("recipe", [one for one in RECIPES if one.wheels], ids=lambda recipe: recipe.name)
def test_wheels_are_pinned_for_every_python_or_for_all(recipe: BootstrapRecipe) -> None:
    assert all(re.fullmatch(r"[0-9a-f]{64}", pin.sha256) for pin in recipe.wheels)
    pythons = [pin.python for pin in recipe.wheels if pin.runs_on("linux-64")]
    assert pythons == (["3.10", "3.11", "3.12", "3.13"] if recipe.per_python else [None])
    for pin in recipe.wheels:
        assert pin.python is None or f"-cp{pin.python.replace('.', '')}-" in pin.file


def test_the_packages_that_product_recipes_use_are_there() -> None:
    needed = {"python", "python_abi", "pip", "numpy", "pillow", "pybind11", "pybind11-abi", "cmake", "ninja", "pkg-config"}
    needed |= {"libopenblas", "openblas", "gcc_linux-64", "gxx_linux-64", "sysroot_linux-64", "libgcc", "libstdcxx"}
    assert needed <= {recipe.name for recipe in RECIPES}


def test_openblas_and_its_library_come_from_one_wheel() -> None:
    both = {recipe.name: recipe.wheels for recipe in RECIPES if recipe.name in ("openblas", "libopenblas")}
    assert both["openblas"] == both["libopenblas"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package: [", "not readable as YAML"),
        ('package: {name: one, version: "1"}', "extra/bootstrap"),
        (GOOD.replace("facts", "thin air"), "made_from is 'thin air', expected one of"),
        (GOOD + "    wheel: x\n", r"unknown keys \['wheel'\]"),
        (GOOD + "    for_each: moon\n", "for_each is 'moon'"),
        (GOOD.replace("facts", "wheel"), "pins at least one"),
        (GOOD + "    for_each: python\n    instances: [{a: b}]\n", "not both"),
    ],
)
def test_a_wrong_recipe_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    folder = written(tmp_path / "one", text)
    with pytest.raises(BootstrapError, match=message) as caught:
        read_recipe(folder)
    assert str(folder / "recipe.yaml") in str(caught.value)


def test_an_empty_folder_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match="holds no recipes"):
        read_recipes(tmp_path)


def test_the_digest_covers_every_file_and_its_name(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path / "one", GOOD))
    digests = [recipe.digest()]
    (recipe.folder / "build.sh").write_text("true\n")
    digests.append(recipe.digest())
    (recipe.folder / "build.sh").rename(recipe.folder / "builder.sh")
    digests.append(recipe.digest())
    (recipe.folder / "recipe.yaml").write_text(GOOD + "# a word\n")
    digests.append(recipe.digest())
    assert len(set(digests)) == 4
