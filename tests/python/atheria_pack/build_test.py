"""Pieces of the runner that need no build: who is lacking, what to show of a log, how far a compiler is."""

import sys
from pathlib import Path

from atheria_pack.build import JobResult, compiler_step, first_line, lacking, tail
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


def test_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {i}\n\n" for i in range(100)))
    assert tail(log, "", 3) == ("line 97", "line 98", "line 99")
    assert tail(tmp_path / "none", "it broke") == ("it broke",)
    assert first_line("\n\n  a\nb") == "a"


def test_compiler_step(tmp_path: Path) -> None:
    assert compiler_step(tmp_path) is None
    log = tmp_path / "out" / "bld" / "x" / "work" / "conda_build.log"
    log.parent.mkdir(parents=True)
    log.write_text("-- configuring\n[1/12] a.cpp\n[2/12] b.cpp\nwarning: [9/9] in the middle\n")
    assert compiler_step(tmp_path) == "[2/12]"
