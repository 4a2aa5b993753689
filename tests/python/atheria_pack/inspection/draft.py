"""Packages that hold what they say, out of binaries compiled here; a test changes one thing before they are written."""

import copy
import hashlib
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atheria_pack.package_file import CONTENT, INFO, Member, package_bytes

from .compilers import LIBRARY, MODULE, PLUGIN, shared, tool

EPOCH = 1_790_000_000
ROOT = Path(__file__).resolve().parents[4]
PLACEHOLDER = "/" + "home/builder/host_env_placehold_placehold_placehold"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Draft:
    """Everything of a package that may be changed before it is written. `facts` and `text` None: no such file."""

    index: dict[str, Any]
    facts: dict[str, Any] | None
    files: dict[str, bytes]
    links: dict[str, str] = field(default_factory=dict)
    licences: dict[str, bytes] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    placeholders: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    file_name: str | None = None
    after_paths: dict[str, bytes] = field(default_factory=dict)  # replaced once paths.json is written

    def copy(self) -> "Draft":
        return copy.deepcopy(self)

    @property
    def place(self) -> str:
        return f"share/atheria/{self.index['name']}"

    def write(self, folder: Path) -> Path:
        """The finished package file."""
        files = dict(self.files)
        if self.facts is not None:
            files[f"{self.place}/capabilities.json"] = json.dumps(self.facts).encode()
            files[f"{self.place}/BUILD_INFO.txt"] = (build_info(self.facts) if self.text is None else self.text).encode()
        paths = [_entry(path, data, self.placeholders.get(path)) for path, data in files.items()]
        paths += [{"_path": path, "path_type": "softlink", "sha256": "", "size_in_bytes": 0} for path in self.links]
        files.update(self.after_paths)
        info = {
            "info/index.json": json.dumps(self.index).encode(),
            "info/about.json": json.dumps({"license": self.index["license"], "channels": [], **self.about}).encode(),
            "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
            **{f"info/licenses/{name}": text for name, text in self.licences.items()},
        }
        members = [Member(INFO, name, data) for name, data in info.items()] + [Member(CONTENT, name, data) for name, data in files.items()]
        members += [Member(CONTENT, name, b"", target) for name, target in self.links.items()]
        stem = f"{self.index['name']}-{self.index['version']}-{self.index['build']}"
        made = folder / (self.file_name or f"{stem}.conda")
        made.write_bytes(package_bytes(made.stem, members, EPOCH))
        return made


def _entry(path: str, data: bytes, placeholder: str | None) -> dict[str, Any]:
    declared = {"prefix_placeholder": placeholder, "file_mode": "text"} if placeholder else {}
    digest = hashlib.sha256(data).hexdigest()
    return {"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(data), **declared}


def build_info(facts: dict[str, Any]) -> str:
    """The facts for people, as the recipes write them."""
    lines = []
    for key, value in facts.items():
        parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
        lines.append(f"{key:<20}{' '.join(str(part) for part in parts)}")
    return "\n".join(lines) + "\n"


def stripped(path: Path) -> bytes:
    subprocess.run([tool("strip"), "--strip-debug", path], check=True)
    return path.read_bytes()


def facts_of(index: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "package": index["name"],
        "build_string": index["build"],
        "build_number": index["build_number"],
        "version": index["version"],
        "abi": 1,
        "accel": index["build"].split("_")[0],
        "platform": index["subdir"],
        "compiler": {"id": "GNU", "version": "12.2.0"},
        "flags": ["-O3", "-march=nocona", "-ffp-contract=off"],
        "commit": COMMIT,
        "date": "2026-09-20T10:00:00Z",
        **more,
    }


def index_of(name: str, build: str, depends: list[str]) -> dict[str, Any]:
    return {
        "name": name, "version": "0.1.0", "build": build, "build_number": int(build.rpartition("_")[2]), "subdir": "linux-64",
        "license": "Apache-2.0", "timestamp": EPOCH * 1000, "depends": depends,
    }  # fmt: skip


def runtime(work: Path, accel: str = "openblas", number: int = 100, device: bytes = b"", **facts: Any) -> Draft:
    """libatheria-runtime with a plugin; `device` is device code that the plugin carries."""
    backend = accel.rstrip("0123456789")
    library = shared(work, "libatheria_runtime.so.0.1.0", LIBRARY, "-Wl,-soname,libatheria_runtime.so.0.1", "-Wl,-rpath,$ORIGIN")
    code = PLUGIN
    if device:
        (work / "device.bin").write_bytes(device)
        code += f'__asm__(".section .nv_fatbin,\\"a\\"\\n.align 8\\n.incbin \\"{work / "device.bin"}\\"\\n.text\\n");\n'
    plugin = shared(work, f"libatheria_backend_{backend}.so", code, library, "-Wl,-rpath,$ORIGIN/../..")
    build = f"{accel}_h0123456_{number}"
    depends = [f"atheria-variant * {accel}_*", "__glibc >=2.28,<3.0.a0", "libgcc >=12"]
    if backend == "cuda":
        depends.append(f"__cuda >={accel.removeprefix('cuda')[:2]}")
    index = index_of("libatheria-runtime", build, depends)
    claims = facts_of(
        index, cpu_levels=["baseline", "avx2", "avx512"], backends=["reference", "cpu", backend], libraries=["libc.so.6"], glibc="2.2.5", **facts
    )
    files = {
        "lib/libatheria_runtime.so.0.1.0": stripped(library),
        f"lib/atheria/backends/libatheria_backend_{backend}.so": stripped(plugin),
    }
    return Draft(
        index, claims, files, {"lib/libatheria_runtime.so.0.1": "libatheria_runtime.so.0.1.0"}, {"LICENSE": (ROOT / "LICENSE").read_bytes()}
    )


def core(work: Path) -> Draft:
    """atheria-core with an extension module."""
    library = shared(work, "libatheria_engine.so.0.1", LIBRARY, "-Wl,-soname,libatheria_engine.so.0.1")
    module = shared(work, "module.so", MODULE, library, "-Wl,-rpath,$ORIGIN/../..")
    depends = [
        "python", "python_abi 3.12.* *_cp312", "libatheria-engine ==0.1.0 cpu_h7654321_200", "atheria-variant * cpu_*", "__glibc >=2.28,<3.0.a0",
    ]  # fmt: skip
    index = {**index_of("atheria-core", "cpu_py312_h0123456_200", depends), "license": "Apache-2.0 AND BSD-3-Clause"}
    claims = facts_of(
        index, cpu_levels=["baseline", "avx2", "avx512"], python="3.12", engine_build_string="cpu_h7654321_200",
        libraries=["libatheria_engine.so.0.1"], glibc=None,
    )  # fmt: skip
    files = {
        "lib/python3.12/site-packages/atheria_core.cpython-312-x86_64-linux-gnu.so": stripped(module),
        "bin/atheria": f"#!{PLACEHOLDER}/bin/python\nimport atheria\n".encode(),
    }
    texts = {"LICENSE": (ROOT / "LICENSE").read_bytes(), "licenses/pybind11.txt": (ROOT / "licenses/pybind11.txt").read_bytes()}
    return Draft(index, claims, files, {}, texts, placeholders={"bin/atheria": PLACEHOLDER})
