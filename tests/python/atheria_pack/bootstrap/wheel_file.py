"""Writes small wheels, whole or damaged in a chosen way."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

NAME = "tiny-1.0-py3-none-any.whl"
MEMBERS = {
    "tiny/__init__.py": b"VALUE = 1\n",
    "tiny/tests/test_tiny.py": b"assert True\n",
    "tiny/deep/data,with comma.txt": b"\x00\x01" * 500,
    "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/entry_points.txt": b"[console_scripts]\ntiny = tiny.cli:main [extra]\n\n[other]\nx = y:z\n",
}
RECORD = "tiny-1.0.dist-info/RECORD"


def record_of(members: Mapping[str, bytes]) -> bytes:
    lines = []
    for name, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        quoted = f'"{name}"' if "," in name else name
        lines.append(f"{quoted},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{RECORD},,"]).encode() + b"\n"


def write_wheel(path: Path, members: Mapping[str, bytes], record: bytes | None = None) -> str:
    """Write the members and their RECORD (or the one given); returns the file's digest."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr(zipfile.ZipInfo(RECORD), record_of(members) if record is None else record)
    return hashlib.sha256(path.read_bytes()).hexdigest()
