"""Recipes and pixi.toml are what their formats' own schemas accept; variants.yaml restates conda-forge's pins."""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
import yaml
from atheria_pack.variants import load_variants

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
RECIPES = sorted((ROOT / "recipes").glob("**/recipe.yaml"))

# Keys of ours alone: `atheria_*`, and those of ROCm, which conda-forge's pinning does not have yet.
NOT_PINNED = {"hip_compiler", "hip_compiler_version"}
# Pins that differ from conda-forge's, with the reason.
DIFFERENT = {"pybind11_abi": "the bindings need pybind11 3, to which conda-forge's open migration goes"}
# What conda-forge's open migrations (cuda130, python314) add to the pins, and what ROCm and Metal need, by key and platform.
CUDA_PLATFORMS = ("linux-64", "linux-aarch64", "win-64")
ADDED = {
    **{("cuda_compiler_version", platform): {"13.0"} for platform in CUDA_PLATFORMS},
    **{("python", platform): {"3.14.* *_cp314"} for platform in (*CUDA_PLATFORMS, "osx-arm64")},
    ("c_stdlib_version", "linux-64"): {"2.28"},
    ("c_stdlib_version", "linux-aarch64"): {"2.28"},
    ("c_stdlib_version", "osx-arm64"): {"13.0"},
}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_recipe(recipe: Path, schemas: Path) -> None:
    schema = json.loads((schemas / "recipe.schema.json").read_text())
    jsonschema.validate(yaml.safe_load(recipe.read_text()), schema)


def test_the_schema_refuses_a_misspelt_key(schemas: Path) -> None:
    schema = json.loads((schemas / "recipe.schema.json").read_text())
    wrong = yaml.safe_load((ROOT / "recipes" / "atheria" / "recipe.yaml").read_text())
    wrong["outputs"][0]["biuld"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_pixi(schemas: Path) -> None:
    schema = json.loads((schemas / "pixi.schema.json").read_text())
    manifest = tomllib.loads((ROOT / "pixi.toml").read_text())
    jsonschema.validate(manifest, schema)
    manifest["tasks"]["test"]["depend"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, schema)


def pinning(schemas: Path, platform: str) -> dict[str, list[str]]:
    """conda-forge's pins for a platform with its optional CUDA rows. Lines end in selectors: `# [linux and x86_64]`."""
    system, machine = platform.split("-")
    true = {system, *({"unix"} if system != "win" else {"win64"})}
    true |= {"64": {"x86", "x86_64"}, "aarch64": {"aarch64"}, "arm64": {"arm64"}}[machine]
    names: defaultdict[str, Any] = defaultdict(bool, {name: True for name in true}, os=_CudaEnabled)
    lines = []
    for line in (schemas / "conda_forge_pinning.yaml").read_text().splitlines():
        selector = re.search(r"#\s*\[(.*)\]\s*$", line)
        if selector is None or eval(selector[1], {"__builtins__": {}}, names):
            lines.append(line)
    values: dict[str, Any] = yaml.load("\n".join(lines), yaml.BaseLoader)
    return {key: listed for key, listed in values.items() if isinstance(listed, list)}


class _CudaEnabled:
    """Stands for `os` in selectors: the variable that conda-forge's CUDA builds set."""

    environ: ClassVar[dict[str, str]] = {"CF_CUDA_ENABLED": "True"}


@pytest.mark.parametrize("platform", ["linux-64", "linux-aarch64", "osx-arm64", "win-64"])
def test_pins_are_conda_forges(platform: str, schemas: Path) -> None:
    theirs = pinning(schemas, platform)
    ours = load_variants(ROOT / "variants.yaml", platform)
    compared = 0
    for key, values in ours.keys.items():
        if key.startswith("atheria_") or key in NOT_PINNED:
            assert key not in theirs, f"{key} is conda-forge's now: compare it"
            continue
        assert key in theirs, f"{key} is no key of conda-forge's pinning"
        if key in DIFFERENT:
            assert set(values) != set(theirs[key]), f"{key} is conda-forge's again: take it out of DIFFERENT"
            continue
        expected = set(theirs[key]) | ADDED.get((key, platform), set())
        assert set(values) == expected, f"{key} on {platform}: ours {values}, conda-forge's {theirs[key]}, together {expected}"
        compared += 1
    assert compared >= 5


def test_every_pin_has_its_reason() -> None:
    lines = (ROOT / "variants.yaml").read_text().splitlines()
    comment = False
    for line in lines:
        if line.startswith("#"):
            comment = True
        elif not line.strip():
            comment = False
        elif re.match(r"[a-z0-9_]+:", line) and not line.startswith("zip_keys"):
            assert comment, f"no reason above {line}"
