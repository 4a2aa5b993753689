"""Archives written: the same tree gives the same bytes; digests beside them; the list that the installer reads."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from atheria_pack.archive.content import Entry
from atheria_pack.atomic import replaced, write_text
from atheria_pack.digest import sha256_of
from atheria_pack.errors import PackError

FOLDER = "archives"  # in the output folder
INDEX = "atheria-archives.json"
INSTALLER = "install.sh"
_LEVEL = 6  # 9 takes four times as long for a hundredth of the size


def file_name(name: str, platform: str) -> str:
    """`NAME.zip` for Windows, `NAME.tar.gz` elsewhere."""
    return f"{name}.zip" if platform.startswith("win-") else f"{name}.tar.gz"


def archive_paths(folder: Path, accel: str, platform: str) -> list[Path]:
    """The files of one archive: itself and its digest."""
    path = folder / file_name(f"atheria-{accel}-{platform}", platform)
    return [path, path.with_name(f"{path.name}.sha256")]


def write_archive(path: Path, name: str, tree: Mapping[str, Entry], date: int) -> str:
    """Write the tree as an archive with one folder `name`, and its digest beside it. Answers the sha256.

    Entries are sorted, everything carries `date`, nobody owns it, and neither gzip nor zip says when it was made.
    """
    with replaced(path) as stream:
        if path.name.endswith(".zip"):
            _write_zip(stream, name, tree, date)
        else:
            _write_tar(stream, name, tree, date)
    digest = sha256_of(path)
    write_text(path.with_name(f"{path.name}.sha256"), f"{digest}  {path.name}\n")
    return digest


def _folders(name: str, tree: Mapping[str, Entry]) -> list[str]:
    found = {name}
    for path in tree:
        parts = path.split("/")[:-1]
        found |= {"/".join([name, *parts[: depth + 1]]) for depth in range(len(parts))}
    return sorted(found)


def _write_tar(stream: IO[bytes], name: str, tree: Mapping[str, Entry], date: int) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=stream, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for folder in _folders(name, tree):
            tar.addfile(_head(folder, date, tarfile.DIRTYPE, 0o755))
        for path, entry in sorted(tree.items()):
            if entry.target is not None:
                link = _head(f"{name}/{path}", date, tarfile.SYMTYPE, 0o777)
                link.linkname = entry.target
                tar.addfile(link)
                continue
            head = _head(f"{name}/{path}", date, tarfile.REGTYPE, 0o755 if entry.executable else 0o644)
            head.size = len(entry.data)
            tar.addfile(head, io.BytesIO(entry.data))


def _head(name: str, date: int, kind: bytes, mode: int) -> tarfile.TarInfo:
    head = tarfile.TarInfo(name)
    head.mtime, head.type, head.mode = date, kind, mode
    return head


def _write_zip(stream: IO[bytes], name: str, tree: Mapping[str, Entry], date: int) -> None:
    when = datetime.fromtimestamp(date, timezone.utc).timetuple()[:6]
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for path, entry in sorted(tree.items()):
            if entry.target is not None:
                raise PackError(f"{path} is a symbolic link, which zip files for Windows cannot hold")
            head = zipfile.ZipInfo(f"{name}/{path}", when)
            head.create_system, head.compress_type = 3, zipfile.ZIP_DEFLATED
            head.external_attr = (0o755 if entry.executable else 0o644) << 16
            archive.writestr(head, entry.data)


def write_index(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write the list of a folder's archives: JSON with an archive a line, so that a shell can read it, and the installer.

    Archives listed before that still lie there unchanged stay listed, as other machines may have made them.
    """
    listed = {entry["file"]: entry for entry in read_index(folder)}
    listed |= {entry["file"]: entry for entry in entries}
    kept = [
        entry
        for name, entry in sorted(listed.items())
        if (folder / name).is_file() and (folder / name).stat().st_size == entry["size"] and sha256_of(folder / name) == entry["sha256"]
    ]
    lines = ",\n".join(json.dumps(_in_order(entry), separators=(", ", ": ")) for entry in kept)
    write_text(folder / INDEX, f'{{"schema": 1, "archives": [\n{lines}\n]}}\n')
    installer = Path(__file__).with_name(INSTALLER)
    if not (folder / INSTALLER).is_file() or (folder / INSTALLER).read_bytes() != installer.read_bytes():
        write_text(folder / INSTALLER, installer.read_text(encoding="utf-8"))
        shutil.copymode(installer, folder / INSTALLER)


# The flat members stand first: the installer reads a line up to the first member that has members itself.
_FLAT = ("file", "name", "accel", "platform", "version", "sha256", "size", "unpacked")


def _in_order(entry: Mapping[str, Any]) -> dict[str, Any]:
    others = sorted((key for key in entry if key not in _FLAT), key=lambda key: (isinstance(entry[key], (list, dict)), key))
    return {key: entry[key] for key in (*_FLAT, *others)}


def read_index(folder: Path) -> list[dict[str, Any]]:
    """The archives that a folder's list names; none where there is no list."""
    try:
        value = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        entries: list[dict[str, Any]] = value["archives"]
    except FileNotFoundError:
        return []
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise PackError(f"{folder / INDEX} is no list of archives ({error!r}); delete it, and it is written anew") from error
    for entry in entries:
        if not re.fullmatch(r"[\w.-]+", str(entry.get("file"))) or any(key not in entry for key in _FLAT):
            raise PackError(f"{folder / INDEX} lists {entry.get('file')!r}, which is incomplete; delete the list, and it is written anew")
    return entries
