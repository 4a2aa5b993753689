"""Logs: their end, the line that tells why, how far a compiler is."""

import threading
from pathlib import Path

from atheria_pack.logs import compiler_step, first_line, tail, telling_line


def test_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {i}\n\n" for i in range(100)))
    assert tail(log, "", 3) == ("line 97", "line 98", "line 99")
    assert tail(tmp_path / "none", "it broke") == ("it broke",)
    assert first_line("\n\n  a\nb") == "a"


def test_the_first_complaint_of_the_compiler_is_the_reason(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("+ grep error: x\n[1/2] a.cpp\na.cpp:3:1: error: expected ';'\nb.cpp:1:1: error: later\nerror: IO Error: Script failed\n")
    script = "IO Error: Script failed with status 1\nmore"
    assert telling_line(log, script) == "a.cpp:3:1: error: expected ';' (IO Error: Script failed with status 1)"
    assert telling_line(log, "Failed to resolve dependencies") == "Failed to resolve dependencies"
    log.write_text("CMake Error at CMakeLists.txt:107 (add_subdirectory):\n")
    assert telling_line(log, script).startswith("CMake Error at CMakeLists.txt:107")
    log.write_text("quiet\n")
    assert telling_line(log, script) == "IO Error: Script failed with status 1"


def test_compiler_step(tmp_path: Path) -> None:
    assert compiler_step(tmp_path) is None
    log = tmp_path / "out" / "bld" / "x" / "work" / "conda_build.log"
    log.parent.mkdir(parents=True)
    log.write_text("-- configuring\n[1/12] a.cpp\n[2/12] b.cpp\nwarning: [9/9] in the middle\n")
    assert compiler_step(tmp_path) == "[2/12]"


def test_a_log_may_go_while_it_is_read(tmp_path: Path) -> None:
    log = tmp_path / "out" / "bld" / "x" / "work" / "conda_build.log"
    log.parent.mkdir(parents=True)
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            log.write_text("[1/2] a\n")
            log.unlink()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        assert {compiler_step(tmp_path) for _ in range(3000)} <= {None, "[1/2]"}
    finally:
        done.set()
        other.join()
