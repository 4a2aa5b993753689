"""Finds HIP compilers: the hipcc on PATH, where ROCM_PATH and HIP_PATH say, and where AMD's packages install."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.toolkits.model import Toolkit
from atheria_pack.toolkits.probe import first, number, on_path, said, without_repeats

INSTALL_FOLDERS = (Path("/opt"),)

_ADVICE = "no hipcc found; install one (on Debian: hipcc) or put it on PATH"


@dataclass(frozen=True)
class HipCompiler:
    """A hipcc: its own version ("5.2.21153"), that of the clang it calls, and the installation it belongs to."""

    path: Path
    version: str
    clang: str
    rocm: Path

    @property
    def series(self) -> str:
        """Major and minor version, as variant files write it."""
        return ".".join(self.version.split(".")[:2])


def find_hip(environment: Mapping[str, str], folders: Sequence[Path] = INSTALL_FOLDERS) -> HipCompiler | None:
    """The HIP compiler that builds use: the first that works."""
    return next((found for found in (_described(path, environment) for path in _candidates(environment, folders)) if found), None)


def find_rocm(environment: Mapping[str, str], folders: Sequence[Path] = INSTALL_FOLDERS) -> list[Toolkit]:
    """Every hipcc, the one that builds use first among those that work."""
    found: list[Toolkit] = []
    chosen = False
    for path in _candidates(environment, folders):
        compiler = _described(path, environment)
        if compiler is None:
            found.append(Toolkit("rocm", "hipcc", "", str(path), False, "does not tell a HIP version: `hipcc --version` fails"))
            continue
        reason = "comes later than the one used" if chosen else "the first on PATH, in ROCM_PATH, HIP_PATH and /opt"
        found.append(Toolkit("rocm", "hipcc", compiler.version, str(path), not chosen, f"{reason}; clang {compiler.clang}"))
        chosen = True
    return found or [Toolkit("rocm", "hipcc", "", "", False, _ADVICE)]


def _candidates(environment: Mapping[str, str], folders: Sequence[Path]) -> list[Path]:
    paths = [path for path in (on_path("hipcc", environment),) if path]
    paths += [Path(environment[name]) / "bin" / "hipcc" for name in ("ROCM_PATH", "HIP_PATH") if environment.get(name)]
    for folder in folders:
        newest_first = sorted(folder.glob("rocm-*"), key=lambda path: number(path.name.removeprefix("rocm-")), reverse=True)
        paths += [root / "bin" / "hipcc" for root in (folder / "rocm", *newest_first)]
    return without_repeats(paths)


def _described(path: Path, environment: Mapping[str, str]) -> HipCompiler | None:
    # hipcc would ask NVIDIA's compiler where it finds one.
    amd = {**environment, "HIP_PLATFORM": "amd"}
    text = said([path, "--version"], amd)
    version = first(r"HIP version: *(\d+(?:\.\d+)+)", text)
    clang = first(r"clang version (\d+(?:\.\d+)*)", text)
    if not version or not clang:
        return None
    root = said([path.with_name("hipconfig"), "--rocmpath"], amd).strip().splitlines()
    return HipCompiler(path, version, clang, Path(root[-1]) if root else path.resolve().parent.parent)
