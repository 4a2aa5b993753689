"""The one entrance of the bootstrap: make or refresh the channel, reusing by content whatever did not change."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from atheria_pack.bootstrap.interpreters import ADVICE_GET_ONE, find_interpreters
from atheria_pack.bootstrap.model import BootstrapChannel, BootstrapEvent, EventKind, MadePackage, RejectedInterpreter
from atheria_pack.bootstrap.plan import Job, Machine, Order, overlays, plan_jobs
from atheria_pack.bootstrap.recipes import read_recipes
from atheria_pack.bootstrap.toolchain import find_toolchain
from atheria_pack.bootstrap.tools import find_pip
from atheria_pack.bootstrap.wheels import WheelPin, fetch_wheels, file_sha256, missing_wheels
from atheria_pack.errors import BootstrapError, DiskFullError
from atheria_pack.platforms import PLATFORMS
from atheria_pack.toolkits.rocm import find_hip

Progress = Callable[[BootstrapEvent], None]

STATE = "bootstrap.json"  # in the channel folder: what it was made of; written last
LOG_LINES = 15
DISK_FULL_TEXT = "No space left on device"


def ensure_channel(
    root: Path,
    cache_dir: Path,
    channel_dir: Path,
    pythons: list[str] | None,
    progress: Progress,
    jobs: int,
    platforms: Sequence[str] = PLATFORMS,
) -> BootstrapChannel:
    """Make the bootstrap channel of this machine, or bring it up to date.

    Args:
        root: the project; package recipes are read from `root/recipes/bootstrap`.
        cache_dir: kept between runs: wheels, finished packages by content key, logs. Safe to delete.
        channel_dir: the channel to write; holds `linux-64/` and `noarch/`, indexed. It is replaced as a whole, so nothing
            else may live in it.
        pythons: minor versions that must be among those packaged ("3.12"); None or none: any will do. Every one that is found
            and fit is packaged, whatever this run asked for: another one may build against the same channel.
        progress: called from several threads, one call at a time.
        jobs: packages made at the same time.
        platforms: what is to be built for. Cross compilers for others are not made now; those made before stay.

    Raises:
        BootstrapError: no usable compiler or interpreter, a damaged or unreachable wheel, a failed package. Its text says
            what to do. Packages finished before it are kept and reused by the next call.
    """
    started = time.monotonic()
    report = _Reporter(progress)
    subdir = _subdir()
    recipes = read_recipes(root / "recipes" / "bootstrap")
    toolchain = find_toolchain(os.environ)
    report("note", f"compiler: {toolchain.family} {toolchain.version} ({toolchain.cxx}), glibc {toolchain.glibc}")
    interpreters, rejected = find_interpreters(os.environ)
    for one in rejected:
        report("note", f"not packaged: {one.path} ({one.version}): {one.reason}; {one.advice}")
    _require(interpreters, pythons or [], rejected)
    for interpreter in interpreters.values():
        report("note", f"python {interpreter.text}: {interpreter.prefix} ({interpreter.layout})")
    hip = find_hip(os.environ)
    report("note", f"hip: hipcc {hip.version} ({hip.path}), clang {hip.clang}" if hip else "hip: no hipcc found, so no packages for AMD's GPUs")
    whole = plan_jobs(recipes, Machine(subdir, interpreters, toolchain, hip))

    cache_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(cache_dir / "lock"), _ended_in_order():
        planned = [job for job in whole if job.serves(platforms, subdir) or _cached(job, cache_dir)]
        report.total = len(planned)
        to_make: list[Job] = []
        made: dict[str, MadePackage] = {}
        for job in planned:
            package = _cached(job, cache_dir)
            if package is None:
                to_make.append(job)
            else:
                made[job.key] = package
                report("reused", "from the cache", package.identifier, step=True)
        reused = [package.identifier for package in made.values()]
        if to_make:
            _fetch(to_make, cache_dir, [i.executable for i in interpreters.values()], report, jobs)
            fresh = _make_all(to_make, cache_dir, report, jobs)
            made |= fresh
            built = [fresh[job.key].identifier for job in to_make]
        else:
            built = []
        packages = sorted((made[job.key] for job in planned), key=lambda package: package.identifier)
        placed = _place(packages, channel_dir, subdir, report)
        _forget_old(cache_dir, {job.key for job in whole})
    return BootstrapChannel(
        path=channel_dir,
        pythons=list(interpreters),
        rejected_interpreters=rejected,
        toolchain=toolchain,
        variants_overlays=overlays(whole),
        packages=placed,
        built=built,
        reused=reused,
        seconds=time.monotonic() - started,
    )


class _Reporter:
    """Counts finished packages and lets one thread speak at a time."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._done = 0
        self.total = 0

    def __call__(self, kind: EventKind, message: str, package: str = "", seconds: float = 0.0, step: bool = False) -> None:
        with self._lock:
            self._done += step
            self._progress(BootstrapEvent(kind, package, message, self._done, self.total, seconds))


def _subdir() -> str:
    from rattler.platform import Subdir

    subdir = str(Subdir.current())
    if subdir != "linux-64":
        raise BootstrapError(
            f"the bootstrap channel can be made for linux-64 only so far, not on {subdir}; use a channel that answers (--channel)"
        )
    return subdir


def _require(interpreters: dict[str, Any], pythons: Sequence[str], rejected: Sequence[RejectedInterpreter]) -> None:
    """Explain which of the Pythons asked for is missing, or that there is none at all."""
    missing = [minor for minor in pythons if minor not in interpreters]
    if missing or not interpreters:
        lines = [f"no Python {' or '.join(missing) or '3.10 to 3.13'} that can be packaged was found on this machine"]
        lines += [
            f"  {one.path} ({one.version}) was refused: {one.reason}"
            for one in rejected
            if not missing or any(one.version.startswith(minor + ".") or one.version == "?" for minor in missing)
        ]
        advice = ADVICE_GET_ONE.format(minor=missing[0] if missing else "3.12")
        lines.append(advice[0].upper() + advice[1:])
        raise BootstrapError("\n".join(lines))


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the cache's lock; a second run waits for the first and then finds its packages."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _cached(job: Job, cache_dir: Path) -> MadePackage | None:
    folder = cache_dir / "packages" / job.key
    try:
        record = json.loads((folder / "record.json").read_text("utf-8"))
        path = folder / record["file"]
        # All of it, not only its size: some 0.3 s for the whole channel, and a damaged package is simply made anew.
        if path.stat().st_size != record["size"] or file_sha256(path) != record["sha256"]:
            raise ValueError(f"{path} is not as it was made")
        os.utime(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return _package(record, path)


def _package(record: dict[str, Any], path: Path) -> MadePackage:
    return MadePackage(
        name=record["name"],
        version=record["version"],
        build=record["build"],
        subdir=record["subdir"],
        path=path,
        origin=record["origin"],
        key=record["key"],
    )


def _fetch(to_make: Sequence[Job], cache_dir: Path, pythons: Sequence[Path], report: _Reporter, jobs: int) -> None:
    """Bring every wheel the jobs need into the cache, one call of pip for each Python, and one for other platforms."""
    wheel_dir = cache_dir / "wheels"
    pins = {job.wheel.file: job.wheel for job in to_make if job.wheel is not None}
    missing = missing_wheels(pins.values(), wheel_dir)
    if not missing:
        return
    groups: dict[tuple[str | None, bool], list[WheelPin]] = {}
    for pin in missing:  # one call takes a name once: not for this platform and another
        groups.setdefault((pin.python, pin.runs_on(_subdir())), []).append(pin)
    pip = find_pip(pythons)
    report("fetch", f"{len(missing)} wheels with {' '.join(pip)}")
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for future in [pool.submit(fetch_wheels, group, wheel_dir, pip) for group in groups.values()]:
            future.result()


def _make_all(to_make: Sequence[Job], cache_dir: Path, report: _Reporter, jobs: int) -> dict[str, MadePackage]:
    """Make the packages, `jobs` at a time; the first failure lets running ones finish and starts no more."""
    made: dict[str, MadePackage] = {}
    running: set[subprocess.Popen[bytes]] = set()
    pool = ThreadPoolExecutor(max(1, jobs))
    futures = {pool.submit(_make_one, job, cache_dir, report, running): job for job in to_make}
    try:
        finished, pending = wait(futures, return_when=FIRST_EXCEPTION)
        for future in pending:
            future.cancel()
        wait(future for future in futures if not future.cancelled())
        for future in finished:
            made[futures[future].key] = future.result()
    finally:  # something still runs only if this is left by an interruption
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list(running):
            process.terminate()
    return made


def _make_one(job: Job, cache_dir: Path, report: _Reporter, running: set[subprocess.Popen[bytes]]) -> MadePackage:
    report("build", job.origin, job.label)
    started = time.monotonic()
    scratch = cache_dir / "making" / job.key[:16]
    log = cache_dir / "logs" / f"{job.label.replace(' ', '')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    (cache_dir / "making").mkdir(exist_ok=True)
    order = cache_dir / "making" / f"{job.key[:16]}.order"
    order.write_bytes(pickle.dumps(Order(job, cache_dir / "wheels", scratch, cache_dir / "packages" / job.key, job.subdir)))
    source = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "atheria_pack.bootstrap.make", str(order)],
            stdout=sink,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        running.add(process)
        try:
            status = process.wait()
        finally:
            running.discard(process)
    order.unlink(missing_ok=True)
    package = _cached(job, cache_dir) if status == 0 else None
    if package is None:
        printed = log.read_text("utf-8", "replace")
        if DISK_FULL_TEXT in printed:
            raise _disk_full(cache_dir)
        said = _why(printed)
        raise BootstrapError(f"bootstrap package {job.label} failed (status {status}): {said}\nlog: {log}")
    seconds = time.monotonic() - started
    report("built", job.origin, package.identifier, seconds, step=True)
    return package


def _disk_full(cache_dir: Path) -> DiskFullError:
    disk = os.statvfs(cache_dir)
    return DiskFullError(
        f"the disk of {cache_dir} ran full ({disk.f_bavail * disk.f_frsize >> 20} MiB free now) while the bootstrap channel was made, "
        "which takes some 600 MiB; free some, or build elsewhere with --output FOLDER. What was made is kept"
    )


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Take a request to end (SIGTERM, SIGHUP) as Ctrl-C: running makers are stopped, finished packages kept."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may catch signals
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) == signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _why(log: str) -> str:
    """The part of a failed package's log that tells why: the end of its script's output, or the error it ended with."""
    lines = [line for line in log.splitlines() if line.strip()]
    failed = next((index for index, line in enumerate(lines) if line.startswith("Script failed with status")), None)
    if failed is not None:
        return "its script failed:\n  " + "\n  ".join(lines[max(0, failed - LOG_LINES) : failed + 1])
    errors = [index for index, line in enumerate(lines) if line.startswith("error: ")]
    if errors:
        return "\n  ".join(lines[errors[-1] :]).removeprefix("error: ")
    return "its last lines:\n  " + "\n  ".join(lines[-LOG_LINES:])


def _place(packages: Sequence[MadePackage], channel_dir: Path, subdir: str, report: _Reporter) -> list[MadePackage]:
    """Make `channel_dir` hold exactly `packages`, indexed. The new channel is made beside the old one and put in its place
    when it is complete."""
    state = {"subdirs": list(PLATFORMS), "packages": {f"{one.subdir}/{one.path.name}": one.key for one in packages}}
    placed = [
        MadePackage(one.name, one.version, one.build, one.subdir, channel_dir / one.subdir / one.path.name, one.origin, one.key)
        for one in packages
    ]
    try:
        present = json.loads((channel_dir / STATE).read_text("utf-8")) == state
    except (OSError, ValueError):
        present = False
    if present and all(map(_same, (one.path for one in packages), (one.path for one in placed))):
        return placed
    started = time.monotonic()
    fresh = channel_dir.with_name(channel_dir.name + ".new")
    old = channel_dir.with_name(channel_dir.name + ".old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name in sorted({subdir, "noarch", *PLATFORMS}):  # platforms without a package have an index that says so
        (fresh / name).mkdir(parents=True)
    for one in packages:
        _link(one.path, fresh / one.subdir / one.path.name)
    from rattler.index import index_fs

    asyncio.run(index_fs(fresh, write_zst=True, write_shards=False))
    shutil.rmtree(fresh / ".tmp", ignore_errors=True)  # left by the indexer
    (fresh / STATE).write_text(json.dumps(state, indent=1) + "\n", "utf-8")
    if channel_dir.exists():
        os.replace(channel_dir, old)
    os.replace(fresh, channel_dir)
    shutil.rmtree(old, ignore_errors=True)
    report("index", f"{len(packages)} packages in {channel_dir}", seconds=time.monotonic() - started)
    return placed


def _same(cached: Path, placed: Path) -> bool:
    """Whether a package of the channel is the one of the cache: the same file, or a copy with the same bytes."""
    return placed.is_file() and (placed.samefile(cached) or file_sha256(placed) == file_sha256(cached))


def _link(source: Path, target: Path) -> None:
    """A second name for the same bytes, or a copy where the file system has none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _forget_old(cache_dir: Path, used: set[str], days: float = 14.0) -> None:
    """Remove what no run used for a while, and what interrupted runs left."""
    shutil.rmtree(cache_dir / "making", ignore_errors=True)
    oldest = time.time() - days * 86400
    for folder in (cache_dir / "packages").glob("*"):
        if folder.name not in used and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
