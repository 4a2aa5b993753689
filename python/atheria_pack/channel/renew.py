"""Makes the channel and its bills of materials hold what the records say, and removes what neither it nor the next run needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from atheria_pack.channel.publish import publish, published_files
from atheria_pack.inspection.bill import renew_bills
from atheria_pack.inspection.rules import has_rules, load_rules
from atheria_pack.plan import Job
from atheria_pack.platforms import PLATFORMS
from atheria_pack.publication import lost_builds, publication
from atheria_pack.record import damage, forget_earlier, load_earlier, load_records, retire
from atheria_pack.workspace import Workspace


def renew(workspace: Workspace, jobs: Sequence[Job]) -> list[str]:
    """Publish what `publication` decides, if that is not in the channel already; answers what was found damaged, a line each.

    `jobs`: all jobs of all platforms.
    """
    retire(workspace.records, {job.identifier for job in jobs})
    newest, earlier = load_records(workspace.records), load_earlier(workspace.records)
    found = publication(newest, earlier, lost_builds(newest, earlier, workspace.packages), jobs)
    wanted = {place: package.sha256 for place, package in found.packages.items()}
    published = published_files(workspace.channel)
    notes = [
        f"{trouble}; it is not published, and build-all makes it again with its cell {record.packages[0].cell}"
        for record in newest.values()
        if (trouble := damage(record.packages, workspace.packages))
    ]
    if workspace.channel.is_dir():
        broken = sorted(place for place, digest in published.items() if not digest)
        notes += [f"{place} in the channel was not as it was published; the channel is made anew" for place in broken]
    if wanted != published or not _indexed(workspace.channel):
        publish(found.packages.values(), workspace.packages, workspace.channel, PLATFORMS)
    forget_earlier(workspace.records, found.builds - {(record.job, record.key) for record in newest.values()})
    forget_strangers(workspace)
    if has_rules(workspace.root):
        renew_bills(workspace.channel, workspace.bills, load_rules(workspace.root))
    return notes


def _indexed(channel: Path) -> bool:
    return all((channel / subdir / "repodata.json").exists() for subdir in ("noarch", *PLATFORMS))


def forget_strangers(workspace: Workspace) -> list[Path]:
    """Remove stored packages that no record names any more (older builds of a cell); answers them."""
    records = [*load_records(workspace.records).values(), *load_earlier(workspace.records)]
    known = {package.path(workspace.packages) for record in records for package in record.packages}
    strangers = [path for path in sorted(workspace.packages.glob("*/*.conda")) if path not in known]
    for path in strangers:
        path.unlink()
    return strangers
