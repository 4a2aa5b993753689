"""A package with its binaries read: what every check looks at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atheria_pack.inspection.binary import Binary, BinaryError, is_binary, read_binary
from atheria_pack.inspection.contents import Contents, read_contents
from atheria_pack.inspection.finding import Finding, error


@dataclass(frozen=True)
class Subject:
    """`claims` is capabilities.json, None where the package has none; `binaries` by path."""

    contents: Contents
    binaries: dict[str, Binary]
    claims: dict[str, Any] | None
    unreadable: tuple[Finding, ...] = field(default=())

    @property
    def accel(self) -> str:
        """The accelerator, by the first word of the build string."""
        return str(self.contents.index.get("build", "")).partition("_")[0]

    @property
    def plugins(self) -> dict[str, str]:
        """The backend plugins: path by backend."""
        folder = f"{self.contents.root}lib/atheria/backends/"
        found = {}
        for path in self.contents.files:
            if path.startswith(folder):
                stem = path.removeprefix(folder).partition(".")[0]
                found[stem.removeprefix("lib").removeprefix("atheria_backend_")] = path
        return found

    @property
    def extensions(self) -> set[str]:
        """Modules that Python loads, among the binaries."""
        return {path for path in self.binaries if "site-packages/" in path.lower()}


def read_subject(path: Path) -> Subject:
    """Read a package and its binaries. PackageFileError when it is torn; what cannot be read inside it is a finding."""
    contents = read_contents(path)
    findings: list[Finding] = []
    binaries = {}
    for name, member in contents.files.items():
        if member.target is None and is_binary(member.data):
            try:
                binaries[name] = read_binary(member.data)
            except BinaryError as problem:
                findings.append(error("binary", name, "a readable program or library", problem))
    claims = None
    text = contents.facts("capabilities.json")
    if text is not None:
        try:
            claims = json.loads(text)
        except ValueError as problem:
            findings.append(error("facts", contents.facts_path("capabilities.json"), "JSON", problem))
        if claims is not None and not isinstance(claims, dict):
            findings.append(error("facts", contents.facts_path("capabilities.json"), "a JSON object", type(claims).__name__))
            claims = None
    return Subject(contents, binaries, claims, tuple(findings))
