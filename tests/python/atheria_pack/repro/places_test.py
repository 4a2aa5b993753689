"""Places: sections of real binaries, keys of JSON, lines of text."""

import shutil
import subprocess
import sys
from pathlib import Path

import lief
import pytest
from atheria_pack.repro.places import key_of, place_of, section_of


def test_the_sections_of_a_real_elf_file() -> None:
    data = Path(sys.executable).resolve().read_bytes()
    if not data.startswith(b"\x7fELF"):
        pytest.skip(f"{sys.executable} is no ELF file on this machine")
    binary = lief.parse(data)
    assert binary is not None
    text = next(section for section in binary.sections if section.name == ".text")
    assert section_of(data, text.offset) == "section .text + 0x0"
    assert section_of(data, text.offset + text.size - 1) == f"section .text + {text.size - 1:#x}"
    assert section_of(data, 8) == "headers, or between sections"
    assert place_of("bin/python", data, b"", text.offset + 16) == "section .text + 0x10"


def test_a_section_without_bytes_claims_none(tmp_path: Path) -> None:
    """.bss has the offset of what follows it in the file."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on PATH to make a library with a .bss section")
    source = tmp_path / "a.c"
    source.write_text("static char room[4096]; char *get(void) { return room; }\n")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(tmp_path / "a.so"), str(source)], check=True)
    data = (tmp_path / "a.so").read_bytes()
    binary = lief.parse(data)
    assert binary is not None
    bss = next(section for section in binary.sections if section.name == ".bss")
    assert bss.size >= 4096
    assert "bss" not in str(section_of(data, bss.offset))


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (b'{"a": {"b": [1, 2]}}', b'{"a": {"b": [1, 3]}}', "key a.b[1]"),
        (b'{"a": [1]}', b'{"a": [1, 2]}', "key a"),
        (b'{"a": 1, "b": 2}', b'{"b": 3, "c": 4}', "keys a, b, c"),
        (b"[1]", b"2", "key the whole value"),
        (b'{"a": 1}', b"{torn", None),
    ],
)
def test_keys(left: bytes, right: bytes, said: str | None) -> None:
    assert key_of(left, right) == said


def test_lines_pyc_headers_and_what_is_not_known() -> None:
    assert place_of("a.txt", b"a\nb\nc", b"a\nb\nd", 4) == "line 3"
    assert place_of("a.pyc", b"\0" * 20, b"\0" * 20, 8) == "header: magic number, flags, time or hash of the source"
    assert place_of("a.pyc", b"\0" * 20, b"\0" * 20, 16) == "code"
    assert place_of("a.bin", b"\0\1", b"\0\2", 1) is None
