"""Builds cells twice, in surroundings that have as little in common as two machines would, and compares the packages."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from atheria_pack.build import Listener
from atheria_pack.build import run as run_jobs
from atheria_pack.channel.base import BaseChannel
from atheria_pack.digest import sha256_of
from atheria_pack.launch import Order
from atheria_pack.matrix import Request, survey
from atheria_pack.outcome import JobResult, Run
from atheria_pack.record import BuiltPackage
from atheria_pack.repro.compare import Difference, compare_packages
from atheria_pack.workspace import Workspace


@dataclass(frozen=True)
class Surroundings:
    """What a build must not depend on: its folder's name, its user's, language, hour, file mode mask and number of compilers."""

    folder: str
    user: str
    language: str
    zone: str
    mask: int
    jobs: int

    @property
    def environment(self) -> dict[str, str]:
        """Variables that programs read; HOME is added by `entered`."""
        return {"USER": self.user, "LOGNAME": self.user, "LANG": self.language, "LC_ALL": self.language, "TZ": self.zone}


FIRST = Surroundings("first", "ann", "C", "UTC", 0o022, 1)
SECOND = Surroundings("the-second-in-a-folder-with-a-longer-name", "bartholomew", "C.UTF-8", "Asia/Kolkata", 0o077, 2)
DIFFER = "folder, HOME, user, language, time zone, umask, number of compilers, and the time"


@dataclass(frozen=True)
class Verdict:
    """What became of a cell. `state`: identical, differs, not built, skipped; of a rebuild also same files (`own_check.excused`).
    `preview`: it may fail to build."""

    cell: str
    state: str
    reason: str = ""
    packages: tuple[Path, ...] = ()
    digests: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = field(default=(), repr=False)
    preview: bool = False

    @property
    def good(self) -> bool:
        """Whether nothing speaks against the cell."""
        return self.state in ("identical", "same files", "skipped") or (self.preview and self.state == "not built")


@contextmanager
def entered(surroundings: Surroundings, folder: Path) -> Iterator[None]:
    """Live in these surroundings: whatever is started meanwhile inherits them."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    mask = os.umask(surroundings.mask)
    os.environ.update(surroundings.environment, HOME=str(home))
    time.tzset()
    try:
        yield
    finally:
        os.umask(mask)
        os.environ.clear()
        os.environ.update(before)
        time.tzset()


def workspace_for(surroundings: Surroundings, workspace: Workspace) -> Workspace:
    """The workspace of one of both builds: the same project, another output folder."""
    return Workspace(workspace.root, workspace.output / "repro" / surroundings.folder)


def build_in(
    surroundings: Surroundings, workspace: Workspace, request: Request, channel: BaseChannel, listener: Callable[[], Listener]
) -> Run:
    """Build what the request selects from nothing, in these surroundings; the packages lie in `workspace.packages` then."""
    shutil.rmtree(workspace.output, ignore_errors=True)
    workspace.output.mkdir(parents=True)
    outcome = Run()
    with entered(surroundings, workspace.output), workspace.locked() as lock:
        matrix = survey(workspace, request, seen_from(workspace.output, channel), tests=False)
        order = Order(workspace, matrix, request.native, surroundings.jobs, False, lock)
        run_jobs(order, outcome, listener())
    return outcome


def seen_from(folder: Path, channel: BaseChannel) -> BaseChannel:
    """A channel in a folder of this machine under an address of its own, as another machine would have it."""
    if not channel.uri.startswith("file://"):
        return channel
    link = folder / "base"
    if not link.is_symlink():
        link.symlink_to(url2pathname(urlsplit(channel.uri).path))
    return replace(channel, uri=link.as_uri())


def judge(first: Run, second: Run, stores: Sequence[Path]) -> list[Verdict]:
    """A verdict per cell of two runs; `stores` are the two folders of packages."""
    return [verdict for job, one in first.results.items() for verdict in _judge_job(one, second.results.get(job), stores)]


def _judge_job(one: JobResult, other: JobResult | None, stores: Sequence[Path]) -> Iterator[Verdict]:
    cells = [output.identifier for output in one.job.outputs]
    for result, which in ((one, "first"), (other, "second")):
        if result is None or not result.good:
            state = "skipped" if result is not None and result.state == "skipped" else "not built"
            reason = "not reached" if result is None else result.reason
            told = f"{which} build: {reason}" if state == "not built" else reason
            yield from (Verdict(cell, state, told, preview=one.preview) for cell in cells)
            return
    assert other is not None
    found: list[Mapping[str, BuiltPackage]] = [{package.cell: package for package in result.packages} for result in (one, other)]
    for cell in cells:
        yield compare_cell(cell, *(packages[cell].path(store) for packages, store in zip(found, stores, strict=True)))


def compare_cell(cell: str, first: Path, second: Path) -> Verdict:
    """The verdict on a cell whose two packages are these files."""
    packages = (first, second)
    digests = (sha256_of(first), sha256_of(second))
    if first.name != second.name:
        return Verdict(cell, "differs", f"the packages have different names: {first.name}, {second.name}", packages, digests)
    differences = tuple(compare_packages(first, second))
    if not differences:
        return Verdict(cell, "identical", "", packages, digests)
    members = len({difference.member for difference in differences})
    return Verdict(cell, "differs", f"{members} members differ", packages, digests, differences)
