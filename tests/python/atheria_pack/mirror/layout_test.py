"""Names that become paths: whatever a source calls its files, nothing leads out of its folder or onto an index."""

import os.path

import pytest
from atheria_pack.mirror.layout import (
    UnsafeNameError,
    checked_file_name,
    checked_subdir,
    is_index,
    is_package,
    is_sidecar,
    shard_path,
)
from hypothesis import example, given
from hypothesis import strategies as st

NAMES = st.text(max_size=12) | st.text("./\\-_ab\0\n ~%", max_size=6)


@given(NAMES, NAMES)
@example("linux-64", "..")
@example("..", "x.conda")
@example("linux-64", "repodata.json")
def test_what_passes_is_a_file_in_its_subdir(subdir: str, name: str) -> None:
    try:
        path = f"{checked_subdir(subdir, 'test')}/{checked_file_name(name, 'test')}"
    except UnsafeNameError as error:
        assert "test" in str(error)
        return
    assert os.path.normpath(path) == path and path.count("/") == 1 and not path.startswith((".", "/"))
    assert path.isascii() and path.isprintable() and " " not in path
    assert not is_index(path) and not name.startswith((".", "-"))


@pytest.mark.parametrize("name", ["_libgcc_mutex-0.1-main_0.tar.bz2", "x264-1!164.3095-h0_0.conda", "a-1.0+local-0.conda", "r-base-4.4~rc-0.conda"])
def test_names_of_real_packages_pass(name: str) -> None:
    assert checked_file_name(name, "test") == name
    assert is_package(f"linux-64/{name}")


@pytest.mark.parametrize("subdir", ["linux-64", "noarch", "osx-arm64", "emscripten-wasm32", "zos-z"])
def test_subdirs_of_real_channels_pass(subdir: str) -> None:
    assert checked_subdir(subdir, "test") == subdir


@pytest.mark.parametrize(
    ("path", "index", "package", "sidecar"),
    [
        ("linux-64/repodata.json", True, False, False),
        ("index.html", True, False, False),
        ("linux-64/index.html", False, True, False),
        ("a/b/repodata.json", False, False, False),
        (".mirror/repodata.json", False, True, False),
        (shard_path("noarch", "0" * 64), False, False, False),
        ("noarch/a-1-0.conda", False, True, False),
        ("noarch/a-1-0.conda.v0.sigs", False, False, True),
        (f"noarch/a-1-0.conda.sigs.{'0' * 64}", False, False, True),
        (f"noarch/a-1-0.conda.sigs.{'0' * 63}", False, True, False),
    ],
)
def test_what_a_path_is(path: str, index: bool, package: bool, sidecar: bool) -> None:
    assert (is_index(path), is_package(path), is_sidecar(path)) == (index, package, sidecar)
