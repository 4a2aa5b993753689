"""The channel of this machine, made once, and environments installed from it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import rattler
from atheria_pack.bootstrap import BootstrapChannel, ensure_channel

ROOT = Path(__file__).parents[4]
Install = Callable[[Sequence[str], Path], Path]


@pytest.fixture(scope="session")
def home() -> Path:
    """Where the channel and its cache are kept between runs; begins with what build-all has made, if it was here before."""
    if named := os.environ.get("ATHERIA_TEST_BOOTSTRAP"):
        return Path(named)
    home, made = ROOT / "build" / "bootstrap", ROOT / "output" / "bootstrap" / "cache"
    if made.is_dir() and not home.exists():
        shutil.copytree(made, home / "cache", symlinks=True, ignore=shutil.ignore_patterns("making", "lock"))
    return home


@pytest.fixture(scope="session")
def channel(home: Path) -> BootstrapChannel:
    return ensure_channel(ROOT, home / "cache", home / "channel", None, lambda event: None, 2)


@pytest.fixture(scope="session")
def install(channel: BootstrapChannel) -> Install:
    """Solve the specs against nothing but the channel and install them into the prefix."""

    def run(specs: Sequence[str], prefix: Path) -> Path:
        async def solve_and_install() -> None:
            records = await rattler.solve(
                sources=[channel.uri],
                specs=list(specs),
                platforms=["linux-64", "noarch"],
                virtual_packages=rattler.VirtualPackage.detect(),
            )
            await rattler.install(records, target_prefix=prefix, show_progress=False)

        asyncio.run(solve_and_install())
        return prefix

    return run
