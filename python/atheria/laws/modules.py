"""Untrained laws as torch modules, for training; `atheria.convert` makes law files of them.

torch is imported when a builder is called, never before: it is no dependency of the package.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import UnavailableError, UsageError


def require_torch() -> Any:
    """The torch module.  Raises UnavailableError saying how to get it."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise UnavailableError(f"torch is needed for modules ({error}); install it: pip install torch") from error


def _activation(torch: Any, name: str) -> Any:
    known = {"elu": torch.nn.ELU, "relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "silu": torch.nn.SiLU}
    if name not in known:
        raise UsageError(f"activation {name!r} is none of {', '.join(known)}")
    return known[name]()


def mlp(d: int, hidden: int = 64, layers: int = 2, activation: str = "elu", bias: bool = True) -> Any:
    """A law of radius 0: `layers` 1x1 convolutions 2d -> hidden -> ... -> 2d on [B, 2d, H, W].

    With `bias=False` and an activation that keeps zero, the empty universe stays empty.
    """
    torch = require_torch()
    if layers < 1:
        raise UsageError(f"an MLP needs at least 1 layer, got {layers}")
    sizes = [2 * d] + [hidden] * (layers - 1) + [2 * d]
    parts: list[Any] = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)):
        parts += ([_activation(torch, activation)] if i else []) + [torch.nn.Conv2d(a, b, 1, bias=bias)]
    return torch.nn.Sequential(*parts)


def conv_qca(d: int, hidden: int = 32, kernel: int = 3, activation: str = "elu", bias: bool = False, circular: bool = True) -> Any:
    """The law of the demo and of the speed tables: convolution 2d -> hidden, activation, convolution hidden -> 2d.

    Radius kernel - 1.  `circular` only says how torch pads while training; a law file has no border of its own.
    """
    torch = require_torch()
    if kernel % 2 == 0:
        raise UsageError(f"kernel side {kernel} must be odd")
    how = {"padding": kernel // 2, "padding_mode": "circular" if circular else "zeros", "bias": bias}
    return torch.nn.Sequential(
        torch.nn.Conv2d(2 * d, hidden, kernel, **how),
        _activation(torch, activation),
        torch.nn.Conv2d(hidden, 2 * d, kernel, **how),
    )
