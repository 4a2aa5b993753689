"""`repro`: what --quick takes, and a status that tells the truth."""

import sys
from pathlib import Path

import pytest
from atheria_pack.build import Run
from atheria_pack.cli.repro import names_of, one_of_each, platforms_named, status_of
from atheria_pack.plan import make_jobs
from atheria_pack.recipes import Output
from atheria_pack.repro.twice import Verdict
from atheria_pack.variants import ACCEL_KEY

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from family import output  # noqa: E402

GOOD, SKIPPED = Verdict("a", "identical"), Verdict("b", "skipped", "no compiler")


def of_accel(name: str, build: str, accel: str, **variant: str) -> Output:
    return output(name, build, **{ACCEL_KEY: accel}, **variant)


def test_quick_takes_every_package_once_of_one_accelerator_and_the_newest_python() -> None:
    cells = [
        of_accel("mutex", "cpu", "cpu"),
        of_accel("mutex", "openblas", "openblas"),
        of_accel("core", "cpu_py310", "cpu", python="3.10"),
        of_accel("core", "cpu_py313", "cpu", python="3.13"),
        of_accel("core", "openblas_py313", "openblas", python="3.13"),
        of_accel("gpu-only", "cuda", "cuda"),
    ]
    jobs = sorted(make_jobs(cells), key=lambda job: cells.index(job.outputs[0]))
    chosen = [name.removeprefix("linux-64/") for job in one_of_each(jobs) for name in names_of(job)]
    assert chosen == ["mutex=cpu", "core=cpu_py313", "gpu-only=cuda"]


def test_a_cell_of_another_platform_needs_no_option() -> None:
    assert platforms_named([], "linux-64") == platforms_named(["lib=cpu", "linux-64/lib=cpu", "win*"], "linux-64") == ("linux-64",)
    assert platforms_named(["win-64/lib=cpu"], "linux-64") == ("linux-64", "win-64")


@pytest.mark.parametrize(
    ("verdicts", "own", "status"),
    [
        ([GOOD, SKIPPED], [GOOD], 0),
        ([GOOD], [], 0),
        ([GOOD, Verdict("c", "differs")], [], 1),
        ([GOOD, Verdict("c", "not built")], [], 1),
        ([GOOD], [Verdict("a", "differs")], 1),
        ([SKIPPED], [], 1),
        ([], [], 1),
    ],
)
def test_the_status_is_0_only_if_something_was_compared_and_all_of_it_agrees(
    verdicts: list[Verdict], own: list[Verdict], status: int
) -> None:
    assert status_of([Run(), Run()], verdicts, own) == status


def test_an_interrupted_run_says_so() -> None:
    assert status_of([Run(), Run(interrupted=True)], [GOOD], []) == 130
