"""Convolutions of the law's shapes on one core: batched tiles and one large plane, beside torch (oneDNN) or, without it, numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import runtime as rt
from bench_rows import Context, Row, ratios
from numpy.lib.stride_tricks import sliding_window_view
from sampling import alternate

# name, batch, side of the input, kernel, channels in, channels out
SHAPES = (
    ("conv3x3 16->32, 4 tiles of 20", 4, 20, 3, 16, 32),
    ("conv3x3 32->16, 4 tiles of 18", 4, 18, 3, 32, 16),
    ("conv1x1 64->64, 4 tiles of 16", 4, 16, 1, 64, 64),
    ("conv3x3 16->32, 256^2", 1, 258, 3, 16, 32),
    ("conv3x3 32->16, 1024^2", 1, 1026, 3, 32, 16),
)


def numpy_convolution(x: rt.Float32, weight: rt.Float32, bias: rt.Float32) -> rt.Float32:
    """Windows times matrix: [B,H,W,Ci] and [K,K,Ci,Co] -> [B,H-K+1,W-K+1,Co]."""
    k, _, channels_in, channels_out = weight.shape
    windows = sliding_window_view(x, (k, k), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    result: rt.Float32 = windows.reshape(*windows.shape[:3], k * k * channels_in) @ weight.reshape(-1, channels_out) + bias
    return result


def measure(context: Context) -> Iterator[Row]:
    runtime = context.runtime()
    generator = np.random.default_rng(2)
    for label, batch, side, k, channels_in, channels_out in SHAPES:
        x = rt.random_aligned(generator, (batch, side, side, channels_in))
        weight = rt.random_aligned(generator, (k, k, channels_in, channels_out)) * np.float32(0.1)
        bias = rt.random_aligned(generator, (channels_out,))
        valid = side - k + 1
        out = rt.aligned_zeros((batch, valid, valid, channels_out))
        program = rt.Program(runtime)
        operands = (program.tensor(rt.ROLE_OUTPUT, out.shape), program.tensor(rt.ROLE_INPUT, x.shape),
                    program.tensor(rt.ROLE_CONSTANT, weight.shape, weight), program.tensor(rt.ROLE_CONSTANT, bias.shape, bias))
        program.add(rt.CONV2D, *operands)
        call = program.plan([x], [out])
        call()
        np.testing.assert_allclose(out, numpy_convolution(x, weight, bias), rtol=1e-3, atol=1e-3)
        peers: dict[str, Callable[[], object]] = {}
        if context.torch is not None:
            torch = context.torch
            planes = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
            filters = torch.from_numpy(np.ascontiguousarray(weight.transpose(3, 2, 0, 1)))
            offset = torch.from_numpy(bias)
            for layout, name in ((torch.contiguous_format, "NCHW"), (torch.channels_last, "channels last")):
                arguments = (planes.contiguous(memory_format=layout), filters.contiguous(memory_format=layout), offset)
                peers[f"torch {torch.__version__} {name}"] = lambda a=arguments, torch=torch: torch.nn.functional.conv2d(*a)
        else:
            peers[f"numpy {np.__version__} windows @ matrix"] = lambda x=x, w=weight, b=bias: numpy_convolution(x, w, b)
        flop = 2.0 * batch * valid**2 * k**2 * channels_in * channels_out
        samples = alternate({"atheria": call, **peers}, context.rounds(flop))
        yield from ratios(label, samples, {}, flop=flop, context=context)
