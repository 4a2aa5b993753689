"""Packages merged into one folder that can be moved, or refused because it could not."""

from pathlib import Path

import pytest
from atheria_pack.archive.content import Content, Entry
from atheria_pack.archive.tree import merged
from atheria_pack.errors import PackError

BUILT_IN = "/somewhere/host_env_placehold_placehold_placehold"


def package(**files: Entry) -> Content:
    return Content({path.replace("__", "/"): entry for path, entry in files.items()}, {"LICENSE": b"text"}, {})


def one(path: str, entry: Entry) -> dict[str, Entry]:
    return merged({"some": Content({path: entry}, {}, {})})


def test_files_licences_and_what_only_conda_needs() -> None:
    tree = merged({"a": package(lib__a=Entry(b"a")), "b": package(lib__b=Entry(b"b"), etc__conda__test=Entry(b"t"))})
    assert set(tree) == {"lib/a", "lib/b", "share/licenses/a/LICENSE", "share/licenses/b/LICENSE"}


def test_windows_loses_condas_level() -> None:
    assert set(one("Library/bin/atheria_runtime.dll", Entry(b"dll"))) == {"bin/atheria_runtime.dll"}


def test_two_packages_with_one_path() -> None:
    assert merged({"a": package(lib__x=Entry(b"1")), "b": package(lib__x=Entry(b"1"))})["lib/x"] == Entry(b"1"), "the same is no harm"
    with pytest.raises(PackError, match="a and b both have lib/x, and not the same"):
        merged({"a": package(lib__x=Entry(b"1")), "b": package(lib__x=Entry(b"2"))})


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("lib/pkgconfig/x.pc", f"prefix={BUILT_IN}\n", "prefix=${pcfiledir}/../..\n"),
        ("lib/cmake/x/x.cmake", f'set(x "{BUILT_IN}/include")', 'set(x "${CMAKE_CURRENT_LIST_DIR}/../../../include")'),
    ],
)
def test_the_builds_prefix_becomes_a_place_relative_to_the_file(path: str, text: str, expected: str) -> None:
    assert one(path, Entry(text.encode(), placeholder=BUILT_IN))[path].data.decode() == expected


@pytest.mark.parametrize("path", ["bin/script", "lib/libx.so"])
def test_other_files_with_the_builds_prefix_are_refused(path: str) -> None:
    with pytest.raises(PackError, match=f"{path} holds the prefix it was built for"):
        one(path, Entry(f"#!{BUILT_IN}/bin/python".encode(), placeholder=BUILT_IN))
    with pytest.raises(PackError, match=f"{path} holds the folder it was built in"):
        one(path, Entry(f"#!{BUILT_IN}/bin/python".encode()))


@pytest.mark.parametrize("target", ["/usr/lib/libx.so", "../../libx.so"])
def test_links_that_lead_out(target: str) -> None:
    with pytest.raises(PackError, match="leads out of the archive"):
        one("lib/libx.so", Entry(target=target))
    assert one("lib/libx.so", Entry(target="../share/x"))


def test_paths_that_lead_out() -> None:
    with pytest.raises(PackError, match="leads out of the archive"):
        one("lib/../../x", Entry(b"x"))


def test_absolute_rpaths_are_refused(tmp_path: Path) -> None:
    """A real library, linked with a place of this machine in it."""
    import shutil
    import subprocess

    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler is here")
    (tmp_path / "x.c").write_text("int x;")
    for rpath in ("/elsewhere/lib", "$ORIGIN/../lib"):
        subprocess.run([compiler, "-shared", "-fPIC", "-o", "x.so", "x.c", f"-Wl,-rpath,{rpath}"], cwd=tmp_path, check=True)
        entry = Entry((tmp_path / "x.so").read_bytes())
        if rpath.startswith("$ORIGIN"):
            assert one("lib/x.so", entry)
        else:
            with pytest.raises(PackError, match="lib/x.so looks for its libraries in /elsewhere/lib"):
                one("lib/x.so", entry)
