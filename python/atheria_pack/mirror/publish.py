"""From staged to visible: what a generation names is in the place first, then its own files, then the pointer moves."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from atheria_pack.errors import PackError
from atheria_pack.mirror import history
from atheria_pack.mirror.generation import Manifest, read_sums, sums_lines
from atheria_pack.mirror.index.agree import disagreements
from atheria_pack.mirror.inventory import Inventory
from atheria_pack.mirror.layout import MANIFEST, PAGE, SIGNATURE, SUMS, generation_folder, is_index
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.stamps import Stamps, sha256_of

_AT_ONCE = 16  # files on their way: nearly all of the time is waiting for the disk or the server
_BATCH = 256
_NAMED = 5  # troubles that an error names

Signer = Callable[[bytes], bytes]
"""Gives the signature of a manifest's bytes."""


class PublishError(PackError):
    """What was to become visible names files that are not there, or its indexes disagree. Nothing was published."""


def publish(
    place: Place,
    table: RecordTable,
    staged: Path,
    *,
    sources: list[dict[str, Any]],
    request: dict[str, Any],
    now: int,
    rollback_of: int | None = None,
    sidecars: Iterable[tuple[str, str]] = (),
    sign: Signer | None = None,
    stamps: Stamps | None = None,
    mended: Callable[[str], None] = lambda path: None,
) -> Manifest | None:
    """Make the packages of a table visible, with the indexes that lie staged. To be called by who holds `place.writing()`.

    Args:
        staged: a folder with what `write_indexes` wrote for this table, and the page; its files are moved away.
        now: Unix time in seconds. A clock that went back is no reason to wait: `published` is then that of the parent.
        sidecars: (path, sha256) of files beside the packages that are in the place already.
        stamps: those of this place, where the caller has them open.
        mended: hears of each file of the visible generation that was put right where nothing is new, and of a signature that was added.

    Returns:
        The manifest, or None where nothing is new: the visible generation was asked for the same and names the same files, the page apart.
        Files of it that are lost or damaged are put right then.

    Raises:
        PublishError: a package is not in the place, or the indexes disagree.
    """
    with ExitStack() as stack:
        stamps = stamps or stack.enter_context(Stamps(place))
        inventory = stack.enter_context(Inventory())
        packages = _name_packages(table, inventory)
        for path, digest in sidecars:
            inventory.name(path, digest)
        _refuse_lost(place, inventory)
        for path in files_of(staged):
            with open(staged / path, "rb") as stream:
                inventory.name(path, sha256_of(stream))
        trouble = list(islice(disagreements(lambda path: (staged / path).open("rb"), packages, inventory), _NAMED))
        if trouble:
            raise PublishError(f"the indexes of the new generation disagree, so it was not published: {'; '.join(trouble)}")
        sums, files = _write_sums(inventory, staged)
        number = place.current()
        parent = None if number is None else history.manifest(place, number)
        if parent and parent.request == request and _same(place, parent, staged, sums):
            _renew(place, parent, staged, sums, sign, stamps, mended)
            return None
        found = Manifest(
            generation=parent.generation + 1 if parent else 1,
            parent=parent.digest if parent else None,
            published=max(now, parent.published) if parent else now,
            sums=sums,
            files=files,
            size=table.size(),
            packages=packages,
            sources=sources,
            request=request,
            rollback_of=rollback_of,
        )
        write_manifest(staged, found, sign)
        _install(place, found.generation, staged, stamps, inventory)
        return found


def install(place: Place, number: int, staged: Path, stamps: Stamps | None = None) -> None:
    """Make visible what lies staged as a whole: manifest.json, its signature, SHA256SUMS, every index and every shard.

    The packages have to be in the place, verified. To be called by who holds `place.writing()`. PublishError where a file is missing, or the
    visible generation is not older.
    """
    visible = place.current() or 0
    if number <= visible:
        raise PublishError(f"{place.address} shows generation {visible}, and {number} is not newer; nothing was changed")
    with ExitStack() as stack:
        stamps = stamps or stack.enter_context(Stamps(place))
        inventory = stack.enter_context(Inventory())
        with open(staged / SUMS, "rb") as lines:
            for path, digest in read_sums(lines, str(staged / SUMS)):
                inventory.name(path, digest)
        _refuse_lost(place, inventory, staged)
        _install(place, number, staged, stamps, inventory)


def files_of(staged: Path) -> Iterator[str]:
    """The staged indexes and shards, sorted, by their paths in the channel; not what is about the generation itself."""
    for here, folders, names in os.walk(staged):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name).relative_to(staged).as_posix()
            if path not in (MANIFEST, SIGNATURE, SUMS):
                yield path


def write_manifest(staged: Path, found: Manifest, sign: Signer | None) -> None:
    """Stage manifest.json, and its signature where there is a signer."""
    (staged / MANIFEST).write_bytes(found.to_bytes())
    if sign:
        (staged / SIGNATURE).write_bytes(sign(found.to_bytes()))


def _name_packages(table: RecordTable, inventory: Inventory) -> dict[str, int]:
    """Name the packages of a table; answers how many each subdir has."""
    packages = {subdir: 0 for subdir in sorted({*table.subdirs(), "noarch"})}
    for entry in table.entries():
        if inventory.digest(entry.path) is None:
            packages[entry.subdir] += 1
        inventory.name(entry.path, entry.sha256, entry.size or None)
    return packages


def _refuse_lost(place: Place, inventory: Inventory, staged: Path | None = None) -> None:
    for subdir in inventory.subdirs():
        inventory.see(place.files(subdir))
    lost = ((path, size, found) for path, size, found in inventory.lost() if staged is None or not (staged / path).is_file())
    named = [
        f"{path} ({'missing' if found is None else f'{found} bytes'}, expected {'a file' if size is None else f'{size} bytes'})"
        for path, size, found in islice(lost, _NAMED + 1)
    ]
    if named:
        more = " and more" if len(named) > _NAMED else ""
        raise PublishError(f"{place.address}: nothing was published, because these files are not as the new indexes name them: "
                           f"{'; '.join(named[:_NAMED])}{more}. Run `channel mirror` again, it fetches them")


def _write_sums(inventory: Inventory, staged: Path) -> tuple[str, int]:
    """Write SHA256SUMS; answers its own digest, and how many files it lists."""
    digest = hashlib.sha256()
    count = 0
    with open(staged / SUMS, "wb") as stream:
        for line in sums_lines(inventory.sums()):
            stream.write(line)
            digest.update(line)
            count += 1
    return digest.hexdigest(), count


def _same(place: Place, parent: Manifest, staged: Path, sums: str) -> bool:
    """Whether the visible generation names the same files. The page does not count: it may tell when it was made."""
    if parent.sums == sums:
        return True
    try:
        with place.open(f"{generation_folder(parent.generation)}/{SUMS}") as theirs, open(staged / SUMS, "rb") as ours:
            left, right = _without_page(theirs), _without_page(ours)
            return all(line == next(right, None) for line in left) and next(right, None) is None
    except FileNotFoundError:
        return False


def _without_page(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (line for line in lines if not line.endswith(f"  {PAGE}\n".encode()))


def _renew(
    place: Place, parent: Manifest, staged: Path, sums: str, sign: Signer | None, stamps: Stamps, mended: Callable[[str], None]
) -> None:
    """Put right what is lost or damaged of the visible generation, from the same files made anew."""
    folder = generation_folder(parent.generation)
    renewed = False

    def renew(target: str, path: str, digest: str) -> bool:
        if not (staged / path).is_file() or stamps.check(target, digest):  # what is not staged is a package, and was checked
            return False
        place.put(target, staged / path)
        stamps.remember(target, digest)
        mended(target)
        return True

    with open(staged / SUMS, "rb") as lines:
        for path, digest in read_sums(lines, str(staged / SUMS)):
            if path != PAGE or sums == parent.sums:  # else it is the page of another day
                renewed |= renew(f"{folder}/{path}" if is_index(path) else path, path, digest)
    if sums == parent.sums:
        renewed |= renew(f"{folder}/{SUMS}", SUMS, sums)
    if sign and place.look(f"{folder}/{SIGNATURE}") is None:
        place.write(f"{folder}/{SIGNATURE}", sign(parent.to_bytes()))
        mended(f"{folder}/{SIGNATURE}")
        renewed = True
    if renewed or not _shown(place, parent.generation, stamps):
        place.switch(parent.generation)


def _shown(place: Place, number: int, stamps: Stamps) -> bool:
    """Whether every index of a generation is what clients get."""
    for path, digest in history.sums(place, number):
        if is_index(path):
            own = place.look(f"{generation_folder(number)}/{path}")
            if own is None or not stamps.shown(path, own, digest):
                return False
    return True


def _install(place: Place, number: int, staged: Path, stamps: Stamps, inventory: Inventory) -> None:
    for leftover in history.leftovers(place):
        place.remove_folder(generation_folder(leftover))

    def bring(path: str, digest: str | None) -> None:
        if digest is None:
            raise PublishError(f"{path} was staged, but {SUMS} does not list it; nothing was published")
        if is_index(path):
            target = f"{generation_folder(number)}/{path}"
            place.put(target, staged / path)
            stamps.remember(target, digest)
        elif not stamps.check(path, digest):
            place.put(path, staged / path)
            stamps.remember(path, digest)

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="publish") as pool:
        paths = files_of(staged)
        while batch := list(islice(paths, _BATCH)):
            list(pool.map(bring, batch, [inventory.digest(path) for path in batch]))
    for name in (SUMS, SIGNATURE, MANIFEST):  # the manifest last: what has one is whole
        if (staged / name).is_file():
            place.put(f"{generation_folder(number)}/{name}", staged / name)
    place.switch(number)
