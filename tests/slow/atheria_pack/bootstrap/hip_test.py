"""hipcc under conda's name compiles for AMD's GPUs, also where NVIDIA's compiler is on PATH."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from atheria_pack.bootstrap import BootstrapChannel

Install = Callable[[Sequence[str], Path], Path]

KERNEL = 'extern "C" __attribute__((global)) void twice(float* values) { values[__builtin_amdgcn_workitem_id_x()] *= 2; }\n'


def test_a_kernel_is_compiled_for_a_gpu(channel: BootstrapChannel, install: Install, tmp_path: Path) -> None:
    if not any(made.name == "hip-clang_linux-64" for made in channel.packages):
        pytest.skip("this machine has no hipcc, so the channel has no hip-clang_linux-64")
    prefix = install(["hip-clang_linux-64"], tmp_path / "env")
    (tmp_path / "kernel.hip").write_text(KERNEL)
    flags = "-x hip -nogpuinc -nogpulib --cuda-device-only --offload-arch=gfx90a -O2"
    lines = [
        "set -eu",
        f'export CONDA_PREFIX="{prefix}" PATH="{prefix}/bin:$PATH"',
        'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script"; done',
        'test "$HIPCXX" = "$CONDA_PREFIX/bin/hipcc" && test "$HIP_PLATFORM" = amd',
        f'"$HIPCXX" {flags} -c kernel.hip -o kernel.o',
        'for script in "$CONDA_PREFIX"/etc/conda/deactivate.d/*.sh; do . "$script"; done',
        'test -z "${HIPCXX:-}${HIPCC:-}${HIP_PLATFORM:-}${ROCM_PATH:-}"',
    ]
    done = subprocess.run(["/bin/sh", "-c", "\n".join(lines)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"gfx90a" in (tmp_path / "kernel.o").read_bytes()
