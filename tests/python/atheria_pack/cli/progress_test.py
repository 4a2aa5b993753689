"""What a run shows: every job where they fit on the screen, else those that tell most; a line per job where there is no screen."""

import io
import re
import sys
from pathlib import Path

from atheria_pack.cli.progress import LiveTable, PlainLines
from atheria_pack.outcome import JobResult
from atheria_pack.plan import make_jobs
from atheria_pack.record import BuiltPackage
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from family import output  # noqa: E402

JOBS = make_jobs(output(f"lib{number:02}") for number in range(40))


def drawn(table: LiveTable) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(table.table())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_more_jobs_than_lines() -> None:
    table = LiveTable(JOBS, io.StringIO())
    for job in JOBS[:20]:
        table.finished(JobResult(job, "skipped", "no vs2022_win-64"))
    for job in JOBS[20:30]:
        table.started(job)
        table.finished(JobResult(job, "built", "not built yet"))
    table.finished(JobResult(JOBS[0], "failed", "no reason"))
    table.started(JOBS[39])
    shown = table.shown(5)
    assert [name.split("--")[1] for name in shown] == ["lib00=cpu", "lib27=cpu", "lib28=cpu", "lib29=cpu", "lib39=cpu"]
    assert table.shown(100) == [job.identifier for job in JOBS]
    text = drawn(table)
    one_line = " ".join(text.split())  # it breaks where the table ends
    assert re.search(r"30/40 jobs; not shown: (\d+ waiting, )?\d+ skipped$", one_line), one_line
    assert len(text.splitlines()) < 40


def test_all_jobs_are_shown_where_they_fit() -> None:
    table = LiveTable(JOBS[:3], io.StringIO())
    assert "not shown" not in drawn(table) and drawn(table).count("waiting") == 3


def test_lines_count_tests_that_were_not_run() -> None:
    stream = io.StringIO()
    lines = PlainLines(JOBS[:1], stream)
    package = BuiltPackage("c", "win-64", "f", "0", 0, 1, {"no wine": 2})
    lines.finished(JobResult(JOBS[0], "built", "not built yet", 1.0, (package,), 1))
    lines.finished(JobResult(JOBS[0], "failed", "it broke", preview=True))
    assert stream.getvalue() == (
        "1/1  built: linux-64/lib00=cpu in 1.0 s, 1 tests passed, 2 not run (not built yet)\n"
        "2/1  failed, a preview: linux-64/lib00=cpu (it broke)\n"
    )
