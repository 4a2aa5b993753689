"""The reader of AMD code objects against what hipcc was told to make."""

import struct

import pytest
from atheria_pack.inspection.offload_bundle import BundleError, find_bundles

from .compilers import bundle

# Of every generation that ROCm 5 knows; the flags of the newer ones are LLVM's published numbers only.
TARGETS = ("gfx906", "gfx908", "gfx90a", "gfx1030", "gfx1100", "gfx1101", "gfx1102")


def test_every_target_is_named_and_read() -> None:
    (found,) = find_bundles(b"before" + bundle(*TARGETS) + b"behind")
    assert sorted(code.target for code in found) == sorted(TARGETS)
    assert all(code.inside == code.target for code in found), found
    assert all(code.size > 1000 for code in found)


def test_features_are_kept() -> None:
    (found,) = find_bundles(bundle("gfx90a:xnack+"))
    assert [(code.target, code.inside) for code in found] == [("gfx90a:xnack+", "gfx90a")]


def test_bundle_and_code_are_read_apart() -> None:
    data = bytearray(bundle("gfx90a"))
    at = data.index(b"--gfx90a") + 2
    data[at : at + 6] = b"gfx908"
    ((code,),) = find_bundles(bytes(data))
    assert (code.target, code.inside) == ("gfx908", "gfx90a")


def test_damage_is_named() -> None:
    data = bundle("gfx90a")
    with pytest.raises(BundleError, match="beyond the end"):
        find_bundles(data[:-5000])
    code = data.index(b"\x7fELF")
    with pytest.raises(BundleError, match="no AMD GPU ELF"):
        find_bundles(data[: code + 18] + struct.pack("<H", 62) + data[code + 20 :])


def test_text_alone_is_no_bundle() -> None:
    assert find_bundles(b"a program that looks for __CLANG_OFFLOAD_BUNDLE__\0\xff\xff\xff\xff\xff\xff\xff\xff") == []
    assert find_bundles(b"__CLANG_OFFLOAD_BUNDLE__") == []


def test_compressed_bundles_are_refused_not_overlooked() -> None:
    with pytest.raises(BundleError, match="CCOB"):
        find_bundles(b"...CCOB\x02\0\x01\0" + bytes(64))
