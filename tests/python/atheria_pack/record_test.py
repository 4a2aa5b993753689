"""Records: what was saved is read back; what is torn, strange or damaged does not count."""

from dataclasses import replace
from pathlib import Path

from atheria_pack.digest import sha256_of
from atheria_pack.record import BuiltPackage, Record, damage, forget_earlier, load_earlier, load_records, retire, save_record


def stored(store: Path) -> BuiltPackage:
    path = store / "linux-64" / "a-1-0.conda"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"package")
    return BuiltPackage("linux-64/a=cpu", "linux-64", path.name, sha256_of(path), 7, 2)


def test_round_trip(tmp_path: Path) -> None:
    record = Record("linux-64--a=cpu", "key", {"source x": "1"}, (stored(tmp_path),), 1.5, True)
    save_record(tmp_path / "records", record)
    assert load_records(tmp_path / "records") == {record.job: record}


def test_tests_that_did_not_run_are_remembered_with_the_reason(tmp_path: Path) -> None:
    package = replace(stored(tmp_path), not_run={"no wine": 2})
    save_record(tmp_path / "records", Record("a", "key", {}, (package,), 1.5, True))
    assert load_records(tmp_path / "records")["a"].packages == (package,)


def test_torn_and_foreign_records_are_absent(tmp_path: Path) -> None:
    save_record(tmp_path, Record("good", "key", {}, (), 0.0, True))
    text = (tmp_path / "good.json").read_text()
    (tmp_path / "torn.json").write_text(text[:20])
    (tmp_path / "other.json").write_text(text.replace('"schema": 2', '"schema": 99'))
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "extra.json").write_text(text.replace('"schema": 2', '"schema": 2, "surprise": 2'))
    assert list(load_records(tmp_path)) == ["good"]


def test_damage_tells_which_file_and_how(tmp_path: Path) -> None:
    package = stored(tmp_path)
    assert damage([package], tmp_path) is None
    package.path(tmp_path).write_bytes(b"packagf")
    assert damage([package], tmp_path) == "a-1-0.conda is not as it was built"
    package.path(tmp_path).unlink()
    assert damage([package], tmp_path) == "a-1-0.conda is gone from the output folder"


def test_jobs_that_are_no_more_are_retired(tmp_path: Path) -> None:
    for job in ("linux-64--a=cpu", "linux-64--a=gpu", "osx-arm64--a=cpu", "noarch--b"):
        save_record(tmp_path, Record(job, "key", {}, (), 0.0, True))
    assert sorted(retire(tmp_path, {"linux-64--a=cpu", "osx-arm64--a=cpu"})) == ["linux-64--a=gpu", "noarch--b"]
    assert sorted(load_records(tmp_path)) == ["linux-64--a=cpu", "osx-arm64--a=cpu"]


def test_a_build_that_is_replaced_stays_as_an_earlier_one(tmp_path: Path) -> None:
    first, second = (Record("a", key, {}, (), 0.0, True) for key in ("key1", "key2"))
    save_record(tmp_path, first)
    save_record(tmp_path, first)
    assert load_earlier(tmp_path) == []
    save_record(tmp_path, second)
    assert (load_records(tmp_path), load_earlier(tmp_path)) == ({"a": second}, [first])
    forget_earlier(tmp_path, {("a", "key1")})
    assert load_earlier(tmp_path) == [first]
    forget_earlier(tmp_path, {("a", "key2")})
    assert load_earlier(tmp_path) == []


def test_a_job_that_is_no_more_may_still_be_pinned(tmp_path: Path) -> None:
    record = Record("linux-64--a=gpu", "key", {}, (), 0.0, True)
    save_record(tmp_path, record)
    retire(tmp_path, set())
    assert (load_records(tmp_path), load_earlier(tmp_path)) == ({}, [record])
