"""Timing that can be trusted on a shared machine: candidates alternate in one process, medians and spreads, ratios pair by pair."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Samples:
    """Seconds per call of one candidate, in the order they were taken."""

    seconds: tuple[float, ...]

    def quantile(self, q: float) -> float:
        """Nearest-rank quantile, 0 <= q <= 1."""
        ranked = sorted(self.seconds)
        return ranked[min(len(ranked) - 1, int(q * len(ranked)))]

    @property
    def median(self) -> float:
        return median(self.seconds)


def calls_per_sample(call: Callable[[], object], sample_s: float) -> int:
    """How many calls fill `sample_s` seconds, found by doubling; at least one."""
    calls = 1
    while True:
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        elapsed = time.perf_counter() - begin
        if elapsed >= sample_s / 2:
            return max(1, round(calls * sample_s / elapsed))
        calls *= 2


def alternate(candidates: dict[str, Callable[[], object]], rounds: int = 21, sample_s: float = 0.01) -> dict[str, Samples]:
    """Times every candidate once per round, A B A B ..., so that a drift of the clock hits all alike.

    Each is warmed by the search for its number of calls. Returns seconds per call.
    """
    calls = {name: calls_per_sample(call, sample_s) for name, call in candidates.items()}
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            n = calls[name]
            begin = time.perf_counter()
            for _ in range(n):
                call()
            taken[name].append((time.perf_counter() - begin) / n)
    return {name: Samples(tuple(seconds)) for name, seconds in taken.items()}


def paired_ratio(slow: Samples, fast: Samples) -> float:
    """Median over the rounds of slow/fast: above 1, `fast` is faster by that factor."""
    return median(a / b for a, b in zip(slow.seconds, fast.seconds, strict=True))
