"""Moving an interpreter: rpaths that lead home from anywhere, and prefixes replaced only where they are prefixes."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest
from atheria_pack.bootstrap.elf import GLIBC_LIBRARIES
from atheria_pack.bootstrap.interpreter_tree import PREFIX_MARK, _from_origin, mark_prefix, needed_libraries
from hypothesis import given
from hypothesis import strategies as st

parts = st.lists(st.sampled_from(["lib", "bin", "python3.12", "lib-dynload", "bundled-libs"]), max_size=4)


@given(parts, parts)
def test_an_rpath_leads_from_the_file_to_the_library(here: list[str], there: list[str]) -> None:
    rpath = _from_origin(Path("/tree", *here), Path("/tree", *there))
    assert rpath.startswith("$ORIGIN")
    walked = PurePosixPath("/moved", *here)
    for step in rpath.split("/")[1:]:
        walked = walked.parent if step == ".." else walked / step
    assert walked == PurePosixPath("/moved", *there)


def test_needed_libraries_leave_the_c_library_to_the_machine() -> None:
    import _ssl

    module = getattr(_ssl, "__file__", None)
    if module is None:
        pytest.skip("this interpreter has OpenSSL built in")
    found = needed_libraries([Path(module)])
    assert any(name.startswith("libssl") for name in found), found
    assert not set(found) & GLIBC_LIBRARIES
    assert all(path.is_file() for path in found.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prefix=/old/py", "prefix=@"),
        ("'LIBDIR': '/old/py/lib'", "'LIBDIR': '@/lib'"),
        ("-L/old/py/lib -Wl,-rpath,/old/py/lib", "-L@/lib -Wl,-rpath,@/lib"),
        ("-I/old/py/include", "-I@/include"),
        ("/old/python", "/old/python"),
        ("/very/old/py", "/very/old/py"),
        ("/old/py-2/lib", "/old/py-2/lib"),
        ("prefix='/install' /install-sh /build/install", "prefix='@' /install-sh /build/install"),
    ],
)
def test_only_whole_prefixes_are_marked(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "lib" / "pkgconfig").mkdir(parents=True)
    place = tmp_path / "lib" / "pkgconfig" / "python3.pc"
    place.write_text(text)
    mark_prefix(tmp_path, f"{sys.version_info[0]}.{sys.version_info[1]}", {"/old/py", "/install", "", "/", "/usr"})
    assert place.read_text() == expected.replace("@", PREFIX_MARK)
