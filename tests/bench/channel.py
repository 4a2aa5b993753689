"""`./run bench-channel`: mirrors beside plain copying and plain indexing, on a synthetic channel and in the same run.

Every figure is the median of runs of the command line, each a process of its own, so Python's start is in it. Sources are read from a web
server on loopback. Copying is wget's where it is installed (it neither verifies nor indexes), else a loop over urllib; indexing is
py-rattler's `index_fs`, which opens every package. Goals stand beside what was measured; nothing is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests" / "python" / "atheria_pack" / "mirror")]

from rattler.index import index_fs  # noqa: E402
from upstream import Package, Upstream, make_upstream  # noqa: E402
from web import NGINX, nginx  # noqa: E402

PLATFORMS = "linux-64,linux-aarch64,osx-arm64,win-64"
WGET = shutil.which("wget")
NOTHING_NEW_GOAL = 1.0  # seconds per 1,000 packages
VERIFY_GOAL = 0.8  # of sha256's own speed
MEMORY_GOAL = 1.25  # of the memory for ten times fewer packages
_LARGE = (128, 16 << 20)  # files and their bytes: enough that what a run costs before and after reading, some 50 ms, does not count
_NEW = 10  # packages that an incremental sync brings
_PIECE = 1 << 20
# The verb, and at its end the most memory it had. What the parent is told of a child's has that of the parent in it, as it was at the fork.
_WATCHED = """
import resource, sys
from atheria_pack.cli.main import main
status = main(sys.argv[1:])
try:
    with open("/proc/self/status") as lines:
        peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
except FileNotFoundError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("peak", peak, file=sys.stderr)
sys.exit(status)
"""
SHARE = "share of sha256's speed"


@dataclass(frozen=True)
class Figure:
    """One candidate in one case. `seconds`: median. `peak`: bytes that the process had at most, 0 where it was not watched."""

    case: str
    candidate: str
    packages: int
    seconds: float
    rounds: int
    peak: int = 0
    note: str = ""


@dataclass(frozen=True)
class Run:
    """One run. `peak`: bytes; `own`: seconds that the verb counted itself, Python's start left out."""

    seconds: float
    peak: int = 0
    own: float | None = None


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench-channel", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", default="1000,10000", metavar="NUMBERS", help="sizes of the channel (default: 1000,10000)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of what is quick; the rest runs N/2 times (default: 5)")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench" / "channel.json", metavar="FILE")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    chosen = arguments(words)
    figures: list[Figure] = []
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; web server: {'nginx' if NGINX else 'http.server'}, "
          f"copying: {'wget' if WGET else 'urllib'}", flush=True)
    for count in map(int, chosen.packages.split(",")):
        for figure in measured(count, chosen.rounds):
            figures.append(figure)
            print(text_of(figure), flush=True)
    for figure in verification(chosen.rounds):
        figures.append(figure)
        print(text_of(figure), flush=True)
    goals = judged(figures)
    for line in goals:
        print(line, flush=True)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    value = {"schema": 1, "machine": platform.machine(), "cores": os.cpu_count(), "figures": list(map(asdict, figures)), "goals": goals}
    chosen.json.write_text(json.dumps(value, indent=1) + "\n")
    print(f"wrote {chosen.json}", file=sys.stderr)
    return 0


def text_of(figure: Figure) -> str:
    peak = f"{figure.peak / 1e6:7.0f} MB" if figure.peak else ""
    return f"{figure.packages:7,} {figure.case:22} {figure.candidate:26} {figure.seconds:9.3f} s  {peak:10} {figure.note}"


def measured(count: int, rounds: int) -> Iterator[Figure]:
    """Everything on a channel of `count` packages."""
    few = max(1, rounds // 2)
    with tempfile.TemporaryDirectory(prefix="bench-channel-") as name, ExitStack() as running:
        folder = Path(name)
        up = make_upstream(folder / "up", count, 7)
        listed = folder / "list"
        address = running.enter_context(served(up.folder, folder))
        listed.write_text("".join(f"{address}/{path}\n" for path in up.packages))

        yield several("first sync", "channel mirror", count, few, lambda: synced(address, fresh(folder / "mirror")))
        yield several("first sync", copier(), count, few, lambda: copied(listed, fresh(folder / "copy"), address))
        yield several("nothing new", "channel mirror", count, rounds, lambda: synced(address, folder / "mirror"))
        yield several("nothing new", copier(), count, few, lambda: copied(listed, folder / "copy", address))
        yield several("verify", "channel verify", count, few, lambda: ran("verify", folder / "mirror", "--no-solve"))
        yield several("verify", "sha256 of each file", count, few, lambda: hashed(up.folder))
        numbers = iter(range(10**6))
        yield several("incremental sync", "channel mirror", count, few, lambda: grown(up, next(numbers)) or synced(address, folder / "mirror"))
        yield several("publish", "indexes, page, switch", count, few, lambda: published(up, folder))
        yield several("publish", "py-rattler index_fs", count, few, lambda: indexed(up.folder, folder))


def verification(rounds: int) -> Iterator[Figure]:
    """The speed of verification on files that are large enough for it to be sha256's."""
    with tempfile.TemporaryDirectory(prefix="bench-verify-") as name:
        folder = Path(name)
        count, size = _LARGE
        up = make_upstream(folder / "up", 0, 7, index="json")
        up.add(*(Package(f"large-{number}", payload=size) for number in range(count)))
        synced(up.url, folder / "mirror")
        total = sum(path.stat().st_size for path in (folder / "mirror" / "linux-64").iterdir() if path.is_file())
        ours, own = [], []
        for _ in range(rounds):  # in turn, so that both have the same machine
            ours.append(ran("verify", folder / "mirror", "--no-solve", "--jobs", os.cpu_count() or 1))
            own.append(hashed(folder / "mirror"))
        verifying, hashing = (statistics.median(run.own or run.seconds for run in runs) for runs in (ours, own))
        peak = max(run.peak for run in ours)
        yield Figure("verify, large files", "channel verify, its own", count, verifying, rounds, peak, f"{total / verifying / 1e9:.2f} GB/s")
        yield Figure("verify, large files", "sha256 of each file", count, hashing, rounds, note=f"{total / hashing / 1e9:.2f} GB/s")
        ratio = statistics.median(theirs.seconds / (mine.own or mine.seconds) for mine, theirs in zip(ours, own, strict=True))
        yield Figure("verify, large files", SHARE, count, ratio, rounds, note="(a ratio; median of the pairs)")


def judged(figures: list[Figure]) -> list[str]:
    """The goals beside what was measured."""
    lines = []
    for figure in figures:
        if (figure.case, figure.candidate) == ("nothing new", "channel mirror"):
            goal = NOTHING_NEW_GOAL * max(figure.packages, 1000) / 1000
            lines.append(f"nothing new of {figure.packages:,}: {figure.seconds:.2f} s, goal {goal:.0f} s: {verdict(figure.seconds <= goal)}")
        if figure.candidate == SHARE:
            lines.append(f"verification: {figure.seconds:.0%} of sha256's speed, goal {VERIFY_GOAL:.0%}: {verdict(figure.seconds >= VERIFY_GOAL)}")
    for case in ("first sync", "nothing new", "verify"):
        peaks = {figure.packages: figure.peak for figure in figures if figure.case == case and figure.candidate.startswith("channel")}
        if len(peaks) > 1:
            few, many = min(peaks), max(peaks)
            ratio = peaks[many] / peaks[few]
            lines.append(f"memory of {case}: {peaks[few] / 1e6:.0f} MB for {few:,}, {peaks[many] / 1e6:.0f} MB for {many:,} packages, "
                         f"{ratio:.2f} times, goal {MEMORY_GOAL} times: {verdict(ratio <= MEMORY_GOAL)}")
    return lines


def verdict(good: bool) -> str:
    return "met" if good else "missed"


def several(case: str, candidate: str, packages: int, rounds: int, run: Callable[[], Run]) -> Figure:
    """Run it so many times."""
    runs = [run() for _ in range(rounds)]
    own = [run.own for run in runs if run.own is not None]
    note = f"{statistics.median(own):.3f} s of it its own" if own else ""
    return Figure(case, candidate, packages, statistics.median(run.seconds for run in runs), rounds, max(run.peak for run in runs), note)


def ran(*words: object) -> Run:
    """A verb in a process of its own; RuntimeError with its words when it fails."""
    command = [sys.executable, "-c", _WATCHED, "channel", *map(str, words), "--json"]
    began = time.perf_counter()
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT / "python")}, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise RuntimeError(f"channel {' '.join(map(str, words))} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return Run(seconds, int(ended.stderr.rpartition("peak ")[2]), float(json.loads(ended.stdout)["seconds"]))


def synced(source: str, mirror: Path) -> Run:
    return ran("mirror", source, mirror, "--platform", PLATFORMS)


def fresh(folder: Path) -> Path:
    """The folder's path, with nothing there."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def timed(task: Callable[[], object]) -> Run:
    began = time.perf_counter()
    task()
    return Run(time.perf_counter() - began)


def copier() -> str:
    return "wget --timestamping" if WGET else "urllib loop"


def copied(listed: Path, target: Path, address: str) -> Run:
    """Copy the listed files; those that are there are only asked about by wget, and left alone by the loop."""
    target.mkdir(exist_ok=True)
    if WGET:
        command = [WGET, "--quiet", "--timestamping", "--force-directories", "--no-host-directories", "--input-file", str(listed)]
        return timed(lambda: subprocess.run(command, cwd=target, check=True))

    def loop() -> None:
        for line in listed.read_text().splitlines():
            path = target / line.removeprefix(f"{address}/")
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                urllib.request.urlretrieve(line, path)

    return timed(loop)


def hashed(folder: Path) -> Run:
    """sha256 of every package, on all cores, and of nothing else."""
    paths = [path for path in folder.glob("*/*") if path.suffix in (".conda", ".bz2") and path.is_file()]

    def digest(path: Path) -> str:
        found = hashlib.sha256()
        with open(path, "rb", buffering=0) as stream:
            while piece := stream.read(_PIECE):
                found.update(piece)
        return found.hexdigest()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return timed(lambda: list(pool.map(digest, paths)))


def grown(up: Upstream, number: int) -> None:
    """Give the channel some more packages."""
    up.add(*(Package(f"grown-{number}-{extra}") for extra in range(_NEW)))


def published(up: Upstream, folder: Path) -> Run:
    """Indexes, their agreement, the page and the switch of a new generation, the packages being there."""
    from atheria_pack.mirror.index.write import write_indexes
    from atheria_pack.mirror.page.page import PageFacts, write_page
    from atheria_pack.mirror.places.folder import FolderPlace
    from atheria_pack.mirror.publish import publish
    from tables import table_of

    subprocess.run(["cp", "-al", str(up.folder), str(fresh(folder / "published-from"))], check=True)
    place = FolderPlace(fresh(folder / "published"), "published")
    with table_of(up.folder) as table, place.writing():
        for entry in table.entries():
            place.put(entry.path, folder / "published-from" / entry.path)
        staged = folder / "published" / ".mirror" / "staging" / "next"
        staged.mkdir(parents=True)

        def work() -> None:
            for _ in write_indexes(table, staged):
                pass
            write_page(table, staged, PageFacts())
            sources: list[dict[str, Any]] = [{"address": up.url, "indexes": {}}]
            publish(place, table, staged, sources=sources, request={}, now=int(time.time()))

        return timed(work)


def indexed(channel: Path, folder: Path) -> Run:
    """py-rattler's indexes of the same packages, from nothing."""
    copy = fresh(folder / "indexed")
    for subdir in (path for path in channel.iterdir() if path.is_dir()):
        (copy / subdir.name).mkdir(parents=True)
        for path in subdir.iterdir():
            if path.suffix in (".conda", ".bz2"):
                os.link(path, copy / subdir.name / path.name)
    return timed(lambda: asyncio.run(index_fs(copy)))


@contextmanager
def served(channel: Path, scratch: Path) -> Iterator[str]:
    """The address of a web server of the channel."""
    if NGINX:
        (scratch / "nginx").mkdir()
        with nginx(channel, scratch / "nginx") as address:
            yield address
        return
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(channel)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split("(")[1].split("/)")[0]
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
