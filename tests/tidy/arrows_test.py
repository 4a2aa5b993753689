"""Arrows point one way: includes of the native tree and imports of the Python tree."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tree import files_below, read  # noqa: E402

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CONTRACT_ORDER = ["version", "status", "allocator", "queue", "device", "buffer", "program", "backend", "law", "engine"]
RUNTIME_LAYERS = ["base", "device", "program", "schedule"]
VENDOR_HEADERS = re.compile(r"^(cuda|cublas|nvml|hip/|rocblas|vulkan/|Metal/|torch/|ATen/|c10/)")
# libstdc++ facilities that cost size and locale state: the core and the engine print through nothing.
BANNED_IN_NATIVE = {"iostream", "ostream", "istream", "fstream", "sstream", "regex", "locale", "filesystem", "thread_pool"}


def includes(path: Path) -> list[str]:
    return [quoted or angled for quoted, angled in INCLUDE.findall(read(path))]


def sources(folder: str) -> list[Path]:
    return files_below(folder, ".h", ".hpp", ".cpp", ".c", ".def", ".inl")


def test_the_contract_includes_only_itself_downwards() -> None:
    wrong = []
    for path in files_below("native/include/atheria", ".h"):
        for name in includes(path):
            if name.startswith("atheria/"):
                noun = Path(name).stem
                if name.endswith(".h") and CONTRACT_ORDER.index(noun) >= CONTRACT_ORDER.index(path.stem):
                    wrong.append(f"{path} includes {name}, which is not below it")
            elif name not in {"stddef.h", "stdint.h", "stdbool.h"}:
                wrong.append(f"{path} includes <{name}>: the contract is C11 without a library")
    assert not wrong, "\n".join(wrong)


def test_the_engine_is_a_stranger_to_the_runtime() -> None:
    wrong = [
        f"{path} includes {name}"
        for path in sources("native/engine")
        for name in includes(path)
        if name.startswith(("runtime/", "base/", "device/", "program/", "schedule/", "backends/", "../"))
    ]
    assert not wrong, "the engine uses only include/atheria:\n" + "\n".join(wrong)


def test_runtime_layers_point_downwards() -> None:
    wrong = []
    for level, layer in enumerate(RUNTIME_LAYERS):
        above = tuple(f"{name}/" for name in RUNTIME_LAYERS[level + 1:])
        for path in sources(f"native/runtime/{layer}"):
            for name in includes(path):
                if name.removeprefix("runtime/").startswith(above):
                    wrong.append(f"{path} includes {name}: {layer} is below it")
                if name.removeprefix("runtime/").startswith("../"):
                    wrong.append(f"{path} includes {name}: name it from native/runtime")
    assert not wrong, "\n".join(wrong)


def test_backends_do_not_see_each_other() -> None:
    wrong = []
    folders = {p.parts[3] for p in sources("native/runtime/backends") if len(p.parts) > 4}
    for path in sources("native/runtime/backends"):
        own = path.parts[3]
        for name in includes(path):
            found = re.search(r"backends/(\w+)/", name)
            if found and found[1] not in {own, "layout", "stream"} and found[1] in folders:
                wrong.append(f"{path} includes {name}")
    assert not wrong, "a backend includes its own folder, layout/ and stream/:\n" + "\n".join(wrong)


def test_vendor_headers_stay_in_their_folder() -> None:
    allowed = {"native/torch", "native/runtime/backends/cuda", "native/runtime/backends/hip", "native/runtime/backends/vulkan",
               "native/runtime/backends/metal"}
    wrong = [
        f"{path} includes {name}"
        for path in sources("native")
        for name in includes(path)
        if VENDOR_HEADERS.match(name) and not any(Path(folder) in path.parents for folder in allowed)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_streams_and_no_locale_in_core_and_engine() -> None:
    wrong = [
        f"{path} includes <{name}>"
        for folder in ("native/runtime", "native/engine")
        for path in sources(folder)
        for name in includes(path)
        if name in BANNED_IN_NATIVE
    ]
    assert not wrong, "\n".join(wrong)


def imported_modules(path: Path) -> list[str]:
    """Absolute names; relative imports are resolved against the file's package."""
    package = list(path.with_suffix("").parts[1:-1])
    names = []
    for node in ast.walk(ast.parse(read(path), filename=str(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            names.append(".".join(base + ([node.module] if node.module else [])))
    return names


@pytest.mark.parametrize(("package", "other"), [("atheria", "atheria_pack"), ("atheria_pack", "atheria")])
def test_library_and_driver_never_import_each_other(package: str, other: str) -> None:
    files = files_below(f"python/{package}", ".py")
    assert files, f"python/{package} has no Python file: this test would check nothing"
    wrong = [f"{path} imports {name}" for path in files for name in imported_modules(path)
             if name == other or name.startswith(other + ".")]
    assert not wrong, "\n".join(wrong)


def test_the_reference_engine_needs_numpy_only() -> None:
    allowed = sys.stdlib_module_names | {"numpy", "atheria"}
    wrong = []
    for path in files_below("python/atheria/reference", ".py"):
        for name in imported_modules(path):
            if name.split(".")[0] not in allowed:
                wrong.append(f"{path} imports {name}")
            if name.split(".")[0] == "atheria" and not name.startswith(("atheria.reference", "atheria.errors")):
                wrong.append(f"{path} imports {name}: the judge depends on nobody it judges")
    assert not wrong, "\n".join(wrong)


def test_only_engine_modules_of_the_package_load_the_extension() -> None:
    wrong = [f"{path} imports {name}" for path in files_below("python/atheria/reference", ".py")
             for name in imported_modules(path) if name.startswith("atheria_core")]
    assert not wrong, "\n".join(wrong)
