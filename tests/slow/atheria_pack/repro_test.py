"""repro with real builds of the small project: equal ones agree, what depends on the surroundings is found and named."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.normal_form import normalise
from atheria_pack.package_file import read_package

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402

CLOCK = "date +%N > $PREFIX/include/stamp.h"
SELECTION = ("--accel", "cpu", "--python", "3.10")
CELLS = {"fix-variant=cpu", "libfix=cpu", "libfix-dev=cpu", "fix-core=cpu_py310"}


def command(project: Project, *words: str) -> list[str]:
    return [sys.executable, "-m", "atheria_pack", "repro", "--channel", str(project.channel), *words]


def repro(project: Project, *words: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        command(project, "--json", *words), cwd=project.root, env=project.environment, capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def states(report: dict[str, Any], part: str = "cells") -> dict[str, str]:
    return {cell["cell"].removeprefix("linux-64/"): cell["state"] for cell in report[part]}


def test_builds_of_equal_sources_are_identical_and_so_is_the_own_rebuild(project: Project) -> None:
    project.edit_recipe(CLOCK, "echo $PREFIX > $PREFIX/include/stamp.h")  # its prefix is what a package may hold
    staging = "  - staging: {name: fix-build}\n"  # one that needs a package of ours, as the engine's needs the runtime
    project.edit_recipe(staging, staging + "    requirements: {host: ['fix-variant * ${{ atheria_accel }}']}\n")
    code, report, said = repro(project, *SELECTION)
    assert code == 0, said
    assert states(report) == dict.fromkeys(CELLS, "identical")
    assert states(report, "rebuild") == dict.fromkeys(CELLS, "identical")
    assert not list((project.output / "repro").glob("*")), "identical builds are not kept"
    assert not list(project.root.glob("staging_*")), "nothing of a rebuild is left among the sources"


def test_the_clock_in_a_package_is_named_with_its_member_and_bytes(project: Project) -> None:
    code, report, said = repro(project, *SELECTION)
    assert code == 1
    assert states(report) == {**dict.fromkeys(CELLS, "identical"), "libfix-dev=cpu": "differs", "fix-core=cpu_py310": "differs"}
    # what is made from the stamp is made from the same one again, so only its origin fails the rebuild
    assert states(report, "rebuild") == {**dict.fromkeys(CELLS, "identical"), "libfix-dev=cpu": "differs"}
    (cell,) = [cell for cell in report["cells"] if cell["cell"] == "linux-64/libfix-dev=cpu"]
    assert [(one["member"], one["what"], one["offset"]) for one in cell["differences"]][0][:2] == ("include/stamp.h", "content")
    stamps = [next(m.data for m in read_package(Path(path)) if m.name == "include/stamp.h") for path in cell["packages"]]
    assert [stamps[at].hex(" ") in cell["differences"][0][which] for at, which in enumerate(("first", "second"))] == [True, True]
    assert cell["sha256"][0] != cell["sha256"][1]
    assert "include/stamp.h: content differs" in said and f"kept: {project.output / 'repro' / 'first'}" in said


@pytest.mark.parametrize("source", ["echo $SRC_DIR", "date +%s", "echo $CPU_COUNT", "umask"])
def test_a_dependence_on_the_surroundings_is_found(project: Project, source: str) -> None:
    project.edit_recipe(CLOCK, f"{source} > $PREFIX/include/stamp.h")
    code, report, _ = repro(project, *SELECTION, "--no-rebuild")
    assert code == 1 and states(report)["libfix-dev=cpu"] == "differs" and report["rebuild"] == []


def test_a_cell_that_does_not_build_is_no_success(project: Project) -> None:
    project.edit_recipe(CLOCK, "false")
    code, report, said = repro(project, *SELECTION)
    assert code == 1
    assert states(report) == {**dict.fromkeys(CELLS, "not built"), "fix-variant=cpu": "identical"}
    assert "first build: " in said


def test_named_cells_and_quick(project: Project) -> None:
    code, report, _ = repro(project, "fix-variant=openblas", "--no-rebuild")
    assert code == 0 and states(report) == {"fix-variant=openblas": "identical"}
    project.edit_recipe(CLOCK, "echo > $PREFIX/include/stamp.h")
    code, report, _ = repro(project, "--quick", "--no-rebuild", "--keep")
    assert code == 0 and len(report["cells"]) == 4 and len({cell["cell"].split("=")[0] for cell in report["cells"]}) == 4
    assert len(list((project.output / "repro").glob("*/packages/*/*.conda"))) == 8, "--keep keeps both"


def test_wrong_words_are_refused(project: Project) -> None:
    code, _, said = repro(project, "nothing*")
    assert code == 2 and said.startswith("error: --only nothing*: fits no cell")
    project.edit_recipe("  - staging: {name: fix-build}\n", "  - staging: {name: fix-build}\n    requirements: {build: [hip-compiler]}\n")
    code, _, said = repro(project, "libfix=cpu", "fix-variant=cpu")
    assert code == 0, said  # the one that can be built is compared, the other skipped
    project.edit_recipe("  - package: {name: fix-variant, version: \"1\"}\n", "  - package: {name: fix-variant, version: \"1\"}\n"
                        "    requirements: {build: [hip-compiler]}\n")
    code, _, said = repro(project, "libfix=cpu")
    assert code == 2 and "none of these cells can be built here: no hip-compiler in the channel" in said


def test_an_interrupted_comparison_leaves_nothing_running(project: Project) -> None:
    waiting = project.root / "waiting"
    project.edit_recipe(CLOCK, f"echo $$ > {waiting}; sleep 300 & wait")
    with subprocess.Popen(
        command(project, *SELECTION), cwd=project.root, env=project.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not waiting.exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    stat = Path(f"/proc/{int(waiting.read_text())}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z", "the build script outlived the run"


def test_a_rebuild_that_cannot_be_made_is_a_verdict_beside_the_others(project: Project) -> None:
    once = project.root / "once"  # builds three times, twice for the comparison and once for the rebuild to start from
    project.edit_recipe(CLOCK, f"echo x > $PREFIX/include/stamp.h; echo run >> {once}; test $(wc -l < {once}) -lt 4")
    code, report, said = repro(project, *SELECTION)
    assert code == 1 and set(states(report).values()) == {"identical"}
    assert states(report, "rebuild") == {**dict.fromkeys(CELLS, "identical"), "libfix=cpu": "not built", "libfix-dev=cpu": "not built"}
    assert "py-rattler-build's rebuild ended with status 1" in said


def test_published_packages_are_in_normal_form(project: Project) -> None:
    """build-all brings them into it before their tests, and their tests find each other by the index written after it."""
    assert project.build(*SELECTION).returncode == 0
    for path in (project.output / "channel").glob("*/*.conda"):
        times = {member.mtime for member in read_package(path)}
        (index,) = [json.loads(member.data) for member in read_package(path) if member.name == "info/index.json"]
        assert len(times) == 1 and index["timestamp"] == 1000 * times.pop()
        assert index["timestamp"] / 1000 <= time.time() - 0.5 and not normalise(path, index["timestamp"] // 1000), path.name
        assert not [member.name for member in read_package(path) if os.fsencode(project.root) in member.data], path.name
