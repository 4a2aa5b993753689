"""The same packages give the same bytes, and the list is what the installer can read."""

import gzip
import json
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.archive.content import Entry
from atheria_pack.archive.write import file_name, read_index, write_archive, write_index
from atheria_pack.digest import sha256_of
from atheria_pack.errors import PackError

DATE = 1_763_640_000
TREE = {"lib/b.so": Entry(target="b.so.1"), "lib/b.so.1": Entry(b"b", executable=True), "a.txt": Entry(b"text\n")}


def entry(folder: Path, name: str = "x.tar.gz") -> dict[str, Any]:
    digest = write_archive(folder / name, "x", TREE, DATE)
    facts = {"name": "x", "accel": "cpu", "platform": "linux-64", "version": "1", "sha256": digest, "unpacked": 6}
    return {"file": name, "size": (folder / name).stat().st_size, **facts}


def test_the_order_of_the_tree_and_the_clock_do_not_matter(tmp_path: Path) -> None:
    first = write_archive(tmp_path / "a" / "x.tar.gz", "x", TREE, DATE)
    again = write_archive(tmp_path / "b" / "x.tar.gz", "x", dict(reversed(TREE.items())), DATE)
    assert first == again == sha256_of(tmp_path / "a" / "x.tar.gz")
    head = (tmp_path / "a" / "x.tar.gz").read_bytes()[:10]
    assert head[4:8] == bytes(4), "gzip says when it was packed"
    assert write_archive(tmp_path / "c" / "x.tar.gz", "x", TREE, DATE + 1) != first


def test_a_tar_holds_files_modes_links_and_nobody(tmp_path: Path) -> None:
    write_archive(tmp_path / "x.tar.gz", "x", TREE, DATE)
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        members = {member.name: member for member in tar}
    assert list(members) == ["x", "x/lib", "x/a.txt", "x/lib/b.so", "x/lib/b.so.1"]
    assert members["x/lib/b.so"].linkname == "b.so.1"
    assert members["x/lib/b.so.1"].mode == 0o755 and members["x/a.txt"].mode == 0o644
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members.values()} == {(0, 0, "", "", DATE)}


def test_windows_gets_a_zip(tmp_path: Path) -> None:
    assert (file_name("x", "win-64"), file_name("x", "linux-64")) == ("x.zip", "x.tar.gz")
    plain = {path: item for path, item in TREE.items() if item.target is None}
    first = write_archive(tmp_path / "x.zip", "x", plain, DATE)
    assert write_archive(tmp_path / "y.zip", "x", dict(reversed(plain.items())), DATE) == first
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == ["x/a.txt", "x/lib/b.so.1"] and archive.read("x/a.txt") == b"text\n"
        assert archive.infolist()[0].date_time == (2025, 11, 20, 12, 0, 0)
    with pytest.raises(PackError, match="lib/b.so is a symbolic link"):
        write_archive(tmp_path / "z.zip", "x", TREE, DATE)
    assert not (tmp_path / "z.zip").exists() and not list(tmp_path.glob(".*")), "nothing half written is left"


def test_the_digest_beside_it_is_what_sha256sum_checks(tmp_path: Path) -> None:
    write_archive(tmp_path / "x.tar.gz", "x", TREE, DATE)
    done = subprocess.run(["sha256sum", "-c", "x.tar.gz.sha256"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_list_keeps_what_is_there_and_forgets_what_is_not(tmp_path: Path) -> None:
    write_index(tmp_path, [entry(tmp_path, "x.tar.gz")])
    write_index(tmp_path, [entry(tmp_path, "y.tar.gz")])
    assert [found["file"] for found in read_index(tmp_path)] == ["x.tar.gz", "y.tar.gz"], "other platforms' archives stay listed"
    (tmp_path / "x.tar.gz").unlink()
    (tmp_path / "y.tar.gz").write_bytes(gzip.compress(b"another"))
    write_index(tmp_path, [entry(tmp_path, "z.tar.gz")])
    assert [found["file"] for found in read_index(tmp_path)] == ["z.tar.gz"]


def test_an_archive_a_line_flat_members_first(tmp_path: Path) -> None:
    write_index(tmp_path, [{**entry(tmp_path), "capabilities": {"accel": "?"}, "needs_glibc": "2.28", "packages": []}])
    first, line, last = (tmp_path / "atheria-archives.json").read_text().splitlines()
    assert list(json.loads(line)) == [
        "file", "name", "accel", "platform", "version", "sha256", "size", "unpacked", "needs_glibc", "capabilities", "packages"
    ]  # fmt: skip
    assert os.access(tmp_path / "install.sh", os.X_OK)


def test_a_list_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "atheria-archives.json").write_text("{")
    with pytest.raises(PackError, match="is no list of archives"):
        write_index(tmp_path, [])
    (tmp_path / "atheria-archives.json").write_text('{"archives": [{"file": "../x"}]}')
    with pytest.raises(PackError, match="lists '../x', which is incomplete"):
        write_index(tmp_path, [])
