"""Who uses a channel while it changes: one that reads every index and looks for every file, one that solves and installs."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgpack
import rattler
import zstandard
from atheria_pack.mirror.layout import CHANNELDATA, CURRENT, PRIVATE, REPODATA, REPODATA_ZST, RUN_EXPORTS, RUN_EXPORTS_ZST, SHARD_INDEX, SHARDS

LINUX = ("__unix=0=0", "__linux=6.1=0", "__glibc=2.36=0")


def records(index: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    """File name, size and sha256 of every package of a repodata.json or a shard."""
    for table in ("packages", "packages.conda"):
        for key, record in index.get(table, {}).items():
            yield key, record["size"], _hex(record["sha256"])
    for kind, listed in index.get("v3", {}).items():
        for key, record in listed.items():
            yield f"{key}.{kind}", record["size"], _hex(record["sha256"])


def representations(subdir: Path) -> Iterator[tuple[str, list[tuple[str, int, str]], list[str]]]:
    """Each index of a subdir that is there: its name, its packages, and the shards that it names and that are missing or others."""
    for name, unpacked in ((REPODATA, False), (REPODATA_ZST, True)):
        content = _content(subdir / name, unpacked)
        if content is not None:
            yield name, list(records(json.loads(content))), []
    content = _content(subdir / SHARD_INDEX, True)
    if content is not None:
        listed: list[tuple[str, int, str]] = []
        bad = []
        for package, digest in msgpack.unpackb(content, strict_map_key=False)["shards"].items():
            name = f"{SHARDS}/{_hex(digest)}.msgpack.zst"
            try:
                packed = (subdir / name).read_bytes()
            except FileNotFoundError:
                bad.append(f"{name} of {package} is missing")
                continue
            if hashlib.sha256(packed).hexdigest() != _hex(digest):
                bad.append(f"{name} of {package} has another content than its name says")
                continue
            listed.extend(records(msgpack.unpackb(_unpack(packed), strict_map_key=False)))
        yield SHARD_INDEX, listed, bad
    for name, unpacked in ((RUN_EXPORTS, False), (RUN_EXPORTS_ZST, True)):
        content = _content(subdir / name, unpacked)
        if content is not None:
            value = json.loads(content)
            yield name, [(key, -1, "") for table in ("packages", "packages.conda") for key in value[table]], []


def look(channel: Path, sample: Callable[[str], bool] = lambda path: True) -> list[str]:
    """Everything that the indexes name and that is not there as they say; `sample` chooses the packages that are read to the end.

    While the pointer stays where it is, the indexes of a subdir also have to name the same packages.
    """
    problems: list[str] = []
    generation = _pointer(channel)
    for subdir in sorted(entry for entry in channel.iterdir() if entry.is_dir() and entry.name != PRIVATE) if channel.is_dir() else ():
        named: dict[str, set[str]] = {}
        for index, listed, bad in representations(subdir):
            problems += [f"{subdir.name}/{index}: {text}" for text in bad]
            named[index] = {name for name, _, _ in listed}
            for name, size, sha256 in listed:
                problems += [f"{subdir.name}/{index}: {text}" for text in _missing(subdir / name, size, sha256, sample(f"{subdir.name}/{name}"))]
        if generation is not None and _pointer(channel) == generation:
            expected = {REPODATA, REPODATA_ZST, SHARD_INDEX, RUN_EXPORTS, RUN_EXPORTS_ZST} if named else set()
            problems += [f"{subdir.name}/{index} is missing in {generation}" for index in sorted(expected - set(named))]
            for index in {REPODATA_ZST, SHARD_INDEX} & set(named):
                if named[index] != named.get(REPODATA):
                    problems.append(f"{subdir.name}/{index} and {REPODATA} name other packages in {generation}")
    if generation is not None and not (channel / CHANNELDATA).is_file():
        problems.append(f"{CHANNELDATA} is missing in {generation}")
    return problems


def _missing(file: Path, size: int, sha256: str, whole: bool) -> Iterator[str]:
    try:
        found = file.stat().st_size
        if size >= 0 and found != size:
            yield f"{file.name} has {found} bytes, not {size}"
        elif size >= 0 and whole and hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield f"{file.name} has another sha256 than {sha256}"
    except FileNotFoundError:
        yield f"{file.name} is missing"


class Readers:
    """Both kinds of readers at work until the end of the context, each in a thread; `problems` has what they met, `rounds` how often they looked."""

    def __init__(self, folder: Path, addresses: list[str], scratch: Path, spec: str = "tensor", platform: str = "linux-64") -> None:
        """`folder`: the channel. `addresses`: where else it is served. `scratch`: for caches and prefixes."""
        self.problems: list[str] = []
        self.rounds: dict[str, int] = {}
        self._stop = threading.Event()
        self._folder, self._scratch, self._spec, self._platform = folder, scratch, spec, platform
        self._threads = [threading.Thread(target=self._look_on)]
        self._threads += [threading.Thread(target=self._install_on, args=(address,)) for address in (folder.as_uri(), *addresses)]

    def __enter__(self) -> Readers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _look_on(self) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            self.problems += look(self._folder, lambda path, turn=turn: hash((path, turn)) % 20 == 0)  # type: ignore[misc]
            self.rounds["look"] = self.rounds.get("look", 0) + 1
            self._stop.wait(0.005)  # leaves something of a small machine to the others

    def _install_on(self, address: str) -> None:
        turn = 0
        while not self._stop.is_set():
            before = _pointer(self._folder)
            if before is None:
                self._stop.wait(0.02)
                continue
            turn += 1
            place = self._scratch / f"{hashlib.sha256(address.encode()).hexdigest()[:8]}-{turn}"
            try:
                install([address], [self._spec], self._platform, place)
                self.rounds[address] = self.rounds.get(address, 0) + 1
            except Exception as error:  # whatever rattler says: a reader that fails is what is looked for
                # Indexes of two subdirs may be of two generations when the pointer moves between them, and need not fit then.
                if _pointer(self._folder) == before:
                    self.problems.append(f"{address}: {type(error).__name__}: {error}")
            finally:
                shutil.rmtree(place, ignore_errors=True)


def install(addresses: Sequence[str], specs: Sequence[str], platform: str, place: Path, *, virtual: Sequence[str] | None = LINUX) -> list[str]:
    """Solve and install into `place`/prefix, with caches of its own; `name version build` of what is there then. `virtual`: None: as here."""

    async def work() -> list[str]:
        machine = rattler.VirtualPackage.detect() if virtual is None else [_virtual(text) for text in virtual]
        found = await rattler.solve(
            [rattler.Channel(address) for address in addresses],
            [rattler.MatchSpec(spec, strict=False) for spec in specs],
            platforms=[rattler.Subdir(platform), rattler.Subdir("noarch")],
            gateway=rattler.Gateway(cache_dir=place / "indexes"),
            virtual_packages=machine,
        )
        prefix, packages = place / "prefix", place / "packages"
        await rattler.install(found, target_prefix=prefix, cache_dir=packages, platform=rattler.Subdir(platform), show_progress=False)
        return sorted(f"{record.name.normalized} {record.version} {record.build}" for record in found)

    return asyncio.run(work())


def installed(prefix: Path) -> dict[str, str]:
    """What is in a prefix: where each package came from, by name."""
    told = [json.loads(path.read_text()) for path in (prefix / "conda-meta").glob("*.json")]
    return {record["name"]: record["url"] for record in told}


def _virtual(text: str) -> rattler.GenericVirtualPackage:
    name, version, build = text.split("=")
    return rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build))


def _pointer(channel: Path) -> str | None:
    try:
        return os.readlink(channel / CURRENT)
    except FileNotFoundError:
        return None


def _content(path: Path, packed: bool) -> bytes | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return _unpack(content) if packed else content


def _unpack(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True).read()


def _hex(digest: bytes | str) -> str:
    return digest.hex() if isinstance(digest, bytes) else digest
