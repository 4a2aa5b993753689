"""Makes machines: folders with scripts that answer as compilers, toolkits and emulators do."""

from __future__ import annotations

from pathlib import Path


def script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def nvcc(home: Path, version: str, newest_gcc: int | None = None) -> Path:
    """A toolkit: its nvcc, and the header that refuses newer compilers if one is given."""
    short = ".".join(version.split(".")[:2])
    path = script(
        home / "bin" / "nvcc",
        f'case "$*" in *--dryrun*) echo "#$ _HERE_={home}/bin" >&2;;',
        f'*) echo "Cuda compilation tools, release {short}, V{version}";; esac',
    )
    if newest_gcc is not None:
        header = home / "targets" / "x86_64-linux" / "include" / "crt" / "host_config.h"
        header.parent.mkdir(parents=True)
        header.write_text(f"#if __GNUC__ > {newest_gcc}\n#error -- unsupported GNU version!\n#endif\n")
    return path


def hipcc(folder: Path, version: str, clang: str = "17.0.0") -> Path:
    script(folder / "hipconfig", f"echo {folder.parent}")
    return script(
        folder / "hipcc",
        'test "$HIP_PLATFORM" = amd || { echo "nvcc: NVIDIA (R) Cuda compiler driver"; exit 0; }',
        f'echo "HIP version: {version}-0"',
        f'echo "AMD clang version {clang}"',
    )
