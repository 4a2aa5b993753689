"""Building twice: the surroundings really differ and end when they should, and verdicts follow from both runs."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from atheria_pack.channel.base import BaseChannel
from atheria_pack.digest import sha256_of
from atheria_pack.outcome import JobResult, Run
from atheria_pack.package_file import Member, package_bytes, write_package
from atheria_pack.plan import make_jobs
from atheria_pack.record import BuiltPackage
from atheria_pack.repro.twice import FIRST, SECOND, compare_cell, entered, judge, seen_from

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from family import FAMILY  # noqa: E402

JOBS = {job.identifier: job for job in make_jobs(FAMILY)}
PROBE = "umask; date +%Z; echo $HOME $USER $LOGNAME $LANG $LC_ALL"


def test_both_surroundings_differ_in_everything() -> None:
    for field in fields(FIRST):
        assert getattr(FIRST, field.name) != getattr(SECOND, field.name), field.name
    assert len(FIRST.folder) != len(SECOND.folder)


def test_what_is_started_inside_sees_them_and_nothing_is_left_behind(tmp_path: Path) -> None:
    before = dict(os.environ), subprocess.check_output(["sh", "-c", PROBE])
    with entered(SECOND, tmp_path):
        seen = subprocess.check_output(["sh", "-c", PROBE], text=True).split()
    assert seen == ["0077", "IST", str(tmp_path / "home"), SECOND.user, SECOND.user, SECOND.language, SECOND.language]
    assert (dict(os.environ), subprocess.check_output(["sh", "-c", PROBE])) == before


def test_they_are_left_when_the_build_fails(tmp_path: Path) -> None:
    before = dict(os.environ)
    with pytest.raises(KeyboardInterrupt), entered(FIRST, tmp_path):
        raise KeyboardInterrupt
    assert dict(os.environ) == before


def test_a_channel_in_a_folder_gets_an_address_of_its_own(tmp_path: Path) -> None:
    real = tmp_path / "real channel"
    real.mkdir()
    (real / "repodata.json").write_text("{}")
    channel = BaseChannel("here", real.as_uri(), "", {"linux-64": {"a": ("1",)}})
    place = tmp_path / "output"
    place.mkdir()
    seen = seen_from(place, channel)
    assert seen.uri == (place / "base").as_uri() and (place / "base" / "repodata.json").read_text() == "{}"
    assert seen_from(place, channel) == seen and seen.overlays == channel.overlays
    remote = BaseChannel("far", "https://channel.example/far", "")
    assert seen_from(place, remote) is remote


def stored(store: Path, name: str, data: bytes) -> BuiltPackage:
    path = store / "linux-64" / f"{name}-1-0.conda"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_package(path, package_bytes(path.stem, [Member("pkg", "a.txt", data)], 7))
    return BuiltPackage(f"linux-64/{name}=cpu", "linux-64", path.name, sha256_of(path), path.stat().st_size, 0)


def test_verdicts_of_two_runs(tmp_path: Path) -> None:
    stores = [tmp_path / "1", tmp_path / "2"]
    mutex, library, meta, core = (JOBS[f"linux-64--{name}"] for name in ("mutex=cpu", "lib=cpu", "meta=cpu", "core=cpu_py310"))
    runs = [Run(), Run()]
    for outcome, store, text in zip(runs, stores, (b"one", b"two"), strict=True):
        packages = (stored(store, "lib", b"same"), stored(store, "dev", text))
        outcome.results[mutex.identifier] = JobResult(mutex, "skipped", "no compiler")
        outcome.results[library.identifier] = JobResult(library, "built", "", packages=packages)
        outcome.results[core.identifier] = JobResult(core, "built" if store is stores[0] else "failed", "disk on fire")
    runs[0].results[meta.identifier] = JobResult(meta, "built", "")
    verdicts = {verdict.cell: verdict for verdict in judge(runs[0], runs[1], stores)}
    assert {cell.removeprefix("linux-64/"): (verdict.state, verdict.reason) for cell, verdict in verdicts.items()} == {
        "mutex=cpu": ("skipped", "no compiler"),
        "lib=cpu": ("identical", ""),
        "dev=cpu": ("differs", "1 members differ"),
        "core=cpu_py310": ("not built", "second build: disk on fire"),
        "meta=cpu": ("not built", "second build: not reached"),
    }
    assert [verdict.good for verdict in verdicts.values()] == [True, True, False, False, False]
    (difference,) = verdicts["linux-64/dev=cpu"].differences
    assert (difference.member, difference.offset) == ("a.txt", 0)
    assert len(set(verdicts["linux-64/lib=cpu"].digests)) == 1 and len(set(verdicts["linux-64/dev=cpu"].digests)) == 2


def test_packages_of_different_names_differ(tmp_path: Path) -> None:
    paths = []
    for name in ("a", "b"):
        built = stored(tmp_path, name, b"")
        paths.append(built.path(tmp_path))
    verdict = compare_cell("linux-64/a=cpu", *paths)
    assert verdict.state == "differs" and "different names: a-1-0.conda, b-1-0.conda" in verdict.reason
