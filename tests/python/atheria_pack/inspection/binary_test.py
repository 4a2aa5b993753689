"""What lief reads of ELF, PE and Mach-O files, against what the linkers were told."""

from pathlib import Path

import pytest
from atheria_pack.inspection.binary import BinaryError, is_binary, read_binary

from .compilers import LIBRARY, PLUGIN, run, shared, tool

CODE = "__attribute__((visibility(\"default\"))) int ath_demo(int x) { return x + 1; }\n"
LLVM = tuple(f"/usr/lib/llvm-{version}/bin/{{}}" for version in range(14, 23))


def llvm(name: str) -> str:
    return tool(name, *(place.format(name) for place in LLVM))


def test_elf(tmp_path: Path) -> None:
    library = shared(tmp_path, "libdemo.so.1.2", LIBRARY, "-Wl,-soname,libdemo.so.1", "-Wl,-rpath,$ORIGIN:$ORIGIN/../lib")
    found = read_binary(library.read_bytes())
    assert (found.form, found.machine, found.name) == ("ELF", "x86_64", "libdemo.so.1")
    assert found.needed == ("libc.so.6",)
    assert found.rpaths == ("$ORIGIN", "$ORIGIN/../lib")
    assert found.exports == ("ath_demo",)
    assert found.version("GLIBC") == "2.2.5" and found.version("GLIBCXX") is None
    assert found.minimum_macos is None


def test_elf_needs(tmp_path: Path) -> None:
    library = shared(tmp_path, "libdemo.so", LIBRARY, "-Wl,-soname,libdemo.so.1")
    plugin = read_binary(shared(tmp_path, "plugin.so", PLUGIN, library).read_bytes())
    assert plugin.needed == ("libdemo.so.1", "libc.so.6") or plugin.needed == ("libdemo.so.1",)
    assert plugin.name is None and plugin.exports == ("ath_backend",)


def test_newest_symbol_version_is_by_number(tmp_path: Path) -> None:
    """2.34 is newer than 2.4, which text order does not know."""
    source = "extern int pthread_create(); extern int __libc_start_main(); int ath(void) { return pthread_create() + __libc_start_main(); }"
    found = read_binary(shared(tmp_path, "a.so", source, "-w").read_bytes())
    assert found.version("GLIBC") == "2.34"


def test_pe(tmp_path: Path) -> None:
    source = (
        "__declspec(dllimport) unsigned GetTickCount(void);\n"
        "__declspec(dllexport) int ath_demo(int x) { return x + GetTickCount(); }\n"
        "__attribute__((target(\"avx2\"), noinline)) static void twice(float* x) { for (int i = 0; i < 99; ++i) x[i] *= GetTickCount(); }\n"
        "void behind(float* x) { twice(x); twice(x + 99); }\nint _fltused;\n"
    )
    (tmp_path / "demo.c").write_text(source)
    (tmp_path / "kernel32.def").write_text("LIBRARY KERNEL32.dll\nEXPORTS\nGetTickCount\n")
    run([llvm("clang"), "--target=x86_64-pc-windows-msvc", "-O2", "-c", tmp_path / "demo.c", "-o", tmp_path / "demo.obj"])
    run([llvm("llvm-dlltool"), "-m", "i386:x86-64", "-d", tmp_path / "kernel32.def", "-l", tmp_path / "kernel32.lib"])
    linked = [tmp_path / "demo.obj", tmp_path / "kernel32.lib", f"/out:{tmp_path / 'atheria_demo.dll'}"]
    run([llvm("lld-link"), "/dll", "/noentry", *linked])
    found = read_binary((tmp_path / "atheria_demo.dll").read_bytes())
    assert (found.form, found.machine, found.name) == ("PE", "x86_64", "atheria_demo.dll")
    assert found.needed == ("KERNEL32.dll",) and found.exports == ("ath_demo",)
    levels = {function.level for function in found.functions}
    assert levels == {"baseline", "avx2"}, "unwind tables tell where functions begin, so that none takes its neighbour's instructions"
    assert all(function.level == "baseline" for function in found.functions if function.address in found.entries)


def test_macho(tmp_path: Path) -> None:
    (tmp_path / "demo.c").write_text(CODE)
    run([llvm("clang"), "--target=arm64-apple-macos13.1", "-O2", "-c", tmp_path / "demo.c", "-o", tmp_path / "demo.o"])
    words = ["-arch", "arm64", "-platform_version", "macos", "13.1", "13.1", "-dylib", "-install_name", "@rpath/libdemo.1.dylib"]
    run([llvm("ld64.lld"), *words, "-rpath", "@loader_path", tmp_path / "demo.o", "-o", tmp_path / "libdemo.dylib"])
    found = read_binary((tmp_path / "libdemo.dylib").read_bytes())
    assert (found.form, found.machine, found.name) == ("Mach-O", "aarch64", "@rpath/libdemo.1.dylib")
    assert found.rpaths == ("@loader_path",) and found.minimum_macos is not None and found.minimum_macos[:2] == (13, 1)
    assert found.exports == ("ath_demo",) and found.needed == ()


def test_other_machine(tmp_path: Path) -> None:
    (tmp_path / "demo.c").write_text(CODE)
    run([llvm("clang"), "--target=aarch64-linux-gnu", "-nostdlib", "-fuse-ld=lld", "-shared", "-O2", tmp_path / "demo.c", "-o", tmp_path / "arm.so"])
    found = read_binary((tmp_path / "arm.so").read_bytes())
    assert (found.form, found.machine, found.functions) == ("ELF", "aarch64", ())


def test_what_is_no_binary() -> None:
    assert is_binary(b"\x7fELF...") and is_binary(b"MZ...") and not is_binary(b"#!/bin/sh\n") and not is_binary(b"")
    with pytest.raises(BinaryError, match="no ELF, PE or Mach-O"):
        read_binary(b"\x7fELF, or so it says")
