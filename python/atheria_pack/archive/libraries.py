"""Libraries of others that an archive has to bring along: OpenBLAS and what it needs, from the channel it was built against."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import rattler
from rattler.exceptions import SolverError

from atheria_pack.archive.binaries import missing_libraries
from atheria_pack.archive.content import Content, Entry, read_content
from atheria_pack.atomic import replaced
from atheria_pack.digest import sha256_of
from atheria_pack.errors import PackError
from atheria_pack.recipes import package_name
from atheria_pack.solve import Solver

# Of these a machine has its own: the compiler's runtime on Linux. The others hold no files at all.
_SYSTEM_PACKAGES = frozenset(
    ("libgcc", "libgcc-ng", "libstdcxx", "libstdcxx-ng", "_libgcc_mutex", "_openmp_mutex", "cuda-version", "atheria-variant", "ucrt")
)
# A solve for another machine than this one: whatever it has is new enough, the archive's own floors are told by its files.
_ANY_MACHINE = ("__glibc=2.99=0", "__cuda=99.0=0", "__osx=99.0=0", "__win=11=0", "__unix=0=0", "__linux=9.0=0")
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Borrowed:
    """Files taken from a package of others, its licence texts among them."""

    name: str
    version: str
    build: str
    licence: str
    content: Content


def borrow(
    tree: Mapping[str, Entry], depends: Sequence[str], channel: str, platform: str, cache: Path, say: Callable[[str], None]
) -> list[Borrowed]:
    """The libraries that files of `tree` need and neither it nor the system has, from packages of `channel`.

    Args:
        depends: the dependencies of the packages in the tree, in which the libraries' packages must be found.
        cache: a folder for downloads.

    Raises PackError when a library is in none of them, or when its package has no licence text: what has none is not passed on.
    """
    whole = dict(tree)
    missing = missing_libraries(whole)
    if not missing:
        return []
    contents: dict[str, Content] = {}
    taken: dict[str, dict[str, Entry]] = {}
    records = _records(depends, channel, platform)
    progress = True
    while missing and progress:  # a library may need one of a package looked at before
        progress = False
        for record in records:
            name = record.name.normalized
            if name not in contents:
                contents[name] = read_content(_fetched(record, cache, say), (record.sha256 or b"").hex())
            new = {path: entry for path, entry in _called(contents[name].files, missing).items() if path not in whole}
            if new:
                taken.setdefault(name, {}).update(new)
                whole |= new
                missing = missing_libraries(whole)
                progress = True
            if not missing:
                break
    if missing:
        library, users = next(iter(sorted(missing.items())))
        raise PackError(
            f"{users[0]} needs {library}, which neither the packages nor the system have, nor any package it depends on in {channel}; "
            "--channel names the channel it was built against"
        )
    return [_borrowed(record, taken[record.name.normalized], contents, channel) for record in records if record.name.normalized in taken]


def _borrowed(
    record: rattler.RepoDataRecord, files: dict[str, Entry], contents: Mapping[str, Content], channel: str
) -> Borrowed:
    name = record.name.normalized
    content = contents[name]
    if not content.licences:
        raise PackError(
            f"{name} {record.version} of the channel {channel} has no licence text, and without one its libraries are not passed "
            "on; choose a channel whose package has it (--channel)"
        )
    licence = str(content.index.get("license") or "licence not named")
    return Borrowed(name, str(record.version), str(record.build), licence, Content(files, content.licences, content.index))


def _called(files: Mapping[str, Entry], missing: Mapping[str, Sequence[str]]) -> dict[str, Entry]:
    """The files of a package that are called as a missing library, and where links lead, those too."""
    wanted = {library.rsplit("/", 1)[-1].lower() for library in missing}
    taken: dict[str, Entry] = {}
    for path in files:
        if path.rsplit("/", 1)[-1].lower() in wanted:
            while path in files:
                taken[path] = files[path]
                target = files[path].target
                if target is None:
                    break
                path = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return taken


def _records(depends: Sequence[str], channel: str, platform: str) -> list[rattler.RepoDataRecord]:
    specs = sorted(
        {spec for spec in depends if not spec.startswith(("libatheria-", "__")) and package_name(spec) not in _SYSTEM_PACKAGES}
    )
    if not specs:
        return []
    solver = Solver([channel], platform, virtual_packages=_ANY_MACHINE)
    try:
        found = [record for record in solver.records(specs) if record.name.normalized not in _SYSTEM_PACKAGES]
    except SolverError as error:
        told = " ".join(str(error).split())
        raise PackError(f"the channel {channel} cannot give {', '.join(specs)} for {platform}: {told}") from error
    return sorted(found, key=lambda record: record.name.normalized)


def _fetched(record: rattler.RepoDataRecord, cache: Path, say: Callable[[str], None]) -> Path:
    """The package's file: where it lies, or downloaded once."""
    url = str(record.url)
    parts = urllib.parse.urlparse(url)
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    if not parts.path.endswith(".conda"):
        raise PackError(f"{url} is not in the .conda format, the only one that archives are made from")
    expected = (record.sha256 or b"").hex()
    place = cache / "fetched" / record.file_name
    if place.is_file() and sha256_of(place) == expected:
        return place
    say(f"fetch {url}")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer, replaced(place) as stream:
            digest = hashlib.sha256()
            while piece := answer.read(1 << 20):
                stream.write(piece)
                digest.update(piece)
            if digest.hexdigest() != expected:
                raise PackError(f"{url} came as another file: sha256 {digest.hexdigest()}, expected {expected}; try again")
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise PackError(f"{url} could not be fetched: {getattr(error, 'reason', error)}; try again") from error
    return place
