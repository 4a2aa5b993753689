"""The channel's cross compilers: what they make is of its platform, needs what it says, and runs where an emulator is."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from atheria_pack.bootstrap import BootstrapChannel
from atheria_pack.platforms import override_variables
from atheria_pack.toolkits.machine import find_emulators
from rattler.package_streaming import extract
from rattler_build import Stage0Recipe, ToolConfiguration, VariantConfig
from rattler_build.render import RenderConfig
from rattler_build.tool_config import PlatformConfig

Install = Callable[[Sequence[str], Path], Path]

# What the files of a platform begin with: ELF for AArch64, Mach-O for ARM, PE.
LIBRARY = {"linux-aarch64": "lib/libcross.so.1.0.0", "osx-arm64": "lib/libcross.1.0.0.dylib", "win-64": "Library/bin/libcross.dll"}
PINS = {
    "linux-aarch64": {"c_compiler": ["gcc"], "cxx_compiler": ["gxx"], "c_stdlib": ["sysroot"]},
    "osx-arm64": {"c_compiler": ["clang"], "cxx_compiler": ["clangxx"], "c_stdlib_version": ["13.0"]},
    "win-64": {"c_compiler": ["vs2022"], "cxx_compiler": ["vs2022"]},
}
PROMISES = {"linux-aarch64": "__glibc >=2.28,<3.0.a0", "osx-arm64": "__osx >=13.0"}


def build(channel: BootstrapChannel, platform: str, place: Path) -> Path:
    folder = Path(shutil.copytree(Path(__file__).parent / "cross_consumer", place / "recipe"))
    keys = {**PINS[platform], **channel.variants_overlays[platform]}
    config = RenderConfig(
        platform=PlatformConfig(build_platform="linux-64", host_platform=platform, target_platform=platform)
    )
    (variant,) = Stage0Recipe.from_file(folder / "recipe.yaml").render(VariantConfig(keys), config)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in override_variables(platform, "linux-64", None).items():
            patch.setenv(name, value)
        done = variant.run_build(
            tool_config=ToolConfiguration(test_strategy="skip"), output_dir=place / "output", channels=[channel.uri]
        )
    extract(done.packages[0], place / "content")
    return place / "content"


@pytest.fixture(scope="module", params=list(PINS))
def made(request: pytest.FixtureRequest, channel: BootstrapChannel, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A platform and the content of the consumer's package for it."""
    return request.param, build(channel, request.param, tmp_path_factory.mktemp(request.param))


def test_the_library_is_of_its_platform_and_names_no_folder_of_the_build(made: tuple[str, Path]) -> None:
    platform, content = made
    library = (content / LIBRARY[platform]).read_bytes()
    if platform == "linux-aarch64":
        assert library[:4] == b"\x7fELF" and struct.unpack_from("<H", library, 18)[0] == 183
    elif platform == "osx-arm64":
        assert struct.unpack_from("<II", library) == (0xFEEDFACF, 0x0100000C)
    else:
        assert library[:2] == b"MZ" and struct.unpack_from("<H", library, struct.unpack_from("<I", library, 60)[0] + 4)[0] == 0x8664
    for trace in (b"rattler-build_", b"zig-cache", os.fsencode(Path.home())):
        assert trace not in library, f"{trace!r} is in {LIBRARY[platform]}"


def test_the_package_needs_the_system_it_was_compiled_for_and_no_library(made: tuple[str, Path]) -> None:
    platform, content = made
    depends = json.loads((content / "info" / "index.json").read_text())["depends"]
    assert depends == ([PROMISES[platform]] if platform in PROMISES else [])


def test_the_program_runs_from_where_it_was_installed(channel: BootstrapChannel, install: Install, made: tuple[str, Path]) -> None:
    platform, content = made
    qemu, wine = find_emulators(os.environ)
    emulator = {"linux-aarch64": qemu, "win-64": wine}.get(platform)
    if emulator is None or not emulator.chosen:
        pytest.skip(f"compiled only: {emulator.reason if emulator else 'nothing but macOS runs programs of macOS'}")
    names = {"linux-aarch64": ("gcc_linux-aarch64", "aarch64-conda-linux-gnu"), "win-64": ("vs2022_win-64", "x86_64-w64-mingw32")}
    package, chost = names[platform]
    tools = install([package], content.parent / "tools")
    program = content / ("bin/program" if platform == "linux-aarch64" else "Library/bin/program.exe")
    done = subprocess.run(
        [tools / "bin" / f"{chost}-emulator", program],
        env={"PATH": os.environ["PATH"], "WINEPREFIX": str(content.parent / "wine"), "HOME": str(content.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "caught: deliberate, 10 threads, e = 2.718282"


def test_the_same_source_gives_the_same_library_in_another_folder(
    channel: BootstrapChannel, made: tuple[str, Path], tmp_path: Path
) -> None:
    platform, content = made
    again = build(channel, platform, tmp_path / "elsewhere")
    assert (again / LIBRARY[platform]).read_bytes() == (content / LIBRARY[platform]).read_bytes()



def test_the_versions_of_one_zig_agree(channel: BootstrapChannel) -> None:
    named = ("gcc_linux-aarch64", "gxx_linux-aarch64", "clang_osx-arm64", "clangxx_osx-arm64", "vs2022_win-64", "vs_win-64")
    versions = {made.version for made in channel.packages if made.name in named or made.name.startswith("zig")}
    assert len(versions) == 1
