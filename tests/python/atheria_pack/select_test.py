"""`--only`: patterns over cells, and everything the chosen ones need."""

import sys
from pathlib import Path

import pytest
from atheria_pack.errors import UsageError
from atheria_pack.plan import make_jobs
from atheria_pack.select import matches, select
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from family import FAMILY  # noqa: E402

JOBS = make_jobs(FAMILY)


def chosen(*patterns: str) -> set[str]:
    return {job.identifier.removeprefix("linux-64--") for job in select(JOBS, patterns)}


def test_a_cell_brings_what_it_needs() -> None:
    assert chosen("core=cpu_py310") == {"core=cpu_py310", "lib=cpu", "mutex=cpu"}


def test_patterns_fit_the_whole_name_or_the_part_after_the_slash() -> None:
    assert matches("linux-64/core=cpu_py310", ["core=*py310"])
    assert matches("linux-64/core=cpu_py310", ["linux-64/core*"])
    assert not matches("linux-64/core=cpu_py310", ["core"])


def test_a_pattern_without_a_cell_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"--only cor=\*: fits no cell; `matrix` lists them, for example linux-64/core=cpu_py310"):
        chosen("mutex=*", "cor=*")


def test_nothing_asked_keeps_all() -> None:
    assert select(JOBS, []) == JOBS


@given(st.sets(st.sampled_from([o.identifier for job in JOBS for o in job.outputs]), min_size=1))
def test_selection_is_closed_and_keeps_order(names: set[str]) -> None:
    kept = select(JOBS, sorted(names))
    identifiers = [job.identifier for job in kept]
    assert identifiers == [job.identifier for job in JOBS if job.identifier in identifiers]
    assert all(job.suppliers <= set(identifiers) for job in kept)
    assert names <= {o.identifier for job in kept for o in job.outputs}
