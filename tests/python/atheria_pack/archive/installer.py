"""A folder of small but real archives, machines to try the installer on, and the installer run as a user runs it."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from atheria_pack.archive.content import Entry
from atheria_pack.archive.write import INSTALLER, write_archive, write_index

SCRIPT = Path(__file__).resolve().parents[4] / "python" / "atheria_pack" / "archive" / INSTALLER
NVIDIA = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build  (dvs-builder@U22-I3-AF03-09-1)  Sun Jul 27 07:19:21 UTC 2025\n"
LINUX = {"needs_glibc": "2.28", "needs_libstdcxx": "3.4.21"}
CUDA12 = {**LINUX, "needs_driver": "525", "needs_compute": "6.0"}
CUDA13 = {**LINUX, "needs_driver": "580", "needs_compute": "7.5"}
FAMILY = {
    "linux-64": {"rocm": LINUX, "openblas": LINUX, "cpu": LINUX, "cuda129": CUDA12, "cuda130": CUDA13},
    "osx-arm64": {"openblas": {}, "cpu": {}, "metal": {"needs_macos": "13.0"}},
    "win-64": {"cpu": {}},
}


def publish(folder: Path, accel: str, platform: str, needs: Mapping[str, str], version: str = "0.1.0", text: str = "") -> dict[str, Any]:
    """An archive with little in it, written and listed as the real ones are; answers its entry."""
    name = f"atheria-{accel}-{platform}"
    tree = {
        "BUILD_INFO.txt": Entry(f"{name} {version} {text}\n".encode()),
        "lib/libatheria_runtime.so.0.1.0": Entry(b"library of " + accel.encode()),
        "lib/libatheria_runtime.so": Entry(target="libatheria_runtime.so.0.1.0"),
    }
    path = folder / f"{name}.tar.gz"
    digest = write_archive(path, name, tree, 1_700_000_000)
    entry = {
        "file": path.name, "name": name, "accel": accel, "platform": platform, "version": version, "sha256": digest,
        "size": path.stat().st_size, "unpacked": 4096, **needs,
        "capabilities": {"accel": "not this one", "name": "nor this", "needs_driver": "1"},
    }  # fmt: skip
    write_index(folder, [entry])
    return entry


def publish_family(folder: Path) -> None:
    for platform, accels in FAMILY.items():
        for accel, needs in accels.items():
            publish(folder, accel, platform, needs)


class Machine:
    """A machine as the installer's probes see it."""

    def __init__(self, root: Path, system: str = "Linux x86_64", glibc: str = "2.36", macos: str = "") -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.variables = {"ATHERIA_PROBE_ROOT": str(root), "ATHERIA_PROBE_SYSTEM": system}
        if glibc:
            self.variables["ATHERIA_PROBE_GLIBC"] = glibc
        if macos:
            self.variables["ATHERIA_PROBE_MACOS"] = macos

    def write(self, path: str, text: str, mode: int = 0o644) -> "Machine":
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)
        return self

    def with_driver(self, version: str, model: str = "NVIDIA H200") -> "Machine":
        """The kernel's files of NVIDIA's driver; no model is a driver without a GPU."""
        self.write("proc/driver/nvidia/version", NVIDIA.format(version))
        if model:
            self.write("proc/driver/nvidia/gpus/0000:01:00.0/information", f"Model: \t\t {model}\nIRQ:   \t\t 151\n")
        return self

    def with_smi(self, answer: str, status: int = 0) -> "Machine":
        return self.write("usr/bin/nvidia-smi", f"#!/bin/sh\nprintf '%s\\n' '{answer}'\nexit {status}\n", 0o755)


def environment(machine: Machine | None = None, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, **(machine.variables if machine else {}), **more}


def install(source: Path | str, prefix: Path, *words: str, machine: Machine | None = None, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    """Run the installer on a machine; what it says is in stderr, the installed folder in stdout."""
    command = [*shell.split(), str(SCRIPT), "--prefix", str(prefix), "--from", str(source), *words]
    return subprocess.run(command, env=environment(machine), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def chosen(done: subprocess.CompletedProcess[str]) -> str:
    """The accelerator that a dry run chose."""
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("  yes  "))
    return line.removeprefix("  yes  atheria-").split("-")[0]


def why_not(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The reasons against the other archives, by name."""
    pairs = (line.removeprefix("  no   ").split(": ", 1) for line in done.stderr.splitlines() if line.startswith("  no   "))
    return {name: reason for name, reason in pairs}


def listed(folder: Path) -> list[dict[str, Any]]:
    archives: list[dict[str, Any]] = json.loads((folder / "atheria-archives.json").read_text())["archives"]
    return archives
