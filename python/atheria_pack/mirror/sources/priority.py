"""Strict channel priority among sources: the first that has a package's name, as a client of a platform sees it, owns it there."""

from __future__ import annotations

from collections.abc import Iterable

_NOARCH = "noarch"


class Priority:
    """Which names which sources have. It holds names and not packages, and none where there is one source only."""

    def __init__(self, sources: int) -> None:
        """`sources`: how many there are; they are numbered by falling priority, from 0."""
        self._claims: list[dict[str, set[str]]] = [{} for _ in range(sources)]

    def claim(self, number: int, subdir: str, names: Iterable[str]) -> None:
        """A source has these names in a subdir."""
        if number + 1 < len(self._claims):  # nobody comes after the last one
            for name in names:
                self._claims[number].setdefault(name, set()).add(subdir)

    def taken(self, number: int, subdir: str, name: str) -> bool:
        """Whether an earlier source has the name in the same subdir, or in any where one of the two is noarch: every platform sees that."""
        return any(
            subdir in found or _NOARCH in found or subdir == _NOARCH
            for claims in self._claims[:number]
            if (found := claims.get(name))
        )
