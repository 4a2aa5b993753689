"""The one entrance of the bootstrap: make or refresh the channel, reusing by content whatever did not change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from atheria_pack.bootstrap.model import BootstrapChannel, BootstrapEvent


def ensure_channel(
    root: Path,
    cache_dir: Path,
    channel_dir: Path,
    pythons: list[str] | None,
    progress: Callable[[BootstrapEvent], None],
    jobs: int,
) -> BootstrapChannel:
    """Make the bootstrap channel of this machine, or bring it up to date.

    Args:
        root: the project; package recipes are read from `root/recipes/bootstrap`.
        cache_dir: kept between runs: wheels, finished packages by content key, logs. Safe to delete.
        channel_dir: the channel to write; holds `linux-64/` and `noarch/`, indexed. Nothing else may live in it.
        pythons: minor versions to package ("3.12"); None takes every one that is found and fit.
        progress: called from several threads, one call at a time.
        jobs: packages made at the same time.

    Raises:
        BootstrapError: no usable compiler or interpreter, a damaged or unreachable wheel, a failed package. Its text says
            what to do. Packages finished before it are kept and reused by the next call.
    """
    raise RuntimeError("the bootstrap channel is being written")
