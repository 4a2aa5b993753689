"""Package files: what is written is read back, equal members give equal bytes, and a torn file is refused by its name."""

import io
import os
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
import zstandard
from atheria_pack.errors import PackageFileError
from atheria_pack.package_file import Member, package_bytes, read_package, write_package

MEMBERS = [
    Member("pkg", "lib/liba.so.1", b"\x7fELF and more", mode=0o700, mtime=5, owner="1000:1000 somebody"),
    Member("pkg", "lib/liba.so", b"", target="liba.so.1"),
    Member("pkg", "share/a.txt", b"text\n", mode=0o600),
    Member("info", "info/index.json", b"{}"),
    Member("pkg", "share/" + "long-" * 40 + "name.txt", b""),
]


def test_members_come_back_with_settled_attributes(tmp_path: Path) -> None:
    path = tmp_path / "a-1-0.conda"
    write_package(path, package_bytes("a-1-0", MEMBERS, 1700000000))
    back = {member.name: member for member in read_package(path)}
    assert {name: (member.data, member.target) for name, member in back.items()} == {m.name: (m.data, m.target) for m in MEMBERS}
    assert [oct(back[name].mode) for name in ("lib/liba.so.1", "share/a.txt")] == ["0o755", "0o644"]
    assert {(member.mtime, member.owner) for member in back.values()} == {(1700000000, "0:0")}
    assert [member.part for member in read_package(path)][-1] == "info"


def test_bytes_depend_on_the_members_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = package_bytes("a-1-0", MEMBERS, 7)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    time.tzset()
    old = os.umask(0o077)
    try:
        again = package_bytes("a-1-0", list(reversed(MEMBERS)), 7)
    finally:
        os.umask(old)
        monkeypatch.undo()
        time.tzset()
    assert again == first
    assert package_bytes("a-1-0", MEMBERS, 8) != first


def test_a_torn_package_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a-1-0.conda"
    whole = package_bytes("a-1-0", MEMBERS, 7)
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(PackageFileError, match=rf"^a-1-0\.conda \({length} bytes\) is not a whole \.conda file"):
            read_package(path)


def test_a_damaged_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a-1-0.conda"
    whole = bytearray(package_bytes("a-1-0", MEMBERS, 7))
    whole[whole.index(b"\x28\xb5\x2f\xfd") + 30] ^= 1
    path.write_bytes(whole)
    with pytest.raises(PackageFileError, match=r"^a-1-0\.conda is damaged: its part pkg-a-1-0\.tar\.zst"):
        read_package(path)


def test_another_archive_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a-1-0.conda"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(PackageFileError, match=r"a-1-0\.conda holds readme\.txt; expected pkg-a-1-0\.tar\.zst"):
        read_package(path)


def packed(kind: bytes) -> bytes:
    """A package's part with a file and, before it, an entry of another kind."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("share")
        entry.type, entry.linkname = kind, "info/about.json"
        archive.addfile(entry)
        archive.addfile(tarfile.TarInfo("share/a"))
    return zstandard.ZstdCompressor().compress(buffer.getvalue())


def written(path: Path, kind: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        for part in ("pkg", "info"):
            archive.writestr(f"{part}-{path.stem}.tar.zst", packed(kind))
    return path


def test_folders_are_no_members_and_what_cannot_be_installed_is_refused(tmp_path: Path) -> None:
    assert [member.name for member in read_package(written(tmp_path / "a-1-0.conda", tarfile.DIRTYPE))] == ["share/a"] * 2
    for kind in (tarfile.LNKTYPE, tarfile.CHRTYPE):
        with pytest.raises(PackageFileError, match="a-1-0.conda: share is neither a file nor a symbolic link"):
            read_package(written(tmp_path / "a-1-0.conda", kind))


def test_a_renamed_package_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b-1-0.conda"
    path.write_bytes(package_bytes("a-1-0", MEMBERS, 7))
    with pytest.raises(PackageFileError, match="expected pkg-b-1-0.tar.zst"):
        read_package(path)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a-1-0.conda"
    path.write_bytes(b"old")

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_package(path, b"new")
    assert path.read_bytes() == b"old" and [entry.name for entry in tmp_path.iterdir()] == [path.name]
