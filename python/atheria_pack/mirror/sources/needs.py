"""Which packages a record may need, by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# The name begins a spec, behind a channel where it has one (`conda-forge::numpy >=2`).
_NAME = re.compile(r"\s*(?:[^\s\[\]]*::)?([A-Za-z0-9_.-]+)")


def needed(record: Mapping[str, Any]) -> Iterator[str]:
    """The names in a record's `depends` and in its groups of optional dependencies (CEP 44), without virtual packages.

    What `constrains` names is not needed: it matters only where something else brings it in.
    """
    groups = record.get("extra_depends")
    lists = [record.get("depends"), *(groups.values() if isinstance(groups, Mapping) else ())]
    for specs in lists:
        yield from spec_names(spec for spec in specs or () if isinstance(spec, str))


def spec_names(specs: Iterable[str]) -> Iterator[str]:
    """The names of packages in specs, in lower case, without virtual packages."""
    for spec in specs:
        found = _NAME.match(spec)
        if found and not found[1].startswith("__"):
            yield found[1].lower()
