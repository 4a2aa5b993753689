"""Lock files as lists of packages: pixi.lock, and conda-lock.yml of version 1."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import rattler
import yaml
from rattler.exceptions import ParseCondaLockError
from rattler.lock import CondaLockedBinaryPackage, CondaLockedSourcePackage

from atheria_pack.errors import PackError
from atheria_pack.mirror.layout import checked_file_name, checked_subdir

_EXPECTED = "expected a pixi.lock, or a conda-lock.yml of version 1"
_FROM_PYPI = "of PyPI"
_FROM_SOURCE = "built from source"


class LockError(PackError):
    """A lock file cannot be read, or wants what the sources do not have. The text names the packages."""

    exit_code = 2


@dataclass(frozen=True)
class Locked:
    """A package that a lock file names. Digests in hexadecimal; empty where the lock has none."""

    name: str
    subdir: str
    file_name: str
    sha256: str = ""
    md5: str = ""

    @property
    def path(self) -> str:
        """The file within a channel."""
        return f"{self.subdir}/{self.file_name}"


@dataclass(frozen=True)
class Lock:
    """A lock file for some platforms. `left_out` counts what it names that no channel has, by what it is."""

    name: str
    sha256: str
    packages: tuple[Locked, ...]
    left_out: dict[str, int]


def read_lock(path: Path, platforms: Sequence[str]) -> Lock:
    """The packages of all environments of a lock file for these platforms, sorted by path.

    LockError for a file that is no lock file, or has nothing for any of the platforms; UnsafeNameError for a name that is none.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LockError(f"the lock file {path} cannot be read: {error.strerror or error}") from error
    value = _parsed(content, path)
    if "package" in value and "metadata" in value:
        found = list(_of_conda_lock(value, path, platforms))
    elif "environments" in value:
        found = list(_of_pixi(path, platforms))
    else:
        raise LockError(f"{path} is no lock file that is known; {_EXPECTED}")
    packages = {locked for locked in found if isinstance(locked, Locked)}
    if not found:
        raise LockError(f"the lock file {path} has nothing for {' or '.join(platforms)}; it was made for other platforms")
    left_out = Counter(kind for kind in found if isinstance(kind, str))
    in_order = sorted(packages, key=lambda locked: (locked.path, locked.sha256, locked.md5))
    return Lock(path.name, hashlib.sha256(content).hexdigest(), tuple(in_order), dict(sorted(left_out.items())))


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    try:
        value = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LockError(f"{path} is no YAML: {' '.join(str(error).split())}; {_EXPECTED}") from error
    if not isinstance(value, dict):
        raise LockError(f"{path} is no lock file; {_EXPECTED}")
    return value


def _of_pixi(path: Path, platforms: Sequence[str]) -> Iterator[Locked | str]:
    try:
        environments = rattler.LockFile.from_path(path).environments()
    except ParseCondaLockError as error:
        raise LockError(f"{path} cannot be read: {error}") from error
    for _, environment in environments:
        for platform in environment.platforms():
            if str(platform.subdir) not in platforms:
                continue
            for package in environment.packages(platform) or ():
                if isinstance(package, CondaLockedBinaryPackage):
                    record = package.package_record
                    sha256, md5 = (record.sha256 or b"", record.md5 or b"") if record else (b"", b"")
                    yield _locked(package.name, package.location, sha256.hex(), md5.hex(), path)
                else:
                    yield _FROM_SOURCE if isinstance(package, CondaLockedSourcePackage) else _FROM_PYPI


def _of_conda_lock(value: dict[str, Any], path: Path, platforms: Sequence[str]) -> Iterator[Locked | str]:
    if value.get("version") != 1:
        raise LockError(f"{path} is a conda-lock file of version {value.get('version')!r}; {_EXPECTED}")
    try:
        for package in value["package"]:
            if package["platform"] not in platforms:
                continue
            if package["manager"] == "conda":
                digests = package["hash"]
                yield _locked(str(package["name"]), str(package["url"]), digests.get("sha256") or "", digests.get("md5") or "", path)
            else:
                yield _FROM_PYPI
    except (KeyError, TypeError, AttributeError) as error:
        raise LockError(f"{path} is no conda-lock file of version 1: a package lacks {error}") from error


def _locked(name: str, url: str, sha256: str, md5: str, path: Path) -> Locked:
    subdir, _, file_name = unquote(urlsplit(url).path).rpartition("/")
    subdir = subdir.rpartition("/")[2]
    return Locked(
        name.lower(), checked_subdir(subdir, str(path)), checked_file_name(file_name, str(path)), str(sha256).lower(), str(md5).lower()
    )
