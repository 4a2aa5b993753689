"""The recipes built as conda-build builds them, by the calls it makes of py-rattler-build."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rattler_build
from atheria_pack.platforms import native_platform

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "recipes"))

from conda_build import built  # noqa: E402

PLATFORM = native_platform()
SMALL = ROOT / "tests" / "python" / "atheria_pack" / "project"
BOOTSTRAP = ROOT / "output" / "bootstrap" / "channel"


def empty_channel(folder: Path) -> str:
    for subdir in ("noarch", PLATFORM):
        (folder / subdir).mkdir(parents=True)
        (folder / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}))
    return folder.as_uri()


def test_why_one_accelerator_at_a_time(tmp_path: Path) -> None:
    """The small project built for real: with two rows, exact pins name the last row's package; with one, its own.

    When the first half fails, py-rattler-build has learned it, and `conda build -m variants.yaml` can be documented plainly.
    """
    project = shutil.copytree(SMALL, tmp_path / "project")
    recipe = project / "recipes" / "fix" / "recipe.yaml"
    channel = empty_channel(tmp_path / "empty")

    _, failed = built(recipe, [project / "variants.yaml"], PLATFORM, [channel], tmp_path / "two")
    assert any(line.startswith("libfix-dev cpu_h") for line in failed) and any(line.startswith("fix-core cpu_") for line in failed)

    (tmp_path / "cpu.yaml").write_text('atheria_accel: [cpu]\nnumber: ["100"]\npython: ["3.10.*", "3.11.*"]\nzip_keys: [[atheria_accel, number]]\n')
    packages, failed = built(recipe, [tmp_path / "cpu.yaml"], PLATFORM, [channel], tmp_path / "one")
    assert failed == []
    dev = next(path for path in packages if path.name.startswith("libfix-dev"))
    assert rattler_build.Package.from_file(dev).depends[0].startswith("libfix ==0.1.0 cpu_h")
    assert sum(path.name.startswith("fix-core") for path in packages) == 2


def channels_answers() -> dict[str, list[str]]:
    """What the bootstrapped channel answers differently from the pins, as the last build-all reported."""
    try:
        report = json.loads((ROOT / "output" / "report.json").read_text())["base_channel"]
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        pytest.skip("no run of build-all has left a report in output/; `./run build-all --channel bootstrap` does")
    if report["name"] != "bootstrap":
        pytest.skip(f"output/ was built against {report['name']}, and this test builds against a channel on this machine")
    overlay: dict[str, list[str]] = report["overlays"][PLATFORM]
    return overlay


def test_mutex_and_runtime_from_the_bootstrap_channel(tmp_path: Path) -> None:
    """The real recipes, in the documented order, with their tests; the packages hold what the driver's hold."""
    import yaml
    from atheria_pack.cli.variants import as_file, kept
    from atheria_pack.variants import ACCEL_KEY, load_variants, overlaid

    variants = kept(overlaid(load_variants(ROOT / "variants.yaml", PLATFORM), channels_answers()), ACCEL_KEY, ["cpu"], str)
    (tmp_path / "cpu.yaml").write_text(yaml.safe_dump(as_file(variants)))
    output = tmp_path / "conda-bld"
    for name in ("atheria-variant", "atheria-runtime"):
        recipe = ROOT / "recipes" / name / "recipe.yaml"
        packages, failed = built(recipe, [tmp_path / "cpu.yaml"], PLATFORM, [BOOTSTRAP.as_uri()], output)
        assert packages and failed == []
    words = [sys.executable, str(ROOT / ".ci" / "same_packages.py"), str(ROOT / "output" / "channel"), str(output), PLATFORM]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "libatheria-runtime-dev" in done.stdout
