"""Compilers of this machine, and small binaries made with them; a test that lacks one is skipped with the reason."""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

LIBRARY = """
#include <stdio.h>
#define API __attribute__((visibility("default")))
__attribute__((target("avx2"))) void twice_avx2(float* x, long n) { for (long i = 0; i < n; ++i) x[i] *= 2; }
__attribute__((target("avx512f"))) void twice_avx512(float* x, long n) { for (long i = 0; i < n; ++i) x[i] *= 2; }
API int ath_demo(float* x, long n) {
  if (n > 64) twice_avx512(x, n);
  else twice_avx2(x, n);
  return puts("done");
}
"""
PLUGIN = """
extern int ath_demo(float* x, long n);
__attribute__((visibility("default"))) int ath_backend(void) { return ath_demo(0, 0); }
"""
MODULE = """
extern int ath_demo(float* x, long n);
const char* const made_with = "pybind11";
__attribute__((visibility("default"))) void* PyInit_atheria_core(void) { return ath_demo(0, 0) ? (void*)made_with : 0; }
"""
KERNEL = "extern \"C\" __global__ void twice(float* x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2; }\n"
HIP_KERNEL = "#include <hip/hip_runtime.h>\nextern \"C\" __global__ void twice(float* x) { *x *= 2; }\n"


def tool(name: str, *places: str) -> str:
    """A program on PATH or at one of the places; the test is skipped without it."""
    found = shutil.which(name) or next((place for place in places if os.access(place, os.X_OK)), None)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


def run(words: Sequence[object], **environment: str) -> None:
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}"


def shared(folder: Path, name: str, source: str, *flags: object) -> Path:
    """A shared library for this machine, compiled as our own are: hidden names, relative folders."""
    text, made = folder / f"{name}.c", folder / name
    text.write_text(source)
    run([tool("gcc"), "-shared", "-fPIC", "-O3", "-fvisibility=hidden", "-o", made, text, *flags])
    return made


@functools.cache
def fatbin(*words: str) -> bytes:
    """A fat binary by nvcc."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "kernel.cu"), Path(folder, "kernel.fatbin")
        source.write_text(KERNEL)
        run([tool("nvcc"), "-fatbin", *words, source, "-o", made])
        return made.read_bytes()


@functools.cache
def bundle(*targets: str) -> bytes:
    """A bundle of code objects by hipcc, without AMD's device library, which older ones have for older GPUs only."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "kernel.hip"), Path(folder, "kernel.co")
        source.write_text(HIP_KERNEL)
        chosen = [f"--offload-arch={target}" for target in targets]
        run([tool("hipcc"), "--genco", "-nogpulib", *chosen, source, "-o", made], HIP_PLATFORM="amd")
        return made.read_bytes()
