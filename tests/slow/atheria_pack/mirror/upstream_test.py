"""The channel that other tests mirror is what its docstrings say: real packages, one solution, the same bytes for the same seed."""

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zstandard
from atheria_pack.solve import Solved, Solver
from conda_package_streaming.package_streaming import stream_conda_info
from rattler import MatchSpec

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python" / "atheria_pack" / "mirror"))

from upstream import BROKEN_IN_ARCHIVE, CONDITIONAL, HOTFIXES, MISSING, SUBDIRS, Package, Upstream, make_upstream  # noqa: E402

LINUX = ("__unix=0=0", "__linux=6.1=0", "__glibc=2.36=0")


def solved(channel: str, *specs: str, platform: str = "linux-64", virtual: tuple[str, ...] = LINUX) -> list[str]:
    """`name version build` of what a solver chooses, and nothing where there is no solution."""
    found = Solver([channel], platform, virtual_packages=virtual).packages(specs)
    return [line.rpartition(" ")[0] for line in found.packages] if isinstance(found, Solved) else []


def digests(folder: Path, pattern: str = "*") -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob(pattern) if path.is_file()}


def in_archive(path: Path) -> dict[str, Any]:
    """The package's own index.json."""
    for tar, member in stream_conda_info(str(path)):
        if member.name == "info/index.json":
            return dict(json.load(tar.extractfile(member)))
    raise AssertionError(f"{path} has no index.json")


def in_shards(folder: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """Every record of a subdir's shards by its table and key, digests in hexadecimal."""

    def unpacked(path: Path) -> Any:
        return msgpack.unpackb(zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())).read(), strict_map_key=False)

    records = {}
    for digest in unpacked(folder / "repodata_shards.msgpack.zst")["shards"].values():
        shard = unpacked(folder / "shards" / f"{digest.hex()}.msgpack.zst")
        for table, listed in _tables(shard):
            for key, record in listed.items():
                records[(*table, key)] = {name: value.hex() if isinstance(value, bytes) else value for name, value in record.items()}
    return records


def _tables(index: dict[str, Any]) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    return [(("packages",), index["packages"]), (("packages.conda",), index["packages.conda"])] + [
        (("v3", name), listed) for name, listed in index.get("v3", {}).items()
    ]


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    return make_upstream(tmp_path_factory.mktemp("channel") / "up", 250, 7)


def test_same_seed_same_bytes(tmp_path: Path, channel: Upstream) -> None:
    one, two = (make_upstream(tmp_path / name, 120, 3, index="json") for name in ("one", "two"))
    assert digests(one.folder) == digests(two.folder)
    other = make_upstream(tmp_path / "other", 120, 4, index="json")
    assert not set(digests(one.folder, "*.bin").values()) & set(digests(other.folder, "*.bin").values())
    assert digests(one.folder, "*.conda").items() <= digests(make_upstream(tmp_path / "long", 130, 3, index="json").folder, "*.conda").items()


def test_count_and_kinds(channel: Upstream) -> None:
    packages = [path for path in channel.packages if HOTFIXES not in path]
    assert len(packages) == 250
    assert {path.partition("/")[0] for path in packages} == set(SUBDIRS)
    assert any(path.endswith(".tar.bz2") for path in packages)
    assert {path for path in packages if "zope.interface-1!7.0" in path or "kernels-1.0+gpu" in path}
    assert any(package.constrains for package in channel.packages.values()) and any(package.track_features for package in channel.packages.values())


def test_records_tell_what_the_files_are(channel: Upstream) -> None:
    for path in channel.packages:
        content, record = (channel.folder / path).read_bytes(), channel.record(path)
        assert (record["size"], record["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        said = in_archive(channel.folder / path)
        record["depends"], said["depends"] = ([str(MatchSpec(word, strict=False)) for word in value["depends"]] for value in (record, said))
        changed = {name for name, value in said.items() if record.get(name, value) != value}
        assert changed == ({"depends"} if BROKEN_IN_ARCHIVE in path else set()), path


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_shards_say_the_same(channel: Upstream, subdir: str) -> None:
    index = json.loads((channel.folder / subdir / "repodata.json").read_text())
    assert in_shards(channel.folder / subdir) == {(*table, key): record for table, listed in _tables(index) for key, record in listed.items()}


def test_newest_of_all_solve_together(channel: Upstream) -> None:
    names = {package.name for package in channel.packages.values() if package.subdir in ("linux-64", "noarch")} - {HOTFIXES}
    chosen = solved(channel.url, *sorted(names - {"accel-variant", "bound"}))
    assert {line.partition(" ")[0] for line in chosen} >= names - {"accel-variant", "bound"}


def test_odd_names_and_virtual_packages(channel: Upstream) -> None:
    assert "zope.interface 1!7.0 pyh0_0" in solved(channel.url, "zope.interface")
    assert "openssl 3.6.0 h0_10" in solved(channel.url, "openssl")
    assert "kernels 1.0+gpu h0_0" in solved(channel.url, "kernels==1.0+gpu")
    assert any(line.startswith("tensor 2.1 cpu_py312") for line in solved(channel.url, "tensor"))
    assert any(line.startswith("tensor 2.1 cuda129") for line in solved(channel.url, "tensor", virtual=(*LINUX, "__cuda=12.9=0")))
    assert any(line.startswith("tensor 2.1 cuda130") for line in solved(channel.url, "tensor", virtual=(*LINUX, "__cuda=13.0=0")))
    assert any(line.startswith("tensor 2.1 metal") for line in solved(channel.url, "tensor", platform="osx-arm64", virtual=("__osx=15.1=0",)))
    assert solved(channel.url, "tensor=*=cuda*") == []


def test_hotfix_is_in_the_index_alone(channel: Upstream) -> None:
    path = f"linux-64/{BROKEN_IN_ARCHIVE}-1.0-h0_0.conda"
    assert in_archive(channel.folder / path)["depends"] == [f"{MISSING} >=1"]
    assert channel.record(path)["depends"] == ["openssl >=3"]
    assert f"{BROKEN_IN_ARCHIVE} 1.0 h0_0" in solved(channel.url, BROKEN_IN_ARCHIVE)


def test_conditional_dependency_is_in_the_v3_table(channel: Upstream) -> None:
    index = json.loads((channel.folder / "linux-64" / "repodata.json").read_text())
    assert [*index["v3"]["conda"]] == [f"{CONDITIONAL}-1.0-h0_0"]
    assert not any(CONDITIONAL in key for table in ("packages", "packages.conda") for key in index[table])


@pytest.mark.parametrize("index", ["rattler", "json"])
def test_changes(tmp_path: Path, index: Any) -> None:
    channel = make_upstream(tmp_path / "up", 0, 1, index=index)
    (file,) = channel.add(Package("openssl", "3.7.0", depends=("libgcc",)))
    assert "openssl 3.7.0 h0_0" in solved(channel.url, "openssl")
    before = file.read_bytes()
    channel.hotfix("linux-64/openssl-3.7.0-h0_0.conda", depends=[f"{MISSING} >=1"])
    assert file.read_bytes() == before
    assert channel.record("linux-64/openssl-3.7.0-h0_0.conda")["depends"] == [f"{MISSING} >=1"]
    assert "openssl 3.6.0 h0_10" in solved(channel.url, "openssl")
    channel.remove("linux-64/openssl-3.7.0-h0_0.conda", "linux-64/openssl-3.6.0-h0_10.conda")
    assert not file.exists()
    assert "openssl 3.6.0 h0_1" in solved(channel.url, "openssl")


def test_run_exports_and_channeldata(channel: Upstream) -> None:
    exports = json.loads((channel.folder / "linux-64" / "run_exports.json").read_text())
    assert exports["packages.conda"]["libgcc-15.1.0-h0_0.conda"] == {"run_exports": {"strong": ["libgcc"]}}
    assert "_libgcc_mutex-0.1-main_0.tar.bz2" in exports["packages"]
    data = json.loads((channel.folder / "channeldata.json").read_text())
    assert data["packages"]["ca-certificates"]["license"] == "ISC" and set(data["packages"]) == {
        package.name for package in channel.packages.values()
    }
