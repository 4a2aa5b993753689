"""The proof: what was published installs by its public name into an empty prefix, and computes there."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rattler
import rattler.exceptions

from atheria_pack.atomic import write_json
from atheria_pack.digest import digest_of, sha256_of
from atheria_pack.platforms import virtual_packages
from atheria_pack.solve import Solver

STEPS = 100
_TIMEOUT_SECONDS = 300.0
_UNUSABLE = "backend {} is not usable: "
# How the reason of a GPU's backend begins where the machine, not the package, lacks something.
_ABSENT = ("no driver", "no device", "driver too old", "no kernels for the device")
# py-rattler's exceptions share no base class of their own.
_INSTALL_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    *(found for found in vars(rattler.exceptions).values() if isinstance(found, type) and issubclass(found, Exception)),
)


@dataclass(frozen=True)
class Proof:
    """What came of installing one accelerator's package and running the demonstration law with it.

    `spec` is what a user would type. `report` is what `atheria run --json` printed. `backend` is how the accelerator's own
    backend describes itself there; the run may have chosen another one (the law's convolutions are not OpenBLAS's business).

    `absent` is what the backend of a GPU says where this machine has none: then all that is proved is that the package installs,
    that the backend loads and says why it is not usable, and that the law runs without it.
    """

    accel: str
    spec: str
    success: bool
    reason: str
    seconds: float
    installed: str | None = None
    report: Mapping[str, Any] | None = None
    backend: str | None = None
    absent: str | None = None
    reused: bool = False


def user_spec(accel: str) -> str:
    """The spec that picks an accelerator: `atheria-core=*=cpu*`."""
    return f"atheria-core=*={accel}*"


def backend_of(accel: str) -> str:
    """The runtime's backend for an accelerator: `cuda` for `cuda130`."""
    return accel.rstrip("0123456789")


def prove(
    accel: str, channels: Sequence[str], platform: str, folder: Path, cache: Path, fingerprint: str, cuda: str | None = None
) -> Proof:
    """Install `atheria-core=*=ACCEL*` into a fresh prefix and run it there, with nothing else on PATH.

    `fingerprint` stands for everything published: the proof of an unchanged channel is remembered, not repeated. `cuda` is the
    version of `__cuda` that is assumed, so that a package for a GPU installs where there is none.
    """
    remembered = folder / f"{accel}.json"
    here = has_hardware(backend_of(accel), cuda)
    key = digest_of({"fingerprint": fingerprint, "channels": list(channels), "hardware": here})
    if (earlier := _remembered(remembered, key)) is not None:
        return earlier
    prefix = folder / f"prefix-{accel}"
    shutil.rmtree(prefix, ignore_errors=True)
    remembered.unlink(missing_ok=True)
    started = time.monotonic()
    proof = _proved(accel, channels, platform, folder, prefix, cache, started, cuda, here)
    if proof.success:
        shutil.rmtree(prefix, ignore_errors=True)
        write_json(remembered, {"key": key, "proof": asdict(proof)})
    return proof


def left_of(accel: str, folder: Path) -> list[Path]:
    """What a proof of an accelerator leaves in the folder of proofs."""
    return [folder / f"{accel}.json", folder / f"prefix-{accel}", folder / f"demo-{accel}.png"]


def _remembered(path: Path, key: str) -> Proof | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Proof(**{**raw["proof"], "reused": True}) if raw["key"] == key else None
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return None


def _proved(
    accel: str,
    channels: Sequence[str],
    platform: str,
    folder: Path,
    prefix: Path,
    cache: Path,
    started: float,
    cuda: str | None,
    here: bool,
) -> Proof:
    def ended(success: bool, reason: str, core: str | None = None, **found: Any) -> Proof:
        return Proof(accel, user_spec(accel), success, reason, time.monotonic() - started, core, **found)

    try:
        installed = install([user_spec(accel)], channels, platform, prefix, cache, cuda)
    except rattler.exceptions.SolverError as error:
        return ended(False, f"does not solve: {error}")
    except _INSTALL_ERRORS as error:
        return ended(False, f"does not install: {error}")
    core = next((name for name in installed if name.startswith("atheria-core-")), None)
    if core is None or f"-{accel}" not in core:
        return ended(False, f"the solve gave {core}, which is not the {accel} build", core)
    picture = folder / f"demo-{accel}.png"
    report, reason = demonstrate(prefix, picture)
    if report is None:
        return ended(False, reason, core)
    backend, trouble = own_backend(prefix, accel, folder)
    if backend is not None:
        return ended(True, reason, core, report=report, backend=backend)
    absent = trouble.removeprefix(_UNUSABLE.format(backend_of(accel)))
    if not here and absent.startswith(_ABSENT):
        return ended(True, reason, core, report=report, absent=absent)
    return ended(False, trouble, core, report=report)


def has_hardware(backend: str, cuda: str | None) -> bool:
    """Whether this machine has what the backend of an accelerator runs on, as others than the backend see it."""
    if backend == "rocm":
        return Path("/dev/kfd").exists()  # the kernel's door to AMD's GPUs
    if backend != "cuda":
        return True
    found = [package.into_generic() for package in rattler.VirtualPackage.detect()]
    drivers = [generic.version for generic in found if generic.name.normalized == "__cuda"]
    return any(cuda is None or driver >= rattler.Version(cuda) for driver in drivers)


def own_backend(prefix: Path, accel: str, folder: Path) -> tuple[str | None, str]:
    """How the backend of an accelerator describes itself in a prefix; None and the reason where it is missing or unusable."""
    name = backend_of(accel)
    done = in_prefix(prefix, ["atheria", "info", "--json"], cwd=folder)
    try:
        backends = {entry["name"]: entry for entry in json.loads(done.stdout)["backends"]}
    except (json.JSONDecodeError, KeyError, TypeError):
        return None, f"`atheria info --json` ended with {done.returncode} and lists no backends: {done.stderr.strip()[-200:]}"
    if name not in backends:
        return None, f"backend {name} is not there, only {', '.join(sorted(backends))}"
    if not backends[name]["score"]:
        return None, _UNUSABLE.format(name) + str(backends[name]["reason"])
    return str(backends[name]["description"]), ""


def demonstrate(prefix: Path, picture: Path) -> tuple[Mapping[str, Any] | None, str]:
    """Run the demonstration law from a prefix: what it reported, or None, and what there is to say about it."""
    picture.unlink(missing_ok=True)
    command = ["run", "--law", "demo", "--steps", str(STEPS), "--out", str(picture), "--json"]
    done = in_prefix(prefix, ["atheria", *command], cwd=picture.parent)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-5:]
        return None, f"`atheria {' '.join(command)}` ended with {done.returncode}: {' / '.join(last)}"
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        return None, f"`atheria run --json` printed no JSON: {done.stdout[:200]!r}"
    if report.get("engine") != "native":
        return None, f"the {report.get('engine')} engine ran, not the native one: {report.get('engine_reason')}"
    good, reason = judge_picture(picture)
    return (report, reason) if good else (None, reason)


def judge_picture(path: Path) -> tuple[bool, str]:
    """Whether the demonstration's picture shows something: it exists, decodes, and has more than one colour."""
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        return False, f"no picture: {path.name} was not written"
    try:
        with Image.open(path) as image:
            colours = image.convert("RGB").getcolors(maxcolors=1 << 24) or []
            size = image.size
    except (UnidentifiedImageError, OSError) as error:
        return False, f"{path.name} is no picture: {error}"
    if len(colours) < 2:
        return False, f"{path.name} ({size[0]}x{size[1]}) has a single colour"
    return True, f"{size[0]}x{size[1]} picture with {len(colours)} colours"


def install(
    specs: Sequence[str], channels: Sequence[str], platform: str, prefix: Path, cache: Path, cuda: str | None = None
) -> list[str]:
    """Solve and install into `prefix`; answers `name-version-build` of all packages. `cuda`: the version of `__cuda` to assume.

    Raises py-rattler's SolverError when nothing satisfies the specs, its other errors and OSError when the install fails.
    """
    records = Solver(channels, platform, virtual_packages=virtual_packages(platform, platform, cuda)).records(specs)

    async def unpack() -> None:
        await rattler.install(records=records, target_prefix=prefix, cache_dir=cache / "pkgs", show_progress=False)

    asyncio.run(unpack())
    return [f"{record.name.normalized}-{record.version}-{record.build}" for record in records]


def in_prefix(
    prefix: Path, command: Sequence[str], cwd: Path, timeout: float = _TIMEOUT_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a command of an installed prefix with a clean environment: PATH is the prefix's bin, nothing is inherited.

    Like a shell, it answers status 127 for a command that is not there, 126 for one that does not start, and 124 for one
    that did not end in `timeout` seconds.
    """
    cwd.mkdir(parents=True, exist_ok=True)
    environment = {"PATH": str(prefix / "bin"), "HOME": str(cwd), "LANG": "C.UTF-8"}
    program = prefix / "bin" / command[0]
    if not os.access(program, os.X_OK):
        return subprocess.CompletedProcess(list(command), 127, "", f"the installed prefix has no command {command[0]}")
    try:
        return subprocess.run(
            [str(program), *command[1:]], cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(list(command), 124, "", f"no end after {timeout:g} s")
    except OSError as error:
        return subprocess.CompletedProcess(list(command), 126, "", f"{command[0]} does not start: {error}")


def fingerprint_of(channel: Path) -> str:
    """Digest of all packages in a channel's folder, and of what proves them."""
    files = {f"{path.parent.name}/{path.name}": sha256_of(path) for path in sorted(channel.glob("*/*.conda"))}
    return digest_of({**files, "steps": STEPS, "python": sys.version})
