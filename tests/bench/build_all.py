"""`./run bench-build`: build-all beside a plain loop over rattler-build's API, on the same cells, alternating, cold and warm.

Cold: nothing built, unpacked or cached; the channel that both build against is there. Warm: the same again at once. Both run the
packages' own tests. build-all's time has its start, the check of the bootstrapped channel and publication in it; installing and
running the result, which the loop does not do, is left out.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from atheria_pack.atomic import write_json
from atheria_pack.bootstrap import BootstrapEvent
from atheria_pack.channel.base import BOOTSTRAP, choose
from atheria_pack.digest import last_change
from atheria_pack.errors import PackError
from atheria_pack.launch import bare_path
from atheria_pack.machine import available_memory, cores
from atheria_pack.matrix import Request, survey
from atheria_pack.plan import Job, State
from atheria_pack.platforms import native_platform
from atheria_pack.workspace import Workspace, find_workspace

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CELLS = ("libatheria-runtime=*", "libatheria-engine=*", "atheria-core=*")
_COMPILED = re.compile(r"^\[\d+/\d+\] Building (?:CXX|C|CUDA|HIP) object (\S+)", re.MULTILINE)
_OF_A_PACKAGE = ("runtime/", "engine/")  # what staging builds compile; extensions and the consumers of tests are others


@dataclass(frozen=True)
class Measured:
    """One timed run. `compilations`: how often the compiler ran; `staging`: how often on what a staging build compiles."""

    candidate: str
    state: str
    round: int
    seconds: float
    processor_seconds: float
    load_before: float
    compilations: int
    staging: int
    repeated: int


class BenchError(Exception):
    """A candidate failed; the text has the end of its log."""


def compilations(text: str) -> Counter[str]:
    """How often a log says that each object was compiled, as ninja says it."""
    return Counter(_COMPILED.findall(text))


def staging_compilations(text: str) -> Counter[str]:
    """The same for objects of staging builds only."""
    return Counter({name: count for name, count in compilations(text).items() if name.startswith(_OF_A_PACKAGE)})


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench-build", description=__doc__)
    parser.add_argument("--accel", default="cpu,openblas", metavar="NAMES", help="accelerators (default: cpu,openblas)")
    parser.add_argument("--python", default="3.11,3.12", metavar="VERSIONS", help="Pythons (default: 3.11,3.12)")
    parser.add_argument("--only", default=[], action="append", metavar="PATTERN", help=f"cells, as globs (default: {' '.join(CELLS)})")
    parser.add_argument("--channel", default=BOOTSTRAP, help="what both build against, as for build-all (default: bootstrap)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="of build-all (default: 2)")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="cold and warm runs of each (default: 1)")
    parser.add_argument("--output", type=Path, metavar="FOLDER",
                        help="where the bootstrapped channel is, or is made; the runs go below it (default: output)")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench" / "build_all.json", metavar="FILE")
    parser.add_argument("--keep", action="store_true", help="keep what was built")
    return parser.parse_args(words)


def main() -> int:
    chosen = arguments()
    try:
        workspace = find_workspace(Path.cwd(), chosen.output)
        folder = workspace.output / "bench-build"
        with workspace.locked():
            steps, channel, accels = plan(workspace, chosen)
            rows = measure(workspace, folder, chosen, steps, channel)
    except (PackError, BenchError) as error:
        print(f"bench-build: {error}", file=sys.stderr)
        return 1
    result = {"machine": machine(), "jobs": chosen.jobs, "cells": [cell for step in steps for cell in step["cells"]], "accels": accels,
              "rows": [asdict(row) for row in rows]}
    write_json(chosen.json, result)
    print_table(rows, result)
    if not chosen.keep:
        shutil.rmtree(folder)
    return 1 if complaints(rows, folder) else 0


def plan(workspace: Workspace, chosen: argparse.Namespace) -> tuple[list[dict[str, Any]], str, list[str]]:
    """What to build, in an order that suits both: recipe, combination and cells of each job; the channel; the accelerators."""
    native = native_platform()
    names = (tuple(chosen.accel.split(",")), tuple(chosen.python.split(",")))
    channel = choose(chosen.channel, workspace.root, workspace.output, chosen.jobs, None, _say, nullcontext())
    empty = Workspace(workspace.root, workspace.output / "bench-build" / "none")  # nothing is up to date there
    matrix = survey(empty, Request(*names, platforms=(native,), native=native, only=tuple(chosen.only) or CELLS), channel)
    skipped = [decision for decision in matrix.decisions if decision.state is State.SKIPPED]
    if skipped:
        raise BenchError(f"{skipped[0].job.identifier} cannot be built here: {skipped[0].reason}")
    steps = [_step(decision.job) for decision in matrix.decisions]
    return steps, channel.uri, sorted({str(step["combination"]["atheria_accel"]) for step in steps})


def _step(job: Job) -> dict[str, Any]:
    first = job.outputs[0]
    return {"recipe": str(first.recipe), "combination": dict(first.combination), "cells": [output.identifier for output in job.outputs]}


def _say(event: BootstrapEvent) -> None:
    if event.kind in ("note", "fetch", "built"):
        print(f"bootstrap: {event.message}", file=sys.stderr, flush=True)


def measure(
    workspace: Workspace, folder: Path, chosen: argparse.Namespace, steps: Sequence[Mapping[str, Any]], channel: str
) -> list[Measured]:
    """All runs, the candidates taking turns, and the order of turns changing each round."""
    rows = []
    for number in range(chosen.rounds):
        shutil.rmtree(folder, ignore_errors=True)
        commands = {
            "build-all": _driver(workspace, folder / "build-all", chosen, steps),
            "loop": _loop(workspace, folder / "loop", steps, channel),
        }
        turns = sorted(commands, reverse=bool(number % 2))
        for state in ("cold", "warm"):
            for name in turns:
                rows.append(_timed(name, state, number, commands[name], folder))
                print(line(rows[-1]), flush=True)
    return rows


def _driver(
    workspace: Workspace, folder: Path, chosen: argparse.Namespace, steps: Sequence[Mapping[str, Any]]
) -> tuple[list[str], dict[str, str]]:
    if chosen.channel == BOOTSTRAP:
        shutil.copytree(workspace.output / "bootstrap", folder / "bootstrap", copy_function=_link, symlinks=True)
    cells = [word for step in steps for cell in step["cells"] for word in ("--only", cell)]
    command = [sys.executable, "-m", "atheria_pack", "build-all", "--channel", chosen.channel, "--output", str(folder)]
    return [*command, "--jobs", str(chosen.jobs), "--no-proof", *cells], {**os.environ, "PYTHONPATH": str(ROOT / "python")}


def _link(source: str, target: str) -> None:
    os.link(source, target, follow_symlinks=False)


def _loop(workspace: Workspace, folder: Path, steps: Sequence[Mapping[str, Any]], channel: str) -> tuple[list[str], dict[str, str]]:
    write_json(folder / "task.json", {"output": str(folder / "output"), "channel": channel, "steps": list(steps)})
    environment = {
        **os.environ,
        "PATH": bare_path(workspace),
        "RATTLER_CACHE_DIR": str(folder / "cache"),
        "ATHERIA_BUILD_EPOCH": str(last_change([workspace.root], workspace.root)),
    }
    return [sys.executable, str(HERE / "plain_loop.py"), str(folder / "task.json")], environment


def _timed(name: str, state: str, number: int, command: tuple[list[str], dict[str, str]], folder: Path) -> Measured:
    words, environment = command
    load = os.getloadavg()[0]
    log = folder / f"{name}-{state}.log"
    logs = folder / name / "logs"
    for old in logs.glob("*.log"):
        old.unlink()
    before = os.times()
    started = time.monotonic()
    with open(log, "wb") as stream:
        done = subprocess.run(words, env=environment, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    seconds = time.monotonic() - started
    after = os.times()
    text = log.read_text(encoding="utf-8", errors="replace")
    if done.returncode != 0:
        raise BenchError(f"{name} ended with {done.returncode}: {' '.join(words)}\n" + "\n".join(text.splitlines()[-30:]))
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in logs.glob("*.log")] or [text]
    staging = [staging_compilations(one) for one in texts]
    return Measured(
        candidate=name,
        state=state,
        round=number,
        seconds=seconds,
        processor_seconds=after.children_user + after.children_system - before.children_user - before.children_system,
        load_before=load,
        compilations=sum(sum(compilations(one).values()) for one in texts),
        staging=sum(sum(counted.values()) for counted in staging),
        repeated=sum(count - 1 for counted in staging for count in counted.values()) if name == "build-all" else 0,
    )


def complaints(rows: Sequence[Measured], folder: Path) -> list[str]:
    """What must not be: a staging build of build-all that compiles a file twice, or a warm run that compiles."""
    found = [f"build-all compiled {row.repeated} files of staging builds twice" for row in rows if row.candidate == "build-all" and row.repeated]
    found += [f"a warm build-all compiled {row.compilations} files" for row in rows
              if (row.candidate, row.state) == ("build-all", "warm") and row.compilations]
    for text in found:
        print(f"bench-build: {text}; logs in {folder}", file=sys.stderr)
    return found


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {"cores": cores(), "memory_available": available_memory(), "load": os.getloadavg()[0], "python": sys.version.split()[0]}


def line(row: Measured) -> str:
    """A run in a line."""
    return (
        f"{row.candidate:10} {row.state:5} {row.seconds:8.1f} s  {row.processor_seconds:8.1f} s of processors  "
        f"{row.compilations:4} compilations, {row.staging:4} of them staged  load before {row.load_before:.1f}"
    )


def best(rows: Sequence[Measured], candidate: str, state: str) -> float:
    """The shortest run."""
    return min(row.seconds for row in rows if (row.candidate, row.state) == (candidate, state))


def print_table(rows: Sequence[Measured], result: Mapping[str, Any]) -> None:
    """The ratios, which are what the benchmark is about."""
    print(f"{len(result['cells'])} cells, {result['machine']['cores']} cores, build-all --jobs {result['jobs']}")
    for state in ("cold", "warm"):
        loop, driver = best(rows, "loop", state), best(rows, "build-all", state)
        print(f"{state}: build-all {driver:.1f} s, loop {loop:.1f} s: {loop / driver:.2f} times as fast")


if __name__ == "__main__":
    sys.exit(main())
