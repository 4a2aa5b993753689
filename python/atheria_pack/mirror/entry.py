"""One package as a channel's index has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# The tables of a repodata.json that hold packages. Those of its member `v3` (CEP 48) are called `v3.` and their name there.
CLASSIC_TABLES = ("packages", "packages.conda")


@dataclass(frozen=True)
class Entry:
    """One package.

    - `table`: `packages` (.tar.bz2), `packages.conda`, or `v3.NAME`.
    - `key`: its key in that table; the file's name, in the classic tables.
    - `record`: the source's record as JSON types, with every member that it has there: hotfixes of a channel are in its patched records
      only, so a record is carried and never made anew from the package.
    - `run_exports`: what the source's run_exports.json (CEP 12) has for it below `run_exports`, such as {"weak": ["libx >=1"]}; None where the
      source has none for it.
    - `origin`: the address that the file is read from.
    - `why`: the requests that chose it, in words (`atheria-core=*=cuda* on linux-64, cuda13`); empty in a table of a source.
    """

    subdir: str
    file_name: str
    table: str
    key: str
    record: dict[str, Any]
    run_exports: dict[str, Any] | None = None
    origin: str = ""
    why: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """The package's name."""
        return str(self.record["name"])

    @property
    def path(self) -> str:
        """The file within the channel."""
        return f"{self.subdir}/{self.file_name}"

    @property
    def size(self) -> int:
        """Bytes of the file; 0 where the record does not say."""
        return int(self.record.get("size") or 0)

    @property
    def sha256(self) -> str:
        """Digest of the file in hexadecimal, in small letters whatever the record has; empty where it does not say."""
        return str(self.record.get("sha256") or "").lower()
