"""sgemm on one core: large sizes with B as it comes, small sizes with B packed once, beside numpy and torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import runtime as rt
from bench_rows import Context, Row, ratios
from sampling import alternate

LARGE = (512, 1024, 2048)
SMALL = (16, 32, 64, 128)
# One call through ctypes costs a microsecond, as long as a 64-sized product: small sizes are chained in one program.
CHAIN = 32


def product(runtime: rt.Runtime, a: rt.Float32, b: rt.Float32, out: rt.Float32, prepacked: bool) -> tuple[Callable[[], None], int]:
    """A call that computes `out` = a b, and how many products it holds."""
    program = rt.Program(runtime)
    n = a.shape[0]
    left = program.tensor(rt.ROLE_INPUT, (n, n))
    if not prepacked:
        right = program.tensor(rt.ROLE_INPUT, (n, n))
        program.add(rt.MATMUL, program.tensor(rt.ROLE_OUTPUT, (n, n)), left, right, rt.NONE)
        return program.plan([a, b], [out]), 1
    right = program.tensor(rt.ROLE_CONSTANT, (n, n), b)
    results = [program.tensor(rt.ROLE_LOCAL, (n, n)) for _ in range(CHAIN - 1)] + [program.tensor(rt.ROLE_OUTPUT, (n, n))]
    for result in results:
        program.add(rt.MATMUL, result, left, right, rt.NONE)
    return program.plan([a], [out]), CHAIN


def measure(context: Context) -> Iterator[Row]:
    runtime = context.runtime()
    generator = np.random.default_rng(1)
    for n in (*SMALL, *LARGE):
        prepacked = n in SMALL
        a, b = (rt.random_aligned(generator, (n, n)) for _ in range(2))
        ours, theirs = rt.aligned_zeros((n, n)), rt.aligned_zeros((n, n))
        call, products = product(runtime, a, b, ours, prepacked)
        call()
        np.matmul(a, b, out=theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
        peers: dict[str, Callable[[], object]] = {f"numpy {np.__version__} ({context.blas_core})": lambda a=a, b=b, c=theirs: np.matmul(a, b, out=c)}
        if context.torch is not None:
            torch = context.torch
            ta, tb, tc = torch.from_numpy(a), torch.from_numpy(b), torch.empty(n, n)
            peers[f"torch {torch.__version__}"] = lambda ta=ta, tb=tb, tc=tc, torch=torch: torch.mm(ta, tb, out=tc)
        samples = alternate({"atheria": call, **peers}, context.rounds(2 * n**3))
        label = f"sgemm {n}" + (" prepacked B" if prepacked else "")
        yield from ratios(label, samples, {"atheria": products}, flop=2.0 * n**3, context=context)
