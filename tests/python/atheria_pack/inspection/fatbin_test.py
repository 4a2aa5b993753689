"""The reader of CUDA fat binaries against what nvcc was told to make."""

import struct

import pytest
from atheria_pack.inspection.fatbin import FatbinError, architecture_of_cubin, find_fatbins

from .compilers import fatbin

SEVERAL = (
    "-gencode", "arch=compute_75,code=sm_75",
    "-gencode", "arch=compute_90a,code=[sm_90a,compute_90a]",
    "-gencode", "arch=compute_120f,code=sm_120f",
    "-gencode", "arch=compute_100,code=[sm_100,compute_100]",
)  # fmt: skip
EXPECTED = ["compute_100", "compute_90a", "sm_100", "sm_120f", "sm_75", "sm_90a"]


@pytest.mark.parametrize("mode", ["none", "speed", "size", "balance"])
def test_every_compression_of_nvcc(mode: str) -> None:
    data = fatbin(f"--compress-mode={mode}", *SEVERAL)
    (found,) = find_fatbins(b"what lies before" + data + b"and behind")
    assert sorted(code.architecture for code in found) == EXPECTED
    for code in found:  # the code itself says the same; sm_NN of machine code has no suffix
        assert code.inside == (code.architecture if code.is_ptx else code.architecture.rstrip("af"))
    assert [code.is_ptx for code in found] == [code.architecture.startswith("compute") for code in found]


def test_modes_are_really_read() -> None:
    sizes = {mode: sum(code.size for code in find_fatbins(fatbin(f"--compress-mode={mode}", *SEVERAL))[0]) for mode in ("none", "speed", "size")}
    assert sizes["none"] > sizes["speed"] > sizes["size"], "the modes made the same bytes, so that one of them is not tested"


def test_several_in_a_file_and_none() -> None:
    one = fatbin("-gencode", "arch=compute_80,code=sm_80")
    other = fatbin("-gencode", "arch=compute_86,code=compute_86")
    assert [[code.architecture for code in found] for found in find_fatbins(one + b"\0" * 7 + other)] == [["sm_80"], ["compute_86"]]
    assert find_fatbins(b"no device code at all") == []


def test_damage_is_named() -> None:
    data = fatbin("--compress-mode=size", "-gencode", "arch=compute_80,code=[sm_80,compute_80]")
    with pytest.raises(FatbinError, match="claims"):
        find_fatbins(data[:-8])
    with pytest.raises(FatbinError, match="decompress"):
        find_fatbins(data[:100] + bytes(24) + data[124:])
    broken = bytearray(data)
    struct.pack_into("<H", broken, 16, 7)
    with pytest.raises(FatbinError, match="kind 7"):
        find_fatbins(bytes(broken))


def test_lz4_damage_is_named() -> None:
    data = bytearray(fatbin("--compress-mode=speed", "-gencode", "arch=compute_80,code=compute_80"))
    header = struct.unpack_from("<I", data, 20)[0]
    data[16 + header] = 0x0F  # a copy before anything was written
    with pytest.raises(FatbinError, match="LZ4"):
        find_fatbins(bytes(data))


def test_header_and_code_are_read_apart() -> None:
    """A container that names another GPU than its code is for: both names come out."""
    data = bytearray(fatbin("--compress-mode=none", "-gencode", "arch=compute_80,code=sm_80"))
    struct.pack_into("<I", data, 16 + 28, 86)
    ((code,),) = find_fatbins(bytes(data))
    assert (code.architecture, code.inside) == ("sm_86", "sm_80")


def test_cubin_of_cuda_12() -> None:
    """Until CUDA 12 the architecture was the flags' lowest byte; no such toolkit is needed to read its header."""
    header = bytearray(64)
    header[:9] = b"\x7fELF\x02\x01\x01\x33\x07"
    struct.pack_into("<H", header, 18, 190)
    struct.pack_into("<I", header, 48, 0x00560556)
    assert architecture_of_cubin(bytes(header)) == "sm_86"
    with pytest.raises(FatbinError, match="no CUDA ELF"):
        architecture_of_cubin(b"\x7fELF but another machine" + bytes(64))
