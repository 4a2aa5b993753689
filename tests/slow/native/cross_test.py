"""The runtime core compiled by zig for linux-aarch64, win-64 and osx-arm64: exports, needed libraries, floors, and tests under emulators."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import lief
import pytest

ROOT = Path(__file__).parents[3]
TARGETS = {
    "linux-aarch64": "aarch64-linux-gnu.2.28",
    "win-64": "x86_64-windows-gnu",
    "osx-arm64": "aarch64-macos.13.0",
}
# Small ones from every part of the core; the whole suite is for `ctest` (native/README.md).
NATIVE_TESTS = ["runtime_base_file_test", "runtime_base_decimal_test", "runtime_schedule_threads_test", "runtime_device_plugin_test"]


def zig() -> Path | None:
    """ATHERIA_ZIG, else the wheel ziglang of this Python, else zig on PATH."""
    named = os.environ.get("ATHERIA_ZIG")
    if named:
        return Path(named)
    wheel = importlib.util.find_spec("ziglang")
    if wheel is not None and wheel.origin:
        return Path(wheel.origin).parent / "zig"
    found = shutil.which("zig")
    return Path(found) if found else None


def emulator(platform: str) -> list[str] | None:
    """The program that runs this platform's programs here, or None."""
    if platform == "linux-aarch64":
        qemu, libraries = shutil.which("qemu-aarch64"), Path("/usr/aarch64-linux-gnu")
        return [qemu, "-L", str(libraries)] if qemu and libraries.is_dir() else None
    if platform == "win-64":
        wine = next((p for p in (shutil.which("wine64"), "/usr/lib/wine/wine64") if p and Path(p).exists()), None)
        return [wine] if wine else None
    return None


def run(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})}, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module", params=list(TARGETS))
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    platform: str = request.param
    program = zig()
    if program is None:
        pytest.skip("no zig: set ATHERIA_ZIG, or install the wheel ziglang 0.16.0")
    work = tmp_path_factory.mktemp(platform)
    build = work / "build"
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DATHERIA_ENGINE=OFF", "-DATHERIA_TESTS=ON"]
    if platform == "osx-arm64":
        options.append("-DATHERIA_BACKEND_METAL=ON")
    run(["cmake", "-S", str(ROOT / "native"), "-B", str(build), "-G", "Ninja", f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/native/cmake/toolchains/zig.cmake",
         f"-DATHERIA_ZIG={program}", f"-DATHERIA_ZIG_TARGET={TARGETS[platform]}", *options])
    targets = ["atheria_runtime", *(["atheria_backend_metal"] if platform == "osx-arm64" else [])]
    if emulator(platform):
        targets += NATIVE_TESTS
    run(["cmake", "--build", str(build), "--parallel", "2", "--target", *targets])
    return platform, build


def exports(kind: str) -> set[str]:
    lines = (ROOT / "native" / kind / "exports.txt").read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def test_the_library_is_what_the_platform_wants(built: tuple[str, Path]) -> None:
    platform, build = built
    wanted = exports("runtime")
    if platform == "linux-aarch64":
        elf = lief.ELF.parse(str(build / "runtime" / "libatheria_runtime.so.0.1.0"))
        assert elf is not None and elf.header.machine_type == lief.ELF.ARCH.AARCH64
        assert {s.name for s in elf.exported_symbols} == wanted
        assert set(elf.libraries) <= {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-aarch64.so.1"}
        needed = [tuple(map(int, entry.name[6:].split("."))) for item in elf.symbols_version_requirement for entry in item.get_auxiliary_symbols()
                  if entry.name.startswith("GLIBC_")]
        assert needed and max(needed) <= (2, 28)
        assert all(segment.alignment % 65536 == 0 for segment in elf.segments if segment.type == lief.ELF.Segment.TYPE.LOAD)  # 64 KiB pages
    elif platform == "win-64":
        pe = lief.PE.parse(str(build / "bin" / "atheria_runtime.dll"))
        assert pe is not None
        assert {entry.name for entry in pe.get_export().entries} == wanted
        assert all(item.name == "KERNEL32.dll" or item.name.startswith("api-ms-win-") for item in pe.imports), [item.name for item in pe.imports]
        assert (build / "runtime" / "atheria_runtime.lib").is_file()
    else:
        for path, names in ((build / "runtime" / "libatheria_runtime.0.1.0.dylib", wanted),
                            (build / "backends" / "libatheria_backend_metal.dylib", exports("runtime/backends/gpu"))):
            fat = lief.MachO.parse(str(path))
            assert fat is not None
            macho = fat.at(0)
            assert macho.header.cpu_type == lief.MachO.Header.CPU_TYPE.ARM64
            # zig's linker takes -exported_symbols_list and does not obey it: operators new and delete of its static libc++ leave the library, too.
            seen = {s.name.removeprefix("_") for s in macho.exported_symbols}
            linkers_own = {"_mh_dylib_header", "__dso_handle"}
            assert {name for name in seen - linkers_own if not name.startswith(("_Zn", "_Zd"))} == names
            assert [item.name for item in macho.libraries if item.command == lief.MachO.LoadCommand.TYPE.LOAD_DYLIB] == ["/usr/lib/libSystem.B.dylib"]
            assert [item.name.split("/")[0] for item in macho.libraries if item.command == lief.MachO.LoadCommand.TYPE.ID_DYLIB] == ["@rpath"]
            assert list(macho.build_version.minos)[:2] == [13, 0]
            assert macho.has_code_signature


@pytest.mark.parametrize("name", NATIVE_TESTS)
def test_it_runs(built: tuple[str, Path], name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    platform, build = built
    program = emulator(platform)
    if program is None:
        pytest.skip(f"nothing here runs programs of {platform}; it is compiled and inspected only")
    file = build / "bin" / f"{name}.exe" if platform == "win-64" else build / "tests" / "native" / name
    # One wine prefix for all: making it takes longer than the tests.
    prefix = tmp_path_factory.getbasetemp() / "wine"
    run([*program, str(file)], {"WINEPREFIX": str(prefix), "WINEDEBUG": "-all", "ATHERIA_TESTS_EMULATED": "1"})
