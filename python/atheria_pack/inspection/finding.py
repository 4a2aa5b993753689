"""What an inspection finds: one claim that does not hold, with what was expected and what is there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Severity(str, Enum):
    """An error keeps a package from being published; a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `rule` is a stable name, `path` the file it is about (empty: the package)."""

    severity: Severity
    rule: str
    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{self.severity.value} [{self.rule}] {place}expected {self.expected}, found {self.found}"

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON types."""
        return {**asdict(self), "severity": self.severity.value}


def error(rule: str, path: str, expected: object, found: object) -> Finding:
    """A claim that does not hold."""
    return Finding(Severity.ERROR, rule, path, readable(expected), readable(found))


def warning(rule: str, path: str, expected: object, found: object) -> Finding:
    """Something to look at, which keeps nobody from installing the package."""
    return Finding(Severity.WARNING, rule, path, readable(expected), readable(found))


def readable(value: object) -> str:
    """A value as a person reads it in a line."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(str, value)) or "none"
    return "nothing" if value is None else str(value)
