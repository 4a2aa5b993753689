"""The walker of machine code against objdump, and against code compiled for one level."""

import re
import subprocess
from pathlib import Path

import lief
import pytest
from atheria_pack.inspection.binary import read_binary
from atheria_pack.inspection.instructions import EVEX, LEGACY, VEX, VEX_256, codings, instruction

from .compilers import LIBRARY, shared, tool

# A bit of everything: floating point, strings, switches, wide constants, atomic and vector code of three levels.
MIXED = """
#include <immintrin.h>
#include <stdatomic.h>
#include <string.h>
#define API __attribute__((visibility("default")))
API double ath_polynomial(double x) { return ((1.5 * x + 0.25) * x - 3e8) / (x + 1e-9); }
API long ath_switch(long n) {
  switch (n) {
    case 0: return 17; case 1: return n << 3; case 2: return -n; case 3: return 0x123456789abcdef; case 7: return n * 99;
    default: return n / 7;
  }
}
API long ath_count(atomic_long* counter, char* text) { strcpy(text, "x"); return atomic_fetch_add(counter, 5) % 10; }
API unsigned short ath_short(unsigned short a, unsigned char b) { return (unsigned short)(a + 0x1234 + (b & 0xf0)); }
__attribute__((target("avx2,fma,f16c"))) void with_avx2(float* x, long n) {
  for (long i = 0; i + 8 <= n; i += 8)
    _mm256_storeu_ps(x + i, _mm256_fmadd_ps(_mm256_loadu_ps(x + i), _mm256_permute_ps(_mm256_loadu_ps(x), 0x1b), _mm256_set1_ps(2)));
}
__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))) void with_avx512(float* x, long n) {
  for (long i = 0; i < n; i += 16) {
    __mmask16 mask = n - i >= 16 ? 0xffff : (__mmask16)((1 << (n - i)) - 1);
    __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
    _mm512_mask_storeu_ps(x + i, mask, _mm512_roundscale_ps(_mm512_mul_ps(value, value), 0));
  }
}
API void ath_call(float* x, long n) { with_avx2(x, n); with_avx512(x, n); }
"""


@pytest.mark.parametrize("optimisation", ["-O0", "-O2", "-O3", "-Os"])
def test_every_boundary_is_objdumps(tmp_path: Path, optimisation: str) -> None:
    library = shared(tmp_path, "mixed.so", MIXED, optimisation)
    section = lief.parse(library).get_section(".text")
    mine = {section.virtual_address + at for at, _ in codings(bytes(section.content))}
    listed = subprocess.run([tool("objdump"), "-d", "-j", ".text", "--no-show-raw-insn", library], capture_output=True, text=True, check=True)
    theirs = {int(place, 16) for place in re.findall(r"^\s+([0-9a-f]+):\t", listed.stdout, re.MULTILINE)}
    assert len(theirs) > 100 and mine == theirs


@pytest.mark.parametrize(
    ("code", "length", "coding"),
    [
        ("90", 1, LEGACY),
        ("48b8efcdab8967452301", 10, LEGACY),  # mov rax, 64-bit constant
        ("66c7003412", 5, LEGACY),  # mov word [rax], 0x1234
        ("f6c101", 3, LEGACY),  # test cl, 1
        ("f7d8", 2, LEGACY),  # neg eax, which has no constant
        ("0f8400000000", 6, LEGACY),
        ("660f3a0bc001", 6, LEGACY),  # roundsd
        ("c5f877", 3, VEX),  # vzeroupper has no operand
        ("c5fc58c1", 4, VEX_256),
        ("c4e27db8c2", 5, VEX_256),  # vfmadd231ps ymm
        ("c4e37906c101", 6, VEX),
        ("62f17c4858c1", 6, EVEX),  # vaddps zmm
        ("62f37d48081000", 7, EVEX),  # vrndscaleps zmm, [rax], 0
    ],
)
def test_lengths(code: str, length: int, coding: int) -> None:
    assert instruction(bytes.fromhex(code) + b"\x90" * 4, 0) == (length, coding)


def test_bytes_that_are_no_code_do_not_stop_the_walk() -> None:
    assert [at for at, _ in codings(bytes.fromhex("06 06 90 c3 48"))] == [2, 3]


def test_levels_of_functions(tmp_path: Path) -> None:
    binary = read_binary(shared(tmp_path, "library.so", LIBRARY).read_bytes())
    assert {"baseline", "avx2", "avx512"} == {function.level for function in binary.functions}
    assert all(function.level == "baseline" for function in binary.functions if function.address in binary.entries)
    stripped = tmp_path / "stripped.so"
    subprocess.run([tool("strip"), "-s", "-o", stripped, tmp_path / "library.so"], check=True)
    bare = read_binary(stripped.read_bytes())
    count = {level: sum(function.level == level for function in bare.functions) for level in ("avx2", "avx512")}
    assert count == {"avx2": 1, "avx512": 1}, "unwind tables tell where functions begin, also in a stripped file"
