"""Recipes rendered, one combination of variants at a time, into the packages they would make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rattler_build
import yaml

from atheria_pack.digest import digest_files, digest_of
from atheria_pack.errors import RecipeError
from atheria_pack.variants import PYTHON_KEY, Combination, short_python

_HASH_AND_NUMBER = re.compile(r"(_?h[0-9a-f]{7})?_\d+$")


@dataclass(frozen=True)
class Output:
    """One package that a recipe makes for one combination of variants.

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


def source_paths(recipe: Path) -> dict[str, tuple[Path, ...]]:
    """The local sources of each output or staging build of a recipe, by its name."""
    try:
        raw = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RecipeError(f"{recipe.parent.name}/recipe.yaml does not parse: {error}") from error
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


def source_digests(recipe: Path, paths: Mapping[str, Iterable[Path]], root: Path) -> dict[str, str]:
    """The variant keys that carry the digests of the sources: 16 hex digits each, enough to tell versions apart.

    The recipe's own folder belongs to them: a package with another script or test inside gets another name, too.
    """
    return {digest_key(name): digest_of(digest_files([recipe.parent, *listed], root))[:16] for name, listed in paths.items()}


def render(recipe: Path, combination: Combination, platform: str, root: Path) -> list[Output]:
    """The packages a recipe makes for one combination.

    One combination at a time, because `pin_subpackage(exact)` would else pin the sibling of another variant.
    """
    paths = source_paths(recipe)
    return _render(recipe, {**combination, **source_digests(recipe, paths, root)}, platform, paths)


def render_all(recipe: Path, combinations: Iterable[Combination], platform: str, root: Path) -> list[Output]:
    """The packages a recipe makes for all combinations, each package once, in order of first appearance."""
    paths = source_paths(recipe)
    digests = source_digests(recipe, paths, root)
    outputs: dict[str, Output] = {}
    for combination in combinations:
        for output in _render(recipe, {**combination, **digests}, platform, paths):
            outputs.setdefault(f"{output.subdir}/{output.file_name}", output)
    return list(outputs.values())


def rendered_variants(recipe: Path, combination: Combination, platform: str) -> list[rattler_build.RenderedVariant]:
    """py-rattler-build's own view of the same, ready to build. RecipeError carries its explanation."""
    config = rattler_build.VariantConfig({key: [value] for key, value in combination.items()})
    where = rattler_build.RenderConfig(platform=rattler_build.PlatformConfig(target_platform=platform))
    try:
        return rattler_build.Stage0Recipe.from_file(recipe).render(config, where)
    except rattler_build.RattlerBuildError as error:
        raise RecipeError(f"{recipe.parent.name}/recipe.yaml: {error}") from error


def _render(
    recipe: Path, combination: Combination, platform: str, paths: Mapping[str, tuple[Path, ...]]
) -> list[Output]:
    outputs = []
    for variant in rendered_variants(recipe, combination, platform):
        evaluated = variant.recipe
        text = evaluated.to_dict()
        inherited = (evaluated.inherits_from or {}).get("cache_name")
        stagings = [cache for cache in text.get("staging_caches", []) if cache["name"] == inherited]
        parts = [text, *stagings]
        build_specs, host_specs = (
            tuple(_pinned(spec, combination) for part in parts for spec in _specs(part.get("requirements"), section))
            for section in ("build", "host")
        )
        name = evaluated.package.name
        outputs.append(
            Output(
                recipe=recipe,
                name=name,
                version=evaluated.package.version,
                build=str(evaluated.build.string),
                number=evaluated.build.number,
                subdir="noarch" if evaluated.build.noarch else platform,
                staging=inherited,
                variant={key: str(value) for key, value in evaluated.used_variant.items()},
                combination=dict(combination),
                build_specs=build_specs,
                host_specs=host_specs,
                requires=frozenset(_required_names(parts)) - {name},
                sources=tuple(path for key in (name, inherited) if key for path in paths.get(key, ())),
                rendered=text,
            )
        )
    return outputs


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
