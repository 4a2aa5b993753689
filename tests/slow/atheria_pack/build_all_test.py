"""build-all from beginning to end on the small project, with real builds."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import rattler_build
from atheria_pack.digest import digest_of
from atheria_pack.record import load_records
from atheria_pack.solve import Solved, Solver, Unsolvable

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402

CELLS = 10


def package(project: Project, name: str, build: str) -> rattler_build.Package:
    (path,) = (project.output / "channel" / "linux-64").glob(f"{name}-[01]*-{build}*.conda")
    return rattler_build.Package.from_file(path)


def test_everything_is_built_tested_published_and_then_left_alone(project: Project) -> None:
    first = project.build()
    assert first.returncode == 0, first.stdout + first.stderr
    assert set(project.states().values()) == {"built"}
    report = project.report()
    assert (report["status"], report["counts"]) == (0, {"built": CELLS, "tests passed": 2, "tests failed": 0})
    assert len(project.published()) == CELLS

    core = package(project, "fix-core", "cpu_py311")
    (library,) = core.depends
    assert library.startswith("libfix ==0.1.0 cpu_h") and library.endswith("_100"), "pinned exactly, on its own accelerator"
    assert package(project, "fix-core", "openblas_py311").depends[0].startswith("libfix ==0.1.0 openblas_h")

    before = {path: path.stat().st_mtime_ns for path in (project.output / "channel").rglob("*") if path.is_file()}
    second = project.build()
    assert second.returncode == 0
    assert set(project.states().values()) == {"up to date"}
    assert {path: path.stat().st_mtime_ns for path in before} == before, "a second run touches nothing"
    assert project.report()["seconds"] < 5


def test_a_staging_build_is_compiled_once(project: Project) -> None:
    """The staging script writes the time; library, headers and what is made from them must come from one run of it."""
    project.edit_recipe("cp hello.txt $PREFIX/lib/libfix.txt", "cp hello.txt $PREFIX/lib/libfix.txt; echo run >> $RECIPE_DIR/../../runs")
    assert project.build("--accel", "cpu", "--python", "3.11").returncode == 0
    assert (project.root / "runs").read_text() == "run\n"


def test_an_edited_source_rebuilds_what_is_made_from_it_and_says_why(project: Project) -> None:
    assert project.build("--accel", "cpu").returncode == 0
    old = project.published()
    (project.root / "src" / "hello.txt").write_text("changed\n")
    done = project.build("--accel", "cpu")
    assert done.returncode == 0
    reasons = {cell["cell"].removeprefix("linux-64/"): (cell["state"], cell["reason"]) for cell in project.report()["cells"]}
    assert reasons["libfix=cpu"] == ("built", "changed: src/hello.txt")
    assert reasons["fix-core=cpu_py310"][0] == "built"
    assert reasons["fix-variant=cpu"] == ("up to date", "nothing changed")
    new = project.published()
    assert len(new) == len(old) and len(new & old) == 1, "the older builds are gone, the mutex stays"
    (made,) = [path for path in (project.output / "packages" / "linux-64").glob("libfix-0*.conda")]
    assert made.name in new


def test_an_edited_test_or_script_rebuilds_too(project: Project) -> None:
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    (project.recipe.parent / "extra.sh").write_text("true\n")
    project.build("--accel", "cpu", "--python", "3.10", "--dry-run")
    done = project.build("--accel", "cpu", "--python", "3.10", "--dry-run")
    assert "changed: recipes/fix/extra.sh" in done.stdout and "would run 3 jobs" in done.stdout


def test_damaged_and_lost_packages_are_made_again(project: Project) -> None:
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    (victim,) = (project.output / "packages" / "linux-64").glob("fix-core*.conda")
    victim.write_bytes(b"damaged")
    done = project.build("--accel", "cpu", "--python", "3.10")
    assert done.returncode == 0 and f"{victim.name} is not as it was built" in done.stdout
    rattler_build.Package.from_file(project.output / "channel" / "linux-64" / victim.name).files  # noqa: B018 - reads it whole


def test_a_failing_cell_shows_its_end_and_spares_the_rest(project: Project) -> None:
    project.edit_recipe(
        "cp $PREFIX/include/stamp.h $PREFIX/share/pystamp",
        "cp $PREFIX/include/stamp.h $PREFIX/share/pystamp; echo the last words; test ${{ python | version_to_buildstring }} != 310",
    )
    done = project.build("--accel", "cpu")
    assert done.returncode == 1
    assert project.states() == {
        "fix-variant=cpu": "built",
        "libfix=cpu": "built",
        "libfix-dev=cpu": "built",
        "fix-core=cpu_py310": "failed",
        "fix-core=cpu_py311": "built",
    }
    assert "| the last words" in done.stdout
    redo = f"redo: ./run build-all --only linux-64/fix-core=cpu_py310 --accel cpu --platform linux-64 --channel {project.channel}"
    assert redo in done.stdout
    assert len(project.published()) == 4
    again = project.build("--accel", "cpu")
    assert again.returncode == 1 and project.states()["fix-core=cpu_py311"] == "up to date"


def test_what_needs_a_failed_cell_is_blocked(project: Project) -> None:
    project.edit_recipe("cp hello.txt $PREFIX/lib/libfix.txt", "test ${{ atheria_accel }} = cpu; cp hello.txt $PREFIX/lib/libfix.txt")
    done = project.build()
    assert done.returncode == 1
    states = project.states()
    assert states["libfix=openblas"] == states["libfix-dev=openblas"] == "failed"
    assert states["fix-core=openblas_py310"] == "blocked"
    assert states["fix-core=cpu_py310"] == "built"
    assert "blocked: linux-64/fix-core=openblas_py310: needs libfix, which failed" in done.stdout or "needs libfix-dev" in done.stdout


def test_a_failing_package_test_fails_the_cell(project: Project) -> None:
    project.edit_recipe("test -f $PREFIX/lib/libfix.txt]", "echo seen by the test, test -f $PREFIX/lib/other.txt]")
    done = project.build("--accel", "cpu", "--python", "3.10")
    assert done.returncode == 1
    assert project.states()["libfix-dev=cpu"] == "failed"
    assert "test 1 of libfix-dev failed" in done.stdout and "seen by the test" in done.stdout
    assert project.published() == {"fix-variant-1-cpu.conda"}, "what fails its test is not published"
    spared = project.build("--accel", "cpu", "--python", "3.10", "--no-tests")
    assert spared.returncode == 0


def test_a_test_is_that_of_the_package_just_built_not_of_its_predecessor(project: Project) -> None:
    """An edited test does not change the file's name; the package cache would give the older one."""
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    project.edit_recipe("test -f $PREFIX/lib/libfix.txt]", "test -f $PREFIX/lib/other.txt]")
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 1
    assert project.states()["libfix-dev=cpu"] == "failed"


def test_a_file_nobody_listed_fails_the_strict_package(project: Project) -> None:
    project.edit_recipe("cp hello.txt $PREFIX/lib/libfix.txt", "cp hello.txt $PREFIX/lib/libfix.txt; echo x > $PREFIX/lib/stray.txt")
    done = project.build("--accel", "cpu", "--python", "3.10")
    assert done.returncode == 1
    assert "stray.txt" in done.stdout


def test_what_could_not_be_rebuilt_stays_published_with_what_it_was_made_with(project: Project) -> None:
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    old = project.published()
    original = project.recipe.read_text()
    (project.root / "src" / "hello.txt").write_text("changed\n")
    project.edit_recipe("cp $PREFIX/include/stamp.h $PREFIX/share/pystamp", "false")
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 1
    assert old < project.published(), "the older family is whole beside the library built anew"
    solved = Solver([(project.output / "channel").as_uri()], "linux-64").packages(["fix-core"])
    assert isinstance(solved, Solved), solved
    project.recipe.write_text(original)
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    assert len(project.published()) == len(old) and not list((project.output / "records" / "earlier").glob("*"))


def test_a_narrow_run_after_an_edit_leaves_the_rest_installable(project: Project) -> None:
    assert project.build("--accel", "cpu").returncode == 0
    (project.root / "src" / "hello.txt").write_text("changed\n")
    assert project.build("--only", "libfix=cpu").returncode == 0
    solver = Solver([(project.output / "channel").as_uri()], "linux-64")
    for core in sorted(name for name in project.published() if name.startswith("fix-core")):
        name, version, build = core.removesuffix(".conda").rsplit("-", 2)
        solved = solver.packages([f"{name} {version} {build}"])
        assert isinstance(solved, Solved), solved


def test_another_content_under_the_same_name_is_published(project: Project) -> None:
    """A stop between record and publication leaves this: the channel has the file's name with other content."""
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    (place,) = (project.output / "channel" / "linux-64").glob("fix-core*.conda")
    before = (project.output / "channel" / "linux-64" / "repodata.json").read_text()
    record = next((project.output / "records").glob("*fix-core*.json"))
    digest = json.loads(record.read_text())["packages"][0]["sha256"]
    assert digest in before
    (project.output / "channel" / "linux-64" / "repodata.json").write_text(before.replace(digest, "0" * 64))
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    assert digest in (project.output / "channel" / "linux-64" / "repodata.json").read_text()


def test_packages_made_without_their_tests_are_tested_by_the_next_run(project: Project) -> None:
    project.edit_recipe("test -f $PREFIX/lib/libfix.txt]", "test -f $PREFIX/lib/other.txt]")
    assert project.build("--accel", "cpu", "--python", "3.10", "--no-tests").returncode == 0
    done = project.build("--accel", "cpu", "--python", "3.10")
    assert done.returncode == 1 and "test 1 of libfix-dev failed" in done.stdout
    assert project.published() == {name for name in project.published() if name.startswith("fix-variant")}


def test_a_reader_that_leaves_does_not_end_the_build(project: Project) -> None:
    command = shlex.join(project.command("--accel", "cpu", "--python", "3.10"))
    done = subprocess.run(
        ["bash", "-c", f"{command} 2>&1 | head -1; exit ${{PIPESTATUS[0]}}"], cwd=project.root, env=project.environment, check=False
    )
    assert done.returncode == 0
    assert set(project.states().values()) == {"built"} and len(project.published()) == 4


def test_a_run_that_proves_nothing_fails(project: Project) -> None:
    text = project.recipe.read_text().replace("fix-core", "atheria-core")
    staging = "  - staging: {name: fix-build}\n"
    project.recipe.write_text(text.replace(staging, staging + "    requirements: {build: [hip-compiler]}\n"))
    done = project.build()
    assert done.returncode == 1 and "nothing is proved" in done.stderr
    assert project.report()["status"] == 1 and "nothing is proved" in project.report()["error"]
    assert project.build("--no-proof").returncode == 0


def test_an_error_after_the_builds_is_in_the_report(project: Project) -> None:
    assert project.build("--accel", "cpu", "--python", "3.10").returncode == 0
    (project.root / "src" / "hello.txt").write_text("changed\n")
    blocker = project.output / ".channel.new"  # a file where publishing makes a folder
    blocker.write_text("")
    done = project.build("--accel", "cpu", "--python", "3.10")
    assert done.returncode == 1
    assert set(project.states().values()) == {"built", "up to date"} and ".channel.new" in project.report()["error"]


def test_a_variant_that_is_no_more_leaves_the_channel(project: Project) -> None:
    assert project.build("--accel", "cpu").returncode == 0
    assert len(project.published()) == 5
    variants = project.root / "variants.yaml"
    variants.write_text(variants.read_text().replace('["3.10.*", "3.11.*"]', '["3.11.*"]'))
    assert project.build("--accel", "cpu").returncode == 0
    assert set(project.states().values()) == {"up to date"}
    assert not [name for name in project.published() if "py310" in name] and len(project.published()) == 4


def test_only_builds_a_cell_and_what_it_needs(project: Project) -> None:
    assert project.build("--only", "fix-core=cpu_py310").returncode == 0
    assert set(project.states()) == {"fix-variant=cpu", "libfix=cpu", "libfix-dev=cpu", "fix-core=cpu_py310"}
    assert project.build("--only", "fix-core=openblas_py310").returncode == 0
    assert len(project.published()) == 8, "an earlier selection stays published"


def test_report_and_records_agree(project: Project) -> None:
    assert project.build("--accel", "cpu", "--json").returncode == 0
    records = load_records(project.output / "records")
    for cell in project.report()["cells"]:
        record = records[cell["job"]]
        assert record.key == digest_of(record.parts)
        assert cell["package"]["file_name"] in {built.file_name for built in record.packages}
        assert Path(cell["log"]).read_text()


def test_solvers_prefer_by_offset_pick_by_string_and_never_mix(project: Project) -> None:
    assert project.build("--python", "3.11").returncode == 0
    solver = Solver([(project.output / "channel").as_uri()], "linux-64")

    def picked(*specs: str) -> set[str]:
        solved = solver.packages(specs)
        assert isinstance(solved, Solved), solved
        return {build.split("_")[0] for build in (package.split(" ")[2] for package in solved.packages)}

    assert picked("fix-core") == {"cpu"}, "the higher offset wins"
    assert picked("fix-core=*=openblas*") == {"openblas"}, "the whole family follows"
    assert picked("fix-core=*=cpu*", "libfix") == {"cpu"}
    mixed = solver.packages(["fix-core=*=openblas*", "libfix=*=cpu*"])
    assert isinstance(mixed, Unsolvable)
    mutex = solver.packages(["fix-variant=*=openblas", "libfix=*=cpu*"])
    assert isinstance(mutex, Unsolvable) and "fix-variant" in mutex.reason


def test_jobs_share_no_folder(project: Project) -> None:
    """Two builds of one recipe in one folder collide when they start in the same second; these start together."""
    done = project.build("--jobs", "4")
    assert done.returncode == 0, done.stdout
    assert len(project.published()) == CELLS
    assert not list((project.output / "work").glob("*")), "finished jobs leave no folder"
