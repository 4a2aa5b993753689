"""Which packages of a channel belong together."""

import json
import sys
from pathlib import Path

import pytest
from atheria_pack.archive.choice import choices
from atheria_pack.errors import PackError

sys.path.insert(0, str(Path(__file__).parent))

from packages import write_family  # noqa: E402


def test_an_archive_for_each_accelerator_and_platform(tmp_path: Path) -> None:
    write_family(tmp_path, "cpu")
    write_family(tmp_path, "cuda130")
    write_family(tmp_path, "cpu", platform="linux-aarch64")
    found = choices(tmp_path, ["linux-64", "linux-aarch64", "osx-arm64"])
    assert [choice.name for choice in found] == ["atheria-cpu-linux-64", "atheria-cuda130-linux-64", "atheria-cpu-linux-aarch64"]
    assert [package.name for package in found[0].packages] == [
        "libatheria-runtime", "libatheria-runtime-dev", "libatheria-engine", "libatheria-engine-dev"
    ]  # fmt: skip
    assert {package.accel for package in found[1].packages} == {"cuda130"}


def test_the_newest_with_what_it_was_made_with(tmp_path: Path) -> None:
    """Two builds of the family lie in the channel, as after an edit: no archive mixes them."""
    write_family(tmp_path, mark="1")
    write_family(tmp_path, mark="2")
    (choice,) = choices(tmp_path, ["linux-64"])
    assert {package.build for package in choice.packages} == {"cpu_h2000000_200"}


@pytest.mark.parametrize("gone", ["libatheria-runtime", "libatheria-runtime-dev", "libatheria-engine"])
def test_a_channel_with_a_hole(tmp_path: Path, gone: str) -> None:
    write_family(tmp_path)
    index = tmp_path / "linux-64" / "repodata.json"
    value = json.loads(index.read_text())
    del value["packages.conda"][f"{gone}-0.1.0-cpu_h1000000_200.conda"]
    index.write_text(json.dumps(value))
    with pytest.raises(PackError, match=rf"has no {gone} .*`./run build-all --accel cpu --platform linux-64` makes it"):
        choices(tmp_path, ["linux-64"])


def test_no_channel_is_no_archive(tmp_path: Path) -> None:
    assert choices(tmp_path / "nowhere", ["linux-64"]) == []


def test_a_broken_index_is_named(tmp_path: Path) -> None:
    (tmp_path / "linux-64").mkdir()
    (tmp_path / "linux-64" / "repodata.json").write_text("{")
    with pytest.raises(PackError, match="repodata.json is no index of a channel"):
        choices(tmp_path, ["linux-64"])
