"""The channel's compiler compiles, in an activated environment and in recipes that are strict about linking."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from atheria_pack.bootstrap import BootstrapChannel
from rattler_build import Stage0Recipe, ToolConfiguration, VariantConfig
from rattler_build.render import RenderConfig
from rattler_build.tool_config import PlatformConfig

Install = Callable[[Sequence[str], Path], Path]

PROGRAM = r"""
#include <iostream>
#include <stdexcept>
#include <omp.h>
int main() {
  int threads = 0;
#pragma omp parallel reduction(+ : threads)
  threads += 1;
  try { throw std::runtime_error("thrown"); } catch (const std::exception& e) { std::cout << e.what() << (threads > 0); }
}
"""


def test_an_activated_environment_compiles_and_runs(channel: BootstrapChannel, install: Install, tmp_path: Path) -> None:
    prefix = install(["gxx_linux-64", "libgomp", "pkg-config"], tmp_path / "odd+prefix")
    (tmp_path / "program.cpp").write_text(PROGRAM)
    script = "\n".join(
        [
            "set -eu",
            f'export CONDA_PREFIX="{prefix}" PATH="{prefix}/bin:$PATH"',
            'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script"; done',
            'test "$CXX" = "$CONDA_PREFIX/bin/x86_64-conda-linux-gnu-c++"',
            "$CXX $CPPFLAGS $CXXFLAGS -fopenmp program.cpp -o program $LDFLAGS",
            "./program",
            '"$READELF" -d program | grep -q "$CONDA_PREFIX/lib"',
            'for script in "$CONDA_PREFIX"/etc/conda/deactivate.d/*.sh; do . "$script"; done',
            'test -z "${CXX:-}${CC:-}${LDFLAGS:-}${AR:-}"',
        ]
    )
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "thrown1"


def build(channel: BootstrapChannel, folder: Path, python: str, output: Path) -> list[Path]:
    ending = "cp313" if python == "3.13" else "cpython"
    keys = {"python": [f"{python}.* *_{ending}"], "numpy": ["2"], "openblas": ["0.3.*"], **channel.variants_overlays["linux-64"]}
    config = RenderConfig(platform=PlatformConfig(target_platform="linux-64"))
    made: list[Path] = []
    for variant in Stage0Recipe.from_file(folder / "recipe.yaml").render(VariantConfig(keys), config):
        done = variant.run_build(tool_config=ToolConfiguration(test_strategy="native"), output_dir=output, channels=[channel.uri])
        made += done.packages
    return made


@pytest.mark.parametrize("python", ["3.10", "3.13"])
def test_a_strict_recipe_builds_and_tests(channel: BootstrapChannel, tmp_path: Path, python: str) -> None:
    if python not in channel.pythons:
        pytest.skip(f"this machine has no Python {python} that can be packaged")
    folder = Path(shutil.copytree(Path(__file__).parent / "consumer", tmp_path / "consumer"))
    build(channel, folder, python, tmp_path / "output")
    index = json.loads((tmp_path / "output" / "linux-64" / "repodata.json").read_text())["packages.conda"]
    records = {record["name"]: record for record in index.values()}
    library, extension = records["libconsumer"]["depends"], records["consumer-python"]["depends"]
    assert f"__glibc >={channel.toolchain.glibc},<3.0.a0" in library
    assert any(spec.startswith("libopenblas >=0.3") for spec in library)
    assert {f"libgcc >={channel.toolchain.major}", f"libstdcxx >={channel.toolchain.major}"} <= set(library)
    assert f"python_abi {python}.* *_cp{python.replace('.', '')}" in extension
    assert "numpy >=1.23,<3" in extension and "libconsumer >=1.0,<1.1.0a0" in extension


def test_a_recipe_that_forgets_a_dependency_is_caught(channel: BootstrapChannel, tmp_path: Path) -> None:
    """The linking checks see the channel's packages: a library that is linked and not depended on fails the build."""
    folder = Path(shutil.copytree(Path(__file__).parent / "consumer", tmp_path / "consumer"))
    recipe = folder / "recipe.yaml"
    text = recipe.read_text()
    forgetful = text.replace(
        '      run_exports:\n        - ${{ pin_subpackage("libconsumer"',
        "      ignore_run_exports:\n        by_name:\n          - libopenblas\n      run_exports:\n"
        '        - ${{ pin_subpackage("libconsumer"',
    )
    assert forgetful != text
    recipe.write_text(forgetful)
    with pytest.raises(Exception, match="Overlinking against.*libopenblas"):
        build(channel, folder, channel.pythons[-1], tmp_path / "output")
