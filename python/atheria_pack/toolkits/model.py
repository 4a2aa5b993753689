"""A toolkit, compiler, library or emulator that was found, or was looked for and not found, and what becomes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["compiler", "cuda", "rocm", "openblas", "metal", "vulkan", "emulator"]


@dataclass(frozen=True)
class Toolkit:
    """One thing that was found.

    - `version`: as the thing itself tells it; empty where it tells none, or where nothing was found.
    - `path`: what is run or read; empty where nothing was found. For the eyes of this machine's user only.
    - `chosen`: whether builds use it.
    - `reason`: why, or why not, in a few words; for something not found, how to get it.
    """

    kind: Kind
    name: str
    version: str
    path: str
    chosen: bool
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)
