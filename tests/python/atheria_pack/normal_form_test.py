"""The normal form: time, place, channel and chance go, and nothing else does."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.errors import PackageFileError
from atheria_pack.normal_form import normalise, placeholder
from atheria_pack.package_file import Member, package_bytes, read_package

EPOCH = 1700000000
NAME = "a-1-0"


def built(folder: Path, place: str, clock: int, depends: tuple[str, ...] = ("libc >=2", "liba ==1 0")) -> Path:
    """A package as py-rattler-build would make it in this place at this time."""
    contents = {
        "bin/a": b"#!" + place.encode() + b"/bin/python\n",
        "lib/liba.so": b"\x7fELF\0" + place.encode() + b"/lib\0rest",
        "share/plain.txt": b"as it is \xff\n",
    }
    prefixes = {"bin/a": "text", "lib/liba.so": "binary"}
    paths = [
        {
            "_path": name,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_in_bytes": len(data),
            **({"file_mode": prefixes[name], "prefix_placeholder": place} if name in prefixes else {}),
        }
        for name, data in contents.items()
    ]
    paths.append({**paths[1], "_path": "lib/liba.so.1", "path_type": "softlink"})
    del paths[-1]["prefix_placeholder"], paths[-1]["file_mode"]
    info: dict[str, Any] = {
        "info/index.json": {"name": "a", "version": "1", "depends": list(depends), "timestamp": clock * 1000 + 123},
        "info/about.json": {"channels": [f"file://{place}/channel", "https://channel.example/main"], "license": "Apache-2.0"},
        "info/paths.json": {"paths": paths, "paths_version": 1},
        "info/hash_input.json": {"target_platform": "linux-64"},
    }
    members = [Member("pkg", name, data, mode=0o755 if name == "bin/a" else 0o640) for name, data in contents.items()]
    members.append(Member("pkg", "lib/liba.so.1", b"", target="liba.so"))
    members += [Member("info", name, json.dumps(value).encode()) for name, value in info.items()]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.conda"
    path.write_bytes(package_bytes(NAME, members, clock))
    return path


def long(name: str) -> str:
    return (f"/{name}/host_env" + "_placehold" * 30)[:255]


def contents(path: Path) -> dict[str, Member]:
    return {member.name: member for member in read_package(path)}


def test_two_places_and_times_give_one_package(tmp_path: Path) -> None:
    first = built(tmp_path / "1", long("here"), 1800000000)
    second = built(tmp_path / "2", long("some/other/place"), 1900000000, ("liba ==1 0", "libc >=2"))
    assert first.read_bytes() != second.read_bytes()
    assert normalise(first, EPOCH) and normalise(second, EPOCH)
    assert first.read_bytes() == second.read_bytes()


def test_text_prefixes_of_any_length_agree(tmp_path: Path) -> None:
    """Builds for Windows do not pad their prefix."""
    found = []
    for number, place in enumerate(("C:/b/h_env", "D:/elsewhere/h_env")):
        path = built(tmp_path / str(number), place, 1800000000)
        normalise(path, EPOCH)
        found.append(contents(path))
    assert found[0]["bin/a"] == found[1]["bin/a"]
    assert len(found[0]["lib/liba.so"].data) != len(found[1]["lib/liba.so"].data), "a binary keeps its length"


def test_it_is_idempotent_and_leaves_the_file_alone_then(tmp_path: Path) -> None:
    path = built(tmp_path, long("here"), 1800000000)
    assert normalise(path, EPOCH)
    before = path.read_bytes(), path.stat().st_ino
    assert not normalise(path, EPOCH)
    assert (path.read_bytes(), path.stat().st_ino) == before
    assert normalise(path, EPOCH + 1)


def test_only_what_says_when_and_where_is_replaced(tmp_path: Path) -> None:
    path = built(tmp_path, long("here"), 1800000000)
    before = contents(path)
    normalise(path, EPOCH)
    after = contents(path)
    assert after.keys() == before.keys()
    changed = {name for name in after if after[name].data != before[name].data}
    # hash_input.json, the plain file and the link are as they were, byte for byte
    assert changed == {"bin/a", "lib/liba.so", "info/index.json", "info/about.json", "info/paths.json"}
    assert after["lib/liba.so"].data == b"\x7fELF\0" + placeholder(255).encode() + b"/lib\0rest"
    assert json.loads(after["info/index.json"].data) == {
        "name": "a",
        "version": "1",
        "depends": ["liba ==1 0", "libc >=2"],
        "timestamp": EPOCH * 1000,
    }
    assert json.loads(after["info/about.json"].data) == {"channels": ["https://channel.example/main"], "license": "Apache-2.0"}
    assert (after["bin/a"].mode, after["share/plain.txt"].mode) == (0o755, 0o644)


@pytest.mark.parametrize("place", [long("here"), "C:/here/h_env"])
def test_paths_json_stays_true(tmp_path: Path, place: str) -> None:
    path = built(tmp_path, place, 1800000000)
    normalise(path, EPOCH)
    found = contents(path)
    for entry in json.loads(found["info/paths.json"].data)["paths"]:
        member = found[entry["_path"]]
        data = found["lib/" + member.target].data if member.target else member.data
        assert entry["sha256"] == hashlib.sha256(data).hexdigest(), entry["_path"]
        assert entry["size_in_bytes"] == len(data)
        if "prefix_placeholder" in entry:
            assert entry["prefix_placeholder"].encode() in data and "here" not in entry["prefix_placeholder"]


def test_no_word_of_the_machine_is_left(tmp_path: Path) -> None:
    path = built(tmp_path, long("machine"), 1800000000)
    normalise(path, EPOCH)
    assert not [member.name for member in read_package(path) if b"machine" in member.data]


def test_a_prefix_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path, long("here"), 1800000000)
    members = [m.with_data(b"#!/usr/bin/python\n") if m.name == "bin/a" else m for m in read_package(path)]
    path.write_bytes(package_bytes(NAME, members, 1))
    with pytest.raises(PackageFileError, match=r"a-1-0\.conda: paths\.json says that bin/a holds the prefix /here"):
        normalise(path, EPOCH)


def test_a_package_without_index_and_a_torn_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.conda"
    path.write_bytes(package_bytes(NAME, [Member("info", "info/paths.json", b"{}")], 1))
    with pytest.raises(PackageFileError, match=r"a-1-0\.conda has no info/index\.json"):
        normalise(path, EPOCH)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(PackageFileError, match=r"a-1-0\.conda \(\d+ bytes\) is not a whole"):
        normalise(path, EPOCH)


def test_placeholders_have_the_length_asked_for() -> None:
    assert {len(placeholder(length)) for length in (10, 80, 255)} == {10, 80, 255}
    assert len(placeholder()) == 255 and placeholder().startswith("/")
