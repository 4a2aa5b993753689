"""The installer: what it chooses on which machine and why, and that nothing ever is half installed."""

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from atheria_pack.variants import ACCEL_KEY, load_variants

sys.path.insert(0, str(Path(__file__).parent))

from installer import (  # noqa: E402
    CUDA13,
    FAMILY,
    LINUX,
    SCRIPT,
    Machine,
    chosen,
    environment,
    install,
    listed,
    publish,
    publish_family,
    why_not,
)

ROOT = Path(__file__).resolve().parents[4]
SHELLS = ["sh", *(shell for shell in ("dash", "bash", "ksh", "yash") if shutil.which(shell)), *(["busybox sh"] if shutil.which("busybox") else [])]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives of mine")
    publish_family(folder)
    return folder


def place(prefix: Path, archives: Path, accel: str) -> Path:
    (entry,) = (entry for entry in listed(archives) if (entry["accel"], entry["platform"]) == (accel, "linux-64"))
    return prefix / f"atheria-{accel}-{entry['version']}-{entry['sha256'][:8]}"


# ---------------------------------------------------------------- the choice


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        ("580.65.06", "cuda130"), ("590.10", "cuda130"), ("579.99", "cuda129"),
        ("570.172.08", "cuda129"), ("525.60.13", "cuda129"), ("470.57.02", "cpu"),
    ],
)
def test_the_newest_cuda_that_the_driver_runs(tmp_path: Path, archives: Path, driver: str, expected: str) -> None:
    done = install(archives, tmp_path / "p", "--dry-run", machine=Machine(tmp_path / "m").with_driver(driver))
    assert chosen(done) == expected
    assert f"NVIDIA driver {driver} with NVIDIA H200" in done.stderr
    if expected == "cpu":
        assert why_not(done)["atheria-cuda129-linux-64"] == f"needs NVIDIA's driver 525 or newer, and here is {driver}"
    assert why_not(done)["atheria-openblas-linux-64"].startswith("would do, but ")


@pytest.mark.parametrize(
    ("answer", "status", "expected", "told"),
    [
        ("NVIDIA H200, 580.65.06, 9.0", 0, "cuda130", "NVIDIA driver 580.65.06 with NVIDIA H200 (compute capability 9.0)"),
        ("Tesla P100-PCIE-16GB, 580.65.06, 6.0", 0, "cuda129", "compute capability 6.0"),
        ("NVIDIA GeForce GTX 750 Ti, 580.65.06, 5.0", 0, "cpu", "compute capability 5.0"),
        ("Tesla P4, 580.65.06, 6.1\nNVIDIA H100, 580.65.06, 9.0", 0, "cuda130", "NVIDIA H100, Tesla P4 (compute capability 9.0)"),
        ("NVIDIA-SMI has failed because it couldn", 9, "cpu", "nvidia-smi is there but reports no GPU: NVIDIA-SMI has failed because it couldn\n"),
        ("No devices were found", 0, "cpu", "nvidia-smi is there but reports no GPU: No devices were found\n"),
    ],
)
def test_the_gpu_itself_counts(tmp_path: Path, archives: Path, answer: str, status: int, expected: str, told: str) -> None:
    done = install(archives, tmp_path / "p", "--dry-run", machine=Machine(tmp_path / "m").with_smi(answer, status))
    assert chosen(done) == expected
    assert told in done.stderr


def test_an_old_gpu_is_told_why(tmp_path: Path, archives: Path) -> None:
    done = install(archives, tmp_path / "p", "--dry-run", machine=Machine(tmp_path / "m").with_smi("Tesla P100, 580.65.06, 6.0"))
    assert why_not(done)["atheria-cuda130-linux-64"] == "needs a GPU of compute capability 7.5, and here is one of 6.0"


def test_an_old_driver_that_does_not_know_compute_capabilities(tmp_path: Path, archives: Path) -> None:
    """Before 510, nvidia-smi refuses the field as a whole."""
    machine = Machine(tmp_path / "m").write(
        "usr/bin/nvidia-smi",
        "#!/bin/sh\ncase $* in *compute_cap*) echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2 ;; esac\n"
        "echo 'Tesla K80, 470.57.02'\n",
        0o755,
    )
    done = install(archives, tmp_path / "p", "--dry-run", machine=machine)
    assert chosen(done) == "cpu"
    assert "NVIDIA driver 470.57.02 with Tesla K80\n" in done.stderr


def test_a_driver_without_a_gpu_is_no_gpu(tmp_path: Path, archives: Path) -> None:
    done = install(archives, tmp_path / "p", "--dry-run", machine=Machine(tmp_path / "m").with_driver("580.65.06", model=""))
    assert chosen(done) == "cpu"
    assert "NVIDIA's driver 580.65.06 is there, but no GPU of theirs" in done.stderr


def test_no_gpu(tmp_path: Path, archives: Path) -> None:
    done = install(archives, tmp_path / "p", "--dry-run", machine=Machine(tmp_path / "m"))
    assert chosen(done) == "cpu"
    reasons = why_not(done)
    assert len(reasons) == len(listed(archives)) - 1, "every other archive has its reason"
    assert reasons["atheria-cuda130-linux-64"] == "needs NVIDIA's driver 580 or newer: no NVIDIA driver"
    assert reasons["atheria-metal-osx-arm64"] == "is for osx-arm64"
    assert reasons["atheria-rocm-linux-64"] == "is installed by name only: --accel rocm"
    assert not (tmp_path / "p").exists(), "a dry run changes nothing"


def test_an_amd_gpu_is_named_and_rocm_stays_a_choice(tmp_path: Path, archives: Path) -> None:
    machine = Machine(tmp_path / "m")
    machine.write("sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 64\ngfx_target_version 0\n")
    machine.write("sys/class/kfd/kfd/topology/nodes/1/properties", "cpu_cores_count 0\ngfx_target_version 90010\n")
    machine.write("sys/class/kfd/kfd/topology/nodes/2/properties", "gfx_target_version 100300\n")
    done = install(archives, tmp_path / "p", "--dry-run", machine=machine)
    assert chosen(done) == "cpu"
    assert why_not(done)["atheria-rocm-linux-64"] == "is installed by name only: --accel rocm (here is an AMD GPU, gfx90a, gfx1030)"
    assert chosen(install(archives, tmp_path / "p", "--dry-run", "--accel", "rocm", machine=machine)) == "rocm"


@pytest.mark.parametrize(("macos", "expected"), [("14.5", "metal"), ("13.0", "metal"), ("12.7.6", "cpu")])
def test_apple_silicon(tmp_path: Path, archives: Path, macos: str, expected: str) -> None:
    machine = Machine(tmp_path / "m", "Darwin arm64", glibc="", macos=macos)
    done = install(archives, tmp_path / "p", "--dry-run", machine=machine)
    assert chosen(done) == expected
    if expected == "cpu":
        assert why_not(done)["atheria-metal-osx-arm64"] == "needs macOS 13.0, and here is 12.7.6"


@pytest.mark.parametrize(
    ("system", "glibc", "told"),
    [
        ("Linux x86_64", "2.17", "needs glibc 2.28, and here is 2.17"),
        ("Linux x86_64", "musl", "needs glibc 2.28, and this system's C library is musl"),
        ("Linux riscv64", "2.36", "no archives are made for Linux riscv64"),
        ("Linux aarch64", "2.36", "is for linux-64"),
        ("Darwin x86_64", "", "Macs with Intel processors are not supported"),
        ("MINGW64_NT-10.0 x86_64", "", "unpack the .zip for win-64"),
    ],
)
def test_a_machine_that_nothing_suits(tmp_path: Path, archives: Path, system: str, glibc: str, told: str) -> None:
    done = install(archives, tmp_path / "p", machine=Machine(tmp_path / "m", system, glibc))
    assert (done.returncode, done.stdout) == (3, "")
    assert told in done.stderr
    assert not (tmp_path / "p").exists()


def test_an_old_libstdcxx_is_named(tmp_path: Path, archives: Path) -> None:
    machine = Machine(tmp_path / "m")
    machine.write("usr/lib64/libstdc++.so.6", "\x00GLIBCXX_3.4\x00GLIBCXX_3.4.9\x00GLIBCXX_3.4.19\x00GLIBCXX_DEBUG_MESSAGE_LENGTH\x00")
    done = install(archives, tmp_path / "p", "--dry-run", machine=machine)
    assert done.returncode == 3
    assert why_not(done)["atheria-cpu-linux-64"] == "needs a libstdc++ with GLIBCXX_3.4.21, and here is GLIBCXX_3.4.19"


def test_musl_is_recognised_by_its_loader(tmp_path: Path, archives: Path) -> None:
    machine = Machine(tmp_path / "m", glibc="").write("lib/ld-musl-x86_64.so.1", "")
    assert "this system's C library is musl" in install(archives, tmp_path / "p", machine=machine).stderr


def test_a_name_beats_the_hardware_but_not_the_platform(tmp_path: Path, archives: Path) -> None:
    machine = Machine(tmp_path / "m")
    done = install(archives, tmp_path / "p", "--dry-run", "--accel", "cuda130", machine=machine)
    assert chosen(done) == "cuda130", "clusters install on a head node without a GPU"
    assert "note: atheria-cuda130-linux-64 needs NVIDIA's driver 580 or newer" in done.stderr
    metal = install(archives, tmp_path / "p", "--accel", "metal", machine=machine)
    assert (metal.returncode, "no archive of metal for linux-64" in metal.stderr) == (3, True)


def test_this_machine(tmp_path: Path, archives: Path) -> None:
    """Nothing pretended: the probes read this system."""
    done = install(archives, tmp_path / "p", "--list")
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stderr.splitlines() if line.startswith("this machine: "))
    if sys.platform == "linux":
        assert f"glibc {os.confstr('CS_GNU_LIBC_VERSION').split()[1]}" in line  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("platform", "system"), [("linux-64", "Linux x86_64"), ("linux-aarch64", "Linux aarch64"), ("osx-arm64", "Darwin arm64")]
)
def test_the_order_is_the_packages(tmp_path: Path, platform: str, system: str) -> None:
    """Of all accelerators that would do, the installer takes the one that a solver takes, and the next where that is not there."""
    keys = load_variants(ROOT / "variants.yaml", platform).keys
    offsets = dict(zip(keys[ACCEL_KEY], map(int, keys["atheria_build_offset"]), strict=True))
    assert offsets.pop("rocm", 0) == 0, "rocm is by name only"
    machine = Machine(tmp_path / "m", system).with_driver("999.0")
    for number, expected in enumerate(sorted(offsets, key=lambda accel: offsets[accel], reverse=True)):
        folder = tmp_path / str(number)
        for accel in offsets:
            publish(folder, accel, platform, {})
        assert chosen(install(folder, tmp_path / "p", "--dry-run", machine=machine)) == expected
        del offsets[expected]


# ---------------------------------------------------------------- installing


@pytest.mark.parametrize("shell", SHELLS)
def test_install_switch_and_remove(tmp_path: Path, archives: Path, shell: str) -> None:
    run = partial(install, archives, machine=Machine(tmp_path / "m"), shell=shell)
    prefix = tmp_path / "a place" / "of mine"
    cpu, openblas = place(prefix, archives, "cpu"), place(prefix, archives, "openblas")

    done = run(prefix)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{cpu}\n"
    assert (prefix / "current").resolve() == cpu.resolve() == (prefix / "atheria-cpu").resolve()
    assert (cpu / "lib" / "libatheria_runtime.so").read_bytes() == b"library of cpu"

    second = run(prefix, "--accel", "openblas")
    assert second.returncode == 0, second.stderr
    assert (prefix / "current").resolve() == openblas.resolve(), "what is installed last is used"
    assert cpu.is_dir() and (prefix / "atheria-cpu").resolve() == cpu.resolve(), "side by side"

    assert run(prefix, "--use", "cpu").stdout == f"{cpu}\n"
    assert (prefix / "current").resolve() == cpu.resolve()
    told = run(prefix, "--list")
    assert told.stdout.splitlines() == [f"{openblas}", f"{cpu} (current)"] or told.stdout.splitlines() == [f"{cpu} (current)", f"{openblas}"]

    removed = run(prefix, "--remove", "cpu")
    assert removed.returncode == 0, removed.stderr
    assert not cpu.exists() and not (prefix / "atheria-cpu").is_symlink()
    assert (prefix / "current").resolve() == openblas.resolve(), "current never leads nowhere while something is there"
    assert run(prefix, "--remove", openblas.name).returncode == 0
    assert list(prefix.iterdir()) == [], "nothing is left"


def test_twice_is_once(tmp_path: Path, archives: Path) -> None:
    machine = Machine(tmp_path / "m")
    first = install(archives, tmp_path / "p", machine=machine)
    before = (tmp_path / "p" / "current" / "BUILD_INFO.txt").stat().st_ino
    second = install(archives, tmp_path / "p", machine=machine)
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert "installed already" in second.stderr
    assert (tmp_path / "p" / "current" / "BUILD_INFO.txt").stat().st_ino == before


@pytest.mark.parametrize("option", ["--remove=", "--remove", "--use="])
def test_an_empty_name_removes_nothing(tmp_path: Path, archives: Path, option: str) -> None:
    """`--remove="$NAME"` of a script that has no NAME."""
    machine, prefix = Machine(tmp_path / "m"), tmp_path / "p"
    there = Path(install(archives, prefix, machine=machine).stdout.strip())
    words = [option] if option.endswith("=") else [option, ""]
    done = install("-", prefix, *words, machine=machine)
    assert (done.returncode, done.stdout) == (2, "") and "needs a value that is not empty" in done.stderr
    assert (there / "BUILD_INFO.txt").is_file()
    done = install("-", prefix, f"{option.strip('=')}=cpu", machine=machine)
    assert done.returncode == 0 and there.exists() == option.startswith("--use")


def test_versions_side_by_side(tmp_path: Path) -> None:
    machine, prefix = Machine(tmp_path / "m"), tmp_path / "p"
    publish(tmp_path / "old", "cpu", "linux-64", LINUX, "0.1.0")
    publish(tmp_path / "new", "cpu", "linux-64", LINUX, "0.2.0")
    old = install(tmp_path / "old", prefix, machine=machine).stdout.strip()
    new = install(tmp_path / "new", prefix, machine=machine).stdout.strip()
    assert Path(old).is_dir() and (prefix / "current").resolve() == Path(new)
    assert install("-", prefix, "--use", Path(old).name).returncode == 0
    assert (prefix / "current").resolve() == Path(old)
    assert install("-", prefix, "--remove", Path(new).name).returncode == 0
    assert (prefix / "atheria-cpu").resolve() == Path(old), "the link of the accelerator goes back, too"
    assert install("-", prefix, "--remove", "cpu").returncode == 0
    assert list(prefix.iterdir()) == []


def test_beside_the_archives_no_place_needs_to_be_named(tmp_path: Path, archives: Path) -> None:
    """As a release is unpacked: the installer written beside the archives, called from elsewhere, with defaults."""
    copied = shutil.copytree(archives, tmp_path / "downloads")
    variables = environment(Machine(tmp_path / "m"), HOME=str(tmp_path / "home"))
    done = subprocess.run(["sh", str(copied / "install.sh")], env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == tmp_path / "home" / ".local" / "share" / "atheria"


def test_piped_into_a_shell(tmp_path: Path, archives: Path) -> None:
    """`curl .../install.sh | sh -s -- --from ...`: the script has no folder, so it must be told where the archives are."""
    variables = environment(Machine(tmp_path / "m"))
    command = ["sh", "-s", "--", "--prefix", str(tmp_path / "p")]
    told = subprocess.run(command, env=variables, input=SCRIPT.read_text(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 2 and "say where the archives are with --from DIR_OR_URL" in told.stderr
    command += ["--from", str(archives)]
    done = subprocess.run(command, env=variables, input=SCRIPT.read_text(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_dir()


@pytest.fixture
def server(archives: Path) -> Iterator[str]:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(archives))
    handler.func.log_message = lambda *_: None  # type: ignore[attr-defined,method-assign]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_from_an_address(tmp_path: Path, archives: Path, server: str) -> None:
    if not (shutil.which("curl") or shutil.which("wget")):
        pytest.skip("neither curl nor wget is installed")
    done = install(server, tmp_path / "p", machine=Machine(tmp_path / "m"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(place(tmp_path / "p", archives, "cpu"))
    gone = install(f"{server}/nowhere", tmp_path / "p2", machine=Machine(tmp_path / "m"))
    assert gone.returncode == 1 and "has no atheria-archives.json that can be read" in gone.stderr
    assert not (tmp_path / "p2").exists()


# ---------------------------------------------------------------- nothing by halves


def old_install(tmp_path: Path) -> tuple[Path, Path, Machine]:
    """A prefix with a working variant, and that variant."""
    machine, prefix = Machine(tmp_path / "m"), tmp_path / "p"
    publish(tmp_path / "old", "cpu", "linux-64", LINUX, "0.0.9")
    done = install(tmp_path / "old", prefix, machine=machine)
    assert done.returncode == 0, done.stderr
    return prefix, Path(done.stdout.strip()), machine


def assert_as_before(prefix: Path, old: Path) -> None:
    assert (prefix / "current").resolve() == old and (prefix / "atheria-cpu").resolve() == old
    assert (old / "lib" / "libatheria_runtime.so").read_bytes() == b"library of cpu"
    assert {path.name for path in prefix.iterdir()} == {"current", "atheria-cpu", old.name}


@pytest.mark.parametrize("harm", ["a bit", "the end"])
def test_a_tampered_archive_is_refused(tmp_path: Path, harm: str) -> None:
    prefix, old, machine = old_install(tmp_path)
    entry = publish(tmp_path / "new", "cpu", "linux-64", LINUX)
    path = tmp_path / "new" / entry["file"]
    data = bytearray(path.read_bytes())
    if harm == "a bit":
        data[len(data) // 2] ^= 1
    else:
        del data[-10:]
    path.write_bytes(data)
    done = install(tmp_path / "new", prefix, machine=machine)
    assert done.returncode == 4
    assert f"expected {entry['sha256']}" in done.stderr and "Nothing was installed" in done.stderr
    assert_as_before(prefix, old)


def test_an_archive_that_is_listed_and_not_there(tmp_path: Path) -> None:
    prefix, old, machine = old_install(tmp_path)
    entry = publish(tmp_path / "new", "cpu", "linux-64", LINUX)
    (tmp_path / "new" / entry["file"]).unlink()
    assert install(tmp_path / "new", prefix, machine=machine).returncode == 1
    assert_as_before(prefix, old)


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("file", "../../etc/passwd", "is no name of an archive"),
        ("name", "..", "is no name of an archive"),
        ("accel", "cpu/../..", "is no name of an archive"),
        ("sha256", "", "unchecked archives are not installed"),
    ],
)
def test_a_list_that_leads_elsewhere(tmp_path: Path, member: str, value: str, told: str) -> None:
    entry = publish(tmp_path / "bad", "cpu", "linux-64", LINUX)
    lines = "{\"schema\": 1, \"archives\": [\n" + json.dumps({**entry, member: value}) + "\n]}\n"
    (tmp_path / "bad" / "atheria-archives.json").write_text(lines)
    done = install(tmp_path / "bad", tmp_path / "p", machine=Machine(tmp_path / "m"))
    assert done.returncode == 4 and told in done.stderr
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_in_the_middle(tmp_path: Path, number: signal.Signals) -> None:
    """Stopped while it unpacks, which a tar that takes its time makes certain; then run again."""
    prefix, old, machine = old_install(tmp_path)
    publish(tmp_path / "new", "cpu", "linux-64", LINUX)
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "tar").write_text(f"#!/bin/sh\n{shutil.which('tar')} \"$@\" && touch '{tmp_path}/unpacked' && sleep 30\n")
    (slow / "tar").chmod(0o755)
    variables = environment(machine)
    variables["PATH"] = f"{slow}:{variables['PATH']}"
    command = ["sh", str(SCRIPT), "--prefix", str(prefix), "--from", str(tmp_path / "new")]
    running = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 20
    while not (tmp_path / "unpacked").exists():
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.02)
    os.killpg(running.pid, number)
    _, told = running.communicate(timeout=20)
    assert running.returncode != 0
    if number == signal.SIGKILL:
        assert (prefix / "current").resolve() == old
    else:
        assert "what was installed before is as it was" in told
        assert_as_before(prefix, old)

    done = install(tmp_path / "new", prefix, machine=machine)
    assert done.returncode == 0, done.stderr
    new = Path(done.stdout.strip())
    assert {path.name for path in prefix.iterdir()} == {"current", "atheria-cpu", old.name, new.name}, "what the killed one left is gone"


def test_a_full_disk(tmp_path: Path) -> None:
    """df says so beforehand; where it cannot, a file that cannot grow ends the install just the same."""
    prefix, old, machine = old_install(tmp_path)
    publish(tmp_path / "new", "cpu", "linux-64", LINUX)
    small = tmp_path / "small"
    small.mkdir()
    (small / "df").write_text("#!/bin/sh\necho header\necho /dev/root 100 100 0 100% /\n")
    (small / "df").chmod(0o755)
    variables = environment(machine)
    command = ["sh", str(SCRIPT), "--prefix", str(prefix), "--from", str(tmp_path / "new")]
    done = subprocess.run(command, env={**variables, "PATH": f"{small}:{variables['PATH']}"}, capture_output=True, text=True, check=False)
    assert done.returncode == 5 and "has 0 MiB left" in done.stderr
    assert_as_before(prefix, old)
    words = ["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh", *command]
    limited = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    assert limited.returncode in (1, 5), limited.stderr
    assert (prefix / "current").resolve() == old


# ---------------------------------------------------------------- wrong words


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--acel", "cpu"], 2, "no option --acel"),
        (["--accel"], 2, "--accel needs a value"),
        (["--accel", "../cpu"], 2, "is no name of a variant"),
        (["--use", "cpu", "--remove", "cpu"], 2, "do not go together"),
        (["--accel="], 2, "--accel needs a value that is not empty"),
        (["--prefix="], 2, "--prefix needs a value that is not empty"),
        (["--use", "cuda130"], 1, "cuda130 is not installed"),
        (["--remove", "cpu"], 1, "/p; there is nothing\n"),
    ],
)
def test_wrong_words(tmp_path: Path, archives: Path, words: list[str], status: int, told: str) -> None:
    done = install(archives, tmp_path / "p", *words, machine=Machine(tmp_path / "m"))
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr
    assert not (tmp_path / "p").exists()


def test_something_of_the_users_is_left_alone(tmp_path: Path, archives: Path) -> None:
    (tmp_path / "p" / "current").mkdir(parents=True)
    (tmp_path / "p" / "current" / "precious").touch()
    done = install(archives, tmp_path / "p", machine=Machine(tmp_path / "m"))
    assert done.returncode == 1 and "is no link of this script's" in done.stderr
    assert (tmp_path / "p" / "current" / "precious").exists()


def test_help_names_every_option() -> None:
    done = subprocess.run(["sh", str(SCRIPT), "--help"], capture_output=True, text=True, check=True)
    text = SCRIPT.read_text()
    for option in ("--prefix", "--accel", "--from", "--dry-run", "--list", "--use", "--remove"):
        assert option in done.stdout and f"{option})" in text


def test_shellcheck_finds_nothing() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "--shell=sh", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_tested_family_is_the_real_one() -> None:
    keys = load_variants(ROOT / "variants.yaml", "linux-64").keys
    assert set(FAMILY["linux-64"]) == set(keys[ACCEL_KEY])
    assert CUDA13["needs_compute"] == "7.5"
