"""A channel as others publish them, made in seconds: real small packages, a graph of versions, hotfixes that only the index has, every index."""

from __future__ import annotations

import asyncio
import bz2
import hashlib
import io
import json
import os
import random
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import zstandard
from rattler.index import index_fs

SUBDIRS = ("linux-64", "linux-aarch64", "noarch", "osx-arm64", "win-64")
HOTFIXES = "upstream-repodata-patches"  # the package that rattler's indexer reads hotfixes from; part of the channel, as conda-forge's is
BROKEN_IN_ARCHIVE = "old-pin"  # its archive asks for MISSING, which no channel has; the index asks for openssl instead
MISSING = "never-built"
CONDITIONAL = "when-unix"  # in the v3 table, because a dependency of it has a condition

_BORN = 1_760_000_000_000  # milliseconds; the first package's time stamp
_PYTHONS = ("3.11", "3.12")
_ACCELS = {
    "linux-64": ("rocm", "openblas", "cpu", "cuda129", "cuda130"),
    "linux-aarch64": ("openblas", "cpu", "cuda130"),
    "osx-arm64": ("cpu", "metal"),
    "win-64": ("cpu", "cuda130"),
}
_NUMBERS = {"rocm": 0, "openblas": 100, "cpu": 200, "metal": 300, "cuda129": 400, "cuda130": 500}
_LICENCES = ("MIT", "Apache-2.0", "BSD-3-Clause", "LGPL-2.1-or-later", "GPL-3.0-only WITH GCC-exception-3.1", "LicenseRef-NVIDIA-End-User")
_WORDS = ("lib", "py", "fast", "open", "tiny", "graph", "net", "sparse", "audio", "geo", "r-base.", "x264_")


@dataclass(frozen=True)
class Package:
    """One package to be made: what its index.json says, and the files in it (by default one of a name of its own)."""

    name: str
    version: str = "1.0"
    build: str = "h0_0"
    number: int = 0
    subdir: str = "linux-64"
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    track_features: tuple[str, ...] = ()
    licence: str = "MIT"
    run_exports: Mapping[str, Sequence[str]] = field(default_factory=dict)
    suffix: Literal[".conda", ".tar.bz2"] = ".conda"
    timestamp: int = _BORN
    payload: int = 200  # bytes of the file in it; they do not compress
    files: Mapping[str, bytes] | None = None

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def path(self) -> str:
        """Within the channel."""
        return f"{self.subdir}/{self.stem}{self.suffix}"

    @property
    def table(self) -> tuple[str, ...]:
        """The members of repodata.json that lead to its record, as rattler's indexer chooses them."""
        if any("[when=" in word for word in self.depends):
            return ("v3", "conda" if self.suffix == ".conda" else "tar.bz2")
        return ("packages.conda",) if self.suffix == ".conda" else ("packages",)

    @property
    def key(self) -> str:
        return self.stem if self.table[0] == "v3" else self.stem + self.suffix

    def index_json(self) -> dict[str, Any]:
        says: dict[str, Any] = {
            "name": self.name, "version": self.version, "build": self.build, "build_number": self.number, "subdir": self.subdir,
            "depends": list(self.depends), "license": self.licence, "timestamp": self.timestamp,
        }  # fmt: skip
        if self.constrains:
            says["constrains"] = list(self.constrains)
        if self.track_features:
            says["track_features"] = " ".join(self.track_features)
        if self.subdir == "noarch":
            says["noarch"] = "generic"
        else:
            platform, _, machine = self.subdir.partition("-")
            says["platform"], says["arch"] = platform, {"64": "x86_64"}.get(machine, machine)
        return says


class Upstream:
    """A channel in a folder. Whatever changes it makes its indexes anew.

    - `rattler`: py-rattler's indexer writes repodata.json, its .zst and the shards; hotfixes come by its patches. Its records carry the time
      of indexing, so only the packages are the same bytes for the same seed.
    - `json`: repodata.json alone, the same bytes for the same seed, as plain old channels have it.

    Both have run_exports.json and channeldata.json.
    """

    def __init__(self, folder: Path, seed: int, index: Literal["rattler", "json"]) -> None:
        self.folder = folder
        self.packages: dict[str, Package] = {}  # by path
        self._seed = seed
        self._index = index
        self._records: dict[str, dict[str, Any]] = {}
        self._hotfixes: dict[str, dict[str, Any]] = {}
        for subdir in SUBDIRS:
            (folder / subdir).mkdir(parents=True)

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    def add(self, *packages: Package) -> list[Path]:
        """Write packages and index them."""
        made = [self._write(package) for package in packages]
        self.index()
        return made

    def hotfix(self, path: str, **changes: Any) -> None:
        """Change members of a record in the index; the package file stays as it is."""
        self._hotfix(path, changes)
        self.index()

    def remove(self, *paths: str) -> None:
        """Take packages away, from the index first, as a server would."""
        for path in paths:
            del self.packages[path], self._records[path]
            self._hotfixes.pop(path, None)
        if self._index == "json":
            self.index()
        for path in paths:
            (self.folder / path).unlink()
        if self._index == "rattler":  # its indexer lists what it finds
            self.index()

    def record(self, path: str) -> dict[str, Any]:
        """The record of a package as the channel's repodata.json has it now."""
        table: Any = json.loads((self.folder / self.packages[path].subdir / "repodata.json").read_text())
        for member in (*self.packages[path].table, self.packages[path].key):
            table = table[member]
        return dict(table)

    def index(self) -> None:
        """Make every index anew."""
        if self._index == "rattler":
            if self._hotfixes:
                self._write_hotfixes()
            patch = f"{HOTFIXES}-1.0-h0_0.conda" if self._hotfixes else None
            asyncio.run(index_fs(self.folder, repodata_patch=patch, repodata_revisions=["v3"]))
        else:
            self._write_json()
        self._write_run_exports()
        self._write_channeldata()

    def _write(self, package: Package) -> Path:
        path = self.folder / package.path
        content = archive(package, self._seed)
        _replace(path, content)
        self.packages[package.path] = package
        self._records[package.path] = {
            **package.index_json(), "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest(),
        }  # fmt: skip
        return path

    def _hotfix(self, path: str, changes: Mapping[str, Any]) -> None:
        if path not in self.packages:
            raise KeyError(path)
        self._hotfixes[path] = {**self._hotfixes.get(path, {}), **changes}

    def _write_hotfixes(self) -> None:
        told: dict[str, dict[str, Any]] = {}
        for path, changes in self._hotfixes.items():
            table, package = self.packages[path].table[0], self.packages[path]
            told.setdefault(package.subdir, {}).setdefault(table, {})[package.key] = changes
        files = {
            f"{subdir}/patch_instructions.json": json.dumps({"patch_instructions_version": 1, **tables, "remove": [], "revoke": []}).encode()
            for subdir, tables in told.items()
        }
        self._write(Package(HOTFIXES, subdir="noarch", files=files))

    def _write_json(self) -> None:
        for subdir in SUBDIRS:
            tables: dict[str, Any] = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}, "removed": [], "repodata_version": 1}
            for package in self._of(subdir):
                table = tables
                for member in package.table:
                    table = table.setdefault(member, {})
                table[package.key] = {**self._records[package.path], **self._hotfixes.get(package.path, {})}
            _replace(self.folder / subdir / "repodata.json", json.dumps(tables, sort_keys=True).encode())

    def _write_run_exports(self) -> None:
        for subdir in SUBDIRS:
            tables: dict[str, Any] = {"info": {"subdir": subdir, "version": 1}, "packages": {}, "packages.conda": {}}
            for package in self._of(subdir):
                if package.table[0] != "v3":
                    tables[package.table[0]][package.key] = {"run_exports": {kind: list(words) for kind, words in package.run_exports.items()}}
            _replace(self.folder / subdir / "run_exports.json", json.dumps(tables, sort_keys=True).encode())

    def _write_channeldata(self) -> None:
        listed: dict[str, dict[str, Any]] = {}
        for path in sorted(self.packages):
            package = self.packages[path]
            about = listed.setdefault(package.name, {"subdirs": [], "license": package.licence, "version": package.version})
            about["summary"] = f"{package.name}, made for tests"
            if package.subdir not in about["subdirs"]:
                about["subdirs"].append(package.subdir)
        value = {"channeldata_version": 1, "packages": listed, "subdirs": list(SUBDIRS)}
        _replace(self.folder / "channeldata.json", json.dumps(value, sort_keys=True).encode())

    def _of(self, subdir: str) -> Iterator[Package]:
        return (package for package in self.packages.values() if package.subdir == subdir)


def make_upstream(folder: Path, packages: int, seed: int, *, index: Literal["rattler", "json"] = "rattler") -> Upstream:
    """A channel of `packages` packages or, if that is more, of the named ones that every such channel has (`standing`)."""
    made = Upstream(folder, seed, index)
    for package in standing():
        made._write(package)
    for package in further(packages - len(made.packages), seed):
        made._write(package)
    for path, package in made.packages.items():
        if package.name == BROKEN_IN_ARCHIVE:
            made._hotfix(path, {"depends": ["openssl >=3"]})
    made.index()
    return made


def standing() -> Iterator[Package]:
    """The packages with a meaning: odd names and versions, an accelerator family with a mutex, virtual packages, run_exports, a hotfix, v3."""
    for subdir in SUBDIRS:
        if subdir != "noarch":
            yield from _standing_of(subdir)
    for version in ("2025.8.3", "2026.2.1"):
        yield Package("ca-certificates", version, subdir="noarch", licence="ISC")
    yield Package("zope.interface", "1!7.0", "pyh0_0", subdir="noarch", depends=("python >=3.11",), licence="ZPL-2.1")
    yield Package("zope.interface", "9.9", "pyh0_0", subdir="noarch", depends=("python >=3.11",), licence="ZPL-2.1")  # older than 1!7.0
    yield Package("cuda-version", "12.9", subdir="noarch", constrains=("__cuda >=12",), licence=_LICENCES[-1])
    yield Package("cuda-version", "13.0", subdir="noarch", constrains=("__cuda >=13",), licence=_LICENCES[-1])


def _standing_of(subdir: str) -> Iterator[Package]:
    def made(name: str, version: str = "1.0", build: str = "h0_0", number: int = 0, **more: Any) -> Package:
        return Package(name, version, build, number, subdir, **more)

    system = {"linux": ("__glibc >=2.17,<3.0.a0",), "osx": ("__osx >=11.0",), "win": ()}[subdir.partition("-")[0]]
    yield made("_libgcc_mutex", "0.1", "main_0", suffix=".tar.bz2")
    yield made("libgcc", "15.1.0", depends=("_libgcc_mutex 0.1 main_0", *system), licence=_LICENCES[4], run_exports={"strong": ["libgcc"]})
    for version in ("3.3.1", "3.5.0"):
        export = {"weak": [f"openssl >={version},<4.0a0"]}
        yield made("openssl", version, depends=("ca-certificates", "libgcc >=12"), licence="Apache-2.0", run_exports=export)
    for number in (0, 1, 10):  # 10 is newer than 1, whatever letters say
        yield made("openssl", "3.6.0", f"h0_{number}", number, depends=("ca-certificates", "libgcc >=12"), licence="Apache-2.0")
    for version in ("3.11.9", "3.12.4"):
        yield made("python", version, depends=("openssl >=3.3.1,<4.0a0",), licence="Python-2.0", run_exports={"noarch": ["python"]}, payload=4000)
    yield made("kernels", "1.0", depends=("libgcc >=12",))
    yield made("kernels", "1.0+gpu", depends=("libgcc >=12",), track_features=("gpu_kernels",))
    yield made(BROKEN_IN_ARCHIVE, depends=(f"{MISSING} >=1",))
    yield made(CONDITIONAL, depends=('openssl >=3[when="__unix"]',))
    yield made("bound", constrains=("openssl <3.6",))
    for accel in _ACCELS[subdir]:
        yield from _family(subdir, accel)


def _family(subdir: str, accel: str) -> Iterator[Package]:
    number = _NUMBERS[accel]
    mutex = (f"accel-variant * {accel}_*",)
    guard: tuple[str, ...] = ()
    if accel.startswith("cuda"):
        major, minor = accel[4:6], accel[6:]
        guard = (f"__cuda >={major}", f"cuda-version >={major}.{minor},<{int(major) + 1}")
    elif accel == "metal":
        guard = ("__osx >=13.3",)
    library = f"{accel}_h{accel[:4]}_{number}"
    yield Package("accel-variant", "1", f"{accel}_{number}", number, subdir)
    exports = {"weak": ["libtensor >=2.1,<2.2.0a0"]}
    yield Package("libtensor", "2.1", library, number, subdir, (*mutex, *guard, "libgcc >=12"), run_exports=exports, payload=3000)
    for python in _PYTHONS:
        build = f"{accel}_py{python.replace('.', '')}_h{accel[:4]}_{number}"
        following = int(python.partition(".")[2]) + 1
        depends = (*mutex, f"libtensor ==2.1 {library}", f"python >={python},<3.{following}.0a0")
        yield Package("tensor", "2.1", build, number, subdir, depends)


def further(count: int, seed: int) -> Iterator[Package]:
    """`count` packages without a meaning: each depends on earlier ones by ranges that their newest versions meet, so all solve together."""
    chance = random.Random(seed)
    before: list[tuple[str, str]] = []  # (name, subdir) of what may be depended on
    made = 0
    while made < count:
        name = f"{chance.choice(_WORDS)}{len(before):05d}"
        subdir = chance.choices(SUBDIRS, (60, 8, 17, 8, 7))[0]
        wanted = [other for other, where in chance.sample(before[-400:], min(len(before), chance.randrange(5))) if where in (subdir, "noarch")]
        before.append((name, subdir))
        licence = chance.choice(_LICENCES)
        for minor in range(chance.randrange(1, 5)):
            for number in range(chance.choice((1, 1, 1, 2))):
                if made == count:
                    return
                depends = [f"{other} >=1.0,<2.0a0" for other in wanted]
                if subdir != "noarch" and chance.random() < 0.3:
                    depends.append("openssl >=3.3.1,<4.0a0")
                yield Package(
                    name, f"1.{minor}.{chance.randrange(20)}", f"h{chance.getrandbits(28):07x}_{number}", number, subdir, tuple(depends),
                    licence=licence, run_exports={"weak": [f"{name} >=1.{minor},<2.0a0"]} if chance.random() < 0.2 else {},
                    suffix=".tar.bz2" if chance.random() < 0.03 else ".conda", timestamp=_BORN + made * 1000, payload=chance.randrange(50, 2000),
                )  # fmt: skip
                made += 1


def archive(package: Package, seed: int = 0) -> bytes:
    """The package file, the same bytes for the same package and seed."""
    payload = random.Random(f"{seed} {package.path}").randbytes(package.payload)
    files = {f"share/{package.name}/{package.build}.bin": payload} if package.files is None else package.files
    paths = [
        {"_path": name, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
        for name, data in files.items()
    ]
    info = {
        "info/index.json": json.dumps(package.index_json()).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        "info/about.json": json.dumps({"license": package.licence, "summary": f"{package.name}, made for tests"}).encode(),
    }
    if package.run_exports:
        info["info/run_exports.json"] = json.dumps({kind: list(words) for kind, words in package.run_exports.items()}).encode()
    if package.suffix == ".tar.bz2":
        return bz2.compress(_tar({**info, **files}), 1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as parts:
        pack = zstandard.ZstdCompressor(1).compress
        for name, content in (
            ("metadata.json", b'{"conda_pkg_format_version":2}'),
            (f"pkg-{package.stem}.tar.zst", pack(_tar(files))),
            (f"info-{package.stem}.tar.zst", pack(_tar(info))),
        ):
            parts.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            head = tarfile.TarInfo(name)
            head.size = len(data)
            tar.addfile(head, io.BytesIO(data))
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Never seen half written, and never written through a hard link; not synced, since nothing of it needs to outlive a crash."""
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    os.replace(new, path)
