"""A request says what it means in one way, and refuses what nobody can have meant."""

from pathlib import Path

import pytest
from atheria_pack.errors import UsageError
from atheria_pack.mirror.wanted.locks import LockError
from atheria_pack.mirror.wanted.request import Request

LOCK = """version: 1
metadata: {content_hash: {linux-64: ab}, channels: [], platforms: [linux-64], sources: []}
package:
- {name: Locked, version: '1', manager: conda, platform: linux-64, url: 'https://host/c/linux-64/locked-1-0.conda', hash: {md5: ab}, optional: false}
"""


def test_specs_that_belong_together() -> None:
    request = Request(("atheria-core=*=cuda* & pytorch >=2.5,<3", " x "), ("linux-64",))
    assert request.environments == [("atheria-core=*=cuda*", "pytorch >=2.5,<3"), ("x",)]
    assert request.names() == {"atheria-core", "pytorch", "x"}
    assert not request.everything


def test_no_spec_and_no_lock_is_everything() -> None:
    request = Request(platforms=("linux-64",))
    assert request.everything
    assert request.names() is None


def test_the_same_request_in_another_order_has_the_same_digest(tmp_path: Path) -> None:
    locks = [tmp_path / "a.yml", tmp_path / "b.yml"]
    for lock in locks:
        lock.write_text(LOCK)
    one = Request(("b", "a", "b"), ("win-64", "linux-64"), ("cuda12", "no-gpu"), ("3.12", "3.11"), tuple(locks))
    other = Request(("a", "b"), ("linux-64", "win-64"), ("no-gpu", "cuda12"), ("3.11", "3.12", "3.11"), tuple(reversed(locks)))
    assert one.to_json() == other.to_json()
    assert one.digest == other.digest
    assert one.digest != Request(("a",), ("linux-64", "win-64")).digest
    assert one.names() == {"a", "b", "locked"}
    assert str(tmp_path) not in str(one.to_json())
    locks[0].write_text(LOCK + "# changed\n")
    assert one.digest == other.digest  # a lock is read once
    assert Request(one.specs, one.platforms, one.profiles, one.pythons, one.locks).digest != one.digest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "no platform is named"),
        ({"platforms": ("linux-65",)}, "there is no platform 'linux-65'"),
        ({"platforms": ("../x",)}, "there is no platform"),
        ({"platforms": ("noarch",)}, "noarch is no platform of its own"),
        ({"specs": ("x*",)}, r"the spec 'x\*' cannot be read: .*glob"),
        ({"specs": ("x & ",)}, "the spec 'x &' has an & of its own.*with a space on both sides"),
        ({"specs": ("x &y",)}, "the spec 'x &y' has an & of its own"),
        ({"specs": ("",)}, "the spec '' cannot be read"),
        ({"specs": ("x >=1,,",)}, "cannot be read"),
        ({"specs": ("conda-forge::x",)}, "names a channel; the channels of a mirror are its sources"),
        ({"profiles": ("cuda11",)}, "there is no profile 'cuda11'; expected no-gpu, cuda12"),
        ({"pythons": ("3",)}, "'3' is no Python"),
        ({"pythons": (">=3.11",)}, "'>=3.11' is no Python"),
    ],
)
def test_what_nobody_can_have_meant(arguments: dict[str, tuple[str, ...]], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Request(**{"platforms": ("linux-64",), **arguments} if arguments else {})  # type: ignore[arg-type]


def test_a_lock_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"absent.lock cannot be read: No such file"):
        Request(platforms=("linux-64",), locks=(tmp_path / "absent.lock",)).names()
