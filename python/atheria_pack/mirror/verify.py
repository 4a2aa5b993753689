"""Reads every byte of a mirror and tells whether it is what its generations name, and whether clients can still install from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from atheria_pack.errors import PackError
from atheria_pack.mirror import history
from atheria_pack.mirror.generation import Manifest, ManifestError
from atheria_pack.mirror.index.agree import disagreements
from atheria_pack.mirror.inventory import Inventory
from atheria_pack.mirror.layout import MANIFEST, PRIVATE, SIGNATURE, SUMS, generation_folder, is_index, is_package
from atheria_pack.mirror.places.place import Found, Place
from atheria_pack.mirror.solvable import unsolvable
from atheria_pack.mirror.stamps import sha256_of

_FETCH = "run `channel mirror --reverify MIRROR`, which fetches it again; where no channel is in reach, `tar -xf BUNDLE -C MIRROR PATH` has it"
_INDEX = "run `channel mirror --reverify MIRROR`, which makes it again; or roll back to a generation that is whole"
_OLDER = "no run makes an older generation's index again; gc removes that generation in time"


@dataclass(frozen=True)
class Trouble:
    """One thing that is not as it should be: where, what was expected, what was found, what to do."""

    path: str
    expected: str
    found: str
    advice: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}; found {self.found}; {self.advice}"


@dataclass
class Verdict:
    """What was looked at and what is wrong.

    - `files`, `size`: read, in bytes. `solved`: combinations of spec and machine that have an environment.
    - `signed_by`: by generation, who signed it; empty text for a signature that nobody was asked to check.
    - `extra`: files that no kept generation names; not wrong, and gc removes those that are a mirror's own.
    """

    address: str
    generations: list[int]
    files: int = 0
    size: int = 0
    solved: int = 0
    signed_by: dict[int, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {"schema": 1, "good": not self.troubles, **asdict(self), "seconds": round(self.seconds, 3)}


class Watcher(Protocol):
    """Who looks on. Called by several threads at once."""

    def moved(self, size: int) -> None:
        """So many bytes more were read."""

    def arrived(self, item: object) -> None:
        """A file was read to its end."""


Watch = Callable[[int, int], AbstractContextManager[Watcher]]
"""Gives who looks on while so many files of so many bytes are read."""


def verify(
    place: Place, *, every: bool = False, allowed_signers: Path | None = None, solve: bool = True, jobs: int = 4, watch: Watch
) -> Verdict:
    """Verify the visible generation, all kept ones for `every`. Packages are read once each, indexes also to be compared.

    `allowed_signers`: then every generation that is looked at has to be signed by one of them. `jobs`: files read at a time. Nothing is written
    and no lock is taken. NoGenerationError for a place without generations; everything else that is wrong is in the verdict.
    """
    began = time.monotonic()
    shown = history.visible(place)
    kept = history.numbers(place)
    numbers = kept if every else [shown]
    verdict = Verdict(place.address, numbers)
    manifests = {}
    sizes: dict[int, int] = {}
    for number in kept if shown in kept else [*kept, shown]:
        try:
            manifests[number] = history.manifest(place, number)
        except (ManifestError, FileNotFoundError) as error:
            verdict.troubles.append(_torn(place, number, MANIFEST, error))
    verdict.troubles += _chain(manifests)
    with Inventory() as wanted, Inventory() as known:
        known.see(place.files(""))
        for number, manifest in manifests.items():
            verdict.troubles += _named(place, manifest, known, wanted if number in numbers else None, sizes)
        _read(place, wanted, known, jobs, watch, verdict)
        if not verdict.troubles:  # else it says nothing new
            verdict.troubles += _sizes(manifests, sizes)
        for number in numbers:
            if number in manifests:
                verdict.troubles += _agreement(place, manifests[number])
                verdict.troubles += _signature(place, manifests[number], allowed_signers, verdict.signed_by)
        if shown in manifests:
            verdict.troubles += _public(place, manifests[shown])
        verdict.extra = [found.path for found in known.strangers() if not found.path.startswith(f"{PRIVATE}/") and not is_index(found.path)]
    if solve and shown in manifests and not verdict.troubles:
        verdict.solved, lost = unsolvable(place, manifests[shown])
        verdict.troubles += [
            Trouble(combination, "an environment, as when the mirror was made", reason, "run `channel mirror` again") for combination, reason in lost
        ]
    verdict.seconds = time.monotonic() - began
    return verdict


def _chain(manifests: dict[int, Manifest]) -> Iterator[Trouble]:
    """Every manifest names the one before it, where that is kept."""
    for number, manifest in manifests.items():
        parent = manifests.get(number - 1)
        path = f"{generation_folder(number)}/{MANIFEST}"
        if parent and manifest.parent != parent.digest:
            advice = "one of both was exchanged; compare them with a bundle or a copy"
            yield Trouble(path, f"parent {parent.digest}, the sha256 of generation {number - 1}", str(manifest.parent), advice)
        if parent and manifest.published < parent.published:
            yield Trouble(path, f"published not before generation {number - 1} ({parent.published})", str(manifest.published), "somebody changed it")


def _named(place: Place, manifest: Manifest, known: Inventory, wanted: Inventory | None, sizes: dict[int, int]) -> Iterator[Trouble]:
    """Note what a generation names: in `known` all of it by where it lies, in `wanted` as well where it is to be read, in `sizes` the bytes of
    its packages together."""
    number = manifest.generation
    path = f"{generation_folder(number)}/{SUMS}"
    count = size = 0
    packages = dict.fromkeys(manifest.packages, 0)
    try:
        for name, digest in history.sums(place, number):
            count += 1
            where = f"{generation_folder(number)}/{name}" if is_index(name) else name
            if is_package(name):
                subdir = name.partition("/")[0]
                packages[subdir] = packages.get(subdir, 0) + 1
                found = known.found(name)
                size += found.size if found else 0
            for inventory in (known, wanted):
                if inventory is None:
                    continue
                if (other := inventory.digest(where)) not in (None, digest):
                    yield Trouble(name, f"sha256 {other}, as another generation says", f"{digest} in {path}", "packages never change; one is wrong")
                else:
                    inventory.name(where, digest)
    except (ManifestError, FileNotFoundError) as error:
        yield _torn(place, number, SUMS, error)
        return
    if (count, dict(manifest.packages)) != (manifest.files, packages):
        yield Trouble(path, f"{manifest.files} files, packages {dict(manifest.packages)}", f"{count} files, packages {packages}", "it was changed")
    if wanted is not None:
        sizes[number] = size


def _sizes(manifests: dict[int, Manifest], sizes: dict[int, int]) -> Iterator[Trouble]:
    for number, size in sizes.items():
        if size != manifests[number].size:
            path = f"{generation_folder(number)}/{MANIFEST}"
            yield Trouble(path, f"packages of {manifests[number].size} bytes together", f"{size} bytes", "the manifest was changed")


def _read(place: Place, wanted: Inventory, known: Inventory, jobs: int, watch: Watch, verdict: Verdict) -> None:
    """Hash every file that has to be there, several at a time."""
    there = ((path, digest, known.found(path)) for path, digest in wanted.sums())
    count, size = wanted.volume(known)

    def hashed(found: Found) -> str | OSError:
        try:
            with place.open(found.path) as stream:
                return sha256_of(_Watched(stream, watcher))  # type: ignore[arg-type]
        except OSError as error:
            return error

    with watch(count, size) as watcher, ThreadPoolExecutor(max(1, jobs), thread_name_prefix="verify") as pool:
        running: dict[Future[str | OSError], tuple[Found, str]] = {}

        def finish(at_most: int) -> None:
            while len(running) > at_most:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    found, digest = running.pop(future)
                    watcher.arrived(found)
                    verdict.files += 1
                    verdict.size += found.size
                    verdict.troubles += _compared(place, found, digest, future.result())

        for path, digest, found in there:
            if found is None:
                verdict.troubles.append(Trouble(path, f"a file of sha256 {digest}", "none", _advice(place, path)))
                continue
            running[pool.submit(hashed, found)] = (found, digest)
            finish(2 * jobs)
        finish(0)
    verdict.troubles.sort(key=lambda trouble: trouble.path)


class _Watched:
    """A stream that tells how much was read of it."""

    def __init__(self, stream: Any, watcher: Watcher) -> None:
        self._stream = stream
        self._watcher = watcher
        if hasattr(stream, "readinto"):
            self.readinto = self._readinto

    def read(self, size: int) -> bytes:
        piece: bytes = self._stream.read(size)
        self._watcher.moved(len(piece))
        return piece

    def _readinto(self, buffer: memoryview) -> int:
        count: int = self._stream.readinto(buffer)
        self._watcher.moved(count)
        return count


def _compared(place: Place, found: Found, digest: str, result: str | OSError) -> Iterable[Trouble]:
    if result == digest:
        return ()
    told = f"{result.strerror or result}" if isinstance(result, OSError) else f"{found.size} bytes of sha256 {result}"
    return (Trouble(found.path, f"sha256 {digest}", told, _advice(place, found.path)),)


def _advice(place: Place, path: str) -> str:
    if not path.startswith(f"{PRIVATE}/"):
        return _FETCH
    return _INDEX if path.startswith(f"{generation_folder(place.current() or 0)}/") else _OLDER


def _agreement(place: Place, manifest: Manifest) -> Iterator[Trouble]:
    """The indexes of a generation say the same, and what SHA256SUMS lists."""
    folder = generation_folder(manifest.generation)
    try:
        with Inventory() as named:
            for path, digest in history.sums(place, manifest.generation):
                named.name(path, digest)
            found = disagreements(
                lambda path: place.open(f"{folder}/{path}" if is_index(path) else path), sorted({*manifest.packages, "noarch"}), named
            )
            for text in found:
                path, _, what = text.partition(": ")
                yield Trouble(f"{folder}: {path}", "indexes that agree", what, _advice(place, f"{folder}/"))
    except (ManifestError, FileNotFoundError):
        return  # told already


def _signature(place: Place, manifest: Manifest, allowed_signers: Path | None, signed_by: dict[int, str]) -> Iterator[Trouble]:
    path = f"{generation_folder(manifest.generation)}/{SIGNATURE}"
    try:
        signature = place.read(path)
    except FileNotFoundError:
        if allowed_signers is not None:
            yield Trouble(path, f"a signature by one of {allowed_signers}", "none", "publish with `channel mirror --sign KEY`")
        return
    if allowed_signers is None:
        signed_by[manifest.generation] = ""
    else:
        from atheria_pack.mirror.airgap.signature import SignatureError, verify_signature

        try:
            signed_by[manifest.generation] = verify_signature(manifest.to_bytes(), signature, allowed_signers)
        except SignatureError as error:
            yield Trouble(path, f"a good signature by one of {allowed_signers}", str(error), "trust nothing of it until you know why")


def _public(place: Place, manifest: Manifest) -> Iterator[Trouble]:
    """Clients get the indexes of the visible generation under their public names."""
    folder = generation_folder(manifest.generation)
    try:
        for path, digest in history.sums(place, manifest.generation):
            if not is_index(path):
                continue
            public, own = place.look(path), place.look(f"{folder}/{path}")
            if public is None:
                yield Trouble(path, f"what {folder}/{path} has", "nothing, or a file that is not the mirror's", _INDEX)
            elif own is None or (public.size, public.stamp) != (own.size, own.stamp):
                with place.open(path) as stream:
                    found = sha256_of(stream)
                if found != digest:
                    yield Trouble(path, f"sha256 {digest}", found, _INDEX)
    except (ManifestError, FileNotFoundError):
        return  # told already


def _torn(place: Place, number: int, name: str, error: PackError | FileNotFoundError) -> Trouble:
    told = "none" if isinstance(error, FileNotFoundError) else str(error)
    others = [other for other in history.numbers(place) if other != number]
    advice = f"restore it from a copy; whole generations may be {', '.join(map(str, others))}" if others else "restore it from a copy"
    return Trouble(f"{generation_folder(number)}/{name}", "what was published", told, advice)
