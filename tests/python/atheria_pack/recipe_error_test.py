"""A wrong recipe is told with file, line and column, the line itself, and for an unknown key what is legal there."""

from pathlib import Path

import pytest
from atheria_pack.digest import Digests
from atheria_pack.errors import RecipeError
from atheria_pack.recipes import read_recipe, render_all
from atheria_pack.variants import combinations, load_variants


def complaint(project: Path, old: str, new: str) -> str:
    path = project / "recipes" / "fix" / "recipe.yaml"
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    rows = combinations(load_variants(project / "variants.yaml", "linux-64"))
    with pytest.raises(RecipeError) as caught:
        render_all(read_recipe(path, Digests(project)), rows, "linux-64")
    return str(caught.value)


def test_an_unknown_key_of_an_output(project: Path) -> None:
    told = complaint(project, "    inherit: fix-build\n    build: {string", "    inherit: fix-build\n    biuld: {string").splitlines()
    assert told[0] == "fix/recipe.yaml:21:5: invalid value for 'package output': unknown field 'biuld'; did you mean build?"
    assert told[1].startswith("  21 |     biuld: {string:")
    assert set(told[2].removeprefix("  legal here: ").split(", ")) == {"build", "about", "source", "inherit", "requirements", "package", "tests"}


def test_an_unknown_key_deep_inside(project: Path) -> None:
    told = complaint(project, "exists: [lib/libfix.txt]", "exits: [lib/libfix.txt]").splitlines()
    assert told[0].startswith("fix/recipe.yaml:25:50: ") and told[0].endswith("unknown field 'exits'; did you mean exists?")
    assert told[2] == "  legal here: exists, not_exists"


def test_an_unknown_key_at_the_top(project: Path) -> None:
    told = complaint(project, "outputs:", "ouputs:")
    assert told.startswith("fix/recipe.yaml:7:1: missing required field 'package'; did you mean outputs?\n  7 | ouputs:\n")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("outputs:\n", "outputs: [\n", "fix/recipe.yaml:8:3: no YAML: expected the node content, but found '-'\n  8 |   - package"),
        ("  - package: {name: libfix}", "\t- package: {name: libfix}", "fix/recipe.yaml:19:1: no YAML: found character '\\t'"),
        ("${{ hash }}", "${{ hash", "fix/recipe.yaml:21:21: Jinja template error: "),
        ("${{ hash }}", "${{ hahs }}", "fix/recipe.yaml:21:21: Failed to render build string template: undefined value"),
        ("fix-variant * ${{", "fix variant == * * ${{", "fix/recipe.yaml:23:13: Invalid match spec 'fix variant == * * cpu'"),
        ("pin_subpackage('libfix',", "pin_subpackag('libfix',", "fix/recipe.yaml:29:26: Template rendering failed: unknown function: pin_subpackag"),
    ],
)
def test_the_place_is_told(project: Path, old: str, new: str, told: str) -> None:
    assert complaint(project, old, new).startswith(told)


def test_the_platform_that_was_rendered_for_is_told(project: Path) -> None:
    assert complaint(project, "${{ hash }}", "${{ hahs }}").endswith("\n  while rendering for linux-64")


def test_no_folder_is_left_behind(project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Legal keys are found by trying them, each as a recipe of its own."""
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    complaint(project, "exists: [lib/libfix.txt]", "exits: [lib/libfix.txt]")
    assert list(place.iterdir()) == []
