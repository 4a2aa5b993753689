"""What `inspect --diff` tells of two packages."""

from pathlib import Path

from atheria_pack.inspection.difference import difference
from atheria_pack.inspection.subject import read_subject

from .compilers import LIBRARY, shared
from .draft import runtime

LIB = "lib/libatheria_runtime.so.0.1.0"


def test_equal_packages(tmp_path: Path) -> None:
    subject = read_subject(runtime(tmp_path).write(tmp_path))
    assert difference(subject, subject) == []


def test_everything_that_changed_is_named(tmp_path: Path) -> None:
    first = runtime(tmp_path)
    second = first.copy()
    assert second.facts is not None
    source = LIBRARY.replace("ath_demo", "ath_other").replace("puts", "printf")
    source += "API double ath_root(double x) { return __builtin_sqrt(x) + pow(x, x); }\n"
    flags = ("-Wl,-soname,libatheria_runtime.so.0.2", "-Wl,-rpath,$ORIGIN/../lib", "-w", "-lm")
    second.files[LIB] = shared(tmp_path, "other.so", "#include <math.h>\n" + source, *flags).read_bytes()
    second.index["depends"].remove("libgcc >=12")
    second.index["depends"].append("libgcc >=13")
    second.facts["cpu_levels"] = ["baseline"]
    second.files["lib/new"] = b"new"
    second.links["lib/libatheria_runtime.so.0.1"] = "elsewhere"
    second.licences["more.txt"] = b"text"
    (tmp_path / "a").mkdir()
    lines = difference(read_subject(first.write(tmp_path)), read_subject(second.write(tmp_path / "a")))
    found = {(line.topic, line.before, line.after) for line in lines}
    for expected in (
        ("dependency", "libgcc >=12", "gone"),
        ("dependency", "not there", "libgcc >=13"),
        ("claim cpu_levels", "baseline, avx2, avx512", "baseline"),
        ("licence text", "not there", "more.txt"),
        ("file", "not there", "lib/new"),
        ("link", "libatheria_runtime.so.0.1.0", "elsewhere"),
        ("name", "libatheria_runtime.so.0.1", "libatheria_runtime.so.0.2"),
        ("symbol", "ath_demo", "gone"),
        ("symbol", "not there", "ath_root"),
        ("library", "not there", "libm.so.6"),
        ("rpath", "$ORIGIN", "gone"),
        ("GLIBC version", "2.2.5", "2.29"),
    ):
        assert expected in found, f"{expected} is not among {sorted(found)}"


def test_bytes_of_one_size(tmp_path: Path) -> None:
    first = runtime(tmp_path)
    second = first.copy()
    second.files[LIB] = second.files[LIB].replace(b"done\0", b"dine\0")
    (tmp_path / "a").mkdir()
    (line,) = difference(read_subject(first.write(tmp_path)), read_subject(second.write(tmp_path / "a")))
    assert line.topic == "bytes" and "1 of them" in line.after and hex(first.files[LIB].index(b"done\0") + 1) in line.after
