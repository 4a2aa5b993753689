"""What this machine has to build with, what is chosen of it, and why."""

from __future__ import annotations

from collections.abc import Mapping

from atheria_pack.toolkits.cuda import find_cuda
from atheria_pack.toolkits.machine import find_compilers, find_emulators, find_metal, find_openblas, find_vulkan
from atheria_pack.toolkits.model import Kind, Toolkit
from atheria_pack.toolkits.rocm import find_rocm

__all__ = ["Kind", "Toolkit", "find_toolkits"]


def find_toolkits(environment: Mapping[str, str], channel_cuda: str | None = None) -> list[Toolkit]:
    """Everything that was found or looked for in vain, by kind. Nothing is changed, and no program takes longer than a moment.

    Args:
        environment: variables that say where to look, PATH above all.
        channel_cuda: the version of the CUDA compiler of the channel that packages are built against, None if it has none.
    """
    compilers = find_compilers(environment)
    gcc = next((one.version for one in compilers if one.chosen and one.name == "gcc"), None)
    return [
        *compilers,
        *find_cuda(environment, gcc, channel_cuda),
        *find_rocm(environment),
        *find_openblas(environment),
        *find_metal(environment),
        *find_vulkan(environment),
        *find_emulators(environment),
    ]
