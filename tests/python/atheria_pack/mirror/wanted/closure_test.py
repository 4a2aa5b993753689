"""What is chosen is what rattler would install from the full channels, no less and no more, and enough to install it from alone."""

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import rattler
import yaml
from atheria_pack.errors import UsageError
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.sources.snapshot import snapshot
from atheria_pack.mirror.wanted.closure import Closure, ClosureError, Refusal, close, in_words
from atheria_pack.mirror.wanted.locks import LockError
from atheria_pack.mirror.wanted.profiles import machines
from atheria_pack.mirror.wanted.request import Request
from atheria_pack.mirror.wanted.solving import RecordError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from rattler.exceptions import SolverError

sys.path.insert(0, str(Path(__file__).parent.parent))
from small_channel import listed, record, to_shards, write_channel  # noqa: E402
from upstream import Upstream, make_upstream  # noqa: E402

PLATFORMS = ("linux-64", "osx-arm64")


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    return make_upstream(tmp_path_factory.mktemp("upstream") / "channel", 150, 3)


def chosen(closure: Closure) -> dict[str, tuple[str, ...]]:
    return {entry.path: entry.why for entry in closure.table.entries()}


def installed(channels: Sequence[Path], specs: Sequence[str], platform: str, virtual: Sequence[str], python: str | None = None) -> set[str] | None:
    """The files that rattler itself would install from these channels; None where it refuses."""
    packages = [
        rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build))
        for name, version, build in (text.split("=") for text in virtual)
    ]
    solving = rattler.solve(
        sources=[channel.as_uri() for channel in channels],
        specs=[rattler.MatchSpec(spec) for spec in specs],
        gateway=rattler.Gateway(),
        platforms=[rattler.Subdir(platform), rattler.Subdir("noarch")],
        virtual_packages=packages,
        constraints=[f"python {python}.*"] if python else [],
    )

    async def solved() -> list[rattler.RepoDataRecord]:
        return await solving

    try:
        return {"/".join(found.url.split("/")[-2:]) for found in asyncio.run(solved())}
    except SolverError:
        return None


def union(channels: Sequence[Path], request: Request) -> tuple[set[str], int]:
    """What rattler would install for all of a request, and how many combinations of environment and machine it refuses for every Python."""
    found: set[str] = set()
    refused = 0
    for platform in request.platforms:
        for machine in machines(platform, request.profiles):
            for environment in request.environments:
                answers = [installed(channels, environment, platform, machine.virtual, python) for python in request.pythons or (None,)]
                found.update(*(answer for answer in answers if answer is not None))
                refused += all(answer is None for answer in answers)
    return found, refused


def write_mirror(folder: Path, table: RecordTable) -> Path:
    """A channel of a table's records alone."""
    subdirs: dict[str, Any] = {}
    for entry in table.entries():
        index = subdirs.setdefault(entry.subdir.replace("-", "_"), {"info": {"subdir": entry.subdir}, "packages": {}, "packages.conda": {}})
        place = index.setdefault("v3", {}).setdefault(entry.table[3:], {}) if entry.table.startswith("v3.") else index[entry.table]
        place[entry.key] = entry.record
    return write_channel(folder, **subdirs)


@pytest.mark.parametrize(
    ("specs", "pythons"),
    [
        (("libtensor=*=cuda*", "libtensor=*=cpu*"), ()),
        (("python",), ("3.11", "3.12")),
        (("when-unix", "old-pin"), ()),
        (("libtensor & python & openssl >=3",), ("3.12",)),
    ],
)
def test_what_rattler_would_install(upstream: Upstream, tmp_path: Path, scratch: Path, specs: tuple[str, ...], pythons: tuple[str, ...]) -> None:
    request = Request(specs, PLATFORMS, pythons=pythons)
    with snapshot([str(upstream.folder)], PLATFORMS, scratch, request.names()) as found, close(found, request) as closure:
        expected, refused = union([upstream.folder], request)
        assert set(chosen(closure)) == expected
        solved = {(solution.spec, solution.platform, solution.profile) for solution in closure.solutions}
        combinations = sum(len(machines(platform, ())) for platform in PLATFORMS) * len(specs)
        assert combinations - len(solved) == refused
        mirror = write_mirror(tmp_path / "mirror", closure.table)
        assert union([mirror], request) == (expected, refused)
        for entry in closure.table.entries():
            assert entry.record == upstream.record(entry.path)
            assert entry.origin == f"{upstream.folder}/{entry.path}"


VERSIONS = some.sampled_from(["1.0", "1.1", "2.0", "1!0.1", "2.0+cu1"])
NAMES = some.sampled_from(["a", "b", "c-c", "d_d"])
DEPENDS = some.builds(
    lambda name, version: f"{name}{version}", NAMES, some.sampled_from(["", " 1.*", " >=1.1", " <2", " ==2.0", " 1!0.1", "=*=h0_*"])
) | some.sampled_from(["__cuda", "__cuda >=13", "__unix", "__osx >=13", "python 3.11.*", "python"])


@some.composite
def packages(draw: some.DrawFn) -> tuple[str, str, dict[str, Any]]:
    subdir = draw(some.sampled_from(["linux_64", "osx_arm64", "noarch"]))
    table = draw(some.sampled_from(["packages", "packages.conda", "packages.conda", "v3.conda"]))
    made = record(draw(NAMES), draw(VERSIONS), draw(some.sampled_from(["h0_0", "h0_1", "x_0"])), subdir=subdir.replace("_", "-"))
    made["build_number"] = int(made["build"][-1])
    depends = draw(some.lists(DEPENDS, max_size=3))
    return subdir, table, {**made, "depends": [] if table == "v3.conda" else depends, "constrains": draw(some.lists(DEPENDS, max_size=1))}


STANDING = [  # so that something can be solved mostly
    *(("linux_64", "packages.conda", record("python", version)) for version in ("3.11.1", "3.12.0")),
    *(("noarch", "packages.conda", record(name, "1.0", "h0_0", subdir="noarch")) for name in ("a", "b", "d_d")),
]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    made=some.lists(packages(), max_size=16),
    specs=some.lists(DEPENDS.filter(lambda spec: not spec.startswith("__")), min_size=1, max_size=2, unique=True),
    pythons=some.sampled_from([(), ("3.11",), ("3.11", "3.12")]),
    sharded=some.booleans(),
)
def test_any_channel(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, str, dict[str, Any]]], specs: list[str], pythons: tuple[str, ...], sharded: bool
) -> None:
    folder = tmp_path_factory.mktemp("channel")
    subdirs: dict[str, Any] = {}
    for subdir, table, package in [*STANDING, *made]:
        index = subdirs.setdefault(subdir, {"info": {"subdir": subdir.replace("_", "-")}, "packages": {}, "packages.conda": {}})
        suffix = {"packages": ".tar.bz2", "packages.conda": ".conda", "v3.conda": ""}[table]
        place = index.setdefault("v3", {}).setdefault("conda", {}) if table == "v3.conda" else index[table]
        place.update(listed(package, suffix=suffix))
    channel = write_channel(folder / "channel", **subdirs)
    profiles = ("cuda13", "macos")
    expected = {spec: union([channel], Request((spec,), PLATFORMS, profiles, pythons))[0] for spec in specs}
    lost = [repr(spec) for spec in specs if not expected[spec]]
    if sharded:
        to_shards(channel)
    request = Request(tuple(specs), PLATFORMS, profiles, pythons)
    with snapshot([str(channel)], PLATFORMS, folder, request.names()) as found:
        if lost:
            with pytest.raises(ClosureError, match=f"asked for: {re.escape(', '.join(lost))}; look for"):
                close(found, request)
            return
        with close(found, request) as closure:
            everything = set().union(*expected.values())
            assert set(chosen(closure)) == everything
            assert union([write_mirror(folder / "mirror", closure.table)], request)[0] == everything


def test_the_reasons(tmp_path: Path, scratch: Path) -> None:
    linux = [
        record("app", depends=["lib", "__cuda >=13"], build="cuda130_0", build_number=5), record("app", depends=["lib"], build="cpu_0"),
        record("lib"), record("tool", depends=["python"]), record("python", "3.11.4"), record("python", "3.12.1"), record("unwanted"),
    ]  # fmt: skip
    channel = write_channel(tmp_path / "channel", linux_64=linux, noarch=[record("data")])
    request = Request(("app", "app=*=cuda* & data", "tool"), PLATFORMS, (), ("3.11", "3.12", "3.13"))
    with snapshot([str(channel)], PLATFORMS, scratch) as found, close(found, request) as closure:
        cpu = ("app on linux-64, cuda12", "app on linux-64, no-gpu/rocm")
        gpu = ("app on linux-64, cuda13", "app=*=cuda* & data on linux-64, cuda13")
        kinds = ("cuda12", "cuda13", "no-gpu/rocm")
        tool = {python: tuple(f"tool on linux-64, {kind}, python {python}" for kind in kinds) for python in ("3.11", "3.12")}
        assert chosen(closure) == {
            "linux-64/app-1-cpu_0.conda": cpu,
            "linux-64/app-1-cuda130_0.conda": gpu,
            "linux-64/lib-1-0.conda": tuple(sorted(cpu + gpu)),
            "linux-64/python-3.11.4-0.conda": tool["3.11"],
            "linux-64/python-3.12.1-0.conda": tool["3.12"],
            "linux-64/tool-1-0.conda": tuple(sorted(tool["3.11"] + tool["3.12"])),
            "noarch/data-1-0.conda": gpu[1:],
        }
        refusals = [str(refusal) for refusal in closure.refusals]
        assert "app on osx-arm64, macos (macOS 15), macos (macOS 12): no app for osx-arm64 in the sources" in refusals
        cuda = [text for text in refusals if text.startswith("app=*=cuda* & data on linux-64, cuda12")]
        assert len(cuda) == 3
        assert all("__cuda >=13, for which no candidates were found" in text and "\n" not in text for text in cuda)
        assert sum(text.startswith("tool on linux-64") and "python 3.13" in text for text in refusals) == 3
        assert closure.unmet() == [("app", "osx-arm64"), ("app=*=cuda* & data", "osx-arm64"), ("tool", "osx-arm64")]
        assert {solution.python for solution in closure.solutions if solution.spec == "app"} == {None}
        assert {solution.packages for solution in closure.solutions if solution.spec == "tool"} == {2}


def test_refusals_for_one_reason_are_one_line() -> None:
    def refusal(profile: str, python: str | None, reason: str = "no GPU") -> Refusal:
        return Refusal("app", "linux-64", profile, python, reason)

    every = [refusal(profile, python) for profile in ("no-gpu", "cuda12") for python in ("3.12", "3.13")]
    assert in_words(every) == ["app on linux-64, no-gpu, cuda12, python 3.12/3.13: no GPU"]
    assert in_words([*every[:3], refusal("cuda13", "3.12", "too new"), refusal("rocm", None)]) == [
        "app on linux-64, no-gpu, python 3.12/3.13: no GPU",
        "app on linux-64, cuda12, python 3.12: no GPU",
        "app on linux-64, rocm: no GPU",
        "app on linux-64, cuda13, python 3.12: too new",
    ]
    assert in_words([]) == []


def test_everything(tmp_path: Path, scratch: Path) -> None:
    twins = {"info": {}, "packages": listed(record("x"), suffix=".tar.bz2"), "packages.conda": listed(record("x"))}
    channel = write_channel(tmp_path / "channel", linux_64=twins, noarch=[record("n")], win_64=[record("w")])
    with snapshot([str(channel)], ("linux-64", "win-64"), scratch) as found, close(found, Request(platforms=("linux-64",))) as closure:
        assert chosen(closure) == {
            "linux-64/x-1-0.tar.bz2": ("everything of linux-64",),
            "linux-64/x-1-0.conda": ("everything of linux-64",),
            "noarch/n-1-0.conda": ("everything of noarch",),
        }
        assert closure.table.info == {"linux-64": {"info": {}}, "noarch": {"info": {"subdir": "noarch"}}}
        closure.table.info["noarch"]["info"]["subdir"] = "changed"
        assert found.table.info["noarch"]["info"]["subdir"] == "noarch"


def test_of_twins_the_newer_format(tmp_path: Path, scratch: Path) -> None:
    index = {"info": {}, "packages": listed(record("x"), record("y"), suffix=".tar.bz2"), "packages.conda": listed(record("x"))}
    channel = write_channel(tmp_path / "channel", linux_64=index)
    request = Request(("x & y",), ("linux-64",), ("no-gpu",))
    with snapshot([str(channel)], ("linux-64",), scratch) as found, close(found, request) as closure:
        assert list(chosen(closure)) == ["linux-64/y-1-0.tar.bz2", "linux-64/x-1-0.conda"]


def test_a_file_in_two_tables_stays_in_both(tmp_path: Path, scratch: Path) -> None:
    index = {"info": {}, "packages.conda": listed(record("x")), "v3": {"conda": listed(record("x"), suffix="")}}
    channel = write_channel(tmp_path / "channel", linux_64=index)
    with snapshot([str(channel)], ("linux-64",), scratch) as found, close(found, Request(("x",), ("linux-64",), ("no-gpu",))) as closure:
        assert [(entry.table, entry.why) for entry in closure.table.entries()] == [
            ("packages.conda", ("x on linux-64, no-gpu",)), ("v3.conda", ("x on linux-64, no-gpu",)),
        ]  # fmt: skip


def test_a_spec_that_holds_nowhere(tmp_path: Path, scratch: Path) -> None:
    channel = write_channel(tmp_path / "channel", linux_64=[record("x"), record("y", depends=["__cuda >=99"])])
    with snapshot([str(channel)], PLATFORMS, scratch) as found, pytest.raises(ClosureError) as told:
        close(found, Request(("x", "y", "mispelt"), PLATFORMS, ("no-gpu", "macos")))
    lines = str(told.value).splitlines()
    assert lines[0].startswith("2 of 3 specs can be satisfied on none of the machines asked for: 'y', 'mispelt'; look for a misspelt name")
    assert lines[1].startswith("  y on linux-64, no-gpu: y * cannot be installed because there are no viable options")
    assert "  mispelt on linux-64, no-gpu: no mispelt for linux-64 in the sources" in lines
    assert len(lines) == 5


def test_a_platform_without_machines_of_the_profiles(tmp_path: Path, scratch: Path) -> None:
    channel = write_channel(tmp_path / "channel", linux_64=[record("x")])
    with snapshot([str(channel)], PLATFORMS, scratch) as found, pytest.raises(UsageError, match="osx-arm64 has no machines of the profile cuda12"):
        close(found, Request(("x",), PLATFORMS, ("cuda12",)))


def test_a_record_that_nobody_can_solve_with(tmp_path: Path, scratch: Path) -> None:
    channel = write_channel(tmp_path / "channel", linux_64=[record("x", depends=["y"]), record("y", "1..x!")])
    told = "the records that x needs on linux-64 .*'1..x!'"
    with snapshot([str(channel)], ("linux-64",), scratch) as found, pytest.raises(RecordError, match=told):
        close(found, Request(("x",), ("linux-64",)))


def lock(folder: Path, *packages: tuple[str, dict[str, Any]], platform: str = "linux-64") -> Path:
    listed = [
        {"name": made["name"], "version": made["version"], "manager": "conda", "platform": platform, "optional": False,
         "url": f"https://host/channel/{path}", "hash": {key: made[key] for key in ("md5", "sha256") if key in made}}
        for path, made in packages
    ]  # fmt: skip
    pip = {"name": "p", "version": "1", "manager": "pip", "platform": platform, "url": "https://pip/p", "hash": {"sha256": "00"}, "optional": False}
    (folder / "conda-lock.yml").write_text(yaml.safe_dump({"version": 1, "metadata": {}, "package": [*listed, pip]}))
    return folder / "conda-lock.yml"


@pytest.mark.parametrize("sharded", [False, True])
def test_locked_packages_are_taken_as_they_are(tmp_path: Path, scratch: Path, sharded: bool) -> None:
    loud = record("x", depends=["absent"], sha256=record("x")["sha256"].upper())
    channel = write_channel(tmp_path / "channel", linux_64=[loud, record("x", "2")], noarch=[record("n", subdir="noarch")])
    if sharded:
        to_shards(channel)
    wanted = ("linux-64/x-1-0.conda", record("x")), ("noarch/n-1-0.conda", {**record("n"), "sha256": ""})
    request = Request(("n",), ("linux-64",), ("no-gpu",), (), (lock(tmp_path, *wanted),))
    with snapshot([str(channel)], ("linux-64",), scratch, request.names()) as found, close(found, request) as closure:
        assert chosen(closure) == {
            "linux-64/x-1-0.conda": ("locked by conda-lock.yml",),
            "noarch/n-1-0.conda": ("locked by conda-lock.yml", "n on linux-64, no-gpu"),
        }
        assert closure.notes == ["conda-lock.yml names 1 packages of PyPI, which no channel has"]


def test_locked_packages_that_the_sources_have_otherwise(tmp_path: Path, scratch: Path) -> None:
    channel = write_channel(tmp_path / "channel", linux_64=[record("x"), record("y"), record("z", sha256=None)])
    wanted = [
        ("linux-64/x-1-0.conda", {**record("x"), "sha256": "ab" * 32}), ("linux-64/x-2-0.conda", record("x", "2")),
        ("linux-64/y-1-0.conda", {**record("y"), "sha256": "", "md5": "cd" * 16}), ("linux-64/z-1-0.conda", record("z")),
    ]  # fmt: skip
    request = Request((), ("linux-64",), locks=(lock(tmp_path, *wanted),))
    with snapshot([str(channel)], ("linux-64",), scratch) as found, pytest.raises(LockError) as told:
        close(found, request)
    lines = str(told.value).splitlines()
    assert lines[0] == f"4 of 4 packages of conda-lock.yml cannot be mirrored from {channel}:"
    assert lines[1] == f"  linux-64/x-1-0.conda has the sha256 {record('x')['sha256']} in the sources; the lock file wants {'ab' * 32}"
    assert lines[2] == "  linux-64/x-2-0.conda is in none of the sources"
    assert lines[3] == f"  linux-64/y-1-0.conda has the md5 {record('y')['md5']} in the sources; the lock file wants {'cd' * 16}"
    assert lines[4].startswith("  linux-64/z-1-0.conda has no sha256 in the sources; the lock file wants ")


def test_a_long_list_of_what_is_missing_is_cut(tmp_path: Path, scratch: Path) -> None:
    channel = write_channel(tmp_path / "channel", linux_64=[])
    wanted = [(f"linux-64/x-{number}-0.conda", record("x", str(number))) for number in range(30)]
    with snapshot([str(channel)], ("linux-64",), scratch) as found, pytest.raises(LockError, match=r"(?s)30 of 30 .*\n  and 10 more$"):
        close(found, Request((), ("linux-64",), locks=(lock(tmp_path, *wanted),)))


def test_two_sources_are_one_channel(tmp_path: Path, scratch: Path) -> None:
    ours = write_channel(tmp_path / "ours", linux_64=[record("x", depends=["y"])])
    theirs = write_channel(tmp_path / "theirs", linux_64=[record("x", "9"), record("y")], noarch=[record("z")])
    request = Request(("x & z",), ("linux-64",), ("no-gpu",))
    with snapshot([str(ours), str(theirs)], ("linux-64",), scratch) as found, close(found, request) as closure:
        assert set(chosen(closure)) == union([ours, theirs], request)[0] == {"linux-64/x-1-0.conda", "linux-64/y-1-0.conda", "noarch/z-1-0.conda"}
        sources = {entry.name: found.source_of(entry).address for entry in closure.table.entries()}
        assert sources == {"x": str(ours), "y": str(theirs), "z": str(theirs)}


def test_nothing_of_a_closure_is_left(tmp_path: Path, scratch: Path) -> None:
    channel = write_channel(tmp_path / "channel", linux_64=[record("x")])
    with snapshot([str(channel)], ("linux-64",), scratch) as found:
        before = sorted(found.scratch.iterdir())
        with close(found, Request(("x",), ("linux-64",))):
            pass
        with pytest.raises(ClosureError):
            close(found, Request(("y",), ("linux-64",)))
        assert sorted(found.scratch.iterdir()) == before
        assert json.loads(json.dumps(found.manifest_sources()))
