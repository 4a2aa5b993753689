"""Types and lifetimes of the files of a mirror."""

import pytest
from atheria_pack.mirror.layout import ROOT_FILES, SHARDS, SUBDIR_INDEXES
from atheria_pack.mirror.media import ASK_EACH_TIME, FOR_EVER, cache_control, content_type


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("linux-64/repodata.json", "application/json"),
        ("linux-64/repodata.json.zst", "application/zstd"),
        ("linux-64/repodata_shards.msgpack.zst", "application/zstd"),
        ("linux-64/a-1-0.conda", "application/octet-stream"),
        ("linux-64/a-1-0.tar.bz2", "application/x-bzip2"),
        ("linux-64/a-1-0.conda.v0.sigs", "application/json"),
        (".mirror/current/SHA256SUMS", "application/octet-stream"),
    ],
)
def test_a_type_by_its_ending(path: str, kind: str) -> None:
    assert content_type(path) == kind


@pytest.mark.parametrize("path", [*ROOT_FILES, *(f"noarch/{name}" for name in SUBDIR_INDEXES), ".mirror/current/manifest.json", ".mirror/lock"])
def test_what_changes_is_asked_for_each_time(path: str) -> None:
    assert cache_control(path) == ASK_EACH_TIME


@pytest.mark.parametrize("path", ["noarch/a-1-0.conda", f"noarch/{SHARDS}/{'0' * 64}.msgpack.zst", f"noarch/{SHARDS}/repodata.json"])
def test_what_never_changes_is_kept(path: str) -> None:
    assert cache_control(path) == FOR_EVER
