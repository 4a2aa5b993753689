"""What earlier runs left: a record per job, which says from what its packages were made and where they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from atheria_pack.atomic import write_json

SCHEMA = 1


@dataclass(frozen=True)
class BuiltPackage:
    """A finished package in the store: its cell, place and digest, and how many of its own tests ran."""

    cell: str
    subdir: str
    file_name: str
    sha256: str
    size: int
    tests: int

    def path(self, store: Path) -> Path:
        """Where the file lies."""
        return store / self.subdir / self.file_name


@dataclass(frozen=True)
class Record:
    """A finished job: `parts` is what its content key was made of, name by name, so that a change can be told."""

    job: str
    key: str
    parts: Mapping[str, str]
    packages: tuple[BuiltPackage, ...]
    seconds: float
    schema: int = SCHEMA


def save_record(folder: Path, record: Record) -> None:
    """Write a record, replacing the job's earlier one at once."""
    write_json(folder / f"{record.job}.json", asdict(record))


def load_records(folder: Path) -> dict[str, Record]:
    """All records by job. One that is torn or of another schema counts as absent: its job is built again."""
    records = {}
    for path in sorted(folder.glob("*.json")):
        record = _read(path)
        if record is not None:
            records[record.job] = record
    return records


def _read(path: Path) -> Record | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.get("schema") != SCHEMA:
            return None
        packages = tuple(BuiltPackage(**package) for package in raw.pop("packages"))
        return Record(packages=packages, **raw)
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        return None


def sha256_of(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def damage(packages: Iterable[BuiltPackage], store: Path) -> str | None:
    """What is wrong with the stored files of a record, None when all are as they were built."""
    for package in packages:
        path = package.path(store)
        if not path.is_file():
            return f"{package.file_name} is gone from the output folder"
        if path.stat().st_size != package.size or sha256_of(path) != package.sha256:
            return f"{package.file_name} is not as it was built"
    return None


def retire(folder: Path, known: Collection[str], platform: str) -> list[str]:
    """Remove the records of a platform's jobs that the recipes and variants no longer have; answers their names."""
    gone = [
        job for job in load_records(folder) if job not in known and job.startswith((f"{platform}--", "noarch--"))
    ]
    for job in gone:
        (folder / f"{job}.json").unlink()
    return gone
