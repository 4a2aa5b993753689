"""Wheels: fetched with pip, verified to the last byte before anything is unpacked."""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from atheria_pack.errors import BootstrapError, DiskFullError

PIP_TIMEOUT_S = 1800


@dataclass(frozen=True)
class WheelPin:
    """One wheel, as a recipe names it: the file, its digest, and the Python it is for (None: any)."""

    file: str
    sha256: str
    python: str | None = None

    @property
    def distribution(self) -> str:
        """The name to ask pip for, as the file spells it."""
        return self.file.split("-")[0]

    @property
    def version(self) -> str:
        """The version to ask pip for."""
        return self.file.split("-")[1]

    @property
    def platforms(self) -> list[str]:
        """The platform tags of the file; "any" for a pure one."""
        return self.file.removesuffix(".whl").split("-")[-1].split(".")

    def runs_on(self, subdir: str) -> bool:
        """Whether the file is for this platform of conda ("linux-64")."""
        machine = {"linux-64": "x86_64", "linux-aarch64": "aarch64"}.get(subdir)
        return "any" in self.platforms or any(tag.endswith(f"_{machine}") for tag in self.platforms)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def missing_wheels(pins: Iterable[WheelPin], wheel_dir: Path) -> list[WheelPin]:
    """The pins whose file is not in `wheel_dir`, or is there with another digest (such a file is removed)."""
    missing: list[WheelPin] = []
    for pin in pins:
        path = wheel_dir / pin.file
        if path.is_file():
            if file_sha256(path) == pin.sha256:
                continue
            path.unlink()
        missing.append(pin)
    return missing


def fetch_wheels(pins: Sequence[WheelPin], wheel_dir: Path, pip: Sequence[str]) -> None:
    """Download `pins`, all for one Python, with one call of pip, so that the user's pip configuration applies.

    Nothing reaches `wheel_dir` before its digest is checked.

    Args:
        pip: the command, for example [python, "-m", "pip"].

    Raises:
        BootstrapError: pip found no such file, could not reach an index, or fetched other bytes.
    """
    if not pins:
        return
    pythons = {pin.python for pin in pins}
    if len(pythons) != 1:
        raise ValueError(f"one call fetches for one Python, not for {sorted(map(str, pythons))}")
    wheel_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheel_dir, prefix=".fetch-") as scratch_name:
        scratch = Path(scratch_name)
        requirements = scratch / "requirements.txt"
        requirements.write_text(
            "".join(f"{pin.distribution}=={pin.version} --hash=sha256:{pin.sha256}\n" for pin in pins), encoding="utf-8"
        )
        command = [*pip, "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        command += ["--require-hashes", "--dest", str(scratch), "--requirement", str(requirements)]
        python = next(iter(pythons))
        if python is not None:
            command += ["--implementation", "cp", "--python-version", python]
        platforms = sorted({tag for pin in pins for tag in pin.platforms} - {"any"})
        if platforms:
            if python is None:
                command += ["--python-version", "3.10", "--implementation", "py"]
            for platform in platforms:
                command += ["--platform", platform]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise BootstrapError(
                f"pip did not finish within {PIP_TIMEOUT_S} s fetching {', '.join(pin.file for pin in pins)}; "
                "check the network and run again"
            ) from error
        for pin in pins:
            path = scratch / pin.file
            if not path.is_file():
                if "No space left on device" in done.stderr:
                    raise DiskFullError(f"the disk of {wheel_dir} ran full while {pin.file} was fetched; free some, or give --output FOLDER")
                raise BootstrapError(_fetch_failure(pin, wheel_dir, done.stderr))
            found = file_sha256(path)
            if found != pin.sha256:
                raise BootstrapError(
                    f"{pin.file}: pip fetched a file with sha256 {found}, but the recipe pins {pin.sha256}; "
                    "the index serves other bytes under this name: check its origin before changing the pin"
                )
        for pin in pins:
            os.replace(scratch / pin.file, wheel_dir / pin.file)


def _fetch_failure(pin: WheelPin, wheel_dir: Path, stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip() and "WARNING" not in line]
    said = "\n  ".join(lines[-6:]) or "nothing"
    return (
        f"pip did not bring {pin.file} (sha256 {pin.sha256}). It said:\n  {said}\n"
        f"Configure pip so that `pip download {pin.distribution}=={pin.version}` works, "
        f"or put that file into {wheel_dir} and run again"
    )


def verify_wheel(path: Path, sha256: str | None = None) -> None:
    """Check a wheel completely: its digest, that the zip is whole, and every member against RECORD.

    Raises:
        BootstrapError: naming the file, its digest, and the first thing that is wrong.
    """
    found = file_sha256(path)
    if sha256 is not None and found != sha256:
        raise BootstrapError(f"{path.name}: sha256 is {found}, expected {sha256}; delete {path} and run again")

    def damaged(what: str) -> BootstrapError:
        return BootstrapError(f"{path.name} (sha256 {found}) is damaged: {what}; delete {path} and run again")

    try:
        with zipfile.ZipFile(path) as archive:
            _verify_members(archive, damaged)
    except _UNREADABLE as error:
        raise damaged(f"not a whole zip file ({error})") from error


# What zipfile raises on bytes that are no zip file, are cut short, or were changed in the middle.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


def _verify_members(archive: zipfile.ZipFile, damaged: Callable[[str], BootstrapError]) -> None:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if len(set(names)) != len(names):
        raise damaged("two members have the same name")
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name:
            raise damaged(f"member {name!r} would be written outside the package")
    records = [name for name in names if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
    if len(records) != 1:
        raise damaged(f"expected one .dist-info/RECORD, found {len(records)}")
    listed: dict[str, tuple[str, str]] = {}
    for row in csv.reader(io.StringIO(archive.read(records[0]).decode("utf-8"))):
        if row:
            if len(row) != 3:
                raise damaged(f"RECORD line {','.join(row)!r} has {len(row)} fields instead of 3")
            listed[row[0]] = (row[1], row[2])
    unsigned = {records[0], records[0] + ".jws", records[0] + ".p7s"}
    for name in names:
        if name in unsigned:
            continue
        if name not in listed:
            raise damaged(f"{name} is not listed in RECORD")
        digest, size = listed[name]
        content = archive.read(name)
        algorithm, _, expected = digest.partition("=")
        if algorithm not in ("sha256", "sha384", "sha512"):
            raise damaged(f"RECORD gives {name} the digest {digest!r}, expected sha256 or stronger")
        actual = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()
        if actual != expected.rstrip("="):
            raise damaged(f"{name} has {algorithm} {actual}, RECORD says {expected}")
        if size and int(size) != len(content):
            raise damaged(f"{name} has {len(content)} bytes, RECORD says {size}")
    absent = sorted(set(listed) - set(names) - unsigned)
    if absent:
        raise damaged(f"RECORD lists {absent[0]}, which is not in the wheel")


def unpack_wheel(path: Path, target: Path, drop: Sequence[str] = ()) -> Path:
    """Unpack a verified wheel into the empty folder `target`; returns its .dist-info folder.

    Members that match a pattern of `drop` ("*" and "**" as in gitignore files) are left out. `INSTALLER` becomes "conda",
    as in conda-forge's packages, so that pip leaves the files alone. RECORD is kept true in both respects.
    """
    dropped = _pattern(drop)
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            destination = target / info.filename
            if dropped.fullmatch(info.filename):
                continue
            if info.is_dir():
                destination.mkdir(parents=True, exist_ok=True)
                continue
            destination.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, destination.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            mode = info.external_attr >> 16
            destination.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
    dist_info = next(target.glob("*.dist-info"))
    installer = b"conda\n"
    (dist_info / "INSTALLER").write_bytes(installer)
    digest = base64.urlsafe_b64encode(hashlib.sha256(installer).digest()).rstrip(b"=").decode()
    record = dist_info / "RECORD"
    own = f"{dist_info.name}/INSTALLER"
    with record.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if row and row[0] != own and not dropped.fullmatch(row[0])]
    with record.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([*rows, [own, f"sha256={digest}", str(len(installer))]])
    return dist_info


def _pattern(globs: Sequence[str]) -> re.Pattern[str]:
    """One expression for all patterns; it matches nothing if there are none."""
    parts: list[str] = []
    for glob in globs:
        text = re.escape(glob).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        parts.append(text)
    return re.compile("|".join(parts) if parts else r"(?!)")


def console_scripts(dist_info: Path) -> dict[str, str]:
    """The console scripts a wheel declares: name to `module:function`, extras removed."""
    path = dist_info / "entry_points.txt"
    if not path.is_file():
        return {}
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text("utf-8"))
    if not parser.has_section("console_scripts"):
        return {}
    return {name: target.split("[")[0].strip().replace(" ", "") for name, target in parser.items("console_scripts")}
