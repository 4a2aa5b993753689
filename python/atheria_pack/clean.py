"""What earlier runs left of some cells, found and removed: packages, records, logs, working folders, proofs, archives."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.archive.choice import FAMILY
from atheria_pack.archive.write import FOLDER, INDEX, archive_paths, write_index
from atheria_pack.channel.renew import renew
from atheria_pack.digest import Digests
from atheria_pack.matrix import Request, merged, render_platforms
from atheria_pack.plan import Job, make_jobs
from atheria_pack.platforms import PLATFORMS
from atheria_pack.proof import left_of
from atheria_pack.recipes import Output
from atheria_pack.record import load_earlier, load_records, record_paths
from atheria_pack.select import select_exactly
from atheria_pack.variants import ACCEL_KEY, check_names, load_variants
from atheria_pack.workspace import Workspace


@dataclass(frozen=True)
class Leftovers:
    """Files and folders that a `clean` removes: of which cells, and how many bytes."""

    cells: tuple[str, ...]
    paths: tuple[Path, ...]
    size: int


def known_jobs(workspace: Workspace, request: Request) -> tuple[list[Job], list[Job]]:
    """All jobs of all platforms, and those that a request names: what varies on what it asks for, and nothing these need.

    No channel is asked: names of jobs hold no digest.
    """
    variants = {platform: load_variants(workspace.variants, platform) for platform in PLATFORMS}
    check_names({platform: variants[platform] for platform in request.platforms}, request.accels, request.pythons)
    jobs = make_jobs(merged(render_platforms(workspace.root, variants, request.native, Digests(workspace.root)), request.native))
    asked = [job for job in jobs if any(_is_asked_for(output, request) for output in job.outputs)]
    return jobs, select_exactly(asked, request.only)


def _is_asked_for(output: Output, request: Request) -> bool:
    return (
        (request.platforms == PLATFORMS or output.subdir in request.platforms)
        and (not request.accels or output.variant.get(ACCEL_KEY) in request.accels)
        and (not request.pythons or output.python in request.pythons)
    )


def leftovers(workspace: Workspace, jobs: Iterable[Job], platform: str) -> Leftovers:
    """What lies in the output folder of these jobs. `platform` is this machine's, whose proofs belong to its jobs."""
    chosen = {job.identifier: job for job in jobs}
    records = [*load_records(workspace.records).values(), *load_earlier(workspace.records)]
    kept = {package.path(workspace.packages) for record in records if record.job not in chosen for package in record.packages}
    paths: list[Path] = []
    cells: dict[str, None] = {}
    for record in records:
        if record.job in chosen:
            cells |= dict.fromkeys(package.cell for package in record.packages)
            paths += [path for package in record.packages if (path := package.path(workspace.packages)) not in kept]
    for identifier in chosen:
        paths += [*record_paths(workspace.records, identifier), workspace.logs / f"{identifier}.log", workspace.work / identifier]
    accels = {output.variant.get(ACCEL_KEY) for job in chosen.values() if job.platform == platform for output in job.outputs}
    paths += [path for accel in accels if accel for path in left_of(accel, workspace.output / "proof")]
    archived = {(output.variant[ACCEL_KEY], job.platform) for job in chosen.values() for output in job.outputs if output.name in FAMILY}
    paths += [path for accel, target in sorted(archived) for path in archive_paths(workspace.output / FOLDER, accel, target)]
    return _there(cells, paths)


def everything(workspace: Workspace) -> Leftovers:
    """All that builds leave: the output folder, and beside it, where it has its usual place, the development build."""
    usual = workspace.output == workspace.root / "output"
    return _there((), [*([workspace.root / "build"] if usual else []), workspace.output])


def remove(found: Leftovers, workspace: Workspace, jobs: Collection[Job]) -> None:
    """Remove what was found, records first, and publish the channel anew without it. `jobs`: all jobs of all platforms."""
    for path in sorted(found.paths, key=lambda path: path.suffix != ".json"):
        _remove(path)
    if workspace.channel.is_dir():
        renew(workspace, list(jobs))
    if (workspace.output / FOLDER / INDEX).is_file():
        write_index(workspace.output / FOLDER, [])  # keeps what is still there


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _there(cells: Iterable[str], paths: Iterable[Path]) -> Leftovers:
    found = [path for path in dict.fromkeys(paths) if path.exists() or path.is_symlink()]
    return Leftovers(tuple(sorted(cells)), tuple(found), sum(_size(path) for path in found))


def _size(path: Path) -> int:
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if file.is_symlink() or file.is_file())
