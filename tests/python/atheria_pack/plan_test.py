"""Jobs: grouped by staging build, ordered by need, decided by content with the reason told."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from atheria_pack.digest import digest_of
from atheria_pack.errors import RecipeError
from atheria_pack.plan import Decision, Job, State, agree, decide, difference, make_jobs
from atheria_pack.recipes import Output
from atheria_pack.record import BuiltPackage, Record
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from family import FAMILY, output  # noqa: E402


def by_name(jobs: list[Job]) -> dict[str, Job]:
    return {job.identifier: job for job in jobs}


def test_outputs_of_a_staging_build_are_one_job() -> None:
    jobs = by_name(make_jobs(FAMILY))
    assert [o.name for o in jobs["linux-64--lib=cpu"].outputs] == ["lib", "dev"]
    assert len(jobs) == 8


def test_needs_stay_within_a_variant() -> None:
    jobs = by_name(make_jobs(FAMILY))
    assert jobs["linux-64--core=cpu_py310"].suppliers == {"linux-64--lib=cpu"}
    assert jobs["linux-64--meta=cpu"].needs == {"core": {"linux-64--core=cpu_py310", "linux-64--core=cpu_py311"}}


def test_a_circle_is_refused_and_drawn() -> None:
    with pytest.raises(RecipeError, match="in a circle: .*a=cpu"):
        make_jobs([output("a", requires="b"), output("b", requires="a")])


def test_platforms_have_their_own_suppliers_and_share_those_of_none() -> None:
    jobs = by_name(
        make_jobs(
            [
                output("data", platform="noarch"),
                *(output("lib", requires="data", platform=platform) for platform in ("linux-64", "win-64")),
                *(output("core", requires="lib", platform=platform) for platform in ("linux-64", "win-64")),
            ]
        )
    )
    assert jobs["win-64--core=cpu"].suppliers == {"win-64--lib=cpu"}
    assert jobs["win-64--lib=cpu"].suppliers == jobs["linux-64--lib=cpu"].suppliers == {"noarch--data=cpu"}


def test_two_builds_of_one_name_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"both the cell linux-64/lib=cpu: what tells them apart \(mpi\) has to stand in build\.string"):
        make_jobs([output("lib", "cpu_h1234567_0", mpi="yes"), output("lib", "cpu_h7654321_0", mpi="no")])


def test_digests_and_platform_are_no_axes() -> None:
    assert agree({"accel": "cpu", "digest_a": "1", "target_platform": "noarch"}, {"accel": "cpu", "digest_a": "2"})
    assert not agree({"accel": "cpu"}, {"accel": "gpu"})


def record(job: str, key: str, parts: Mapping[str, str]) -> Record:
    return Record(job, key, parts, (BuiltPackage("c", "linux-64", "f", "0", 0, 0),), 1.0, True)


def decided(
    parts: Mapping[str, Mapping[str, str]],
    records: Mapping[str, Record] | None = None,
    obstacles: Mapping[str, str] | None = None,
    damages: Mapping[str, str] | None = None,
) -> dict[str, Decision]:
    jobs = make_jobs(FAMILY)
    whole = {job.identifier: parts.get(job.identifier, {}) for job in jobs}
    return {d.job.identifier: d for d in decide(jobs, whole, obstacles or {}, records or {}, damages or {})}


def remembered(decisions: Mapping[str, Decision]) -> dict[str, Record]:
    return {name: record(name, d.key, d.parts) for name, d in decisions.items()}


def test_nothing_changed_is_up_to_date() -> None:
    first = decided({})
    assert {d.state for d in first.values()} == {State.BUILD}
    assert {d.reason for d in first.values()} == {"not built yet"}
    assert {d.state for d in decided({}, remembered(first)).values()} == {State.UP_TO_DATE}


def test_a_changed_file_is_named_and_travels_downstream_only() -> None:
    lib = "linux-64--lib=cpu"
    before = decided({lib: {"source native/a.cpp": "1", "source native/b.cpp": "1"}})
    after = decided({lib: {"source native/a.cpp": "2", "source native/b.cpp": "1"}}, remembered(before))
    rebuilt = {name: d.reason for name, d in after.items() if d.state is State.BUILD}
    assert rebuilt == {
        lib: "changed: native/a.cpp",
        "linux-64--core=cpu_py310": f"made with {lib}, which changed",
        "linux-64--core=cpu_py311": f"made with {lib}, which changed",
    }, "the metapackage takes any core and pins none, so it is not made again"


def test_fewer_pythons_are_no_reason_to_build_again() -> None:
    """A metapackage needs one core of whatever Python: narrowed to one, and back, it is the same package."""
    whole = make_jobs(FAMILY)
    records = remembered({d.job.identifier: d for d in decide(whole, {job.identifier: {} for job in whole}, {}, {}, {})})
    narrow = make_jobs([o for o in FAMILY if o.variant.get("python") != "3.10"])
    after = decide(narrow, {job.identifier: {} for job in narrow}, {}, records, {})
    assert {d.job.identifier: d.reason for d in after if d.state is State.BUILD} == {}


def test_packages_whose_tests_did_not_run_are_not_current_for_long() -> None:
    first = decided({})
    records = remembered(first)
    name = "linux-64--lib=cpu"
    records[name] = replace(records[name], tested=False)
    again = decided({}, records)
    assert {d.job.identifier: d.reason for d in again.values() if d.state is State.BUILD} == {name: "its tests have not run"}
    jobs = make_jobs(FAMILY)
    without = decide(jobs, {job.identifier: {} for job in jobs}, {}, records, {}, tests=False)
    assert {d.state for d in without} == {State.UP_TO_DATE}


def test_an_obstacle_skips_and_so_do_its_users() -> None:
    states = {name: (d.state, d.reason) for name, d in decided({}, obstacles={"linux-64--lib=gpu": "no nvcc"}).items()}
    assert states["linux-64--lib=gpu"] == (State.SKIPPED, "no nvcc")
    assert states["linux-64--core=gpu_py310"][0] is State.SKIPPED
    assert "which is skipped" in states["linux-64--core=gpu_py310"][1]
    assert states["linux-64--core=cpu_py310"][0] is State.BUILD


def test_one_of_several_suppliers_suffices() -> None:
    states = decided({}, obstacles={"linux-64--core=cpu_py310": "no python 3.10"})
    assert states["linux-64--meta=cpu"].state is State.BUILD


def test_damage_is_a_reason() -> None:
    first = decided({})
    again = decided({}, remembered(first), damages={"linux-64--mutex=cpu": "mutex is gone"})
    assert (again["linux-64--mutex=cpu"].state, again["linux-64--mutex=cpu"].reason) == (State.BUILD, "mutex is gone")


def test_difference_prefers_what_tells_most() -> None:
    old = {"source a": "1", "host python": "3.11.7", "upstream x": "1", "tool t": "1"}
    assert difference(old, {**old, "host python": "3.11.8"}) == "host environment changed: python"
    assert difference(old, {**old, "host python": "3.11.8", "source a": "2"}) == "changed: a"
    assert difference(old, {**old, "tool t": "2"}) == "other version of t"
    pinned = {**old, "recipe lib": "1"}  # its text names the supplier's build
    assert difference(pinned, {**pinned, "upstream x": "2", "recipe lib": "2"}) == "made with x, which changed"
    many = {f"source {i}": "1" for i in range(5)}
    assert difference(many, {}) == "changed: 0, 1, 2 (+2 more)"


@st.composite
def families(draw: st.DrawFn) -> list[Output]:
    names = draw(st.lists(st.sampled_from("abcdefghij"), min_size=1, unique=True))
    outputs = [
        output(name, requires=" ".join(draw(st.sets(st.sampled_from(names[:at])))) if at else "") for at, name in enumerate(names)
    ]
    return draw(st.permutations(outputs))


@given(families())
def test_suppliers_come_first(family: list[Output]) -> None:
    jobs = make_jobs(family)
    places = {job.identifier: place for place, job in enumerate(jobs)}
    assert len(jobs) == len(family)
    for job in jobs:
        assert all(places[supplier] < places[job.identifier] for supplier in job.suppliers)


@given(families(), st.data())
def test_exactly_the_users_of_a_change_are_rebuilt(family: list[Output], data: st.DataObject) -> None:
    jobs = make_jobs(family)
    empty: dict[str, dict[str, str]] = {job.identifier: {} for job in jobs}
    first = decide(jobs, empty, {}, {}, {})
    records = {d.job.identifier: record(d.job.identifier, d.key, d.parts) for d in first}
    changed = data.draw(st.sampled_from(sorted(empty)))
    after = decide(jobs, {**empty, changed: {"source x": "new"}}, {}, records, {})
    users = {changed}
    for job in jobs:
        if users & job.suppliers:
            users.add(job.identifier)
    assert {d.job.identifier for d in after if d.state is State.BUILD} == users


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4)), st.text(min_size=5, max_size=6), st.text(max_size=4))
def test_every_part_counts(parts: dict[str, str], key: str, value: str) -> None:
    assert digest_of({**parts, key: value}) != digest_of(parts)
