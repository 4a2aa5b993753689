"""Bundles from a bucket and into one."""

import sys
from pathlib import Path

from atheria_pack.mirror.airgap.export import export
from atheria_pack.mirror.airgap.importing import import_bundle
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.places.s3 import S3Place

MIRROR = Path(__file__).resolve().parents[5] / "tests" / "python" / "atheria_pack" / "mirror"
sys.path[:0] = [str(MIRROR / "airgap"), str(MIRROR)]

from origins import files_of, publish, tree  # noqa: E402
from serving import Bucket  # noqa: E402
from signature_test import allow, make_key  # noqa: E402


def test_a_bucket_between_two_folders(bucket: Bucket, tmp_path: Path) -> None:
    """What leaves the bucket is what came in, full and as a delta; nothing is left on this machine."""
    key = make_key(tmp_path, "key")
    allowed = allow(tmp_path / "allowed", ("mirror@origin", key))
    origin = FolderPlace(tmp_path / "origin", "ORIGIN")
    place = S3Place(f"{bucket.url}/mirror", tmp_path / "scratch")
    last = FolderPlace(tmp_path / "last", "LAST")
    for number, files in enumerate((files_of("linux-64/a-1"), files_of("linux-64/a-1", "noarch/b-1")), 1):
        publish(origin.root, files, sign_with=key)
        since = number - 1 or None
        export(origin, tmp_path / "in.tar", since, key)
        done = import_bundle(tmp_path / "in.tar", place, allowed)
        assert (done.generation, place.current()) == (number, number)
        assert import_bundle(tmp_path / "in.tar", place, allowed).there_already
        export(place, tmp_path / "out.tar", since, key)
        assert (tmp_path / "out.tar").read_bytes() == (tmp_path / "in.tar").read_bytes()
        import_bundle(tmp_path / "out.tar", last, allowed)
        assert tree(last.root) == tree(origin.root)
    assert {path.name for path in (tmp_path / "scratch").rglob("*") if path.is_file()} <= {"verified.sqlite"}
