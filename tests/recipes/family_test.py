"""What the rendered packages of the family must have, and the one place of the version."""

import re
from pathlib import Path
from typing import Any

import pytest
import rattler_build
import yaml
from atheria_pack.matrix import render_outputs
from atheria_pack.plan import make_jobs
from atheria_pack.recipes import Output, find_recipes
from atheria_pack.variants import ACCEL_KEY, load_variants

ROOT = Path(__file__).resolve().parents[2]
RECIPES = find_recipes(ROOT)
VERSIONED = [recipe for recipe in RECIPES if recipe.parent.name != "atheria-variant"]  # the mutex has a version of its own
ACCELS = {
    "linux-64": ("rocm", "openblas", "cpu", "cuda129", "cuda130"),
    "linux-aarch64": ("openblas", "cpu", "cuda129", "cuda130"),
    "osx-arm64": ("openblas", "cpu", "metal"),
    "win-64": ("openblas", "cpu", "cuda129", "cuda130"),
}
OUTPUTS = [
    output for platform in ACCELS for output in render_outputs(ROOT, load_variants(ROOT / "variants.yaml", platform), platform)
]
NAMES = {output.name for output in OUTPUTS}
CELLS = pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: str(output.identifier))

# Preference at equal versions, lowest first.
ORDER = {"rocm": 0, "openblas": 100, "cpu": 200, "metal": 300, "cuda129": 400, "cuda130": 500}


def run_of(output: Output) -> list[Any]:
    listed: list[Any] = output.rendered.get("requirements", {}).get("run", [])
    return listed


def raw(recipe: Path) -> Any:
    return yaml.safe_load(recipe.read_text())


def test_the_matrix_is_complete() -> None:
    pythons = ("py310", "py311", "py312", "py313", "py314")
    expected = set()
    for platform, accels in ACCELS.items():
        for accel in accels:
            names = ("atheria-variant", "libatheria-runtime", "libatheria-runtime-dev", "libatheria-engine", "libatheria-engine-dev")
            sugar = "atheria-cpu" if accel in ("cpu", "openblas") else "atheria-gpu"
            expected |= {f"{platform}/{name}={accel}" for name in (*names, "atheria", sugar)}
            expected |= {f"{platform}/atheria-core={accel}_{python}" for python in pythons}
    assert {output.identifier for output in OUTPUTS} == expected
    assert len(OUTPUTS) == len(expected)


@pytest.mark.parametrize("recipe", VERSIONED, ids=lambda path: str(path.parent.name))
def test_version_is_the_headers(recipe: Path) -> None:
    header = (ROOT / "native" / "include" / "atheria" / "version.h").read_text()
    version = ".".join(re.search(rf"ATH_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))  # type: ignore[index]
    assert raw(recipe)["context"]["version"] == version


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: str(path.parent.name))
def test_recipe_renders_alone(recipe: Path) -> None:
    """Without our variants.yaml and without the driver's digests: a tool's own pins suffice."""
    config = rattler_build.VariantConfig({"python": ["3.12.*"], "c_stdlib": ["sysroot"], "c_stdlib_version": ["2.17"]})
    rendered = rattler_build.Stage0Recipe.from_file(recipe).render(
        config, rattler_build.RenderConfig(platform=rattler_build.PlatformConfig(target_platform="linux-64"))
    )
    assert rendered and all(str(variant.recipe.build.string).startswith("cpu") for variant in rendered)


@CELLS
def test_build_string_and_number(output: Output) -> None:
    accel = output.variant[ACCEL_KEY]
    assert output.number == ORDER[accel]
    if output.name == "atheria-variant":
        assert (output.version, output.build) == ("1", f"{accel}_{output.number}")
    else:
        python = rf"_py{output.python.replace('.', '')}" if output.python else ""
        assert re.fullmatch(rf"{accel}{python}_h[0-9a-f]{{7}}_{output.number}", output.build)
    assert (output.python is not None) == (output.name == "atheria-core"), "only the Python package varies on Python"


@CELLS
def test_mutex(output: Output) -> None:
    if output.name != "atheria-variant":
        assert f"atheria-variant * {output.variant[ACCEL_KEY]}_*" in run_of(output)


@CELLS
def test_cuda_packages_ask_for_a_driver_each_by_itself(output: Output) -> None:
    """An outer package's requirement does not guard the library when somebody asks for the library alone."""
    accel = output.variant[ACCEL_KEY]
    guards = [spec for spec in run_of(output) if isinstance(spec, str) and spec.startswith("__cuda")]
    assert guards == ([f"__cuda >={accel[4:6]}"] if accel.startswith("cuda") else [])


@CELLS
def test_every_package_lists_its_files_strictly(output: Output) -> None:
    strict = [test for test in output.rendered.get("tests", []) if test.get("package_contents", {}).get("strict")]
    assert len(strict) == 1


@CELLS
def test_family_is_pinned_exactly(output: Output) -> None:
    family = NAMES - {"atheria-variant"}
    for requirement in run_of(output):
        if isinstance(requirement, dict):
            (pin,) = requirement.values()
            assert pin["name"] in family and pin["exact"] is True
        else:
            name = requirement.split(" ")[0]
            assert name not in family or re.fullmatch(rf"{name} =={re.escape(output.version)} {output.variant[ACCEL_KEY]}_\*", requirement)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: str(path.parent.name))
def test_conventions(recipe: Path) -> None:
    text = recipe.read_text()
    value = raw(recipe)
    assert text.startswith("# yaml-language-server: $schema=")
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert value["about"]["license"] == "Apache-2.0" and value["about"]["license_file"]
    for output in value.get("outputs", [value]):
        build = output.get("requirements", {}).get("build", [])
        if any("compiler(" in str(entry) for entry in build):
            assert any("stdlib('c')" in str(entry) for entry in build), "a compiler needs its C library"
        ships_machine_code = "package" in output and "script" in output.get("build", {})
        if ships_machine_code:
            linking = output["build"]["dynamic_linking"]
            assert linking["overlinking_behavior"] == linking["overdepending_behavior"] == "error", output["package"]
        if output.get("package", {}).get("name", "").startswith("lib"):
            assert output["requirements"]["run_exports"]
    assert value["extra"]["recipe-maintainers"] == ["atheria"]
    if recipe in VERSIONED:
        version = str(value["context"]["version"])
        stated = [version, version.rpartition(".")[0]]
        body = text.replace(f'version: "{version}"', "")
        assert not [number for number in stated if re.search(rf"(?<![0-9.]){re.escape(number)}(?![0-9])", body)], "the version stands once"
    for name in ("sysroot", "__osx", "-march=native"):
        assert name not in text


@pytest.mark.parametrize("recipe", [r for r in VERSIONED if r.parent.name != "atheria"], ids=lambda path: str(path.parent.name))
def test_each_header_package_compiles_a_c_and_a_cpp_consumer(recipe: Path) -> None:
    tests = [
        test for output in raw(recipe)["outputs"] if output.get("package", {}).get("name", "").endswith("-dev") for test in output["tests"]
    ]
    assert any("consumer/" in test.get("files", {}).get("recipe", []) for test in tests)
    assert {path.name for path in (recipe.parent / "consumer").iterdir()} == {"CMakeLists.txt", "consumer.c", "consumer.cpp"}
    scripts = "".join(str(test.get("script", "")) for output in raw(recipe)["outputs"] for test in output.get("tests", []))
    assert "-P scripts/test_consumer.cmake" in scripts
    shared = (ROOT / "recipes" / "scripts" / "test_consumer.cmake").read_text()
    assert "find_package" in (recipe.parent / "consumer" / "CMakeLists.txt").read_text() and "pkg-config --cflags" in shared


def test_sources_stand_in_the_text_of_what_they_make() -> None:
    """The staging cache and the hash see the recipe's text only."""
    for output in OUTPUTS:
        if output.sources and output.name not in ("atheria-variant", "atheria", "atheria-cpu", "atheria-gpu"):
            assert [key for key in output.variant if key.startswith("digest_")], output.identifier


def test_jobs_compile_once_per_accelerator() -> None:
    for platform, accels in ACCELS.items():
        jobs = make_jobs([output for output in OUTPUTS if output.subdir == platform])
        staged = [job for job in jobs if job.outputs[0].staging]
        assert [len(job.outputs) for job in staged] == [2, 2] * len(accels)
        assert len(jobs) == len(accels) * (1 + 1 + 1 + 5 + 2)
