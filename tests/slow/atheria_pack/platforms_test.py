"""Packages of other platforms and for GPUs that are not here, really built from the small project."""

import json
import sys
from pathlib import Path

import rattler_build

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402

ALL = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")


def cells(project: Project) -> dict[str, dict[str, object]]:
    return {cell["cell"]: cell for cell in project.report()["cells"]}


def files(project: Project, platform: str) -> dict[str, Path]:
    return {path.name.rsplit("-", 2)[0]: path for path in (project.output / "channel" / platform).glob("*.conda")}


def test_every_platform_is_built_published_and_left_alone(project: Project) -> None:
    done = project.build("--platform", ",".join(ALL), "--accel", "cpu", "--python", "3.10")
    assert done.returncode == 0, done.stdout + done.stderr
    for platform in ALL:
        assert sorted(files(project, platform)) == ["fix-core", "fix-variant", "libfix", "libfix-dev"]
        index = json.loads((project.output / "channel" / platform / "repodata.json").read_text())
        assert {record["subdir"] for record in index["packages.conda"].values()} == {platform}
    core = rattler_build.Package.from_file(files(project, "win-64")["fix-core"])
    assert core.subdir == "win-64" and core.depends == [f"libfix ==0.1.0 {files(project, 'win-64')['libfix'].stem.split('-', 2)[2]}"]
    again = project.build("--platform", ",".join(ALL), "--accel", "cpu", "--python", "3.10")
    assert again.returncode == 0 and {cell["state"] for cell in cells(project).values()} == {"up to date"}


def test_a_staging_build_of_another_platform_is_compiled_once(project: Project) -> None:
    project.edit_recipe("cp hello.txt $PREFIX/lib/libfix.txt", "cp hello.txt $PREFIX/lib/libfix.txt; echo run >> $RECIPE_DIR/../../runs")
    assert project.build("--platform", "osx-arm64", "--accel", "cpu").returncode == 0
    assert (project.root / "runs").read_text() == "run\n", "library, headers, and two Pythons of one build"


def test_tests_that_cannot_run_are_counted_and_named_and_never_passed(project: Project) -> None:
    done = project.build("--platform", "linux-64,win-64", "--accel", "cpu", "--python", "3.10")
    assert done.returncode == 0, done.stdout
    counts = project.report()["counts"]
    assert (counts["tests passed"], counts["tests failed"], counts["tests not run"]) == (1, 0, 1)
    reason = "it runs programs of win-64, and this machine is linux-64"
    assert f"1 tests of win-64 not run: {reason}" in done.stdout
    assert cells(project)["win-64/libfix-dev=cpu"]["tests"] == {"ran": 0, "not_run": {reason: 1}}
    assert cells(project)["linux-64/libfix-dev=cpu"]["tests"] == {"ran": 1, "not_run": {}}
    again = project.build("--platform", "linux-64,win-64", "--accel", "cpu", "--python", "3.10")
    assert f"1 tests of win-64 not run: {reason}" in again.stdout, "it is still true of what was built before"


def test_what_a_package_of_another_platform_contains_is_tested(project: Project) -> None:
    project.edit_recipe("cp hello.txt $PREFIX/lib/libfix.txt", "cp hello.txt $PREFIX/lib/libfix.txt; echo x > $PREFIX/lib/stray.txt")
    done = project.build("--platform", "win-64", "--accel", "cpu", "--python", "3.10")
    assert done.returncode == 1 and "stray.txt" in done.stdout


def tool_for(project: Project) -> None:
    """A package `tool` in the channel, for this machine only."""
    recipe = project.root / "tool" / "recipe.yaml"
    recipe.parent.mkdir()
    script = "mkdir -p $PREFIX/bin; echo echo I am a tool > $PREFIX/bin/tool; chmod +x $PREFIX/bin/tool"
    recipe.write_text(f"package: {{name: tool, version: '1'}}\nbuild: {{script: ['{script}']}}\n")
    for variant in rattler_build.Stage0Recipe.from_file(recipe).render(rattler_build.VariantConfig({})):
        variant.run_build(output_dir=project.channel, channels=[])


def test_a_script_with_tools_of_its_own_runs_for_another_platform(project: Project) -> None:
    tool_for(project)
    script = "- script: [test -f $PREFIX/include/stamp.h, test -f $PREFIX/lib/libfix.txt]"
    with_tools = "- script: [tool, test $target_platform = win-64, test -f $PREFIX/lib/libfix.txt]\n        requirements: {build: [tool]}"
    project.edit_recipe(script, with_tools)
    done = project.build("--platform", "win-64", "--accel", "cpu", "--python", "3.10")
    assert done.returncode == 0, done.stdout
    assert project.report()["counts"]["tests passed"] == 1
    assert "I am a tool" in (project.output / "logs" / "win-64--libfix=cpu.log").read_text()
    project.edit_recipe("build: [tool]", "build: [tool, no-such-tool]")
    assert project.build("--platform", "win-64", "--accel", "cpu", "--python", "3.10").returncode == 0
    (reason,) = cells(project)["win-64/libfix-dev=cpu"]["tests"]["not_run"]  # type: ignore[index]
    assert reason.startswith("no no-such-tool in the channel")
    project.edit_recipe("build: [tool, no-such-tool]", "build: [tool]")
    project.edit_recipe("test $target_platform = win-64", "false")
    assert project.build("--platform", "win-64", "--accel", "cpu", "--python", "3.10").returncode == 1


def test_packages_of_no_platform_are_built_once(project: Project) -> None:
    project.edit_recipe('    build: {string: "${{ atheria_accel }}"}', '    build: {string: "${{ atheria_accel }}", noarch: generic}')
    done = project.build("--platform", "linux-64,win-64", "--accel", "cpu", "--python", "3.10")
    assert done.returncode == 0, done.stdout
    assert [name for name in cells(project) if "fix-variant" in name] == ["noarch/fix-variant=cpu"]
    assert list(files(project, "noarch")) == ["fix-variant"] and "fix-variant" not in files(project, "win-64")
    alone = project.build("--platform", "win-64", "--accel", "cpu", "--python", "3.10")
    assert alone.returncode == 0 and {cell["state"] for cell in cells(project).values()} == {"up to date"}
    assert "linux-64" in {path.parent.name for path in (project.output / "channel").glob("*/*.conda")}, "a narrow run takes nothing away"


def test_a_package_for_a_gpu_is_built_and_tested_without_one(project: Project) -> None:
    project.edit_recipe('run: ["fix-variant * ${{ atheria_accel }}"]', 'run: ["fix-variant * ${{ atheria_accel }}", __cuda >=13]')
    plain = project.build("--accel", "cpu", "--python", "3.10")
    assert plain.returncode == 0 and cells(project)["linux-64/libfix=cpu"]["state"] == "skipped"
    variants = project.root / "variants.yaml"
    text = variants.read_text()
    variants.write_text(text.replace("[atheria_accel, number]", "[atheria_accel, number, cuda_compiler_version]")
                        + "cuda_compiler_version: ['13.0', None]\n")
    done = project.build("--accel", "cpu", "--python", "3.10")
    assert done.returncode == 0, done.stdout
    assert cells(project)["linux-64/libfix-dev=cpu"]["tests"] == {"ran": 1, "not_run": {}}


def test_a_preview_may_fail(project: Project) -> None:
    project.edit_recipe(
        "cp $PREFIX/include/stamp.h $PREFIX/share/pystamp",
        "cp $PREFIX/include/stamp.h $PREFIX/share/pystamp; test ${{ python | version_to_buildstring }} != 311",
    )
    assert project.build("--accel", "cpu").returncode == 1
    variants = project.root / "variants.yaml"
    variants.write_text("atheria_preview_python: ['3.11']\n" + variants.read_text())
    done = project.build("--accel", "cpu", "--strict")
    assert done.returncode == 0, done.stdout
    assert "failed, a preview: linux-64/fix-core=cpu_py311" in done.stdout and "1 failed (preview)" in done.stdout
    assert cells(project)["linux-64/fix-core=cpu_py311"]["preview"] is True
    assert "fix-core" in files(project, "linux-64")
