"""What a plan says of every file is what is so, and what cannot be mirrored is refused by name before anything is written."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from atheria_pack.errors import DiskFullError
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.layout import PARTIAL, SIDECAR_SUFFIX, UnsafeNameError
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.places.place import Found
from atheria_pack.mirror.plan import Plan, RefusedError
from atheria_pack.mirror.sources.folder import FolderSource
from atheria_pack.mirror.sources.source import Source
from atheria_pack.mirror.stamps import Stamps
from hypothesis import given, settings
from hypothesis import strategies as st

SUBDIRS = ("linux-64", "noarch", "osx-arm64")
STATES = ("new", "there", "damaged", "cut")


def entry(name: str, content: bytes, subdir: str = "linux-64", table: str = "packages.conda", **record: Any) -> Entry:
    file_name = f"{name}-1.0-h0_0.conda"
    told = {"name": name, "version": "1.0", "build": "h0_0", "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), **record}
    return Entry(subdir, file_name, table, file_name, told, origin=f"upstream/{subdir}/{file_name}")


class Surroundings(NamedTuple):
    """A place, a source, and how a plan asks for both."""

    place: FolderPlace
    source: FolderSource

    def plan(self, check: Any = None, **more: Any) -> Plan:
        def read(found: Found, sha256: str) -> bool:
            with Stamps(self.place) as stamps:
                return stamps.check(found.path, sha256, found=found)

        def locate(one: Entry) -> tuple[Source, str]:
            return self.source, one.path

        return Plan(self.place, locate, check or read, **more)


def surroundings(folder: Path) -> Surroundings:
    (folder / "up").mkdir(parents=True)
    return Surroundings(FolderPlace(folder / "mirror", "mirror"), FolderSource(str(folder / "up")))


def looked(plan: Plan, entries: Sequence[Entry], published: Sequence[tuple[str, str]] = ()) -> Plan:
    plan.look(entries, SUBDIRS, published)
    return plan


packages = st.dictionaries(
    st.tuples(st.sampled_from(SUBDIRS), st.sampled_from([f"p{number}" for number in range(8)])),
    st.tuples(st.binary(min_size=1, max_size=40), st.sampled_from(STATES), st.sampled_from(["MIT", "ISC", None])),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(packages, st.booleans())
def test_every_file_is_counted_once_where_it_belongs(
    tmp_path_factory: pytest.TempPathFactory, chosen: dict[tuple[str, str], tuple[bytes, str, str | None]], twice: bool
) -> None:
    """`twice`: each stands in two tables of its index, as some files of real channels do."""
    around = surroundings(tmp_path_factory.mktemp("plan") / "here")
    entries = []
    for (subdir, name), (content, state, licence) in chosen.items():
        one = entry(name, content, subdir, license=licence)
        entries += [one, entry(name, content, subdir, "v3.conda", license=licence)] if twice else [one]
        lies = {"new": None, "there": content, "damaged": bytes([content[0] ^ 1]) + content[1:], "cut": content[:-1]}[state]
        if lies is not None:
            around.place.write(one.path, lies)
    with looked(around.plan(), entries) as plan:
        told = plan.summary.to_json()
        brought = {item.path: item for item in plan.items()}

    def expected(*states: str) -> dict[str, int]:
        sizes = [len(content) for content, state, _ in chosen.values() if state in states]
        return {"files": len(sizes), "size": sum(sizes)}

    assert told["new"] == expected("new") and told["there"] == expected("there") and told["damaged"] == expected("damaged", "cut")
    assert told["chosen"] == expected(*STATES)
    for group, which in (("subdirs", lambda key, _: key[0]), ("licences", lambda _, value: value[2] or "not told")):
        found = {which(key, value) for key, value in chosen.items()}
        assert set(told[group]) == found and list(told[group]) == sorted(found)
        assert sum(count["files"] for count in told[group].values()) == len(chosen)
    wanted = {f"{subdir}/{name}-1.0-h0_0.conda" for (subdir, name), (_, state, _) in chosen.items() if state != "there"}
    assert set(brought) == wanted and list(brought) == sorted(brought)
    assert all(item.size and item.there == path and item.source is around.source for path, item in brought.items())


def test_what_must_not_be_read_is_unverified(tmp_path: Path) -> None:
    around = surroundings(tmp_path / "here")
    one = entry("a", b"content")
    around.place.write(one.path, b"CONTENT")
    with looked(around.plan(lambda found, sha256: None), [one]) as plan:
        assert plan.summary.unverified.files == 1 and plan.to_bring.files == 0


def test_our_own_packages_are_counted_by_accelerator(tmp_path: Path) -> None:
    around = surroundings(tmp_path / "here")
    entries = [
        entry("atheria-core", b"12", build="cuda130_py311_h0_500"), entry("libatheria-runtime", b"123", build="cuda130_h0_500"),
        entry("atheria-variant", b"1", build="cpu_200"), entry("openssl", b"1234"),
    ]  # fmt: skip
    with looked(around.plan(), entries) as plan:
        assert plan.summary.to_json()["accelerators"] == {"cpu": {"files": 1, "size": 1}, "cuda130": {"files": 2, "size": 5}}


def test_a_package_that_changed_under_its_name_is_refused(tmp_path: Path) -> None:
    around = surroundings(tmp_path / "here")
    before, now = entry("a", b"before"), entry("a", b"now")
    with around.plan() as plan, pytest.raises(RefusedError) as caught:
        looked(plan, [now, entry("b", b"b")], [(before.path, before.sha256)])
    assert all(word in str(caught.value) for word in ("1 packages are refused", now.origin, before.sha256, now.sha256))
    with looked(around.plan(), [before], [(before.path, before.sha256)]) as plan:
        assert plan.to_bring.files == 1


def test_packages_without_a_digest_are_refused_and_the_first_ten_named(tmp_path: Path) -> None:
    around = surroundings(tmp_path / "here")
    with around.plan() as plan, pytest.raises(RefusedError) as caught:
        looked(plan, [entry(f"p{number:02}", b"x", sha256=None) for number in range(12)])
    assert "12 packages are refused" in str(caught.value) and "p09-1.0" in str(caught.value)
    assert "p10-1.0" not in str(caught.value) and "and 2 more" in str(caught.value)


def test_one_name_with_two_contents_in_one_index_is_refused(tmp_path: Path) -> None:
    around = surroundings(tmp_path / "here")
    with around.plan() as plan, pytest.raises(RefusedError, match="names it with sha256 .* and with"):
        looked(plan, [entry("a", b"1"), entry("a", b"2", table="v3.conda")])


@pytest.mark.parametrize(("subdir", "file_name"), [("../x", "a.conda"), ("linux-64", "../a.conda"), ("linux-64", "repodata.json")])
def test_names_that_leave_the_mirror_are_refused(tmp_path: Path, subdir: str, file_name: str) -> None:
    around = surroundings(tmp_path / "here")
    one = entry("a", b"1")
    with around.plan() as plan, pytest.raises(UnsafeNameError):
        looked(plan, [Entry(subdir, file_name, one.table, file_name, one.record)])


def test_sidecars_are_brought_where_they_are_promised_or_were_published(tmp_path: Path) -> None:
    around = surroundings(tmp_path / "here")
    digest = hashlib.sha256(b"sidecar").hexdigest()
    promised, plain, silent = entry("a", b"a", attestations_sha256=digest), entry("b", b"b"), entry("c", b"c")
    for one in (promised, plain, silent):
        around.place.write(one.path, one.name.encode())
    published = [(plain.path + SIDECAR_SUFFIX, digest)]
    wanted = [f"{promised.path}.sigs.{digest}", plain.path + SIDECAR_SUFFIX]
    with looked(around.plan(), [promised, plain, silent], published) as plan:
        assert [(item.path, item.sha256, item.there) for item in plan.items()] == [(path, digest, path) for path in wanted]
        assert plan.summary.sidecars.files == 2 and plan.summary.there.files == 3
    for path in wanted:
        around.place.write(path, b"sidecar")
    with looked(around.plan(), [promised, plain, silent], published) as plan:
        assert plan.to_bring.files == 0
    with looked(around.plan(attestations="ignore"), [entry("d", b"d", attestations_sha256=digest)]) as plan:
        assert [(item.path, item.beside) for item in plan.items()] == [(entry("d", b"d").path, "")]


def test_space_is_asked_for_what_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = surroundings(tmp_path / "here")
    large, other = entry("a", b"", size=1_000_000), entry("b", b"12", size=2_000_000)

    def free(size: int) -> None:
        usage = shutil.disk_usage(tmp_path)._replace(free=size)
        monkeypatch.setattr("atheria_pack.mirror.plan.shutil.disk_usage", lambda _: usage)  # no disk of a known size is at hand in every test

    with looked(around.plan(), [large, other]) as plan:
        free(3_000_000 + 2 * 4096)
        plan.require_space(stays=True, link=True, jobs=8)
        free(3_000_000 + 2 * 4096 - 1)
        with pytest.raises(DiskFullError, match="needs 3,008,192 bytes for 2 files and the indexes, has 3,008,191 free"):
            plan.require_space(stays=True, link=True, jobs=8)
        plan.require_space(stays=False, link=True, jobs=1)  # on their way to a bucket there is one file at a time
        (tmp_path / "here" / "mirror" / PARTIAL).mkdir(parents=True)
        (tmp_path / "here" / "mirror" / PARTIAL / large.sha256).write_bytes(b"x")
        plan.require_space(stays=True, link=True, jobs=8)
        (tmp_path / "here" / "up" / "linux-64").mkdir()
        (tmp_path / "here" / "up" / other.path).write_bytes(b"12")
        free(1_000_000 + 2 * 4096)
        plan.require_space(stays=True, link=True, jobs=8)
        with pytest.raises(DiskFullError):
            plan.require_space(stays=True, link=False, jobs=8)
