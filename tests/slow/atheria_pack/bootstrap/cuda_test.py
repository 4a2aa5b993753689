"""The channel's CUDA compiler makes machine code for every GPU of the pins, in a build that has no GPU and no toolkit."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from atheria_pack.bootstrap import BootstrapChannel
from atheria_pack.solve import Solved, Solver, Unsolvable
from rattler.package_streaming import extract
from rattler_build import Stage0Recipe, ToolConfiguration, VariantConfig
from rattler_build.render import RenderConfig
from rattler_build.tool_config import PlatformConfig

Install = Callable[[Sequence[str], Path], Path]

EM_CUDA = 190


@pytest.fixture(scope="module")
def package(channel: BootstrapChannel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The consumer, built and its own test run as on a machine whose driver serves CUDA 13."""
    place = tmp_path_factory.mktemp("cuda")
    folder = Path(shutil.copytree(Path(__file__).parent / "cuda_consumer", place / "recipe"))
    keys = {"cuda_compiler": ["cuda-nvcc"], "cuda_compiler_version": ["13.0"], **channel.variants_overlays["linux-64"]}
    config = RenderConfig(platform=PlatformConfig(target_platform="linux-64"))
    (variant,) = Stage0Recipe.from_file(folder / "recipe.yaml").render(VariantConfig(keys), config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONDA_OVERRIDE_CUDA", "13.0")
        done = variant.run_build(
            tool_config=ToolConfiguration(test_strategy="native"), output_dir=place / "output", channels=[channel.uri]
        )
    (made,) = done.packages
    return Path(made)


@pytest.fixture(scope="module")
def content(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("content")
    extract(package, target)
    return target


@pytest.mark.parametrize("sm", [75, 80, 86, 89, 90, 100, 120])
def test_there_is_machine_code_for(content: Path, sm: int) -> None:
    cubin = (content / "share" / "consumer" / f"sm_{sm}.cubin").read_bytes()
    assert struct.unpack_from("<H", cubin, 18)[0] == EM_CUDA
    assert struct.unpack_from("<I", cubin, 48)[0] >> 8 & 0xFF == sm, "the architecture is in the ELF flags"


def test_there_is_ptx_of_the_newest(content: Path) -> None:
    text = (content / "share" / "consumer" / "compute_120.ptx").read_text()
    assert ".target sm_120" in text and ".visible .entry halve" in text


def test_cmake_compiles_the_kernel_into_a_library(content: Path) -> None:
    library = (content / "lib" / "libkernel.so").read_bytes()
    assert b".nv_fatbin" in library and b"__cudaRegisterFatBinary" in library


def test_the_package_needs_a_driver_and_one_cuda_release(package: Path, content: Path) -> None:
    depends = json.loads((content / "info" / "index.json").read_text())["depends"]
    assert "cuda-version >=13.0,<14" in depends and "__cuda >=13" in depends


@pytest.mark.parametrize(("driver", "served"), [("12.8", False), ("13.0", True), ("13.1", True)])
def test_cuda_version_asks_for_a_driver_that_serves_it(channel: BootstrapChannel, driver: str, served: bool) -> None:
    found = Solver([channel.uri], "linux-64", virtual_packages=[f"__cuda={driver}=0"]).packages(["cuda-version 13.0.*"])
    if served:
        assert isinstance(found, Solved) and len(found.packages) == 1
    else:
        assert isinstance(found, Unsolvable) and "__cuda" in found.reason


def test_an_environment_without_a_cxx_compiler_is_told_so(channel: BootstrapChannel, install: Install, tmp_path: Path) -> None:
    prefix = install(["cuda-nvcc_linux-64"], tmp_path / "env")
    script = prefix / "etc" / "conda" / "activate.d" / "~cuda-nvcc_activate.sh"
    done = subprocess.run(
        ["/bin/sh", "-c", f'. "{script}"'],
        env={"CONDA_PREFIX": str(prefix), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0 and "add compiler('cxx')" in done.stderr


def test_nvcc_finds_everything_in_its_own_environment(install: Install, tmp_path: Path) -> None:
    prefix = install(["cuda-nvcc_linux-64", "gxx_linux-64"], tmp_path / "env")
    shutil.copy(Path(__file__).parent / "cuda_consumer" / "kernel.cu", tmp_path)
    lines = [
        "set -eu",
        f'export CONDA_PREFIX="{prefix}" PATH="{prefix}/bin:/usr/bin:/bin" NVCC_PREPEND_FLAGS="-O1"',
        'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script"; done',
        'test "$CUDACXX" = "$CONDA_PREFIX/bin/nvcc" && test "$CUDAHOSTCXX" = "$CXX"',
        "nvcc --dryrun -cubin -arch=sm_75 kernel.cu",
        'for script in "$CONDA_PREFIX"/etc/conda/deactivate.d/*.sh; do . "$script"; done',
        'test "$NVCC_PREPEND_FLAGS" = "-O1" && test -z "${CUDACXX:-}${CUDAHOSTCXX:-}${NVCC:-}"',
    ]
    done = subprocess.run(["/bin/sh", "-c", "\n".join(lines)], cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outside = [word for word in done.stderr.split() if "/cuda" in word and str(prefix) not in word]
    assert not outside, f"nvcc uses a toolkit of this machine: {outside}"


def test_packages_made_of_wheels_carry_their_licences(channel: BootstrapChannel, tmp_path: Path) -> None:
    for made in channel.packages:
        if ".whl" not in made.origin:
            continue
        extract(made.path, tmp_path / made.identifier)
        found = [path for path in (tmp_path / made.identifier / "info").glob("licenses/**/*") if path.is_file()]
        assert found, f"{made.identifier} has no info/licenses"
