"""`channel mirror`: from channels and a request to a published generation, or to nothing at all where nothing is new."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atheria_pack.errors import UsageError
from atheria_pack.mirror import history
from atheria_pack.mirror.attestation import AttestationError, Policy, loose, pinned, read_root, verdicts
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.fetch import Fetched, Fetcher, Watcher
from atheria_pack.mirror.generation import ManifestError
from atheria_pack.mirror.index.write import write_indexes
from atheria_pack.mirror.layout import PARTIAL, SIDECAR_SUFFIX, SIGNATURE, STAGING, SUMS, generation_folder, is_index
from atheria_pack.mirror.page.page import PageFacts, write_page
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.places.place import Found, Place
from atheria_pack.mirror.plan import Check, Plan, Summary
from atheria_pack.mirror.publish import publish
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.described import Described
from atheria_pack.mirror.sources.folder import FolderSource
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.snapshot import Snapshot, snapshot
from atheria_pack.mirror.sources.source import Source
from atheria_pack.mirror.stamps import Remembered, Stamps, sha256_of
from atheria_pack.mirror.unchanged import files_unchanged, sources_unchanged
from atheria_pack.mirror.wanted.closure import Closure, close, in_words
from atheria_pack.mirror.wanted.request import Request

_NAMED = 10  # packages that an error names
_STAGED = "generation"


@dataclass(frozen=True)
class Options:
    """How a mirror is made.

    `jobs`: downloads at the same time. `link`: take files of local sources by hard link. `reread`: trust no stamp, read every byte.
    `sign`: gives the signature of a manifest.
    """

    jobs: int = 8
    link: bool = True
    reread: bool = False
    dry_run: bool = False
    attestations: Policy = field(default_factory=Policy)
    sign: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True)
class Talk:
    """Who hears of it: `say` a line about what goes on, `watch` so many files of so many bytes that are to be brought."""

    say: Callable[[str], None]
    watch: Callable[[int, int], AbstractContextManager[Watcher]]


@dataclass
class Report:
    """What became of it.

    - `generation`: the visible one, None where there is none. `published`: whether it is new. `packages`, `size`: of all that were chosen.
    - `summary`: what was planned; None where nothing had to be, as nothing is new.
    - `refusals`: what has no environment on some machine. `unmet`: (spec, platform) that has none on any. `notes`: of lock files, and of a
      signature that the generation before has.
    - `mended`: indexes and shards of the visible generation that were lost or damaged, and made again; `signed`: whether it was signed just now.
    - `attested`: packages with an attestation that holds, None where none was judged. `doubts`: what is wrong with those of the others.
    """

    address: str
    dry_run: bool
    generation: int | None = None
    published: bool = False
    packages: int = 0
    size: int = 0
    summary: Summary | None = None
    fetched: Fetched = field(default_factory=Fetched)
    mended: int = 0
    signed: bool = False
    refusals: list[str] = field(default_factory=list)
    unmet: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    attested: int | None = None
    doubts: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        fetched = {name: getattr(self.fetched, name) for name in ("files", "size", "linked", "resumed", "retried")}
        return {
            "schema": 1, "address": self.address, "dry_run": self.dry_run, "generation": self.generation, "published": self.published,
            "packages": self.packages, "size": self.size, "plan": self.summary.to_json() if self.summary else None, "fetched": fetched,
            "mended": self.mended, "signed": self.signed,
            "refusals": self.refusals, "unmet": [{"spec": spec, "platform": platform} for spec, platform in self.unmet], "notes": self.notes,
            "attested": self.attested, "doubts": self.doubts, "seconds": round(self.seconds, 3),
        }  # fmt: skip


def mirror(addresses: Sequence[str], place: Place, request: Request, options: Options, talk: Talk) -> Report:
    """Make the visible generation of the place what the request asks of the channels at the addresses.

    UsageError for a place that is a source or lies in one, and for a request that chooses nothing; FolderError for a folder that holds what no
    mirror made. What a failed or interrupted run has downloaded is kept for the next one; what is visible changes at the very end, all at once.
    """
    began = time.monotonic()
    report = Report(place.address, options.dry_run, place.current())
    # What needs no network is told before the network is asked, and by a dry run as well.
    _ = request.read_locks
    if options.attestations.judges:
        read_root(options.attestations.trusted_root)
    sources = [open_source(address) for address in addresses]
    _refuse_own(sources, place)
    if isinstance(place, FolderPlace):
        place.refuse_strangers()
    with ExitStack() as stack:
        for source in sources:
            if isinstance(source, HttpSource):
                stack.callback(source.close)
        run = _Run(sources, place, request, options, talk, report, stack)
        if options.dry_run:
            run.only_plan()
        else:
            run.run()
    report.seconds = time.monotonic() - began
    return report


def now() -> int:
    """Unix time in seconds, or what SOURCE_DATE_EPOCH says it is."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())


def _refuse_own(sources: Sequence[Source], place: Place) -> None:
    for source in sources:
        folder = source.folder.resolve() if isinstance(source, FolderSource) else None
        root = place.root if isinstance(place, FolderPlace) else None
        if source.address.rstrip("/") == place.address.rstrip("/") or (root is not None and root == folder):
            raise UsageError(f"{place.address} is a source and the target at once; mirror into a place of its own")
        if root is not None and folder is not None and folder in root.parents:
            raise UsageError(f"{place.address} lies in the source {source.address}; mirror into a place outside of it")
        if root is not None and folder is not None and root in folder.parents:
            raise UsageError(f"the source {source.address} lies in {place.address}; mirror into a place that does not hold it")


class _Run:
    """One run, step by step."""

    def __init__(
        self, sources: Sequence[Source], place: Place, request: Request, options: Options, talk: Talk, report: Report, stack: ExitStack
    ) -> None:
        self._sources = sources
        self._place = place
        self._request = request
        self._options = options
        self._talk = talk
        self._report = report
        self._stack = stack

    def only_plan(self) -> None:
        """Say what would be done; nothing is written, and of the place nothing is read but its indexes."""
        snapshot, closure = self._chosen()
        stamps = self._stack.enter_context(Remembered(self._place))
        plan = self._planned(snapshot, closure.table, lambda found, sha256: None if self._options.reread else stamps.check(found, sha256))
        plan.require_space(isinstance(self._place, FolderPlace), self._options.link, self._options.jobs)

    def run(self) -> None:
        """Bring what is missing and publish, unless nothing is new."""
        # A new place is made when it is clear that there is something to put into it.
        is_new = self._place.current() is None
        if not is_new:
            self._stack.enter_context(self._place.writing())
            if self._nothing_new():
                return
        snapshot, closure = self._chosen()
        if is_new:
            self._stack.enter_context(self._place.writing())
        with Stamps(self._place) as stamps:

            def check(found: Found, sha256: str) -> bool:
                return stamps.check(found.path, sha256, reread=self._options.reread, found=found)

            plan = self._planned(snapshot, closure.table, check)
            self._bring(plan, stamps)
            self._judge(closure.table)
            self._publish(snapshot, closure.table, stamps)

    def _nothing_new(self) -> bool:
        manifest = history.shown(self._place)
        if manifest.request != self._recorded() or self._options.attestations.judges:
            return False
        signature = f"{generation_folder(manifest.generation)}/{SIGNATURE}"
        if self._options.sign and self._place.look(signature) is None:
            return False
        if not sources_unchanged(manifest, self._sources, self._request.platforms):
            return False
        with Stamps(self._place) as stamps:
            if not files_unchanged(self._place, manifest, stamps, self._options.reread):
                return False
        self._report.packages, self._report.size = sum(manifest.packages.values()), manifest.size
        return True

    def _recorded(self) -> dict[str, Any]:
        """The request as a manifest has it, with what is not usual about attestations."""
        return {**self._request.to_json(), **self._options.attestations.to_json()}

    def _chosen(self) -> tuple[Snapshot, Closure]:
        request, named = self._request, " and ".join(source.address for source in self._sources)
        self._talk.say(f"reading {named}")
        found = self._stack.enter_context(snapshot(self._sources, request.platforms, Path(tempfile.gettempdir()), request.names()))
        self._talk.say(f"choosing among {len(found.table)} packages")
        closure = self._stack.enter_context(close(found, request))
        if not len(closure.table):
            raise UsageError(f"nothing is chosen: {named} has no package for {', '.join(request.platforms)}")
        report = self._report
        report.refusals, report.unmet, report.notes = in_words(closure.refusals), closure.unmet(), closure.notes
        report.packages, report.size = len(closure.table), closure.table.size()
        return found, closure

    def _planned(self, found: Snapshot, table: RecordTable, check: Check) -> Plan:
        def locate(entry: Entry) -> tuple[Source, str]:
            return found.source_of(entry), found.path_in_source(entry)

        plan = self._stack.enter_context(Plan(self._place, locate, check, self._options.attestations.mode))
        plan.look(table.entries(), table.subdirs(), _published(self._place))
        self._report.summary = plan.summary
        return plan

    def _bring(self, plan: Plan, stamps: Stamps) -> None:
        options = self._options
        plan.require_space(isinstance(self._place, FolderPlace), options.link, options.jobs)
        wanted = plan.to_bring
        if not wanted.files:
            return
        with self._talk.watch(wanted.files, wanted.size) as watcher:
            fetcher = Fetcher(self._place, self._place.scratch / PARTIAL, watcher, jobs=options.jobs, link=options.link)
            self._report.fetched = fetcher.fetched
            for item in fetcher.fetch(plan.items()):
                stamps.remember(item.path, item.sha256)

    def _judge(self, table: RecordTable) -> None:
        policy = self._options.attestations
        if not policy.judges:
            return
        self._report.attested = 0
        doubted = 0
        for verdict in verdicts(table.entries(), self._place, policy):
            self._report.attested += verdict.signer is not None
            doubted += verdict.signer is None
            if verdict.reasons and (verdict.signer is None or policy.mode == "warn"):
                self._report.doubts.append(f"{verdict.path}: {'; '.join(verdict.reasons)}")
        if doubted and policy.mode == "require":
            more = f"\n... and {doubted - _NAMED} more" if doubted > _NAMED else ""
            raise AttestationError(
                f"{doubted} of {len(table)} packages have no attestation that holds, and nothing was published:\n"
                + "\n".join(self._report.doubts[:_NAMED])
                + more
            )

    def _publish(self, found: Snapshot, table: RecordTable, stamps: Stamps) -> None:
        staged = self._place.scratch / STAGING / _STAGED
        staged.mkdir(parents=True)
        described = self._stack.enter_context(Described())
        described.read(found, table)
        for _ in write_indexes(table, staged, described):
            pass
        facts = PageFacts(sources=[source.address for source in self._sources], requests=_in_words(self._request))
        write_page(table, staged, facts)
        manifest = publish(
            self._place, table, staged, sources=found.manifest_sources(), request=self._recorded(), now=now(), sidecars=self._sidecars(table),
            sign=self._options.sign, stamps=stamps, mended=self._mended,
        )  # fmt: skip
        shutil.rmtree(self._place.scratch / PARTIAL, ignore_errors=True)  # nothing goes on from what is left there
        self._report.generation = self._place.current()
        self._report.published = manifest is not None
        self._report.signed |= manifest is not None and self._options.sign is not None
        number = manifest.generation if manifest else 0
        if manifest and not self._options.sign and self._place.look(f"{generation_folder(number - 1)}/{SIGNATURE}"):
            self._report.notes.append(f"generation {number - 1} was signed, {number} is not; the same with --sign KEY signs it")

    def _mended(self, path: str) -> None:
        if path.endswith(f"/{SIGNATURE}"):
            self._report.signed = True
        else:
            self._report.mended += 1

    def _sidecars(self, table: RecordTable) -> Iterator[tuple[str, str]]:
        """Path and sha256 of the attestations that lie beside the packages."""
        if self._options.attestations.mode == "ignore":
            return
        for entry in table.entries():
            promised = pinned(entry)
            if promised is not None:
                yield promised
        for subdir in table.subdirs():
            for found in self._place.files(subdir):
                package = found.path.removesuffix(SIDECAR_SUFFIX)
                if package != found.path and (entry_of := table.get(package)) is not None and loose(entry_of) == found.path:
                    with self._place.open(found.path) as stream:
                        yield found.path, sha256_of(stream)


def _published(place: Place) -> Iterator[tuple[str, str]]:
    """Path and sha256 of what the kept generations name, indexes apart. ManifestError where one has no list of it any more."""
    for number in history.numbers(place):
        try:
            yield from ((path, sha256) for path, sha256 in history.sums(place, number) if not is_index(path))
        except FileNotFoundError as error:
            lost = f"{generation_folder(number)}/{SUMS}"
            advice = "`channel verify --all` tells what else is missing" if number == place.current() else f"or remove {generation_folder(number)}"
            raise ManifestError(f"{place.address}: {lost} is gone, so nothing tells which packages must not change. "
                                f"Restore it from a copy, {advice}; nothing was changed") from error


def _in_words(request: Request) -> list[str]:
    specs = [f"{spec} for {', '.join(request.platforms)}" for spec in request.specs]
    locks = [f"{lock.name} for {', '.join(request.platforms)}" for lock in request.read_locks]
    return [*specs, *locks] or [f"every package for {', '.join(request.platforms)}"]
