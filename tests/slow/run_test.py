"""`./run`: lists, refuses, makes the environment once, passes words and exit codes on."""

import importlib.machinery
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MANIFEST = """
[workspace]
name = "small"
channels = []
platforms = []
[pypi-dependencies]
[activation.env]
PLACE = "$PIXI_PROJECT_ROOT/here"
[tasks.first]
cmd = "echo first >> order"
description = "writes first"
[tasks.second]
cmd = "echo second >> order"
depends-on = ["first"]
[tasks.all]
depends-on = ["first", "second"]
[tasks.both]
cmd = "echo both >> order"
depends-on = ["first", "second"]
[tasks.stops]
cmd = "echo never >> order"
depends-on = ["fails"]
[tasks]
words = "python -c 'import sys; print(sys.argv[1:])'"
place = "echo $PLACE $EXTRA"
fails = "exit 7"
_hidden = "true"
[tasks.extra]
cmd = "pwd; echo $EXTRA"
cwd = "sub"
env = { EXTRA = "given" }
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of its own with the script and few tasks, whose environment needs no package and is made in a moment."""
    shutil.copy(ROOT / "run", tmp_path / "run")
    (tmp_path / "sub").mkdir()
    (tmp_path / "pixi.toml").write_text(MANIFEST)
    return tmp_path


def run(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "run"), *words], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_alone_it_lists_the_tasks(small: Path) -> None:
    done = run(small)
    assert done.returncode == 0
    assert re.search("^  first +writes first$", done.stdout, re.MULTILINE) and "_hidden" not in done.stdout
    assert not (small / ".venv").exists(), "listing needs no environment"


def test_the_real_tasks_are_described() -> None:
    done = run(ROOT)
    assert done.returncode == 0
    for name in ("build-all", "matrix", "test", "test-quick", "lint", "bench", "clean"):
        (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [name]]
        assert len(line.split()) > 3, f"{name} has no description"


def test_an_unknown_task_is_refused_with_a_guess(small: Path) -> None:
    done = run(small, "frist")
    assert (done.returncode, done.stderr) == (2, "run: no task 'frist' in pixi.toml; did you mean first?\n")


def test_tasks_run_in_order_once_and_stop_at_a_failure(small: Path) -> None:
    assert run(small, "both").returncode == 0
    assert (small / "order").read_text() == "first\nsecond\nboth\n"
    assert run(small, "stops").returncode == 7
    assert "never" not in (small / "order").read_text()


def test_words_are_passed_on_as_they_are(small: Path) -> None:
    assert run(small, "words", "a b", "$HOME", "--flag").stdout == "['a b', '$HOME', '--flag']\n"
    assert run(small, "words", "--", "-k", "x").stdout == "['-k', 'x']\n"


def test_words_for_a_task_without_command_are_refused(small: Path) -> None:
    done = run(small, "all", "--", "-k", "a b")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "run: task all has no command to take the words -k 'a b'; give them to one of what it starts: first, second\n"
    assert not (small / "order").exists()
    real = run(ROOT, "test", "-k", "x")
    assert real.returncode == 2 and "test-python" in real.stderr


def test_a_project_in_a_folder_with_a_space(tmp_path: Path) -> None:
    """Every command of the real pixi.toml keeps its paths in one piece; programs that print their words stand in for it."""
    place = tmp_path / "a b"
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("cmake", "ctest", "python", "ruff", "mypy", "rm"):
        (programs / name).write_text(f"#!/bin/sh\nprintf '{name}: %s\\n' \"$@\"\n")
        (programs / name).chmod(0o755)
    listed = commands_of(ROOT / "pixi.toml")
    seen = 0
    for name, command in listed.items():
        environment = {"PATH": str(programs), "PIXI_PROJECT_ROOT": str(place)}
        done = subprocess.run(["/bin/sh", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        words = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if ": " in line]
        torn = [word for word in words if word.endswith("/a") or word.startswith("b/")]
        assert not torn, f"{name} tears a path: {torn}"
        seen += sum(str(place) in word for word in words)
    assert seen >= 2


def commands_of(manifest: Path) -> dict[str, str]:
    """The commands of a manifest, read as the script itself reads it."""
    loader = importlib.machinery.SourceFileLoader("run_script", str(ROOT / "run"))
    script = types.ModuleType(loader.name)
    script.__file__ = loader.path
    loader.exec_module(script)
    tasks = script.task_table(script.load_toml(str(manifest)))
    return {name: task["cmd"] for name, task in tasks.items() if "cmd" in task}


def test_environment_and_folder_of_a_task(small: Path) -> None:
    assert run(small, "place").stdout == f"{small}/here\n"
    assert run(small, "extra").stdout == f"{small / 'sub'}\ngiven\n"


def test_the_environment_is_made_once_and_after_an_interruption_again(small: Path) -> None:
    assert "making .venv" in run(small, "place").stderr
    assert run(small, "place").stderr == ""
    (small / ".venv" / "atheria-stamp").unlink()  # as if it had been interrupted
    (small / ".venv" / "litter").write_text("x")
    assert "making .venv" in run(small, "place").stderr
    assert not (small / ".venv" / "litter").exists()
    manifest = (small / "pixi.toml").read_text()
    (small / "pixi.toml").write_text(manifest.replace("[pypi-dependencies]", "[pypi-dependencies]\n# a comment changes nothing"))
    assert run(small, "place").stderr == ""


def test_an_environment_in_use_is_not_replaced(small: Path) -> None:
    run(small, "first")
    manifest = small / "pixi.toml"
    waits = 'waits = "touch started; while test ! -e go; do sleep 0.05; done; python -V"'
    manifest.write_text(manifest.read_text().replace('words = "python', f'{waits}\nwords = "python'))
    with subprocess.Popen([sys.executable, str(small / "run"), "waits"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as user:
        while not (small / "started").exists():
            time.sleep(0.05)
        python = (small / ".venv" / "bin" / "python").lstat().st_ino
        (small / ".venv" / "atheria-stamp").write_text("of another list")
        with subprocess.Popen([sys.executable, str(small / "run"), "first"], stderr=subprocess.PIPE, text=True) as other:
            assert other.stderr is not None
            assert "waiting for the tasks that use it" in other.stderr.readline()
            assert (small / ".venv" / "bin" / "python").lstat().st_ino == python
            (small / "go").touch()
            assert "Python 3" in user.communicate()[0]
            assert "making .venv" in other.communicate()[1]
        assert (user.returncode, other.returncode) == (0, 0)


def test_a_failed_set_up_says_what_failed_and_leaves_no_stamp(small: Path) -> None:
    manifest = (small / "pixi.toml").read_text()
    (small / "pixi.toml").write_text(manifest.replace("[pypi-dependencies]", '[pypi-dependencies]\nsmall-absent = "==0.0.0"'))
    done = run(small, "place", PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert "making .venv failed" in done.stderr and "small-absent==0.0.0" in done.stderr and "reachable?" in done.stderr
    assert not (small / ".venv" / "atheria-stamp").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_reaches_the_command(small: Path, number: signal.Signals) -> None:
    """The command, not only the shell around it; and the script waits until it has ended in its own time."""
    (small / "long.py").write_text(
        "import pathlib, signal, sys, time\n"
        "def end(number, frame):\n    time.sleep(0.5); pathlib.Path('ended').write_text(str(number)); sys.exit(9)\n"
        "signal.signal(signal.SIGTERM, end); signal.signal(signal.SIGHUP, end)\n"
        "pathlib.Path('started').touch(); time.sleep(30); pathlib.Path('ended').write_text('by itself')\n"
    )
    manifest = small / "pixi.toml"
    tasks = 'long = "python long.py && echo never > after"\n[tasks.chain]\ndepends-on = ["long", "first"]\n'
    manifest.write_text(manifest.read_text().replace("[tasks.extra]", f"{tasks}[tasks.extra]"))
    run(small, "first")
    (small / "order").unlink()
    with subprocess.Popen([sys.executable, str(small / "run"), "chain"], start_new_session=True) as process:
        while not (small / "started").exists():
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(10) == 9
    assert (small / "ended").read_text() == str(int(number))
    assert not (small / "after").exists() and not (small / "order").exists(), "nothing that was to follow is started"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_the_environment_is_made_is_told_in_a_line(small: Path, number: signal.Signals) -> None:
    manifest = (small / "pixi.toml").read_text()
    (small / "pixi.toml").write_text(manifest.replace("[pypi-dependencies]", '[pypi-dependencies]\nsmall-absent = "==0.0.0"'))
    unanswered = socket.create_server(("127.0.0.1", 0))  # accepts and says nothing: pip waits
    environment = {**os.environ, "PIP_INDEX_URL": f"http://127.0.0.1:{unanswered.getsockname()[1]}/", "PIP_CONFIG_FILE": os.devnull}
    with unanswered, subprocess.Popen(
        [sys.executable, str(small / "run"), "first"], env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        unanswered.settimeout(60)
        connection, _ = unanswered.accept()
        with connection:
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
            told = process.communicate(timeout=20)[1]
    assert process.returncode == 128 + number
    assert told.splitlines()[-1] == "run: stopped while .venv was being made; `./run TASK` makes it anew"
    assert 'File "' + str(small / "run") not in told, "no traceback of the script"
    assert not (small / ".venv" / "atheria-stamp").exists()
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(small).encode() in read(path)], "something runs on"


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_full_disk_is_not_blamed_on_the_index(small: Path) -> None:
    place = small / "full"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs here ({mounted.stderr.strip()}), and only a real full disk tells")
    try:
        shutil.copy(small / "run", place / "run")
        (place / "pixi.toml").write_text(MANIFEST.replace("[pypi-dependencies]", '[pypi-dependencies]\nsmall-absent = "==0.0.0"'))
        done = run(place, "first", PIP_NO_INDEX="1")
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert done.returncode == 5
    assert f"run: the disk of {place} is full" in done.stderr and "reachable" not in done.stderr


def test_a_second_start_costs_less_than_a_third_of_a_second(small: Path) -> None:
    run(small, "first")
    times: list[float] = []
    for _ in range(5):
        started = time.perf_counter()
        run(small, "first")
        times.append(time.perf_counter() - started)
    assert min(times) < 0.3


def test_an_old_python_is_refused_in_one_line_or_replaced(small: Path, tmp_path: Path) -> None:
    """The check is run under the oldest Python found here; where all are new enough, its verdict is forged."""
    forged = (small / "run").read_text().replace("OLDEST = (3, 10)", "OLDEST = (3, 99)").replace("NEWEST = (3, 13)", "NEWEST = (3, 99)")
    (small / "run").write_text(forged)
    done = run(small, "first", PATH="/nonexistent", PYENV_ROOT="/nonexistent")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"run: needs Python 3.99 to 3.99; this is {sys.version_info[0]}.{sys.version_info[1]} (")


def test_a_suitable_python_is_found_when_the_first_is_too_old(small: Path) -> None:
    old = next((path for path in sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python3"))), None)
    if old is None:
        pytest.skip("no Python 3.6 to 3.9 under pyenv on this machine; the replacement can only be seen from one")
    done = subprocess.run([str(old), str(small / "run"), "words", "x"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "['x']\n"), done.stderr
