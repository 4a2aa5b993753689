"""Publication: what is in the channel installs, whatever was built in part, lost or left out."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from atheria_pack.digest import sha256_of
from atheria_pack.plan import decide, make_jobs
from atheria_pack.publication import Publication, lost_builds, publication
from atheria_pack.record import BuiltPackage, Record

sys.path.insert(0, str(Path(__file__).parent))

from family import FAMILY  # noqa: E402

JOBS = make_jobs(FAMILY)
LIB, CORE, OTHER_CORE, META, MUTEX = (
    f"linux-64--{name}" for name in ("lib=cpu", "core=cpu_py310", "core=cpu_py311", "meta=cpu", "mutex=cpu")
)


def built(**changes: str) -> dict[str, Record]:
    """Records of the whole family, all built from the sources that `changes` tells; files are named by content key."""
    parts = {job.identifier: {"source": changes.get(job.identifier.partition("--")[2].partition("=")[0], "")} for job in JOBS}
    records = {}
    for decision in decide(JOBS, parts, {}, {}, {}):
        job = decision.job
        name = "mutex" if job.identifier.startswith("linux-64--mutex") else decision.key[:8]
        package = BuiltPackage(job.identifier, "linux-64", f"{job.identifier}-{name}", decision.key, 1, 0)
        records[job.identifier] = Record(job.identifier, decision.key, decision.parts, (package,), 1.0, True)
    return records


def files(found: Publication) -> set[str]:
    return set(found.packages)


def expected(*records: Record) -> set[str]:
    return {f"linux-64/{package.file_name}" for record in records for package in record.packages}


def test_a_consistent_family_is_published_whole() -> None:
    records = built()
    assert files(publication(records, [], set(), JOBS)) == expected(*records.values())


def test_what_was_not_rebuilt_stays_with_the_library_it_pins() -> None:
    old, new = built(), built(lib="edited")
    newest = {**old, LIB: new[LIB]}
    found = publication(newest, [old[LIB]], set(), JOBS)
    assert files(found) == expected(*newest.values(), old[LIB])
    assert (LIB, old[LIB].key) in found.builds


def test_nothing_is_published_without_what_it_pins() -> None:
    old, new = built(), built(lib="edited")
    newest = {**old, LIB: new[LIB]}
    gone = expected(*(old[name] for name in (CORE, OTHER_CORE, META)))
    assert files(publication(newest, [], set(), JOBS)) == expected(*newest.values()) - gone, "no earlier library is left"
    lost = {(LIB, old[LIB].key)}
    assert files(publication(newest, [old[LIB]], lost, JOBS)) == expected(*newest.values()) - gone, "it is damaged"


def test_an_earlier_build_that_nothing_pins_is_not_published() -> None:
    old, new = built(), built(lib="edited")
    assert files(publication(new, [old[LIB], old[CORE]], set(), JOBS)) == expected(*new.values())


def test_a_metapackage_needs_one_core() -> None:
    records = built()
    one = {name: record for name, record in records.items() if name != CORE}
    assert expected(records[META]) <= files(publication(one, [], set(), JOBS))
    none = {name: record for name, record in one.items() if name != OTHER_CORE}
    assert not expected(records[META]) & files(publication(none, [], set(), JOBS))


def test_the_metapackages_core_is_made_with_the_same_library() -> None:
    """One that pins the new library itself is of no use with cores that pin the old one."""

    def pinned(record: Record, library: Mapping[str, Record]) -> Record:
        return replace(record, parts={**record.parts, f"upstream {LIB}": library[LIB].key})

    old, new = built(), built(lib="edited")
    newest = {**old, LIB: new[LIB], META: pinned(old[META], new)}
    assert not expected(old[META]) & files(publication(newest, [old[LIB]], set(), JOBS))
    agreeing = {**newest, CORE: new[CORE]}
    assert expected(old[META]) <= files(publication(agreeing, [old[LIB]], set(), JOBS))


def test_a_name_made_again_stands_for_both_builds() -> None:
    """The mutex has no hash in its name: those that pin the older one by name find the newer one."""
    old, new = built(), built(mutex="edited")
    newest = {**old, MUTEX: new[MUTEX]}
    found = publication(newest, [old[MUTEX]], set(), JOBS)
    assert files(found) == expected(*old.values())
    assert found.packages[f"linux-64/{MUTEX}-mutex"].sha256 == new[MUTEX].key


def test_lost_builds(tmp_path: Path) -> None:
    def stored(name: str, text: str) -> BuiltPackage:
        path = tmp_path / "linux-64" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return BuiltPackage("c", "linux-64", name, sha256_of(path), len(text), 0)

    earlier = [Record("a", "1", {}, (stored("same", "old"),), 0.0, True), Record("b", "1", {}, (stored("own", "old"),), 0.0, True)]
    newest = {"a": Record("a", "2", {}, (stored("same", "new"),), 0.0, True)}
    assert lost_builds(newest, earlier, tmp_path) == set()
    (tmp_path / "linux-64" / "own").unlink()
    (tmp_path / "linux-64" / "same").write_text("bad")
    assert lost_builds(newest, earlier, tmp_path) == {("a", "2"), ("b", "1")}
