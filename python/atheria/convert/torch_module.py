"""A torch module, layer by layer, as a law program: one function per kind of layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OutputError, UnsupportedError
from ..laws.modules import require_torch
from ..laws.program_builder import LawBuilder
from ..reference.program import Program

OTHER_WAYS = (
    "Other ways: run the module as it is, atheria.Simulation(atheria.law_from_callable(module_on_patches, d=..., radius=...)); "
    "or rewrite the layer with those that convert: Conv2d (stride 1, odd kernel), Linear (without Conv2d), ELU, ReLU, Sigmoid, Tanh, "
    "GELU(tanh), SiLU, Softmax over channels, Identity, Dropout, Sequential"
)


def _numpy(tensor: Any) -> Any:
    return tensor.detach().cpu().to(dtype=require_torch().float32).numpy()


def _refuse(path: str, layer: Any, why: str) -> UnsupportedError:
    return UnsupportedError(f"layer {path or '(the module)'} is {type(layer).__name__}: {why}. {OTHER_WAYS}")


def _conv2d(builder: LawBuilder, layer: Any, path: str) -> None:
    k, dilation = layer.kernel_size, layer.dilation
    if layer.stride != (1, 1):
        raise _refuse(path, layer, f"stride {layer.stride}, a law has stride 1")
    if k[0] != k[1] or k[0] % 2 == 0 or dilation[0] != dilation[1]:
        raise _refuse(path, layer, f"kernel {k} with dilation {dilation}, a law needs an odd square")
    expected = dilation[0] * (k[0] - 1) // 2
    padding = layer.padding
    if padding == "valid":
        padding = (0, 0)
    if padding not in ("same", (expected, expected)):
        raise _refuse(path, layer, f"padding {padding}, a law keeps its size, so {expected} is expected")
    if layer.padding_mode not in ("zeros", "circular"):
        raise _refuse(path, layer, f"padding mode {layer.padding_mode!r}; the engine has zero and periodic borders")
    weight = np.ascontiguousarray(_numpy(layer.weight).transpose(2, 3, 1, 0))
    bias = None if layer.bias is None else _numpy(layer.bias)
    if k == (1, 1) and layer.groups == 1:
        builder.matmul(weight[0, 0], bias)
    else:
        builder.conv2d(weight, bias, dilation=dilation[0], groups=layer.groups)


def _linear(builder: LawBuilder, layer: Any, path: str) -> None:
    builder.matmul(np.ascontiguousarray(_numpy(layer.weight).T), None if layer.bias is None else _numpy(layer.bias))


def _softmax(builder: LawBuilder, layer: Any, path: str) -> None:
    builder.activation("softmax")


def _elu(builder: LawBuilder, layer: Any, path: str) -> None:
    if layer.alpha != 1.0:
        raise _refuse(path, layer, f"alpha {layer.alpha}, only 1 is possible")
    builder.activation("elu")


def _gelu(builder: LawBuilder, layer: Any, path: str) -> None:
    if layer.approximate != "tanh":
        raise _refuse(path, layer, "the erf form, only approximate='tanh' is possible")
    builder.activation("gelu")


def _plain(name: str) -> Callable[[LawBuilder, Any, str], None]:
    return lambda builder, layer, path: builder.activation(name)


def _nothing(builder: LawBuilder, layer: Any, path: str) -> None:
    pass


def _table(torch: Any) -> dict[type, Callable[[LawBuilder, Any, str], None]]:
    nn = torch.nn
    return {
        nn.Conv2d: _conv2d,
        nn.Linear: _linear,
        nn.Softmax: _softmax,
        nn.ELU: _elu,
        nn.GELU: _gelu,
        nn.ReLU: _plain("relu"),
        nn.Sigmoid: _plain("sigmoid"),
        nn.Tanh: _plain("tanh"),
        nn.SiLU: _plain("silu"),
        nn.Identity: _nothing,
        nn.Dropout: _nothing,
        nn.Dropout2d: _nothing,
    }


def _layers(torch: Any, module: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if type(module) is torch.nn.Sequential:
        for name, child in module.named_children():
            yield from _layers(torch, child, f"{path}.{name}" if path else name)
    else:
        yield path, module


def _require_one_layout(torch: Any, layers: list[tuple[str, Any]]) -> None:
    """Linear and Softmax act on another axis of [B, 2d, H, W] than of [B, H, W, 2d]."""
    convolves = any(type(layer) is torch.nn.Conv2d for _, layer in layers)
    for path, layer in layers:
        if convolves and type(layer) is torch.nn.Linear:
            raise _refuse(path, layer, "beside a Conv2d it acts on the width of [B, 2d, H, W]; a Conv2d with kernel 1 acts on channels")
        channels = (1, -3) if convolves else (-1, 3)
        if type(layer) is torch.nn.Softmax and layer.dim not in channels:
            layout = "[B, 2d, H, W]" if convolves else "[B, H, W, 2d]"
            raise _refuse(path, layer, f"over dimension {layer.dim} of {layout}, only channels ({channels[0]}) are possible")


def convert_module(module: Any, *, name: str, gamma: float = 0.0, product: bool = False) -> Program:
    """The law program of a torch module, a layer or a Sequential of layers.

    A module with Conv2d is one on [B, 2d, H, W]; one of Linear layers is one on [B, H, W, 2d], which is where torch's
    Linear acts on channels.  A module with both is refused: in torch its Linear would act on the width.

    Paddings vanish: in a law file every convolution is a valid one on a patch with halo, and the border of a bounded or
    periodic universe is the engine's.  `gamma` and `product` go into the metadata.  Raises UnsupportedError naming the
    layer that cannot be converted and the other ways.
    """
    torch = require_torch()
    table = _table(torch)
    layers = list(_layers(torch, module))
    weighted = [m for _, m in layers if type(m) in (torch.nn.Conv2d, torch.nn.Linear)]
    channels = (weighted[0].weight.shape[1] * getattr(weighted[0], "groups", 1)) if weighted else None
    for path, layer in layers:
        if type(layer) not in table:
            raise _refuse(path, layer, "there is no conversion for it")
    if channels is None:
        raise UnsupportedError(f"the module has no layer with weights, so its channels are unknown. {OTHER_WAYS}")
    _require_one_layout(torch, layers)
    builder = LawBuilder(name, channels)
    for path, layer in layers:
        table[type(layer)](builder, layer, path)
    return builder.finish(gamma=gamma, product=product)


def load_module(path: str | Path) -> Any:
    """A module saved whole with ``torch.save(module)``; only classes of torch.nn are let in.

    Raises OutputError if the file cannot be read, UnsupportedError if it is a state_dict or holds foreign classes.
    """
    torch = require_torch()
    nn = torch.nn
    safe = [c for c in vars(nn).values() if isinstance(c, type) and issubclass(c, nn.Module)]
    try:
        with torch.serialization.safe_globals([*safe, set]):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise OutputError(f"checkpoint {path} cannot be read: {error.strerror}") from error
    except Exception as error:
        # torch's own text advises to turn its safety off; it stays in __cause__ for who wants to know.
        raise UnsupportedError(
            f"checkpoint {path} cannot be opened: it is no module saved by torch.save(module, path), or holds classes other than "
            f"torch.nn's. {OTHER_WAYS}"
        ) from error
    if not isinstance(loaded, nn.Module):
        raise UnsupportedError(
            f"checkpoint {path} holds {type(loaded).__name__}, not a module: weights alone do not say the law's structure; "
            "build the module, load_state_dict, and save it whole with torch.save(module, path)"
        )
    return loaded
