"""Finds CUDA compilers, which host compilers they take, and the one that builds use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.toolkits.model import Toolkit
from atheria_pack.toolkits.probe import first, number, on_path, said, without_repeats

INSTALL_FOLDERS = (Path("/usr/local"), Path("/opt"), Path("/opt/nvidia/hpc_sdk"))
OLDEST = (12, 0)  # what the cuda plugin compiles with

# The newest GCC that a release takes, for toolkits whose header does not tell: NVIDIA's installation guides.
_NEWEST_GCC = ((13, 0, 15), (12, 8, 14), (12, 4, 13), (12, 0, 12), (11, 4, 11))


@dataclass(frozen=True)
class CudaCompiler:
    """An nvcc: its path, its version ("13.0.88"), and the major version of the newest GCC it takes (None: not known)."""

    path: Path
    version: str
    newest_gcc: int | None

    def takes(self, gcc: str) -> bool:
        """Whether it takes this GCC ("12.2.0") as its host compiler."""
        return self.newest_gcc is None or number(gcc)[:1] <= (self.newest_gcc,)


def find_nvccs(environment: Mapping[str, str], folders: Sequence[Path] = INSTALL_FOLDERS) -> list[CudaCompiler | Path]:
    """Every nvcc in the order they are looked for: those that work, and the paths of those that do not."""
    paths = [Path(environment[name]) for name in ("CUDACXX",) if environment.get(name)]
    paths += [path for path in (on_path("nvcc", environment),) if path]
    paths += [Path(environment[name]) / "bin" / "nvcc" for name in ("CUDA_HOME", "CUDA_PATH") if environment.get(name)]
    for folder in folders:
        paths += [root / "bin" / "nvcc" for root in (folder / "cuda", *sorted(folder.glob("cuda-*"), reverse=True))]
        paths += sorted(folder.glob("Linux_*/*/compilers/bin/nvcc"), reverse=True)  # NVIDIA's HPC SDK
    found: list[CudaCompiler | Path] = []
    seen: set[tuple[str, Path]] = set()
    for path in without_repeats(paths):
        compiler = _described(path, environment)
        if isinstance(compiler, CudaCompiler):
            # A wrapper on PATH and the program it starts are one toolkit: the folder that nvcc itself names tells.
            identity = (compiler.version, _home(path, environment))
            if identity in seen:
                continue
            seen.add(identity)
        found.append(compiler)
    return found


def find_cuda(
    environment: Mapping[str, str],
    gcc: str | None,
    channel_version: str | None = None,
    folders: Sequence[Path] = INSTALL_FOLDERS,
) -> list[Toolkit]:
    """Every nvcc and what becomes of it.

    Packages are always built by the channel's compiler (`channel_version`, None if it has none), whatever is installed: what
    they hold must not depend on this machine. For development the one that CUDACXX names is best, else the newest that takes
    this machine's GCC (`gcc`, None if there is none), the first of several; CMake finds it if CUDACXX or PATH leads to it.
    """
    found: list[Toolkit] = []
    if channel_version is not None:
        found.append(Toolkit("cuda", "cuda-nvcc", channel_version, "", True, "of the channel: builds the packages, whatever is installed"))
    compilers = find_nvccs(environment, folders)
    working = [one for one in compilers if isinstance(one, CudaCompiler)]
    usable = [one for one in working if _obstacle(one, gcc) is None]
    named = environment.get("CUDACXX")
    chosen = next((one for one in usable if named and one.path == Path(named)), None)
    chosen = chosen or max(usable, key=lambda one: number(one.version), default=None)
    for one in compilers:
        if isinstance(one, Path):
            found.append(Toolkit("cuda", "nvcc", "", str(one), False, "tells no release: `nvcc --version` fails"))
            continue
        host = f"takes GCC up to {one.newest_gcc}" if one.newest_gcc else "tells no newest GCC"
        obstacle = _obstacle(one, gcc)
        if one is chosen:
            why = "named by CUDACXX" if named and one.path == Path(named) else "the newest that takes this machine's compiler"
            # CMake looks nowhere else.
            reached = one.path in (Path(named) if named else None, on_path("nvcc", environment))
            use = "builds for development use it" if reached else f"builds for development use it with CUDACXX={one.path}"
            reason = f"{use}: {why}; {host}"
        elif obstacle:
            reason = obstacle
        else:
            assert chosen is not None
            reason = f"{chosen.version} at {chosen.path} is used instead; {host}"
        found.append(Toolkit("cuda", "nvcc", one.version, str(one.path), one is chosen, reason))
    if named and not any((one if isinstance(one, Path) else one.path) == Path(named) for one in compilers):
        found.append(Toolkit("cuda", "nvcc", "", named, False, "named by CUDACXX, but no program is there"))
    if not compilers:
        found.append(Toolkit("cuda", "nvcc", "", "", False, "no nvcc on PATH, in CUDA_HOME, CUDA_PATH or the usual folders"))
    return found


def _obstacle(one: CudaCompiler, gcc: str | None) -> str | None:
    if number(one.version)[:2] < OLDEST:
        return f"too old: CUDA {'.'.join(map(str, OLDEST))} is the oldest that works"
    if gcc is not None and not one.takes(gcc):
        return f"does not take this machine's GCC {gcc}: {one.newest_gcc} is the newest for it; name an older one by CUDAHOSTCXX"
    return None


def _described(path: Path, environment: Mapping[str, str]) -> CudaCompiler | Path:
    text = said([path, "--version"], environment)
    version = first(r"\bV(\d+\.\d+\.\d+)", text) or first(r"release (\d+\.\d+)", text)
    if not version:
        return path
    return CudaCompiler(path, version, _newest_gcc(_home(path, environment), version))


def _home(path: Path, environment: Mapping[str, str]) -> Path:
    """The folder of the toolkit. A wrapper lies elsewhere than what it starts, so that nvcc is asked."""
    real = path.resolve()
    text = said([path, "--dryrun", "-E", "-x", "cu", "/dev/null"], environment)
    here = first(r"#\$ _HERE_=(.+)", text).strip()
    return (Path(here) if here else real.parent).resolve().parent


def _newest_gcc(home: Path, version: str) -> int | None:
    """What the toolkit's own header refuses beyond, else what NVIDIA's guides say of the release."""
    for header in [home / "include" / "crt" / "host_config.h", *home.glob("targets/*/include/crt/host_config.h")]:
        try:
            limit = re.search(r"__GNUC__ > (\d+)", header.read_text("utf-8", "replace"))
        except OSError:
            continue
        if limit:
            return int(limit[1])
    return next((gcc for major, minor, gcc in _NEWEST_GCC if number(version)[:2] >= (major, minor)), None)
