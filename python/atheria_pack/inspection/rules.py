"""What packages are measured by: the budgets of recipes/budgets.yaml, the parts of licenses/parts.yaml, telling folders."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from atheria_pack.errors import PackError

BUDGETS = "recipes/budgets.yaml"
PARTS = "licenses/parts.yaml"


class RulesError(PackError):
    """A table of this project that does not say what it should. The text names file and key."""

    exit_code = 2


@dataclass(frozen=True)
class Part:
    """Something compiled or linked into packages that is not ours; `text` is the licence text to carry, if it needs one, and
    `stated` whether the licence expression has to name it then."""

    name: str
    purl: str
    licence: str
    into: tuple[str, ...]
    why: str
    accelerator: str | None = None
    platform: str | None = None
    evidence: bytes | None = None
    text: bytes | None = field(default=None, repr=False)
    text_name: str | None = None
    stated: bool = True


@dataclass(frozen=True)
class Budget:
    """Installed bytes that an output may take: `base`, `added` by accelerator, `platforms` in percent."""

    base: int
    added: dict[str, int]
    platforms: dict[str, int]


@dataclass(frozen=True)
class Rules:
    """All tables. `product` is the product's own licence text; `folders` are those a build must leave no trace of, and
    `digest` that of the table of parts."""

    product: bytes = field(repr=False)
    parts: tuple[Part, ...]
    budgets: dict[str, Budget]
    architectures: dict[str, int]
    folders: tuple[str, ...]
    digest: str


def has_rules(root: Path) -> bool:
    """Whether a project has tables to inspect its packages by."""
    return (root / BUDGETS).is_file()


def load_rules(root: Path, folders: tuple[Path, ...] = ()) -> Rules:
    """Read the tables of the project at `root`; a build on this machine must leave no trace of it, of `folders`, or of the home."""
    budgets = _table(root / BUDGETS)
    return Rules(
        _bytes(root / "LICENSE"),
        tuple(_part(root, entry) for entry in _table(root / PARTS).get("parts", [])),
        {name: _budget(name, entry) for name, entry in budgets.get("outputs", {}).items()},
        {name: int(entry["bytes"]) for name, entry in budgets.get("architectures", {}).items()},
        tuple(str(folder.absolute()) for folder in (root, *folders, Path.home())),
        hashlib.sha256(_bytes(root / PARTS)).hexdigest(),
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RulesError(f"{path} is missing; packages are inspected by it") from error


def _table(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(_bytes(path))
    except yaml.YAMLError as error:
        raise RulesError(f"{path} is no YAML: {error}") from error
    if not isinstance(value, dict):
        raise RulesError(f"{path} holds no mapping")
    return value


def _budget(name: str, entry: dict[str, Any]) -> Budget:
    unknown = set(entry) - {"base", "added", "platforms", "why"}
    if unknown or "base" not in entry or not entry.get("why"):
        raise RulesError(f"{BUDGETS}: {name} needs base and why, and may have added and platforms; it has {', '.join(sorted(entry))}")
    return Budget(int(entry["base"]), dict(entry.get("added", {})), dict(entry.get("platforms", {})))


def _part(root: Path, entry: dict[str, Any]) -> Part:
    missing = {"name", "purl", "licence", "into", "text", "why"} - set(entry)
    unknown = set(entry) - {"name", "purl", "licence", "into", "text", "why", "accelerator", "platform", "evidence", "stated"}
    if missing or unknown:
        raise RulesError(f"{PARTS}: {entry.get('name', 'a part')} lacks {sorted(missing)} or has unknown {sorted(unknown)}")
    evidence = entry.get("evidence")
    try:
        re.compile(evidence or "")
    except re.error as error:
        raise RulesError(f"{PARTS}: evidence of {entry['name']} is no regular expression: {error}") from error
    return Part(
        entry["name"], entry["purl"], entry["licence"], tuple(entry["into"]), entry["why"],
        entry.get("accelerator"), entry.get("platform"), evidence.encode() if evidence else None,
        _bytes((root / PARTS).with_name(entry["text"])) if entry["text"] else None, entry["text"],
        bool(entry.get("stated", True)),
    )  # fmt: skip
