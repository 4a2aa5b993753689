"""An archive from a channel's packages: read, merge, borrow, describe, write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from atheria_pack.archive.choice import Choice
from atheria_pack.archive.content import Entry, read_content
from atheria_pack.archive.facts import build_date, capabilities_of, facts_of, requirements_of, texts
from atheria_pack.archive.libraries import borrow
from atheria_pack.archive.tree import merged
from atheria_pack.archive.write import file_name, write_archive


def make_archive(
    choice: Choice, channel: str, folder: Path, cache: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """Write one archive into `folder`; answers its entry for the list of archives.

    Args:
        channel: address of the channel the packages were built against, for libraries of others.
        cache: a folder for downloads.
        say: takes a line of progress.
    """
    packages = {package.name: read_content(package.path, package.sha256) for package in choice.packages}
    tree = merged(packages)
    depends = [depend for package in choice.packages for depend in package.depends]
    borrowed = borrow(tree, depends, channel, choice.platform, cache, say)
    for library in borrowed:
        say(f"{choice.name}: with {library.name} {library.version} ({library.licence})")
    tree = merged({**packages, **{library.name: library.content for library in borrowed}})
    capabilities = capabilities_of(tree, choice)
    requirements = requirements_of(tree, capabilities)
    facts = facts_of(choice, borrowed, capabilities, requirements)
    tree |= texts(facts)
    path = folder / file_name(choice.name, choice.platform)
    say(f"{choice.name}: {len(tree)} files, {_mebibytes(tree):.1f} MiB")
    digest = write_archive(path, choice.name, tree, build_date(capabilities))
    return {
        "file": path.name,
        "name": choice.name,
        "accel": choice.accel,
        "platform": choice.platform,
        "version": choice.version,
        "sha256": digest,
        "size": path.stat().st_size,
        "unpacked": sum(len(entry.data) for entry in tree.values()),
        **{f"needs_{word}": value for word, value in requirements.items()},
        "packages": facts["packages"],
        "capabilities": facts["capabilities"],
    }


def _mebibytes(tree: dict[str, Entry]) -> float:
    return sum(len(entry.data) for entry in tree.values()) / (1 << 20)
