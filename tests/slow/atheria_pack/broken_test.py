"""Broken packages, in the store or in the channel, are named, made again or left out, and never published."""

import os
import sys
from pathlib import Path

import pytest
import rattler_build
from atheria_pack.digest import sha256_of

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project  # noqa: E402


def truncate(path: Path) -> None:
    """The first half, in the same file: what a full disk or a lost block leaves."""
    os.truncate(path, path.stat().st_size // 2)


def swap_byte(path: Path) -> None:
    """The same size and another content, as a file of its own."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.unlink()
    path.write_bytes(content)


def whole(project: Project) -> dict[str, str]:
    """Digests of the published packages, each read to its end."""
    for path in (project.output / "channel").glob("*/*.conda"):
        rattler_build.Package.from_file(path).files  # noqa: B018
    return {path.name: sha256_of(path) for path in (project.output / "channel").glob("*/*.conda")}


@pytest.mark.parametrize("harm", [truncate, swap_byte])
@pytest.mark.parametrize("place", ["packages", "channel"])
def test_a_broken_package_is_named_and_healed(project: Project, place: str, harm: object) -> None:
    words = ["--accel", "cpu", "--python", "3.10"]
    assert project.build(*words).returncode == 0
    before = whole(project)
    (victim,) = (project.output / place / "linux-64").glob("fix-core*.conda")
    harm(victim)  # type: ignore[operator]
    done = project.build(*words)
    assert done.returncode == 0, done.stdout
    in_store = f"{victim.name} is not as it was built"
    in_channel = f"damaged: linux-64/{victim.name} in the channel was not as it was published"
    assert in_store in done.stdout or in_channel in done.stdout, done.stdout
    after = whole(project)
    assert after.keys() == before.keys()
    digests = {package["sha256"] for cell in project.report()["cells"] if (package := cell["package"])}
    assert digests == set(after.values()), "what is published is what was recorded"


def test_what_a_narrow_run_does_not_make_again_is_named_and_not_published(project: Project) -> None:
    assert project.build("--accel", "cpu").returncode == 0
    (victim,) = (project.output / "packages" / "linux-64").glob("fix-core*py311*.conda")
    truncate(victim)
    done = project.build("--accel", "cpu", "--python", "3.10")
    assert done.returncode == 0
    assert f"damaged: {victim.name} is not as it was built; it is not published, and build-all makes it again with its cell " in done.stdout
    assert victim.name not in whole(project)
