"""Pieces of the runner that need no build: who is lacking."""

import sys
from pathlib import Path

from atheria_pack.build import lacking
from atheria_pack.outcome import JobResult
from atheria_pack.plan import make_jobs

sys.path.insert(0, str(Path(__file__).parent))

from family import FAMILY  # noqa: E402

JOBS = {job.identifier: job for job in make_jobs(FAMILY)}


def results(**states: str) -> dict[str, JobResult]:
    named = {name.replace("__", "="): state for name, state in states.items()}
    return {f"linux-64--{name}": JobResult(JOBS[f"linux-64--{name}"], state, "") for name, state in named.items()}


def test_one_good_supplier_suffices() -> None:
    meta = JOBS["linux-64--meta=cpu"]
    assert lacking(meta, results(core__cpu_py310="failed", core__cpu_py311="built")) is None
    assert lacking(meta, results(core__cpu_py310="failed", core__cpu_py311="blocked")) == "needs core, which failed"
    assert lacking(JOBS["linux-64--core=cpu_py310"], results(lib__cpu="up to date")) is None
