"""Archives of the real libraries: strangers' programs in C and C++ build against them wherever they lie, and again when moved."""

import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.archive.choice import Choice, choices
from atheria_pack.archive.make import make_archive
from atheria_pack.archive.write import write_index
from atheria_pack.errors import PackError

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python" / "atheria_pack" / "archive"))

from installer import SCRIPT  # noqa: E402
from packages import Files, write_package  # noqa: E402

ROOT = Path(__file__).resolve().parents[4]
NATIVE = ROOT / "build" / "dev" / "native"
FFI = ROOT / "tests" / "ffi"
ENGINE = ROOT / "recipes" / "atheria-core" / "consumer"
BUILD = "cpu_h0000000_200"


def run(*words: str | Path, **environment: str) -> str:
    done = subprocess.run(list(map(str, words)), env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stdout


def installed(component: str, folder: Path) -> Files:
    """What CMake installs of a component, without plugins of other accelerators."""
    run("cmake", "--install", NATIVE, "--prefix", folder / component, "--component", component)
    found: dict[str, bytes | str] = {}
    for path in sorted((folder / component).rglob("*")):
        name = str(path.relative_to(folder / component))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file() and "/backends/" not in name:
            found[name] = path.read_bytes()
    return found


def from_the_development_build(folder: Path) -> tuple[Choice, str]:
    """The development build as the four packages that a recipe would make of it."""
    if not (NATIVE / "cmake_install.cmake").is_file():
        pytest.skip("build/dev/native is not built; `./run build-dev` builds it")
    channel = folder / "channel"
    needs = {
        "runtime": [], "runtime-dev": [f"libatheria-runtime ==0.1.0 {BUILD}"], "engine": [f"libatheria-runtime ==0.1.0 {BUILD}"],
        "engine-dev": [f"libatheria-engine ==0.1.0 {BUILD}", "libatheria-runtime-dev ==0.1.0 cpu_*"],
    }  # fmt: skip
    for component, depends in needs.items():
        write_package(channel, f"libatheria-{component}", BUILD, installed(component, folder / "prefix"), depends)
    (choice,) = choices(channel, ["linux-64"])
    return choice, "file:///nowhere"


def from_the_channel(accel: str) -> tuple[Choice, str]:
    """What `./run build-all` left in output/, if it did."""
    output = ROOT / "output"
    found = {choice.accel: choice for choice in choices(output / "channel", ["linux-64"])}
    if accel not in found:
        pytest.skip(f"output/channel has no {accel} for linux-64; `./run build-all --accel {accel}` builds it")
    return found[accel], (output / "bootstrap" / "channel").as_uri()


@pytest.fixture(scope="module", params=["development build", "cpu", "openblas"])
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """An archive's folder and its entry in the list."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        pytest.skip("the archives of this test are for linux-64")
    folder = tmp_path_factory.mktemp("archive")
    choice, channel = from_the_development_build(folder) if request.param == "development build" else from_the_channel(request.param)
    try:
        entry = make_archive(choice, channel, folder / "out", folder / "cache", print)
    except PackError as error:
        if "has no licence text" in str(error):  # bootstrapped before its recipes shipped licences
            pytest.skip(f"output/ is of an earlier state: {error}; `./run build-all` makes it anew")
        raise
    write_index(folder / "out", [entry])
    return folder / "out", entry


def unpacked(archive: tuple[Path, dict[str, Any]], place: Path) -> Path:
    """The archive unpacked into `place`, its folder under another name."""
    with tarfile.open(archive[0] / archive[1]["file"]) as tar:
        tar.extractall(place.parent, filter="data")
    (place.parent / archive[1]["name"]).rename(place)
    return place


def by_cmake(source: Path, tree: Path, work: Path, programs: Sequence[str]) -> list[Path]:
    run("cmake", "-S", source, "-B", work, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={tree}")
    run("cmake", "--build", work)
    return [work / program for program in programs]


def by_pkg_config(source: Path, tree: Path, program: Path, packages: Sequence[str]) -> Path:
    pkg_config = shutil.which("pkg-config") or shutil.which("pkgconf")
    if not pkg_config:
        pytest.skip("neither pkg-config nor pkgconf is installed")
    flags = shlex.split(run(pkg_config, "--cflags", "--libs", *packages, PKG_CONFIG_PATH=str(tree / "lib" / "pkgconfig")))
    compiler = ["cc", "-std=c11"] if source.suffix == ".c" else ["c++", "-std=c++20"]
    program.parent.mkdir(parents=True, exist_ok=True)
    run(*compiler, "-Wall", "-Werror", source, "-o", program, *flags, f"-Wl,-rpath,{tree}/lib")
    return program


def everything_works(tree: Path, work: Path) -> None:
    """Every consumer, by find_package and by pkg-config."""
    capabilities = tree / "share" / "atheria" / "libatheria-runtime" / "capabilities.json"
    for language, suffix in (("c", ".c"), ("cpp", ".cpp")):
        source = FFI / f"consumer_{language}"
        (program,) = by_cmake(source, tree, work / f"cmake {language}", [f"consumer_{language}"])
        assert run(program) == "atheria 0.1.0: 1 0 3 8\n"
        program = by_pkg_config(source / f"consumer{suffix}", tree, work / f"by pkg-config {language}", ["atheria-runtime"])
        assert run(program) == "atheria 0.1.0: 1 0 3 8\n"
        run(by_pkg_config(ENGINE / f"consumer{suffix}", tree, work / f"engine {language}", ["atheria-engine", "atheria-runtime"]))
    for program in by_cmake(ENGINE, tree, work / "cmake engine", ["consumer_c", "consumer_cpp"]):
        run(program)
    assert capabilities.is_file()


def test_it_works_where_it_is_put_and_where_it_is_moved(archive: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    tree = unpacked(archive, tmp_path / "a folder" / "my atheria")
    everything_works(tree, tmp_path / "first")
    moved = tree.rename(tmp_path / "elsewhere")
    everything_works(moved, tmp_path / "second")
    made_before = tmp_path / "first" / "by pkg-config c"
    assert run(made_before, LD_LIBRARY_PATH=str(moved / "lib")) == "atheria 0.1.0: 1 0 3 8\n"


def test_every_library_finds_what_it_needs(archive: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """The loader resolves everything, from this tree and the system; the accelerator's own backend opens."""
    tree = unpacked(archive, tmp_path / "tree")
    libraries = [path for path in tree.rglob("*.so*") if not path.is_symlink()]
    assert len(libraries) >= 2
    for path in libraries:
        told = run("ldd", path)
        assert "not found" not in told, f"{path}\n{told}"
        for line in told.splitlines():
            if "atheria" in line.split("=>")[0] or "openblas" in line.split("=>")[0]:
                assert str(tree) in os.path.realpath(line.split("=>")[1].split("(")[0].strip())
    plugin = tree / "lib" / "atheria" / "backends" / f"libatheria_backend_{archive[1]['accel']}.so"
    if archive[1]["accel"] == "openblas":
        import ctypes

        ctypes.CDLL(str(plugin), mode=os.RTLD_NOW)
        assert (tree / "share" / "licenses" / "libopenblas").is_dir()


def test_nothing_in_it_knows_where_it_was_made(archive: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    tree = unpacked(archive, tmp_path / "tree")
    here = [str(ROOT).encode(), str(archive[0].parent).encode(), b"placehold_placehold"]
    for path in tree.rglob("*"):
        if path.is_file() and "licenses" not in path.parts:
            data = path.read_bytes()
            assert not [place for place in here if place in data], path


def test_installed_by_the_installer(archive: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """On this machine, whose C library the archive was made for."""
    prefix = tmp_path / "a prefix"
    done = run("sh", SCRIPT, "--from", archive[0], "--prefix", prefix, "--accel", archive[1]["accel"])
    assert Path(done.strip()).parent == prefix
    (program,) = by_cmake(FFI / "consumer_c", prefix / "current", tmp_path / "build", ["consumer_c"])
    assert run(program) == "atheria 0.1.0: 1 0 3 8\n"
