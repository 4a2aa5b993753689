"""Small .conda files and channels of them, written in the real format."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import zstandard

Files = Mapping[str, "bytes | str"]  # text is a link's target


def _tar(members: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members.items():
            head = tarfile.TarInfo(name)
            if isinstance(content, str):
                head.type, head.linkname = tarfile.SYMTYPE, content
                tar.addfile(head)
            else:
                head.size, head.mode = len(content), 0o755 if name.startswith("bin/") else 0o644
                tar.addfile(head, io.BytesIO(content))
    return zstandard.ZstdCompressor().compress(buffer.getvalue())


def write_package(
    channel: Path,
    name: str,
    build: str,
    files: Files,
    depends: Sequence[str] = (),
    version: str = "0.1.0",
    subdir: str = "linux-64",
    placeholders: Mapping[str, str] | None = None,
    licence: bool = True,
    timestamp: int = 0,
) -> Path:
    """Write a package into a channel's folder and index it there."""
    index = {
        "name": name, "version": version, "build": build, "build_number": int(build.rpartition("_")[2]), "depends": list(depends),
        "subdir": subdir, "license": "Apache-2.0", "timestamp": timestamp,
    }  # fmt: skip
    paths = [{"_path": path, "path_type": "hardlink", "prefix_placeholder": (placeholders or {}).get(path)} for path in files]
    info: dict[str, bytes | str] = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
    }
    if licence:
        info["info/licenses/LICENSE"] = f"licence of {name}".encode()
    path = channel / subdir / f"{name}-{version}-{build}.conda"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        archive.writestr(f"info-{path.stem}.tar.zst", _tar(info))
        archive.writestr(f"pkg-{path.stem}.tar.zst", _tar(files))
    for folder in (subdir, "noarch"):
        listing = channel / folder / "repodata.json"
        listing.parent.mkdir(exist_ok=True)
        value = {"info": {"subdir": folder}, "packages": {}, "packages.conda": {}}
        if listing.is_file():
            value = json.loads(listing.read_text())
        if folder == subdir:
            value["packages.conda"][path.name] = {**index, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size}
        listing.write_text(json.dumps(value))
    return path


def capabilities(accel: str, platform: str = "linux-64", **more: object) -> bytes:
    facts = {"accel": accel, "platform": platform, "version": "0.1.0", "date": "2026-11-20T12:00:00Z", "commit": "abc", **more}
    return json.dumps(facts).encode()


def write_family(channel: Path, accel: str = "cpu", mark: str = "1", platform: str = "linux-64", **more: object) -> None:
    """The four packages of an archive, in little; `mark` tells builds apart."""
    build = f"{accel}_h{mark}000000_200"
    facts = "share/atheria/libatheria-runtime/capabilities.json"
    write: dict[str, Any] = {"subdir": platform, "timestamp": int(mark)}
    write_package(
        channel, "libatheria-runtime", build,
        {facts: capabilities(accel, platform, **more), "lib/libatheria_runtime.so.0.1": b"runtime"},
        [f"atheria-variant * {accel}_*", "libgcc >=12"], **write,
    )  # fmt: skip
    write_package(
        channel, "libatheria-runtime-dev", build,
        {"include/atheria/device.h": b"// device", "lib/libatheria_runtime.so": "libatheria_runtime.so.0.1",
         "etc/conda/test-files/libatheria-runtime-dev/0/consumer.c": b"test"},
        [f"libatheria-runtime ==0.1.0 {build}"], **write,
    )  # fmt: skip
    write_package(
        channel, "libatheria-engine", build, {"lib/libatheria_engine.so.0.1": b"engine"},
        [f"libatheria-runtime ==0.1.0 {build}", "libatheria-runtime >=0.1.0,<0.2.0a0"], **write,
    )  # fmt: skip
    write_package(
        channel, "libatheria-engine-dev", build,
        {"include/atheria/engine.h": b"// engine", "lib/cmake/atheria-engine/atheria-engine-config.cmake": b"# config"},
        [f"libatheria-engine ==0.1.0 {build}", f"libatheria-runtime-dev ==0.1.0 {accel}_*"], **write,
    )  # fmt: skip
