"""Rendering: exact pins of the right sibling, digests in the text, names of cells."""

from pathlib import Path

import pytest
from atheria_pack import recipes
from atheria_pack.digest import Digests
from atheria_pack.errors import RecipeError
from atheria_pack.recipes import Output, digest_key, find_recipes, package_name, read_recipe, render_all, rendered_variants, source_paths
from atheria_pack.variants import combinations, load_variants


def outputs_of(project: Path, platform: str = "linux-64") -> dict[str, Output]:
    rows = combinations(load_variants(project / "variants.yaml", platform))
    (recipe,) = find_recipes(project)
    outputs = render_all(read_recipe(recipe, Digests(project)), rows, platform, "linux-64")
    return {output.identifier: output for output in outputs}


def test_each_package_once(project: Path) -> None:
    assert sorted(outputs_of(project)) == [
        "linux-64/fix-core=cpu_py310",
        "linux-64/fix-core=cpu_py311",
        "linux-64/fix-core=openblas_py310",
        "linux-64/fix-core=openblas_py311",
        "linux-64/fix-variant=cpu",
        "linux-64/fix-variant=openblas",
        "linux-64/libfix-dev=cpu",
        "linux-64/libfix-dev=openblas",
        "linux-64/libfix=cpu",
        "linux-64/libfix=openblas",
    ]


def test_only_combinations_that_a_recipe_tells_apart_are_rendered(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = outputs_of(project)
    rendered = []
    monkeypatch.setattr(recipes, "rendered_variants", lambda *words: rendered.append(words[1]) or rendered_variants(*words))
    path = project / "variants.yaml"
    path.write_text(path.read_text().replace("zip_keys:", "nobody_asks: [a, b, c]\nzip_keys:"))
    after = outputs_of(project)
    assert {name: output.build for name, output in after.items()} == {name: output.build for name, output in before.items()}
    assert len(rendered) == 4, "two accelerators by two Pythons, whatever else there is"


def test_a_key_that_only_left_outputs_look_at_counts(project: Path) -> None:
    """An output that is left out names no key; the next combination may keep it."""
    (recipe,) = find_recipes(project)
    text = recipe.read_text()
    assert "- package: {name: fix-core}\n    build:\n" in text
    recipe.write_text(text.replace("{name: fix-core}\n    build:\n", "{name: fix-core}\n    build:\n      skip: with_core == 'no'\n"))
    path = project / "variants.yaml"
    path.write_text(path.read_text().replace("zip_keys:", "with_core: ['no', 'yes']\nzip_keys:"))
    assert len([name for name in outputs_of(project) if "fix-core" in name]) == 4


def test_tools_are_of_this_machine_and_the_rest_of_the_target(project: Path) -> None:
    (recipe,) = find_recipes(project)
    staging = "  - staging: {name: fix-build}\n"
    recipe.write_text(recipe.read_text().replace(staging, staging + """    requirements: {build: ["${{ compiler('c') }}"]}\n"""))
    variants = project / "variants.yaml"
    variants.write_text("c_compiler: [gcc]\n" + variants.read_text())
    library = outputs_of(project, "linux-aarch64")["linux-aarch64/libfix=cpu"]
    assert (library.subdir, library.platform, library.build_specs) == ("linux-aarch64", "linux-aarch64", ("gcc_linux-aarch64",))


def test_names_and_needs(project: Path) -> None:
    core = outputs_of(project)["linux-64/fix-core=cpu_py311"]
    assert (core.name, core.version, core.number, core.python, core.staging) == ("fix-core", "0.1.0", 100, "3.11", None)
    assert core.build.startswith("cpu_py311_h") and core.build.endswith("_100")
    assert core.requires == {"libfix", "libfix-dev"}
    assert core.host_specs == ("libfix-dev",)


def test_a_source_edit_changes_the_hash_of_what_it_makes_and_of_what_pins_that(project: Path) -> None:
    before = {name: output.build for name, output in outputs_of(project).items()}
    (project / "src" / "hello.txt").write_text("changed\n")
    after = {name: output.build for name, output in outputs_of(project).items()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if "variant" not in name}


def test_an_edited_script_or_test_of_the_recipe_changes_the_hash_too(project: Path) -> None:
    """Its content is in the package; two contents must not have one name."""
    before = {name: output.build for name, output in outputs_of(project).items()}
    (recipe,) = find_recipes(project)
    (recipe.parent / "test_more.sh").write_text("true\n")
    after = {name: output.build for name, output in outputs_of(project).items()}
    assert {name for name in before if before[name] != after[name]} == {name for name in before if "variant" not in name}
    (recipe.parent / "README.md").write_text("no build reads it\n")
    assert {name: output.build for name, output in outputs_of(project).items()} == after


def test_sources_of_a_staging_build_are_its_outputs(project: Path) -> None:
    outputs = outputs_of(project)
    assert outputs["linux-64/libfix=cpu"].sources == ((project / "src").resolve(),)
    assert outputs["linux-64/fix-core=cpu_py310"].sources == ()


def test_a_missing_source_is_named(project: Path) -> None:
    (recipe,) = find_recipes(project)
    (project / "src" / "hello.txt").unlink()
    (project / "src").rmdir()
    with pytest.raises(RecipeError, match="source src of fix-build is missing"):
        source_paths(recipe)


def test_a_recipe_that_does_not_render_is_named(project: Path) -> None:
    (recipe,) = find_recipes(project)
    recipe.write_text(recipe.read_text().replace("recipe: {name: fix,", "recipe: {nome: fix,"))
    with pytest.raises(RecipeError, match=r"fix/recipe\.yaml"):
        outputs_of(project)


def test_bootstrap_recipes_are_not_the_products(project: Path) -> None:
    (project / "recipes" / "bootstrap" / "python").mkdir(parents=True)
    (project / "recipes" / "bootstrap" / "python" / "recipe.yaml").write_text("package: {name: python, version: '3'}\n")
    assert [path.parent.name for path in find_recipes(project)] == ["fix"]


@pytest.mark.parametrize(
    ("spec", "name"),
    [("numpy", "numpy"), ("numpy >=1,<3", "numpy"), ("python=3.11", "python"), ("conda-forge::cmake >=3", "cmake"), ("a[version=1]", "a")],
)
def test_package_name(spec: str, name: str) -> None:
    assert package_name(spec) == name


def test_digest_key_is_a_variant_key() -> None:
    assert digest_key("atheria-runtime-build") == "digest_atheria_runtime_build"
