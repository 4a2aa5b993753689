"""A conda channel made on this machine, for places where no channel answers.

`ensure_channel` is the one entrance. It packages, under conda-forge's names, what this machine has (CPython interpreters,
the C++ compiler and its runtime libraries) and what PyPI offers as wheels (numpy, pybind11, cmake, ...). Each package is a
folder under `recipes/bootstrap/`.
"""

from atheria_pack.bootstrap.channel import ensure_channel
from atheria_pack.bootstrap.model import (
    BootstrapChannel,
    BootstrapEvent,
    MadePackage,
    RejectedInterpreter,
    Toolchain,
)

__all__ = [
    "BootstrapChannel",
    "BootstrapEvent",
    "MadePackage",
    "RejectedInterpreter",
    "Toolchain",
    "ensure_channel",
]
