"""Wrong input gets one clear message and its exit code; right input gets data on stdout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from atheria_pack.workspace import Workspace

PYTHON_TREE = Path(__file__).resolve().parents[4] / "python"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    for subdir in ("noarch", "linux-64"):
        (tmp_path / "empty" / subdir).mkdir(parents=True)
        (tmp_path / "empty" / subdir / "repodata.json").write_text('{"packages": {}, "packages.conda": {}}')
    return tmp_path / "empty"


def pack(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "atheria_pack", *words],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(PYTHON_TREE)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--accel", "cudda"], 2, "error: --accel cudda: not in variants.yaml; it has cpu, openblas\n"),
        (["--python", "3.9"], 2, "error: --python 3.9: not in variants.yaml; it has 3.10, 3.11\n"),
        (
            ["--platform", "win-64,linux-32"],
            2,
            "error: --platform linux-32: not one of linux-64, linux-aarch64, osx-arm64, win-64; did you mean linux-64?\n",
        ),
        (["--only", "nothing*"], 2, "error: --only nothing*: fits no cell; `matrix` lists them, for example linux-64/fix-core=cpu_py310\n"),
        (["--jobs", "0"], 2, "error: --jobs 0: needs 1 or more\n"),
    ],
)
@pytest.mark.parametrize("verb", ["matrix", "build-all"])
def test_wrong_names(project: Path, empty: Path, verb: str, words: list[str], code: int, message: str) -> None:
    done = pack(project, verb, "--channel", str(empty), *words)
    assert (done.returncode, done.stderr, done.stdout) == (code, message, "")


@pytest.mark.parametrize("verb", ["matrix", "build-all"])
def test_an_output_folder_with_a_space_is_refused(project: Path, empty: Path, verb: str) -> None:
    spaced = project.rename(project.with_name("pro ject"))
    done = pack(spaced, verb, "--channel", str(empty))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: the output folder {str(spaced / 'output')!r} has white space in its path, which compilers cannot take; "
        "give another one with --output FOLDER\n"
    )
    assert pack(spaced, verb, "--channel", str(empty), "--output", str(project), *["--dry-run"][: verb == "build-all"]).returncode == 0


def test_relative_names_start_where_the_task_was_typed(project: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task runs in the project, whatever folder `./run` was called from."""
    place = project.parent / "elsewhere"
    place.mkdir()
    empty.rename(place / "channel")
    monkeypatch.setenv("INIT_CWD", str(place))
    words = ["build-all", "--dry-run", "--channel", "channel", "--output", "made"]
    assert pack(project, *words).returncode == 2, "outside a task the variable means nothing"
    monkeypatch.setenv("PIXI_PROJECT_ROOT", str(project))
    done = pack(project, *words)
    assert done.returncode == 0, done.stderr
    assert (place / "made").is_dir() and not (project / "made" / "records").exists()


def test_wrong_variants(project: Path, empty: Path) -> None:
    text = (project / "variants.yaml").read_text().replace('["100", "50"]', '["100"]')
    (project / "variants.yaml").write_text(text)
    done = pack(project, "build-all", "--channel", str(empty))
    assert done.returncode == 2
    assert done.stderr == (
        "error: variants.yaml: number has 1 values, atheria_accel has 2; a zip group goes row by row: give all of them the same count\n"
    )


def test_matrix_as_json(project: Path, empty: Path) -> None:
    done = pack(project, "matrix", "--json", "--accel", "cpu", "--python", "3.11", "--platform", "linux-64", "--channel", str(empty))
    value = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [cell["cell"] for cell in value["cells"]] == [
        "linux-64/fix-variant=cpu",
        "linux-64/libfix=cpu",
        "linux-64/libfix-dev=cpu",
        "linux-64/fix-core=cpu_py311",
    ]
    assert {cell["state"] for cell in value["cells"]} == {"would build"}
    assert value["cells"][3]["needs"] == ["linux-64--libfix=cpu"]


def needing_a_compiler(project: Path) -> None:
    recipe = project / "recipes" / "fix" / "recipe.yaml"
    staging = "  - staging: {name: fix-build}\n"
    text = recipe.read_text()
    assert staging in text
    recipe.write_text(text.replace(staging, staging + """    requirements: {build: ["${{ compiler('c') }}"]}\n"""))
    variants = project / "variants.yaml"
    compilers = "c_compiler: [{if: osx, then: clang}, {if: win, then: vs2022}, {if: linux, then: gcc}]\n"
    variants.write_text(compilers + variants.read_text())


def test_all_platforms_are_shown_and_a_missing_compiler_is_the_reason(project: Path, empty: Path) -> None:
    needing_a_compiler(project)
    done = pack(project, "matrix", "--channel", str(empty))
    assert done.returncode == 0
    for platform in ("linux-64", "linux-aarch64", "osx-arm64", "win-64"):
        assert f"\n{platform}: 2 would build, 8 skipped\n" in done.stdout
    assert f"no vs2022_win-64 in the channel {empty}" in done.stdout
    assert "; a machine of win-64 builds it" in done.stdout and "a machine of linux-64 builds it" not in done.stdout
    assert f"no clang_osx-arm64 in the channel {empty}" in done.stdout
    strict = pack(project, "matrix", "--platform", "osx-arm64,win-64", "--channel", str(empty), "--strict")
    assert "linux-64:" not in strict.stdout
    assert strict.returncode == 4 and "--strict: 16 cells are skipped, the first, osx-arm64/libfix=cpu, because: no clang" in strict.stderr
    assert "\n  compiler  " in strict.stderr, "what was looked for is told"
    assert strict.stderr.endswith("  `--channel bootstrap` makes the compilers for other platforms, of ziglang\n")


@pytest.mark.parametrize("verb", ["matrix", "build-all"])
def test_a_missing_toolkit_that_is_demanded_is_named_with_where_to_get_it(project: Path, empty: Path, verb: str) -> None:
    for path in (project / "variants.yaml", project / "recipes" / "fix" / "recipe.yaml"):
        path.write_text(path.read_text().replace("openblas", "cuda130"))
    recipe = project / "recipes" / "fix" / "recipe.yaml"
    staging = "  - staging: {name: fix-build}\n"
    needs = """    requirements: {build: [{if: "atheria_accel == 'cuda130'", then: "${{ compiler('cuda') }}"}]}\n"""
    recipe.write_text(recipe.read_text().replace(staging, staging + needs))
    variants = project / "variants.yaml"
    variants.write_text("cuda_compiler: [cuda-nvcc]\n" + variants.read_text())
    words = ["--platform", "linux-64", "--channel", str(empty), "--accel"]
    done = pack(project, verb, *words, "cuda130", "--strict")
    assert done.returncode == 4
    first, *told = done.stderr.splitlines()
    assert first == (
        "error: --strict: 4 cells are skipped, the first, linux-64/libfix=cuda130, because: "
        f"no cuda-nvcc_linux-64 in the channel {empty}"
    )
    assert [line for line in told if line.startswith("  cuda ")] and not [line for line in told if line.startswith("  rocm ")]
    assert told[-1] == (
        "  packages are built by the channel's cuda-nvcc: conda-forge has 12.9 and 13.0, `--channel bootstrap` makes 13.0"
    )
    assert pack(project, "matrix", *words, "cpu", "--strict").returncode == 0


@pytest.mark.parametrize("words", ["variants", "clean --dry-run", "inspect --sbom /dev/null/x"])
def test_a_reader_that_leaves_is_no_error_of_the_verb(project: Path, empty: Path, words: str) -> None:
    (project / "output" / "packages").mkdir(parents=True)
    channel = f" --channel {empty}" if words == "variants" else ""
    alone = pack(project, *(words + channel).split())
    command = f"{sys.executable} -m atheria_pack {words}{channel} | true; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(PYTHON_TREE)}
    done = subprocess.run(["bash", "-c", command], cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (alone.returncode, alone.stderr) and "Traceback" not in alone.stderr


def test_toolkits_are_told(project: Path, empty: Path) -> None:
    found = json.loads(pack(project, "matrix", "--json", "--channel", str(empty)).stdout)["toolkits"]
    assert {toolkit["kind"] for toolkit in found} >= {"compiler", "cuda", "rocm", "openblas", "metal", "emulator"}
    text = pack(project, "matrix", "--channel", str(empty)).stdout
    assert "\ntoolkits:\n  compiler  " in text
    markdown = pack(project, "matrix", "--markdown", "--channel", str(empty)).stdout
    assert "### Toolkits" in markdown
    for toolkit in found:
        if toolkit["path"].startswith("/"):
            assert toolkit["path"] in text and f"| {toolkit['path']} |" not in markdown


def test_markdown(project: Path, empty: Path) -> None:
    done = pack(project, "matrix", "--markdown", "--accel", "cpu", "--platform", "linux-64", "--channel", str(empty))
    assert done.stdout.startswith("### linux-64: 5 would build\n\n| cell | build | state | why |\n|---|---|---|---|\n")
    assert "| `fix-variant=cpu` | `cpu` | would build | not built yet |\n" in done.stdout


def test_a_workflow_finds_all_it_needs_in_a_cell(project: Path, empty: Path) -> None:
    value = json.loads(pack(project, "matrix", "--json", "--channel", str(empty)).stdout)
    assert (value["schema"], value["native"]) == (2, "linux-64")
    assert value["counts"] == {"up to date": 0, "would build": 40, "skipped": 0}
    (cell,) = [cell for cell in value["cells"] if cell["cell"] == "osx-arm64/fix-core=openblas_py310"]
    picked = {key: cell[key] for key in ("platform", "runner", "accel", "python", "state", "preview")}
    assert list(picked.values()) == ["osx-arm64", "macos-14", "openblas", "3.10", "would build", False]
    assert {(entry["platform"], entry["accel"]) for entry in value["builds"]} == {
        (platform, accel) for platform in value["platforms"] for accel in ("cpu", "openblas")
    }
    assert value["builds"][0]["pythons"] == ["3.10", "3.11"] and value["builds"][0]["states"] == {"would build": 5}


def test_previews_may_be_skipped_under_strict(project: Path, empty: Path) -> None:
    recipe = project / "recipes" / "fix" / "recipe.yaml"
    host = """host: ["${{ pin_subpackage('libfix-dev', exact=true) }}\""""
    text = recipe.read_text()
    assert host in text
    recipe.write_text(text.replace(host, host + ', {if: "python == \'3.11.*\'", then: not-there}'))
    words = ["matrix", "--platform", "linux-64", "--channel", str(empty), "--strict"]
    assert pack(project, *words).returncode == 4
    variants = project / "variants.yaml"
    variants.write_text("atheria_preview_python: ['3.11']\n" + variants.read_text())
    done = pack(project, *words)
    assert done.returncode == 0, done.stderr
    assert "skipped (preview)  no not-there in the channel" in done.stdout


def test_a_missing_build_tool_is_a_reason_to_skip(project: Path, empty: Path) -> None:
    recipe = project / "recipes" / "fix" / "recipe.yaml"
    staging = "  - staging: {name: fix-build}\n"
    text = recipe.read_text()
    assert staging in text
    recipe.write_text(text.replace(staging, staging + "    requirements: {build: [hip-compiler]}\n"))
    done = pack(project, "matrix", "--json", "--platform", "linux-64", "--channel", str(empty))
    cells = {cell["cell"]: (cell["state"], cell["reason"]) for cell in json.loads(done.stdout)["cells"]}
    assert cells["linux-64/libfix=cpu"] == ("skipped", f"no hip-compiler in the channel {empty}")
    assert cells["linux-64/fix-core=cpu_py310"][0] == "skipped"
    assert cells["linux-64/fix-variant=cpu"][0] == "would build"


def test_dry_run_writes_no_package(project: Path, empty: Path) -> None:
    done = pack(project, "build-all", "--dry-run", "--platform", "linux-64", "--channel", str(empty))
    assert done.returncode == 0 and "would run 8 jobs" in done.stdout
    assert not (project / "output" / "channel").exists()


def test_matrix_makes_no_channel_under_a_run_that_builds(project: Path, empty: Path) -> None:
    with Workspace(project, project / "output").locked():
        refused = pack(project, "matrix", "--channel", "bootstrap")
        assert refused.returncode == 3 and f"{project / 'output'} is in use by process {os.getpid()}, since " in refused.stderr
        assert not (project / "output" / "bootstrap").exists()
        assert pack(project, "matrix", "--channel", str(empty)).returncode == 0


def test_a_wrong_recipe_is_one_message(project: Path, empty: Path) -> None:
    recipe = project / "recipes" / "fix" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("requirements: {run:", "requirements: {runs:"))
    done = pack(project, "matrix", "--channel", str(empty))
    assert done.returncode == 2
    assert done.stderr.startswith("error: fix/recipe.yaml:29:20: invalid value for 'requirements': unknown field 'runs'; did you mean run?\n")


@pytest.mark.parametrize(
    ("path", "right", "wrong", "words", "told"),
    [
        ("recipes/fix/recipe.yaml", "requirements: {run:", "requirements: {runs:", "", "error: fix/recipe.yaml:29:20: "),
        ("variants.yaml", "atheria_accel:", "xyz: [1]\natheria_accel:", "", "error: variants.yaml has keys that no recipe looks at"),
        ("variants.yaml", "a", "a", "--only fix-cor=*", "error: --only fix-cor=*: fits no cell"),
    ],
)
def test_a_typing_error_costs_no_bootstrap(project: Path, path: str, right: str, wrong: str, words: str, told: str) -> None:
    text = (project / path).read_text()
    assert right in text
    (project / path).write_text(text.replace(right, wrong, 1))
    done = pack(project, "build-all", "--channel", "bootstrap", *words.split())
    assert done.returncode == 2 and done.stderr.startswith(told), done.stderr
    assert not (project / "output" / "bootstrap").exists()


def test_a_folder_outside_any_project_is_named(tmp_path: Path) -> None:
    """The driver may be installed elsewhere: its own folder is no help to who typed."""
    shutil.copytree(PYTHON_TREE / "atheria_pack", tmp_path / "installed" / "atheria_pack", ignore=shutil.ignore_patterns("__pycache__"))
    here = tmp_path / "here"
    here.mkdir()
    command = [sys.executable, "-m", "atheria_pack", "matrix"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
    told = f"error: {here} is not inside the project: no variants.yaml beside a folder recipes/ here or above\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_a_key_that_nothing_looks_at_is_one_message(project: Path, empty: Path) -> None:
    variants = project / "variants.yaml"
    variants.write_text("atheria_acel: [cpu]\n" + variants.read_text())
    done = pack(project, "build-all", "--channel", str(empty))
    assert done.returncode == 2
    assert "keys that no recipe looks at and no tool knows: atheria_acel, did you mean atheria_accel?" in done.stderr
