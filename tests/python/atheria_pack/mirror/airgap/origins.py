"""Mirrors with a few small files, generation by generation, and their trees compared."""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from atheria_pack.mirror.generation import Manifest, sums_lines
from atheria_pack.mirror.layout import MANIFEST, SIGNATURE, SUMS, generation_folder, is_index, shard_path
from atheria_pack.mirror.places.folder import FolderPlace

PUBLISHED = 1_700_000_000
OWN = (".mirror/verified.sqlite", ".mirror/lock")  # may differ between mirrors of the same bytes


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def files_of(*names: str, text: str = "") -> dict[str, bytes]:
    """A generation's files: indexes that follow from the packages, shards, packages named like `linux-64/a-1`."""
    files: dict[str, bytes] = {f"{name}-0.conda": f"package {name}".encode() * 50 for name in names}
    for subdir in ("linux-64", "noarch"):
        inside = ",".join(sorted(name for name in names if name.startswith(subdir)))
        for index in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
            files[f"{subdir}/{index}"] = f"{index} of {inside}".encode() * 3
        shard = f"shard of {inside}".encode()
        files[shard_path(subdir, sha256(shard))] = shard
    files["channeldata.json"] = b'{"channeldata_version": 1}'
    files["index.html"] = f"<p>{text}{','.join(sorted(names))}".encode()
    return files


def publish(root: Path, files: Mapping[str, bytes], sign_with: Path | None = None) -> Manifest:
    """The next generation of a mirror in a folder."""
    place = FolderPlace(root, str(root))
    with place.writing():
        current = place.current()
        parent = None if current is None else Manifest.from_bytes(place.read(f"{generation_folder(current)}/{MANIFEST}"), str(root))
        sums = b"".join(sums_lines(sorted((path, sha256(content)) for path, content in files.items())))
        packages = [path for path in files if path.endswith(".conda")]
        manifest = Manifest(
            (current or 0) + 1, parent.digest if parent else None, PUBLISHED + (current or 0), sha256(sums), len(files),
            sum(len(files[path]) for path in packages), {"linux-64": len(packages)}, request={"of": root.name},
        )  # fmt: skip
        folder = generation_folder(manifest.generation)
        for path, content in files.items():
            place.write(f"{folder}/{path}" if is_index(path) else path, content)
        place.write(f"{folder}/{SUMS}", sums)
        if sign_with:
            from atheria_pack.mirror.airgap.signature import sign

            place.write(f"{folder}/{SIGNATURE}", sign(manifest.to_bytes(), sign_with))
        place.write(f"{folder}/{MANIFEST}", manifest.to_bytes())
        place.switch(manifest.generation)
    return manifest


def tree(root: Path) -> dict[str, str]:
    """What readers and later runs find below a mirror: digests of files, targets of links, folders."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "a folder"
        elif name not in OWN and not name.startswith(".mirror/verified.sqlite"):
            found[name] = sha256(path.read_bytes())
    return found


def readable(root: Path) -> None:
    """What the visible generation names is there, as sha256sum sees it."""
    if (root / ".mirror/current").exists():
        subprocess.run(["sha256sum", "--quiet", "-c", ".mirror/current/SHA256SUMS"], cwd=root, check=True, capture_output=True)
