"""Indexes are written and compared in the same memory, however many packages there are."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

from atheria_pack.mirror.index.agree import disagreements
from atheria_pack.mirror.index.write import write_indexes
from atheria_pack.mirror.inventory import Inventory
from atheria_pack.mirror.records import RecordTable
from small_mirror import entry


def peaks(count: int, folder: Path) -> tuple[int, int]:
    """The most bytes in use while a channel of so many packages is written, and while it is compared."""
    folder.mkdir()
    with RecordTable() as table, Inventory() as named:
        table.add(entry(f"p{number // 3}", f"{number % 3}") for number in range(count))
        for one in table.entries():
            named.name(one.path, one.sha256)
        found = []
        for work in (
            lambda: [None for _ in write_indexes(table, folder)],
            lambda: list(disagreements(lambda path: open(f"{folder}/{path}", "rb"), ["linux-64", "noarch"], named)),  # noqa: SIM115
        ):
            tracemalloc.start()
            try:
                result = work()
                found.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()
        assert result == []
        return found[0], found[1]


def test_memory_does_not_grow_with_the_number_of_packages(tmp_path: Path) -> None:
    """In a process of its own: a test runner allocates while it watches."""
    folders = [str(Path(__file__).parent), *sys.path]
    script = (
        "import sys; from pathlib import Path; from index_memory_test import peaks; folder = Path(sys.argv[1])\n"
        "peaks(4000, folder / 'first')  # the interpreter's own tables grow by leaps\n"
        "print(*peaks(1000, folder / 'few'), *peaks(4000, folder / 'many'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    few_written, few_compared, many_written, many_compared = map(int, done.stdout.split())
    assert many_written < 1.25 * few_written and many_compared < 1.25 * few_compared, done.stdout
