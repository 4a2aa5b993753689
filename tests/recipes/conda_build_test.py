"""The recipes as conda-build sees them: with a variants file and nothing of the driver's."""

import argparse
import importlib
import re
import sys
from pathlib import Path

import pytest
import rattler_build
import yaml
from atheria_pack.cli.variants import as_file, kept
from atheria_pack.matrix import render_outputs
from atheria_pack.platforms import native_platform
from atheria_pack.recipes import Output, find_recipes
from atheria_pack.variants import ACCEL_KEY, load_variants

sys.path.insert(0, str(Path(__file__).parent))

from conda_build import OPTIONS, rendered  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = native_platform()
README = (ROOT / "recipes" / "README.md").read_text()
HASH = re.compile(r"_?h[0-9a-f]{7}(?=_)")


@pytest.fixture(scope="module")
def outputs() -> list[Output]:
    return render_outputs(ROOT, load_variants(ROOT / "variants.yaml", PLATFORM), PLATFORM)


def names(variants: list[rattler_build.RenderedVariant]) -> set[tuple[str, str, str]]:
    """Name, version and build string less its hash."""
    return {(v.recipe.package.name, str(v.recipe.package.version), HASH.sub("", str(v.recipe.build.string))) for v in variants}


def documented_recipes() -> list[Path]:
    """The recipes in the order in which recipes/README.md has people type them."""
    command = re.search(r"^conda build .*recipes/.*$", README, re.MULTILINE)
    assert command
    return [ROOT / word / "recipe.yaml" for word in re.findall(r"recipes/[\w-]+", command[0])]


def accel_file(folder: Path, accel: str) -> Path:
    """What `./run variants --accel ACCEL` prints."""
    path = folder / f"{accel}.yaml"
    path.write_text(yaml.safe_dump(as_file(kept(load_variants(ROOT / "variants.yaml", PLATFORM), ACCEL_KEY, [accel], str))))
    return path


@pytest.mark.parametrize("recipe", find_recipes(ROOT), ids=lambda path: str(path.parent.name))
def test_the_same_packages_but_for_hashes(recipe: Path, outputs: list[Output]) -> None:
    found = rendered(recipe, [ROOT / "variants.yaml"], PLATFORM)
    expected = {(o.name, o.version, HASH.sub("", o.build)) for o in outputs if o.recipe == recipe}
    assert names(found) == expected and expected
    assert not [key for variant in found for key in variant.variant if key.startswith("digest_")], "the driver's keys are not there"


def test_a_file_for_one_accelerator_is_its_rows(tmp_path: Path) -> None:
    files = [accel_file(tmp_path, accel) for accel in load_variants(ROOT / "variants.yaml", PLATFORM).keys[ACCEL_KEY]]
    for recipe in find_recipes(ROOT):
        everything = names(rendered(recipe, [ROOT / "variants.yaml"], PLATFORM))
        parts = [names(rendered(recipe, [file], PLATFORM)) for file in files]
        assert set().union(*parts) == everything and sum(map(len, parts)) == len(everything)


def test_the_documented_order_builds_what_each_needs_first(outputs: list[Output]) -> None:
    """To build, and to run its tests, which conda-build does at once."""
    order = documented_recipes()
    assert set(order) == set(find_recipes(ROOT)), "every recipe is in the command"
    place = {output.name: order.index(output.recipe) for output in outputs}
    for output in outputs:
        for name in output.requires & set(place):
            assert place[name] <= place[output.name], f"{output.name} needs {name}"


def test_the_documented_options_are_taken() -> None:
    """Every option of the command, and none of those said to be errors."""
    command = re.search(r"^conda build .*recipes/.*$", README, re.MULTILINE)
    assert command
    used = [word for word in command[0].split() if word.startswith("-")]
    assert used and set(used) <= OPTIONS
    refused = re.search(r"are errors: (.*?) and others", README, re.DOTALL)
    assert refused and not set(re.findall(r"--[\w-]+", refused[1])) & OPTIONS


def test_the_documented_variants_command_exists() -> None:
    (words,) = re.findall(r"^\./run variants (.*) >", README, re.MULTILINE)
    parser = argparse.ArgumentParser()
    importlib.import_module("atheria_pack.cli.variants").add_arguments(parser)
    assert parser.parse_args(words.split()).accel == "cpu"


def test_no_recipe_has_a_variants_file_of_its_own() -> None:
    """With one, conda-build refuses to take several recipes at once."""
    beside = [path for recipe in find_recipes(ROOT) for path in recipe.parent.glob("*.yaml") if path.name != "recipe.yaml"]
    assert beside == []


def test_no_recipe_needs_what_is_experimental() -> None:
    """conda-build renders without the experimental switch, and in the repodata format of today."""
    for recipe in find_recipes(ROOT):
        text = recipe.read_text()
        value = yaml.safe_load(text)
        assert "cache" not in value, "its successor, staging outputs, is stable"
        assert not re.search(r"^\s*flags:|\[flags=|\bload_from_file\(|\bgit\.", text, re.MULTILINE)
