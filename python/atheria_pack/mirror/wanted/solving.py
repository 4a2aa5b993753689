"""Solving over records that are at hand, by rattler, with the network left alone."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

import rattler
from rattler.exceptions import SolverError
from rattler.repo_data.sparse import SparseRepoData

from atheria_pack.errors import PackError
from atheria_pack.mirror.entry import CLASSIC_TABLES, Entry
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.sources.needs import needed, spec_names

_NOARCH = "noarch"


class RecordError(PackError):
    """A record cannot be solved with: clients fail on it as well. The text has the solver's words."""


@dataclass(frozen=True)
class Environment:
    """What a client would install: files, `subdir/file_name`, sorted. `python`: whether a Python is among them."""

    paths: tuple[str, ...]
    python: bool


@dataclass(frozen=True)
class Unsolvable:
    """There is no environment, and why, in one line."""

    reason: str


def reachable(table: RecordTable, names: Iterable[str]) -> frozenset[str]:
    """The names, and all that packages of these names may need, and so on: no solve looks at another one."""
    seen: set[str] = set()
    left = set(names)
    while left:
        seen |= left
        left = {name for wanted in left for entry in table.named(wanted) for name in needed(entry.record)} - seen
    return frozenset(seen)


class Solving:
    """Solves for one platform over the records of some names in a table. Close it to remove its files."""

    def __init__(self, table: RecordTable, names: frozenset[str], platform: str, folder: Path) -> None:
        """`folder`: a new folder for the records in the form that rattler reads."""
        self._table = table
        self._platform = platform
        self._folder = folder
        self._indexes = []
        channel = rattler.Channel(folder.absolute().as_uri())
        for subdir in (platform, _NOARCH):
            path = folder / subdir / "repodata.json"
            path.parent.mkdir(parents=True)
            with open(path, "w", encoding="utf-8") as stream:
                stream.writelines(_repodata(subdir, (entry for entry in table.entries(subdir) if entry.name.lower() in names)))
            self._indexes.append(SparseRepoData(channel, subdir, path))

    def missing(self, specs: Sequence[str]) -> Unsolvable | None:
        """Why no machine of the platform can have the specs: packages that are not there under any version. None where all are."""
        absent = [name for name in dict.fromkeys(spec_names(specs)) if not self._has(name)]
        return Unsolvable(f"no {', '.join(absent)} for {self._platform} in the sources") if absent else None

    def environment(self, specs: Sequence[str], virtual: Sequence[str], python: str | None) -> Environment | Unsolvable:
        """Solve; `.tar.bz2` files are chosen only where there is no `.conda` of the same name.

        `python` is a constraint: an environment without a Python does not get one for it. RecordError for a record that is broken.
        """
        try:
            found = asyncio.run(self._solved(specs, virtual, python))
        except SolverError as error:
            told = " ".join(line.strip(" ├└│─") for line in str(error).splitlines()).strip()
            return Unsolvable(told.removeprefix("Cannot solve the request because of: "))
        except OSError as error:  # what rattler raises for a record that it cannot parse
            raise RecordError(f"the records that {' & '.join(specs)} needs on {self._platform} cannot all be read: {error}") from error
        # By address, because a record's own `subdir` may be another one than that of the index it stands in.
        paths = sorted("/".join(unquote(urlsplit(record.url).path).split("/")[-2:]) for record in found)
        return Environment(tuple(paths), any(record.name.normalized == "python" for record in found))

    async def _solved(self, specs: Sequence[str], virtual: Sequence[str], python: str | None) -> list[rattler.RepoDataRecord]:
        return await rattler.solve_with_sparse_repodata(
            specs=[rattler.MatchSpec(spec) for spec in specs],
            sparse_repodata=self._indexes,
            virtual_packages=[_virtual_package(text) for text in virtual],
            constraints=[f"python {python}.*"] if python else None,
        )

    def _has(self, name: str) -> bool:
        return any(next(self._table.named(name, subdir), None) is not None for subdir in (self._platform, _NOARCH))

    def close(self) -> None:
        """Remove the files."""
        for index in self._indexes:
            index.close()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Solving:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _repodata(subdir: str, entries: Iterator[Entry]) -> Iterator[str]:
    """A repodata.json in pieces. The entries come sorted by table, and so do the tables of CEP 48, which belong into one member."""
    yield json.dumps({"info": {"subdir": subdir}})[:-1]
    last = ""
    nested = False
    for entry in entries:
        if entry.table != last:
            yield "}" if last else ""
            if entry.table in CLASSIC_TABLES:
                yield f", {json.dumps(entry.table)}: {{"
            else:
                yield ", " if nested else ', "v3": {'
                yield f"{json.dumps(entry.table.removeprefix('v3.'))}: {{"
                nested = True
        yield f"{',' if entry.table == last else ''}\n{json.dumps(entry.key)}: {json.dumps(entry.record)}"
        last = entry.table
    yield ("}" if last else "") + ("}" if nested else "") + "}"


def _virtual_package(text: str) -> rattler.GenericVirtualPackage:
    name, version, build = text.split("=")
    return rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build))
