"""The channel that packages are built against: the one asked for, or one made here where none answers."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import rattler

from atheria_pack.bootstrap import BootstrapEvent, ensure_channel
from atheria_pack.errors import UsageError
from atheria_pack.platforms import PLATFORMS

DEFAULT = "conda-forge"
BOOTSTRAP = "bootstrap"
_PROBE_SECONDS = 4.0


@dataclass(frozen=True)
class BaseChannel:
    """`name` is what the user says, `uri` what solvers take, `note` what the user should know about the choice.

    `overlays` holds, by platform, variant keys that this channel answers differently from the pins. `pythons` are those a bootstrapped
    channel has; None where only its index can tell.
    """

    name: str
    uri: str
    note: str
    overlays: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    pythons: frozenset[str] | None = None

    def overlay(self, platform: str) -> Mapping[str, Sequence[str]]:
        """The keys that the channel answers differently for one platform."""
        return self.overlays.get(platform, {})

    def lacks(self, python: str | None) -> str | None:
        """Why packages for this Python ("3.11") cannot be built against the channel, None when they may."""
        if python is None or self.pythons is None or python in self.pythons:
            return None
        return f"no Python {python} to package here"


def choose(
    asked: str | None,
    root: Path,
    output: Path,
    jobs: int,
    pythons: Sequence[str] | None,
    progress: Callable[[BootstrapEvent], None],
    alone: AbstractContextManager[object],
    platforms: Sequence[str] = PLATFORMS,
) -> BaseChannel:
    """The channel for this run. Nothing asked means conda-forge if it answers, else one bootstrapped on this machine.

    A channel that was asked for by name and does not answer is a UsageError: falling back would surprise. `pythons` are those
    the user named: a bootstrapped channel without one of them is a BootstrapError. It has cross compilers for `platforms`.
    `alone` is entered while one is bootstrapped: nobody else may work in `output` then.
    """
    if asked == BOOTSTRAP:
        with alone:
            return _bootstrapped(root, output, jobs, pythons, progress, "made on this machine, as asked", platforms)
    name = asked or DEFAULT
    uri = address(name)
    trouble = silence(uri)
    if trouble is None:
        return BaseChannel(name, uri, f"{name} answers")
    if asked:
        raise UsageError(f"--channel {asked}: no channel there ({trouble}); `--channel bootstrap` makes one on this machine")
    note = f"{DEFAULT} does not answer ({trouble}); made on this machine instead"
    with alone:
        return _bootstrapped(root, output, jobs, pythons, progress, note, platforms)


def address(name: str) -> str:
    """The channel's address: a name is one of rattler's, a path a folder, an address itself."""
    if os.path.isdir(name):
        return Path(name).resolve().as_uri()
    return str(rattler.Channel(name).base_url).rstrip("/")


def silence(uri: str) -> str | None:
    """Why the channel gives no index, None when it does."""
    reasons = []
    for name in ("noarch/repodata.json.zst", "noarch/repodata.json"):
        request = urllib.request.Request(f"{uri}/{name}", method="HEAD" if uri.startswith("http") else None)
        try:
            with urllib.request.urlopen(request, timeout=_PROBE_SECONDS):
                return None
        except urllib.error.HTTPError as error:
            reasons.append(f"HTTP {error.code}")
        except (urllib.error.URLError, OSError, ValueError) as error:
            if uri.startswith("http"):
                return str(getattr(error, "reason", error))  # no server there: asking for another file would wait again
            reasons.append(f"no {name} in it")
    return reasons[-1]


def _bootstrapped(
    root: Path,
    output: Path,
    jobs: int,
    pythons: Sequence[str] | None,
    progress: Callable[[BootstrapEvent], None],
    note: str,
    platforms: Sequence[str],
) -> BaseChannel:
    made = ensure_channel(
        root=root,
        cache_dir=output / "bootstrap" / "cache",
        channel_dir=output / "bootstrap" / "channel",
        pythons=list(pythons) if pythons else None,
        progress=progress,
        jobs=jobs,
        platforms=platforms,
    )
    return BaseChannel(BOOTSTRAP, made.uri.rstrip("/"), note, made.variants_overlays, frozenset(made.pythons))
