"""A package as its file has it: metadata, and every file that an installation gets, by path."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from atheria_pack.errors import PackageFileError
from atheria_pack.package_file import INFO, Member, read_package

_FACTS = "share/atheria"


@dataclass(frozen=True)
class Contents:
    """What a package holds. `compressed` is the size of its file, `info` its metadata, `files` what gets installed."""

    file_name: str
    subdir: str
    compressed: int
    sha256: str
    info: dict[str, bytes] = field(repr=False)
    files: dict[str, Member] = field(repr=False)

    @cached_property
    def index(self) -> dict[str, Any]:
        """info/index.json: name, version, build, dependencies."""
        return self.json_of("info/index.json")

    @cached_property
    def about(self) -> dict[str, Any]:
        """info/about.json: licence, summary."""
        return self.json_of("info/about.json")

    @property
    def name(self) -> str:
        return str(self.index.get("name"))

    @property
    def depends(self) -> list[str]:
        """What an installation needs besides, each as conda writes it."""
        return [str(spec) for spec in self.index.get("depends", [])]

    @property
    def installed(self) -> int:
        """Bytes that an installation takes."""
        return sum(len(member.data) for member in self.files.values())

    @property
    def root(self) -> str:
        """Where conda keeps everything but Python: below Library on Windows."""
        return "Library/" if self.subdir.startswith("win-") else ""

    @property
    def licences(self) -> dict[str, bytes]:
        """The licence texts, by their path below info/licenses."""
        folder = "info/licenses/"
        return {path.removeprefix(folder): data for path, data in self.info.items() if path.startswith(folder)}

    def facts(self, name: str) -> bytes | None:
        """The package's own capabilities.json or BUILD_INFO.txt; None if it has none."""
        member = self.files.get(self.facts_path(name))
        return member.data if member else None

    def facts_path(self, name: str) -> str:
        """Where a fact file of this package belongs."""
        return f"{self.root}{_FACTS}/{self.name}/{name}"

    def json_of(self, path: str) -> dict[str, Any]:
        """A JSON object among the metadata or files. PackageFileError when it is missing or is none."""
        data = self.info.get(path)
        if data is None and path in self.files:
            data = self.files[path].data
        if data is None:
            raise PackageFileError(f"{self.file_name} has no {path}; it was not written by rattler-build or conda-build")
        try:
            value = json.loads(data)
        except ValueError as error:
            raise PackageFileError(f"{self.file_name}: {path} is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise PackageFileError(f"{self.file_name}: {path} is a JSON {type(value).__name__}; expected an object")
        return value


def read_contents(path: Path) -> Contents:
    """Read a whole .conda file. PackageFileError says what is wrong with one that is torn."""
    try:
        data = path.read_bytes()
        members = read_package(path)
    except OSError as error:
        raise PackageFileError(f"{path} cannot be read: {error.strerror or error}") from error
    contents = Contents(
        path.name, "", len(data), hashlib.sha256(data).hexdigest(),
        {member.name: member.data for member in members if member.part == INFO},
        {member.name: member for member in members if member.part != INFO},
    )  # fmt: skip
    # The folder a package lies in says nothing of it while it is being built; its index does.
    return Contents(
        contents.file_name, str(contents.index.get("subdir")), contents.compressed, contents.sha256, contents.info, contents.files
    )
