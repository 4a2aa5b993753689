"""Which exported names are our doing, and which a linker's that takes no list."""

from dataclasses import replace

import pytest
from atheria_pack.inspection.binary import Binary, read_binary
from atheria_pack.inspection.linkage import strange_exports

from .compilers import run

NAMES = ("ath_demo", "_ZnwmSt11align_val_t", "_ZdaPv", "_ZdlPv", "__dso_handle", "_ZNSt3foo", "demo")


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Binary:
    folder = tmp_path_factory.mktemp("binary")
    (folder / "demo.c").write_text("int ath_demo(void) { return 1; }\n")
    run(["gcc", "-shared", "-fPIC", folder / "demo.c", "-o", folder / "libdemo.so"])
    return read_binary((folder / "libdemo.so").read_bytes())


def test_nothing_strange(binary: Binary) -> None:
    assert binary.exports == ("ath_demo",) and strange_exports(binary, r"ath_\w+") == ([], [])


@pytest.mark.parametrize(
    ("form", "ours", "linkers"),
    [
        ("ELF", ["_ZnwmSt11align_val_t", "_ZdaPv", "_ZdlPv", "__dso_handle", "_ZNSt3foo", "demo"], []),
        ("Mach-O", ["_ZNSt3foo", "demo"], ["_ZnwmSt11align_val_t", "_ZdaPv", "_ZdlPv", "__dso_handle"]),
    ],
)
def test_only_what_zig_forces_on_macos_is_told_apart(binary: Binary, form: str, ours: list[str], linkers: list[str]) -> None:
    assert strange_exports(replace(binary, form=form, exports=NAMES), r"ath_\w+") == (ours, linkers)
