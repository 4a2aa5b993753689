"""`variants`: a file with the chosen rows, which other tools read as they would read variants.yaml."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import rattler_build
import yaml
from atheria_pack.platforms import PLATFORMS
from atheria_pack.variants import ACCEL_KEY, load_variants

ROOT = Path(__file__).resolve().parents[4]


def variants(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT / "python"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "atheria_pack", "variants", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_without_narrowing_it_is_the_whole_file(tmp_path: Path, platform: str) -> None:
    done = variants("--platform", platform)
    assert done.returncode == 0, done.stderr
    (tmp_path / "v.yaml").write_text(done.stdout)
    ours, theirs = load_variants(ROOT / "variants.yaml", platform), load_variants(tmp_path / "v.yaml", platform)
    assert ours.keys == theirs.keys
    kept = tuple(tuple(key for key in group if key in ours.keys) for group in ours.zip_keys)
    assert theirs.zip_keys == kept


def test_a_row_in_all_keys_of_its_group(tmp_path: Path) -> None:
    done = variants("--platform", "linux-64", "--accel", "cuda129", "--python", "3.11,3.13")
    value = yaml.safe_load(done.stdout)
    assert {key: value[key] for key in value["zip_keys"][0]} == {
        "atheria_accel": ["cuda129"], "atheria_build_offset": ["400"], "c_compiler_version": ["14"], "cxx_compiler_version": ["14"],
        "c_stdlib_version": ["2.17"], "cuda_compiler_version": ["12.9"], "hip_compiler_version": ["None"],
        "atheria_cuda_architectures": ["60-real;70-real;75-real;80-real;86-real;89-real;90-real;100-real;120"],
        "atheria_hip_targets": ["None"],
    }  # fmt: skip
    assert value["python"] == ["3.11.* *_cpython", "3.13.* *_cp313"]
    (tmp_path / "v.yaml").write_text(done.stdout)
    combinations = rattler_build.VariantConfig.from_file(tmp_path / "v.yaml").combinations()
    assert {row["atheria_accel"] for row in combinations} == {"cuda129"}
    assert json.loads(variants("--platform", "linux-64", "--accel", "cuda129", "--python", "3.11,3.13", "--json").stdout) == value


def test_every_accelerator_is_one_file(tmp_path: Path) -> None:
    for accel in load_variants(ROOT / "variants.yaml", "osx-arm64").keys[ACCEL_KEY]:
        assert yaml.safe_load(variants("--platform", "osx-arm64", "--accel", accel).stdout)[ACCEL_KEY] == [accel]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--platform", "osx-arm64", "--accel", "cuda130"], "--accel cuda130: not in variants.yaml for osx-arm64; it has openblas, cpu, metal"),
        (["--platform", "linux-64", "--python", "2.7"], "--python 2.7: not in variants.yaml"),
        (["--platform", "linux-64,win-64"], "one platform at a time"),
        (["--platform", "linux"], "not one of linux-64"),
    ],
)
def test_refused_in_a_line(words: list[str], told: str) -> None:
    done = variants(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr and len(done.stderr.splitlines()) == 1
