"""The axes of the build matrix: variants.yaml read, checked, narrowed, and multiplied out."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import rattler_build

from atheria_pack.errors import UsageError, VariantsError
from atheria_pack.platforms import PLATFORMS
from atheria_pack.recipe_error import explained_variants

ACCEL_KEY = "atheria_accel"
PYTHON_KEY = "python"
# No axis: the Pythons whose packages may fail without failing a run.
PREVIEW_KEY = "atheria_preview_python"
# What a row of a zip group says for "has none of this".
NONE = "None"

Combination = Mapping[str, str]


@dataclass(frozen=True)
class Variants:
    """Keys of variants.yaml with their values for one platform, the groups of keys that go row by row, and the Pythons ("3.14")
    whose packages may fail without failing a run."""

    keys: Mapping[str, tuple[str, ...]]
    zip_keys: tuple[tuple[str, ...], ...] = ()
    preview_pythons: frozenset[str] = frozenset()

    def group_of(self, key: str) -> tuple[str, ...]:
        """The keys that move together with `key`: its zip group, or itself alone."""
        for group in self.zip_keys:
            if key in group:
                return group
        return (key,)


def load_variants(path: Path, platform: str) -> Variants:
    """Read variants.yaml as `platform` sees it (`if: linux` and friends evaluated), and check it.

    Raises VariantsError for a file that is missing, does not parse, or has zip groups of unequal lengths.
    """
    jinja = rattler_build.JinjaConfig(platform=rattler_build.PlatformConfig(target_platform=platform))
    try:
        config = rattler_build.VariantConfig.from_file_with_context(path, jinja)
    except (rattler_build.RattlerBuildError, OSError) as error:
        raise VariantsError(explained_variants(path, error)) from error
    values = {key: tuple(str(value) for value in listed) for key, listed in config.to_dict().items()}
    groups = tuple(tuple(group) for group in (config.zip_keys or []))
    previews = frozenset(values.pop(PREVIEW_KEY, ()))
    pythons = [short_python(value) for value in values.get(PYTHON_KEY, ())]
    for name in sorted(previews.difference(pythons)):
        raise VariantsError(f"{path.name}: {PREVIEW_KEY} has {name}, but python has only {', '.join(pythons) or 'nothing'}")
    return checked(Variants(values, groups, previews), path.name)


def checked(variants: Variants, origin: str) -> Variants:
    """The same variants, or VariantsError when a zip group names lists of unequal lengths."""
    for group in variants.zip_keys:
        present = [key for key in group if key in variants.keys]
        counts = {key: len(variants.keys[key]) for key in present}
        usual = Counter(counts.values()).most_common(1)[0][0] if counts else 0
        odd = [f"{key} has {count}" for key, count in counts.items() if count != usual]
        if odd:
            others = [key for key, count in counts.items() if count == usual]
            named = others[0] if len(others) == 1 else f"the other {len(others)} keys of its zip group ({', '.join(others)})"
            raise VariantsError(
                f"{origin}: {', '.join(odd)} values, {named} {'has' if len(others) == 1 else 'have'} {usual}; "
                "a zip group goes row by row: give all of them the same count"
            )
    return variants


def overlaid(variants: Variants, overlay: Mapping[str, Sequence[str]]) -> Variants:
    """Variants with a channel's own answers in place of the pins.

    One value for a key of a zip group stands for every row that has one: a row that says "None" has no CUDA, no HIP, and gets none
    by another version of it. Keys that variants.yaml does not have are added alone.
    """
    keys = dict(variants.keys)
    for key, listed in overlay.items():
        values = tuple(listed)
        zipped = len(variants.group_of(key)) > 1 and key in keys
        keys[key] = tuple(NONE if row == NONE else values[0] for row in keys[key]) if zipped and len(values) == 1 else values
    return checked(replace(variants, keys=keys), "variants.yaml with the channel's overlay")


def short_python(value: str) -> str:
    """What people call a Python pin: `3.11` for `3.11.* *_cpython`."""
    return ".".join(value.split()[0].split(".")[:2])


def check_names(known: Mapping[str, Variants], accels: Iterable[str] = (), pythons: Iterable[str] = ()) -> None:
    """Refuse accelerators and Pythons that none of these variants, by platform, has: a UsageError that lists the legal ones."""
    where = "" if len(known) == len(PLATFORMS) else f" for {', '.join(known)}"
    for option, key, wanted, name_of in (("--accel", ACCEL_KEY, accels, str), ("--python", PYTHON_KEY, pythons, short_python)):
        legal = list(dict.fromkeys(name_of(value) for variants in known.values() for value in variants.keys.get(key, ())))
        for name in wanted:
            if name not in legal:
                hint = suggestion(name, legal)
                raise UsageError(f"{option} {name}: not in variants.yaml{where}; it has {', '.join(legal) or 'none'}{hint}")


def suggestion(name: str, legal: Iterable[str]) -> str:
    """`; did you mean NAME?` for a name that is nearly a legal one, else nothing."""
    close = difflib.get_close_matches(name, list(legal), 1)
    return f"; did you mean {close[0]}?" if close else ""


def combinations(variants: Variants) -> list[dict[str, str]]:
    """Every combination of values, zip groups row by row, in the order of variants.yaml (later keys vary fastest)."""
    groups: list[tuple[str, ...]] = []
    for key in variants.keys:
        group = tuple(member for member in variants.group_of(key) if member in variants.keys)
        if group not in groups:
            groups.append(group)
    choices = [
        [dict(zip(group, row, strict=True)) for row in zip(*(variants.keys[key] for key in group), strict=True)]
        for group in groups
    ]
    return [{key: value for part in parts for key, value in part.items()} for parts in itertools.product(*choices)]
