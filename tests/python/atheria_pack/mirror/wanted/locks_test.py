"""Lock files name packages of a channel; what they name besides is counted, and what is no lock file is told."""

import hashlib
import sys
from pathlib import Path

import pytest
import rattler
import yaml
from atheria_pack.mirror.layout import UnsafeNameError
from atheria_pack.mirror.wanted.locks import Lock, Locked, LockError, read_lock
from rattler.repo_data.sparse import SparseRepoData

sys.path.insert(0, str(Path(__file__).parent.parent))
from small_channel import record, write_channel  # noqa: E402


def written_by_rattler(folder: Path, platforms: dict[str, list[str]]) -> Path:
    """A pixi.lock with packages by platform, of a channel with x, y and z."""
    records = {name: record(name) for name in ("x", "y", "z")}
    write_channel(folder / "channel", linux_64=records.values(), win_64=records.values(), noarch=records.values())
    locked = {platform: rattler.LockPlatform(platform) for platform in platforms}
    lock = rattler.LockFile(list(locked.values()))
    lock.set_channels("default", [rattler.LockChannel("https://host/t/token/channel/")])
    lock.set_channels("test", [rattler.LockChannel("https://host/t/token/channel/")])
    for platform, names in platforms.items():
        for subdir in (platform, "noarch"):
            index = SparseRepoData(rattler.Channel("https://host/channel"), subdir, str(folder / "channel" / subdir / "repodata.json"))
            for found in index.load_all_records():
                if found.name.normalized in names and (subdir == "noarch") == (found.name.normalized == "z"):
                    lock.add_conda_package("default", locked[platform], found)
                    lock.add_conda_package("test", locked[platform], found)
        lock.add_pypi_package("default", locked[platform], "requests", "2.0", "https://files.host/requests-2.0-py3-none-any.whl")
    lock.to_path(folder / "pixi.lock")
    return folder / "pixi.lock"


def test_pixi(tmp_path: Path) -> None:
    path = written_by_rattler(tmp_path, {"linux-64": ["x", "z"], "win-64": ["y"]})
    digests = {name: {key: str(value) for key, value in record(name).items() if key in ("sha256", "md5")} for name in "xyz"}
    x, y, z = (Locked(name, subdir, f"{name}-1-0.conda", **digests[name]) for name, subdir in (("x", "linux-64"), ("y", "win-64"), ("z", "noarch")))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_lock(path, ["linux-64"]) == Lock("pixi.lock", sha256, (x, z), {"of PyPI": 1})
    assert read_lock(path, ["win-64", "linux-64"]) == Lock("pixi.lock", sha256, (x, z, y), {"of PyPI": 2})
    with pytest.raises(LockError, match=r"pixi.lock has nothing for osx-arm64; it was made for other platforms"):
        read_lock(path, ["osx-arm64"])


def conda_lock(folder: Path, *packages: dict[str, object], version: object = 1) -> Path:
    metadata = {"content_hash": {}, "channels": [], "platforms": ["linux-64"], "sources": []}
    (folder / "conda-lock.yml").write_text(yaml.safe_dump({"version": version, "metadata": metadata, "package": list(packages)}))
    return folder / "conda-lock.yml"


def package(**changes: object) -> dict[str, object]:
    made: dict[str, object] = {
        "name": "X", "version": "1!2+3", "manager": "conda", "platform": "linux-64", "dependencies": {}, "category": "main", "optional": False,
        "url": "https://user:word@host/t/tok/channel/linux-64/X-1%212%2B3-0.tar.bz2", "hash": {"md5": "AB" * 16, "sha256": "cd" * 32},
    }  # fmt: skip
    return {**made, **changes}


def test_conda_lock(tmp_path: Path) -> None:
    only_md5 = package(name="y", url="https://host/noarch/y-1-0.conda", hash={"md5": "ef" * 16})
    path = conda_lock(tmp_path, package(), package(), only_md5, package(platform="win-64"), package(manager="pip"), package(manager="pip", name="q"))
    found = read_lock(path, ["linux-64"])
    assert found.packages == (
        Locked("x", "linux-64", "X-1!2+3-0.tar.bz2", "cd" * 32, "ab" * 16),
        Locked("y", "noarch", "y-1-0.conda", "", "ef" * 16),
    )
    assert found.left_out == {"of PyPI": 2}


@pytest.mark.parametrize("changes", [{"url": "https://host/linux-64/.hidden"}, {"url": "https://host/..%2F../x-1-0.conda"}, {"url": "x-1-0.conda"}])
def test_names_that_would_leave_the_mirror(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(UnsafeNameError, match=r"conda-lock.yml: "):
        read_lock(conda_lock(tmp_path, package(**changes)), ["linux-64"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[", "is no YAML: .*; expected a pixi.lock, or a conda-lock.yml of version 1"),
        ("\x00", "is no YAML"),
        ("", "is no lock file; expected"),
        ("@EXPLICIT\nhttps://host/linux-64/x-1-0.conda\n", "is no (YAML|lock file)"),
        ("name: env\ndependencies: [x]\n", "is no lock file that is known; expected"),
        ("version: 99\nenvironments: {}\n", "cannot be read: .*version 99"),
        ("version: 2\nmetadata: {}\npackage: []\n", "a conda-lock file of version 2; expected"),
        ("version: 1\nmetadata: {}\npackage: [{platform: linux-64}]\n", "no conda-lock file of version 1: a package lacks 'manager'"),
        ("version: 1\nmetadata: {}\npackage: 7\n", "no conda-lock file of version 1"),
        ("version: 1\nmetadata: {}\npackage: []\n", "has nothing for linux-64"),
    ],
)
def test_what_is_no_lock_file(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "file.lock").write_text(content)
    with pytest.raises(LockError, match=f"file.lock .*{told}"):
        read_lock(tmp_path / "file.lock", ["linux-64"])
