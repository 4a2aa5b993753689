"""What is made again, what is not, and what happens to what was damaged or interrupted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from atheria_pack.bootstrap import BootstrapChannel, BootstrapEvent, ensure_channel
from atheria_pack.bootstrap.wheels import WheelPin, fetch_wheels, file_sha256
from atheria_pack.errors import BootstrapError, DiskFullError

ROOT = Path(__file__).parents[4]
FEW = ("pybind11-abi", "libgcc", "gcc_linux-64", "ninja")


@pytest.fixture
def project(tmp_path: Path, channel: BootstrapChannel, home: Path) -> Path:
    """A project with a few quick recipes, whose wheel is in its cache already."""
    for name in FEW:
        shutil.copytree(ROOT / "recipes" / "bootstrap" / name, tmp_path / "recipes" / "bootstrap" / name)
    (tmp_path / "cache" / "wheels").mkdir(parents=True)
    for wheel in (home / "cache" / "wheels").glob("ninja-*.whl"):
        shutil.copy(wheel, tmp_path / "cache" / "wheels")
    return tmp_path


def ensure(project: Path, events: list[BootstrapEvent] | None = None) -> BootstrapChannel:
    told = events if events is not None else []
    return ensure_channel(project, project / "cache", project / "channel", None, told.append, 2)


def names(identifiers: list[str]) -> set[str]:
    return {identifier.rsplit("-", 2)[0] for identifier in identifiers}


def test_a_second_run_of_everything_makes_nothing_and_is_quick(channel: BootstrapChannel, home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in channel.path.rglob("*")}
    again = ensure_channel(ROOT, home / "cache", home / "channel", None, lambda event: None, 2)
    assert again.built == [] and len(again.reused) == len(channel.packages)
    assert before == {path: path.stat().st_mtime_ns for path in channel.path.rglob("*")}
    assert again.seconds < 5.0, "it takes one to two seconds on two cores that do nothing else"


def test_the_index_names_exactly_the_files_that_are_there(channel: BootstrapChannel) -> None:
    for subdir in ("linux-64", "noarch"):
        index = json.loads((channel.path / subdir / "repodata.json").read_text())
        assert set(index["packages.conda"]) == {path.name for path in (channel.path / subdir).glob("*.conda")}
        for name, record in index["packages.conda"].items():
            assert record["sha256"] == file_sha256(channel.path / subdir / name)


def test_only_what_changed_is_made_again(project: Path) -> None:
    assert names(ensure(project).built) == set(FEW)
    recipe = project / "recipes" / "bootstrap" / "libgcc" / "recipe.yaml"
    recipe.write_text(recipe.read_text() + "# a word more\n")
    changed = ensure(project)
    assert names(changed.built) == {"libgcc"} and names(changed.reused) == set(FEW) - {"libgcc"}
    assert len(list((project / "channel" / "linux-64").glob("libgcc-*.conda"))) == 1, "the old build must not stay installable"
    shutil.rmtree(project / "channel")
    assert ensure(project).built == [], "a lost channel is put together from the cache"


def test_a_failed_package_is_told_with_its_log_and_the_rest_is_kept(project: Path) -> None:
    recipe = project / "recipes" / "bootstrap" / "libgcc" / "recipe.yaml"
    whole = recipe.read_text()
    recipe.write_text(whole.replace('- mkdir -p "$PREFIX/lib"', "- echo it is broken here; exit 7"))
    with pytest.raises(BootstrapError, match=r"bootstrap package libgcc failed(.|\n)*it is broken here(.|\n)*log: .*libgcc\.log"):
        ensure(project)
    assert not (project / "channel").exists()
    recipe.write_text(whole)
    assert "libgcc" in names(ensure(project).built)


def test_a_damaged_wheel_is_refused_and_leaves_no_package(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = next((project / "cache" / "wheels").glob("ninja-*.whl"))
    digest = file_sha256(wheel)
    wheel.write_bytes(wheel.read_bytes()[:-100] + bytes(100))
    links = project / "links"
    links.mkdir()
    shutil.copy(wheel, links)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(BootstrapError, match=rf"{wheel.name} \(sha256 {digest}\)"):
        ensure(project)
    assert not list((project / "cache" / "packages").glob("*/ninja-*.conda"))


def test_a_damaged_package_is_made_anew(project: Path) -> None:
    made = {package.name: package for package in ensure(project).packages}
    cached = next((project / "cache" / "packages").glob("*/ninja-*.conda"))
    content = bytearray(cached.read_bytes())
    content[len(content) // 2] ^= 1
    cached.unlink()
    cached.write_bytes(content)
    again = ensure(project)
    assert names(again.built) == {"ninja"} and made["ninja"].identifier in again.built
    assert file_sha256(again.path / "linux-64" / cached.name) == indexed(again, cached.name)


def test_a_damaged_copy_in_the_channel_is_replaced(project: Path) -> None:
    """Where the file system has no hard links, channel and cache can be damaged apart."""
    channel = ensure(project)
    placed = next(channel.path.glob("linux-64/ninja-*.conda"))
    content = bytearray(placed.read_bytes())
    content[len(content) // 2] ^= 1
    placed.unlink()
    placed.write_bytes(content)
    again = ensure(project)
    assert again.built == [] and file_sha256(placed) == indexed(again, placed.name)


def indexed(channel: BootstrapChannel, name: str) -> str:
    """The digest that the index gives."""
    return str(json.loads((channel.path / "linux-64" / "repodata.json").read_text())["packages.conda"][name]["sha256"])


def test_a_full_disk_is_told_as_one(project: Path) -> None:
    place = project / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs here ({mounted.stderr.strip()}), and only a real full disk tells")
    try:
        shutil.rmtree(project / "recipes" / "bootstrap" / "ninja")
        recipe = project / "recipes" / "bootstrap" / "pybind11-abi" / "recipe.yaml"
        script = "dd if=/dev/zero of=\"$PREFIX/big\" bs=1M count=4"
        assert '- "true"' in recipe.read_text()
        recipe.write_text(recipe.read_text().replace('- "true"', f"- {json.dumps(script)}"))
        with pytest.raises(DiskFullError, match=rf"the disk of {place}/cache ran full .* --output FOLDER"):
            ensure_channel(project, place / "cache", place / "channel", None, lambda event: None, 1)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_pip_is_asked_with_the_pinned_digest(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = next((project / "cache" / "wheels").glob("ninja-*.whl"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    pip = [sys.executable, "-m", "pip"]
    fetch_wheels([WheelPin(wheel.name, file_sha256(wheel))], project / "fetched", pip)
    assert [path.name for path in (project / "fetched").iterdir()] == [wheel.name]
    with pytest.raises(BootstrapError, match=rf"did not bring {wheel.name} \(sha256 {'0' * 64}\)(.|\n)*put that file into"):
        fetch_wheels([WheelPin(wheel.name, "0" * 64)], project / "other", pip)
    assert list((project / "other").iterdir()) == []


def is_maker(path: Path, project: Path) -> bool:
    try:
        line = path.read_bytes()
    except OSError:
        return False
    return b"atheria_pack.bootstrap.make" in line and str(project).encode() in line


_RUN = """\
import sys
from pathlib import Path
from atheria_pack.bootstrap import ensure_channel
project = Path(sys.argv[1])
ensure_channel(project, project / "cache", project / "channel", None, lambda event: print(event.kind, flush=True), 1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_goes_on_where_it_was(project: Path, number: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(project)], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "built":
            break
    if number in (signal.SIGTERM, signal.SIGHUP):  # sent to the one process, which has to stop its makers
        os.kill(process.pid, number)
    else:
        os.killpg(process.pid, number)
    process.wait(timeout=60)
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if is_maker(path, project)], "a maker runs on"
    assert not (project / "channel").exists()
    for folder in (project / "cache" / "packages").iterdir():
        record = json.loads((folder / "record.json").read_text())
        assert file_sha256(folder / record["file"]) == record["sha256"], "half a package"
    started = time.monotonic()
    again = ensure(project)
    assert names(again.built + again.reused) == set(FEW) and again.reused
    assert time.monotonic() - started < 60
    assert not (project / "cache" / "making").exists()
