"""Wheels: nothing damaged gets through, and what is unpacked is described truly."""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from atheria_pack.bootstrap.wheels import WheelPin, console_scripts, missing_wheels, unpack_wheel, verify_wheel
from atheria_pack.errors import BootstrapError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from wheel_file import MEMBERS, NAME, record_of, write_wheel  # noqa: E402

EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    path = tmp_path / NAME
    yield path, write_wheel(path, MEMBERS)


def test_a_whole_wheel_is_accepted(whole: tuple[Path, str]) -> None:
    verify_wheel(*whole)
    verify_wheel(whole[0])


@EXAMPLES
@given(data=st.data())
def test_any_changed_byte_is_refused_by_the_digest(whole: tuple[Path, str], data: st.DataObject) -> None:
    path, digest = whole
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    damaged = path.with_name("damaged.whl")
    damaged.write_bytes(content)
    with pytest.raises(BootstrapError, match=r"damaged\.whl: sha256 is [0-9a-f]{64}, expected " + digest):
        verify_wheel(damaged, digest)


@EXAMPLES
@given(data=st.data())
def test_a_wheel_cut_short_is_refused_even_without_a_digest(whole: tuple[Path, str], data: st.DataObject) -> None:
    content = whole[0].read_bytes()
    cut = whole[0].with_name("cut.whl")
    cut.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    found = hashlib.sha256(cut.read_bytes()).hexdigest()
    with pytest.raises(BootstrapError, match=rf"cut\.whl \(sha256 {found}\) is damaged"):
        verify_wheel(cut)


@EXAMPLES
@given(name=st.sampled_from(sorted(MEMBERS)), content=st.binary(max_size=50))
def test_a_member_that_differs_from_record_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    if content == MEMBERS[name]:
        return
    path = tmp_path / NAME
    write_wheel(path, {**MEMBERS, name: content}, record_of(MEMBERS))
    with pytest.raises(BootstrapError, match=f"is damaged: {name} has sha256 .*, RECORD says"):
        verify_wheel(path)


def test_a_member_record_does_not_list_is_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path / NAME, {**MEMBERS, "tiny/extra.py": b""}, record_of(MEMBERS))
    with pytest.raises(BootstrapError, match=r"tiny/extra\.py is not listed in RECORD"):
        verify_wheel(tmp_path / NAME)


def test_a_member_that_is_missing_is_refused(tmp_path: Path) -> None:
    fewer = {name: content for name, content in MEMBERS.items() if name != "tiny/__init__.py"}
    write_wheel(tmp_path / NAME, fewer, record_of(MEMBERS))
    with pytest.raises(BootstrapError, match=r"RECORD lists tiny/__init__\.py, which is not in the wheel"):
        verify_wheel(tmp_path / NAME)


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "tiny/../../outside", "tiny\\outside"])
def test_a_member_that_leaves_the_package_is_refused(tmp_path: Path, name: str) -> None:
    write_wheel(tmp_path / NAME, {**MEMBERS, name: b"x"})
    with pytest.raises(BootstrapError, match="would be written outside the package"):
        verify_wheel(tmp_path / NAME)


def test_a_weak_digest_in_record_is_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path / NAME, MEMBERS, record_of(MEMBERS).replace(b"tiny/__init__.py,sha256=", b"tiny/__init__.py,md5="))
    with pytest.raises(BootstrapError, match="expected sha256 or stronger"):
        verify_wheel(tmp_path / NAME)


def test_unpacking_belongs_to_conda_and_keeps_record_true(whole: tuple[Path, str], tmp_path: Path) -> None:
    target = tmp_path / "out"
    dist_info = unpack_wheel(whole[0], target, ["tiny/**/tests/**"])
    assert (dist_info / "INSTALLER").read_text() == "conda\n"
    with (dist_info / "RECORD").open(newline="") as stream:
        listed = {row[0]: row[1] for row in csv.reader(stream)}
    present = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert set(listed) == present
    assert "tiny/tests/test_tiny.py" not in present
    assert (target / "tiny/deep/data,with comma.txt").read_bytes() == MEMBERS["tiny/deep/data,with comma.txt"]


def test_console_scripts_lose_their_extras(whole: tuple[Path, str], tmp_path: Path) -> None:
    assert console_scripts(unpack_wheel(whole[0], tmp_path / "out")) == {"tiny": "tiny.cli:main"}


def test_a_cached_wheel_is_reused_only_if_its_digest_fits(whole: tuple[Path, str]) -> None:
    path, digest = whole
    good = WheelPin(NAME, digest)
    assert missing_wheels([good], path.parent) == []
    wrong = WheelPin(NAME, "0" * 64)
    assert missing_wheels([wrong], path.parent) == [wrong]
    assert not path.exists(), "a file with another digest must not stay where it would be taken for the pinned one"


def test_pins_read_their_file_names() -> None:
    pin = WheelPin("numpy-2.2.6-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "", "3.10")
    assert (pin.distribution, pin.version) == ("numpy", "2.2.6")
    assert pin.platforms == ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    assert pin.runs_on("linux-64") and not pin.runs_on("linux-aarch64")
    assert WheelPin("pip-26.3-py3-none-any.whl", "").runs_on("linux-aarch64")
