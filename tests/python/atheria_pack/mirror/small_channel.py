"""Channels of a few records, written by hand: what an index may say, without files behind it."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgpack
import zstandard


def record(name: str, version: str = "1", build: str = "0", **changes: Any) -> dict[str, Any]:
    """A package's record; `changes` replace or add members. Its digest is that of its file name."""
    stem = f"{name}-{version}-{build}"
    made = {"name": name, "version": version, "build": build, "build_number": 0, "depends": [], "size": len(stem), "subdir": "linux-64"}
    return {**made, "sha256": hashlib.sha256(stem.encode()).hexdigest(), "md5": hashlib.md5(stem.encode()).hexdigest(), **changes}


def stem(made: dict[str, Any]) -> str:
    return f"{made['name']}-{made['version']}-{made['build']}"


def listed(*records: dict[str, Any], suffix: str = ".conda") -> dict[str, dict[str, Any]]:
    """A table of records by file name."""
    return {stem(made) + suffix: made for made in records}


def write_channel(folder: Path, **subdirs: Iterable[dict[str, Any]] | dict[str, Any]) -> Path:
    """Index records in `.conda` files, or a whole repodata.json, per subdir (`linux_64=...`). noarch is always there."""
    for name in {"noarch", *subdirs}:
        given = subdirs.get(name, ())
        subdir = name.replace("_", "-")
        index = given if isinstance(given, dict) else {"info": {"subdir": subdir}, "packages": {}, "packages.conda": listed(*given)}
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        (folder / subdir / "repodata.json").write_text(json.dumps(index))
    return folder


def to_shards(folder: Path, base: str = "./shards/") -> Path:
    """Replace every repodata.json of a channel by shards, with digests as bytes and `base` for where the shards are."""
    for path in sorted(folder.glob("*/repodata.json")):
        index = json.loads(path.read_text())
        shards: dict[str, dict[str, Any]] = {}
        for table in ("packages", "packages.conda"):
            for key, made in index.get(table, {}).items():
                shards.setdefault(made["name"], {}).setdefault(table, {})[key] = as_bytes(made)
        for table, records in index.get("v3", {}).items():
            for key, made in records.items():
                shards.setdefault(made["name"], {}).setdefault("v3", {}).setdefault(table, {})[key] = as_bytes(made)
        info = {**index.get("info", {}), "shards_base_url": base, "created_at": "2026-01-01T00:00:00Z"}
        digests = {name: write_shard(path.parent / "shards", shard) for name, shard in shards.items()}
        write_shard_index(path.parent, {"version": 1, "info": info, "shards": digests})
        path.unlink()
    return folder


def as_bytes(made: dict[str, Any]) -> dict[str, Any]:
    return {key: bytes.fromhex(value) if key in ("sha256", "md5") else value for key, value in made.items()}


def write_shard(folder: Path, shard: Any) -> bytes:
    """Write a shard under its digest, and give that."""
    packed = zstandard.compress(msgpack.packb(shard))
    digest = hashlib.sha256(packed)
    folder.mkdir(exist_ok=True)
    (folder / f"{digest.hexdigest()}.msgpack.zst").write_bytes(packed)
    return digest.digest()


def write_shard_index(folder: Path, value: Any) -> None:
    (folder / "repodata_shards.msgpack.zst").write_bytes(zstandard.compress(msgpack.packb(value)))
