"""What earlier runs left: a record per finished build, which says from what its packages were made and where they are."""

from __future__ import annotations

import glob
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from atheria_pack.atomic import write_json
from atheria_pack.digest import sha256_of

SCHEMA = 2
UPSTREAM = "upstream "
_EARLIER = "earlier"


@dataclass(frozen=True)
class BuiltPackage:
    """A finished package in the store: its cell, place and digest, how many of its own tests ran, and the reasons why others did
    not, with how many for each."""

    cell: str
    subdir: str
    file_name: str
    sha256: str
    size: int
    tests: int
    not_run: Mapping[str, int] = field(default_factory=dict)

    def path(self, store: Path) -> Path:
        """Where the file lies."""
        return store / self.subdir / self.file_name


@dataclass(frozen=True)
class Record:
    """A finished build of a job.

    `records/JOB.json` is the newest one, whatever came of later tries: the next run compares with it. The one that it replaced
    moves to `records/earlier/` and stays as long as the newest build of some other job was made with it, for instance
    because that job failed since. What is published follows from these two alone (`publication.py`), never from how a run
    went.

    `parts` is what the content key was made of, name by name, so that a change can be told; `upstream JOB` in it is the key
    of the build of another job that this one was made with. `tested`: whether all of the packages' own tests ran that can run on
    the machine that built them.
    """

    job: str
    key: str
    parts: Mapping[str, str]
    packages: tuple[BuiltPackage, ...]
    seconds: float
    tested: bool
    schema: int = SCHEMA

    @property
    def upstream(self) -> dict[str, str]:
        """The builds it was made with: key by job."""
        return {name.removeprefix(UPSTREAM): key for name, key in self.parts.items() if name.startswith(UPSTREAM)}


def save_record(folder: Path, record: Record) -> None:
    """Write a job's newest record at once; one of other content that it replaces becomes an earlier one."""
    before = _read(folder / f"{record.job}.json")
    if before is not None and before.key != record.key:
        write_json(_earlier_path(folder, before), asdict(before))
    write_json(folder / f"{record.job}.json", asdict(record))


def load_records(folder: Path) -> dict[str, Record]:
    """The newest record of every job. One that is torn or of another schema counts as absent: its job is built again."""
    found = (_read(path) for path in sorted(folder.glob("*.json")))
    return {record.job: record for record in found if record is not None}


def load_earlier(folder: Path) -> list[Record]:
    """The records of builds that newer ones replaced."""
    found = (_read(path) for path in sorted((folder / _EARLIER).glob("*.json")))
    return [record for record in found if record is not None]


def forget_earlier(folder: Path, kept: Collection[tuple[str, str]]) -> None:
    """Remove the earlier records whose (job, key) is not among `kept`, unreadable ones too."""
    for path in sorted((folder / _EARLIER).glob("*.json")):
        record = _read(path)
        if record is None or (record.job, record.key) not in kept:
            path.unlink()


def forget_record(folder: Path, job: str) -> None:
    """Remove the newest record of a job: its packages turned out to be bad."""
    (folder / f"{job}.json").unlink(missing_ok=True)


def record_paths(folder: Path, job: str) -> list[Path]:
    """The files of a job's records, the newest and the earlier ones."""
    return [folder / f"{job}.json", *sorted((folder / _EARLIER).glob(f"{glob.escape(job)}@*.json"))]


def _earlier_path(folder: Path, record: Record) -> Path:
    return folder / _EARLIER / f"{record.job}@{record.key[:16]}.json"


def _read(path: Path) -> Record | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.get("schema") != SCHEMA:
            return None
        packages = tuple(BuiltPackage(**package) for package in raw.pop("packages"))
        return Record(packages=packages, **raw)
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        return None


def damage(packages: Iterable[BuiltPackage], store: Path) -> str | None:
    """What is wrong with the stored files of a record, None when all are as they were built."""
    for package in packages:
        path = package.path(store)
        if not path.is_file():
            return f"{package.file_name} is gone from the output folder"
        if path.stat().st_size != package.size or sha256_of(path) != package.sha256:
            return f"{package.file_name} is not as it was built"
    return None


def retire(folder: Path, known: Collection[str]) -> list[str]:
    """Take the records of jobs that the recipes and variants no longer have out of the newest ones; answers their names. They
    become earlier ones: another job's packages may still pin them."""
    gone = {job: record for job, record in load_records(folder).items() if job not in known}
    for job, record in gone.items():
        write_json(_earlier_path(folder, record), asdict(record))
        forget_record(folder, job)
    return list(gone)
