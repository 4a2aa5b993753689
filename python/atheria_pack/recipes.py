"""Recipes rendered, one combination of variants at a time, into the packages they would make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rattler_build
import yaml

from atheria_pack.digest import Digests, digest_of
from atheria_pack.errors import RecipeError
from atheria_pack.recipe_error import explained
from atheria_pack.variants import PYTHON_KEY, Combination, short_python

# libyaml's, where PyYAML was built with it: ten times faster.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HASH_AND_NUMBER = re.compile(r"(_?h[0-9a-f]{7})?_\d+$")


@dataclass(frozen=True)
class Output:
    """One package that a recipe makes for one combination of variants.

    - `platform`: the platform it was rendered for; `subdir` is that, or noarch.
    - `staging`: name of the staging build whose files it takes, None when it builds its own.
    - `variant`: the variant keys that matter to it (those in its hash).
    - `combination`: all keys it was rendered with; rendering again with them gives the same output.
    - `build_specs`, `host_specs`: requirements with variant pins applied, those of the staging build included.
    - `requires`: names of every package it needs to build, run or be tested.
    - `sources`: files and folders its build reads.
    - `rendered`: the evaluated recipe as JSON types.
    """

    recipe: Path
    name: str
    version: str
    build: str
    number: int
    subdir: str
    platform: str
    staging: str | None
    variant: Mapping[str, str] = field(repr=False)
    combination: Combination = field(repr=False)
    build_specs: tuple[str, ...] = field(repr=False)
    host_specs: tuple[str, ...] = field(repr=False)
    requires: frozenset[str] = field(repr=False)
    sources: tuple[Path, ...] = field(repr=False)
    rendered: Mapping[str, Any] = field(repr=False)

    @property
    def file_name(self) -> str:
        """Name of the package file."""
        return f"{self.name}-{self.version}-{self.build}.conda"

    @property
    def identifier(self) -> str:
        """Name of the cell: stays the same when sources change, as the hash and the number do not belong to it."""
        return f"{self.subdir}/{self.name}={_HASH_AND_NUMBER.sub('', self.build) or self.build}"

    @property
    def python(self) -> str | None:
        """`3.11` when the package varies on Python."""
        value = self.variant.get(PYTHON_KEY)
        return short_python(value) if value else None


def find_recipes(root: Path) -> list[Path]:
    """The product's recipes: `recipes/NAME/recipe.yaml`, sorted by name (`recipes/bootstrap/` is one level deeper)."""
    return sorted((root / "recipes").glob("*/recipe.yaml"))


def digest_key(name: str) -> str:
    """Variant key under which a recipe finds the digest of the sources of an output or staging build.

    It has to stand in the recipe's text: the staging cache and the hash look at the text, not at `path:` sources.
    """
    return "digest_" + re.sub(r"[^a-z0-9]", "_", name.lower())


@dataclass(frozen=True)
class Recipe:
    """A recipe that is read once and rendered often.

    - `parsed`: as py-rattler-build has it before it renders.
    - `deciding`: words in what decides whether an output is made at all.
    - `paths`: the local sources of each output or staging build, by its name; `digests`: the variant keys made of them.
    """

    path: Path
    parsed: rattler_build.Stage0Recipe = field(repr=False)
    deciding: frozenset[str] = field(repr=False)
    paths: Mapping[str, tuple[Path, ...]] = field(repr=False)
    digests: Mapping[str, str] = field(repr=False)


def read_recipe(path: Path, digests: Digests) -> Recipe:
    """Read a recipe and the sources it names. RecipeError for one that does not parse or whose sources are missing."""
    parsed = parse(path)
    raw = parsed.to_dict()
    listed = [raw, *raw.get("outputs", [])]
    deciding = [raw.get("context"), *((part.get("build") or {}).get("skip") for part in listed)]
    paths = source_paths(path)
    return Recipe(path, parsed, frozenset(re.findall(r"\w+", str(deciding))), paths, source_digests(path, paths, digests))


def source_paths(recipe: Path) -> dict[str, tuple[Path, ...]]:
    """The local sources of each output or staging build of a recipe, by its name."""
    raw = yaml.load(recipe.read_text(encoding="utf-8"), _Loader)
    found: dict[str, tuple[Path, ...]] = {}
    for output in raw.get("outputs", [raw]):
        head = output.get("staging") or output.get("package") or {}
        paths = tuple((recipe.parent / entry["path"]).resolve() for entry in _local_sources(output.get("source")))
        for path in paths:
            if not path.exists():
                raise RecipeError(f"{recipe.parent.name}: source {path.name} of {head.get('name')} is missing: {path}")
        if paths:
            found[str(head.get("name"))] = paths
    return found


def _local_sources(source: Any) -> Iterator[Mapping[str, Any]]:
    for entry in source if isinstance(source, list) else [source] if source else []:
        if "path" in entry:
            yield entry
        for branch in ("then", "else"):
            yield from _local_sources(entry.get(branch))


def source_digests(recipe: Path, paths: Mapping[str, Iterable[Path]], digests: Digests) -> dict[str, str]:
    """The variant keys that carry the digests of the sources: 16 hex digits each, enough to tell versions apart.

    The recipe's own folder belongs to them: a package with another script or test inside gets another name, too.
    """
    return {digest_key(name): digest_of(digests.of([recipe.parent, *listed]))[:16] for name, listed in paths.items()}


def render_all(recipe: Recipe, combinations: Iterable[Combination], platform: str, native: str | None = None) -> list[Output]:
    """The packages a recipe makes for all combinations, each package once, in order of first appearance.

    One combination is rendered at a time, because `pin_subpackage(exact)` would else pin the sibling of another variant; and
    only those that differ in a key the recipe looks at: what it looked at before says which, and for outputs that were left
    out, and so tell nothing, the words in what left them out. `native` is where it is built, the platform itself when not given.
    """
    outputs: dict[str, Output] = {}
    seen: list[Combination] = []
    for combination in combinations:
        if any(all(combination[key] == value for key, value in earlier.items()) for earlier in seen):
            continue
        whole = {**combination, **recipe.digests}
        made = [_output(recipe, variant, whole, platform) for variant in render(recipe, whole, platform, native)]
        looked_at = recipe.deciding.union(*(output.variant for output in made))
        seen.append({key: value for key, value in combination.items() if key in looked_at})
        for output in made:
            outputs.setdefault(f"{output.subdir}/{output.file_name}", output)
    return list(outputs.values())


def parse(path: Path) -> rattler_build.Stage0Recipe:
    """A recipe before it is rendered. RecipeError says where it is wrong."""
    try:
        return rattler_build.Stage0Recipe.from_file(path)
    except (rattler_build.RattlerBuildError, OSError) as error:
        raise RecipeError(explained(path, error)) from error


def render(recipe: Recipe, combination: Combination, platform: str, native: str | None = None) -> list[rattler_build.RenderedVariant]:
    """py-rattler-build's own view of a recipe under one combination. RecipeError carries its explanation."""
    return rendered_variants(recipe.path, combination, platform, native, recipe.parsed)


def rendered_variants(
    path: Path, combination: Combination, platform: str, native: str | None = None, parsed: rattler_build.Stage0Recipe | None = None
) -> list[rattler_build.RenderedVariant]:
    """The same of a recipe's file."""
    config = rattler_build.VariantConfig({key: [value] for key, value in combination.items()})
    where = rattler_build.PlatformConfig(target_platform=platform, build_platform=native or platform)
    try:
        return (parsed or parse(path)).render(config, rattler_build.RenderConfig(platform=where))
    except rattler_build.RattlerBuildError as error:
        raise RecipeError(f"{explained(path, error)}\n  while rendering for {platform}") from error


def _output(recipe: Recipe, rendered: rattler_build.RenderedVariant, combination: Combination, platform: str) -> Output:
    evaluated = rendered.recipe
    text = evaluated.to_dict()
    inherited = (evaluated.inherits_from or {}).get("cache_name")
    stagings = [cache for cache in text.get("staging_caches", []) if cache["name"] == inherited]
    parts = [text, *stagings]
    build_specs, host_specs = (
        tuple(_pinned(spec, combination) for part in parts for spec in _specs(part.get("requirements"), section))
        for section in ("build", "host")
    )
    name = evaluated.package.name
    return Output(
        recipe=recipe.path,
        name=name,
        version=evaluated.package.version,
        build=str(evaluated.build.string),
        number=evaluated.build.number,
        subdir="noarch" if evaluated.build.noarch else platform,
        platform=platform,
        staging=inherited,
        variant={key: str(value) for key, value in evaluated.used_variant.items()},
        combination=dict(combination),
        build_specs=build_specs,
        host_specs=host_specs,
        requires=frozenset(_required_names(parts)) - {name},
        sources=tuple(path for key in (name, inherited) if key for path in recipe.paths.get(key, ())),
        rendered=text,
    )


def _specs(requirements: Mapping[str, Any] | None, section: str) -> list[str]:
    listed = (requirements or {}).get(section, [])
    return [spec if isinstance(spec, str) else _pin_name(spec) for spec in listed]


def _pin_name(pin: Mapping[str, Any]) -> str:
    (inner,) = pin.values()
    return str(inner["name"]) if isinstance(inner, Mapping) else str(inner)


def package_name(spec: str) -> str:
    """The name in a MatchSpec string."""
    return re.split(r"[\s=<>!~\[;]", spec.split("::")[-1].strip(), maxsplit=1)[0]


def _pinned(spec: str, combination: Combination) -> str:
    """A bare name takes the value of the variant key of that name, as the build itself does it."""
    value = combination.get(spec.replace("-", "_"))
    return f"{spec} {value}" if value else spec


def _required_names(parts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        for section in ("build", "host", "run"):
            yield from map(package_name, _specs(part.get("requirements"), section))
        for test in part.get("tests", []):
            needed = test.get("requirements", {}) if isinstance(test, Mapping) else {}
            for section in ("build", "run"):
                yield from map(package_name, _specs(needed, section))
