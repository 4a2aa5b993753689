"""Attestations hold under the trusted root that is given, and under no other; every way not to hold has its reason."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sigstore_world
from atheria_pack.errors import UsageError
from atheria_pack.mirror.attestation import LARGEST, AttestationError, Policy, Verdict, loose, pinned, verdicts
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.places.folder import FolderPlace

CHANNEL = "https://channel.example.org/main"
CONTENT = b"the package"
FILE = "pkg-1.0-h0_0.conda"


@pytest.fixture(scope="module")
def world() -> Any:
    return sigstore_world.World()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[FolderPlace]:
    made = FolderPlace(tmp_path / "mirror", "mirror")
    with made.writing():
        yield made


def entry(sidecar: bytes | None = None, content: bytes = CONTENT, origin: str = CHANNEL) -> Entry:
    record: dict[str, Any] = {"name": "pkg", "version": "1.0", "build": "h0_0", "build_number": 0, "sha256": hashlib.sha256(content).hexdigest()}
    if sidecar is not None:
        record["attestations_sha256"] = hashlib.sha256(sidecar).hexdigest()
    return Entry("linux-64", FILE, "packages.conda", FILE, record, origin=f"{origin}/linux-64/{FILE}")


def sidecar_of(world: Any, *, content: bytes = CONTENT, file_name: str = FILE, channel: str = CHANNEL) -> bytes:
    return json.dumps([world.bundle(file_name, hashlib.sha256(content).hexdigest(), channel)]).encode()


@pytest.fixture
def root(world: Any, tmp_path: Path) -> Path:
    path = tmp_path / "trusted_root.json"
    path.write_text(json.dumps(world.trusted_root()))
    return path


def judged(one: Entry, place: FolderPlace, policy: Policy) -> Verdict:
    (verdict,) = verdicts([one], place, policy)
    return verdict


def test_a_good_attestation_holds_and_names_the_signer(world: Any, place: FolderPlace, root: Path) -> None:
    sidecar = sidecar_of(world)
    one = entry(sidecar)
    path, digest = pinned(one) or ("", "")
    assert path == f"linux-64/{FILE}.sigs.{digest}" and digest == hashlib.sha256(sidecar).hexdigest()
    place.write(path, sidecar)
    assert judged(one, place, Policy("require", root)) == Verdict(one.path, sigstore_world.IDENTITY, ())
    named = Policy("require", root, "https://example.org/owner/*", sigstore_world.ISSUER)
    assert judged(one, place, named).signer == sigstore_world.IDENTITY


def test_a_sidecar_that_no_index_promises_is_judged_as_well(world: Any, place: FolderPlace, root: Path) -> None:
    place.write(loose(entry()), sidecar_of(world))
    assert judged(entry(), place, Policy("require", root)).signer == sigstore_world.IDENTITY


@pytest.mark.parametrize("origin", ["https://mirror.example.org/main", "file:///somewhere/channel", "s3://bucket/channel", "/a folder", "b"])
def test_another_channel_than_the_target_is_told_and_not_held_against_it(world: Any, place: FolderPlace, root: Path, origin: str) -> None:
    place.write(loose(entry()), sidecar_of(world))
    verdict = judged(entry(origin=origin), place, Policy("require", root))
    assert verdict.signer == sigstore_world.IDENTITY
    assert any(CHANNEL in reason for reason in verdict.reasons), verdict


def test_wrong_ones_are_refused_with_the_reason(world: Any, place: FolderPlace, root: Path) -> None:
    good = Policy("require", root)
    assert judged(entry(), place, good) == Verdict(f"linux-64/{FILE}", None, ("no attestations",))

    cases: list[tuple[bytes, Policy, str]] = [
        (sidecar_of(world, content=b"another package"), good, "does not match any subject"),
        (sidecar_of(world, file_name="other-1.0-h0_0.conda"), good, "other-1.0-h0_0.conda"),
        (sidecar_of(sigstore_world.World()), good, "No log key valid"),  # a real bundle, of a sigstore that nobody here trusts
        (sidecar_of(world), Policy("require"), "No log key valid"),  # the public instance knows nothing of ours
        (sidecar_of(world), Policy("require", root, "https://example.org/somebody-else/*"), "does not match the trusted publisher"),
        (sidecar_of(world), Policy("require", root, None, "https://other.example.org"), "does not match the trusted publisher"),
        (b"[]", good, f"sidecar at linux-64/{FILE}.sigs.{hashlib.sha256(b'[]').hexdigest()} is malformed: the array"),
        (b"no json", good, "JSON array"),
        (sidecar_of(world).replace(b'"sig": "ME', b'"sig": "MF'), good, "bundle 0"),
        (b" " * (LARGEST + 1), good, f"has {LARGEST + 1} bytes"),
    ]
    for sidecar, policy, reason in cases:
        one = entry(sidecar)
        place.write((pinned(one) or ("", ""))[0], sidecar)
        verdict = judged(one, place, policy)
        assert verdict.signer is None, reason
        assert any(reason in told for told in verdict.reasons), (reason, verdict)


def test_many_keep_their_order(world: Any, place: FolderPlace, root: Path) -> None:
    def name(number: int) -> str:
        return f"p{number}-1.0-h0_0.conda"

    def named(number: int) -> Entry:
        one = entry()
        return replace(one, file_name=name(number), key=name(number), origin=f"{CHANNEL}/linux-64/{name(number)}")

    for number in range(0, 40, 3):
        place.write(loose(named(number)), sidecar_of(world, file_name=name(number)))
    found = list(verdicts((named(number) for number in range(40)), place, Policy("warn", root)))
    assert [verdict.path for verdict in found] == [f"linux-64/{name(number)}" for number in range(40)]
    assert [number for number, verdict in enumerate(found) if verdict.signer] == list(range(0, 40, 3))


def test_a_promise_that_is_no_digest_is_refused() -> None:
    one = entry()
    one.record["attestations_sha256"] = "../../etc/passwd"
    with pytest.raises(AttestationError, match="no digest"):
        pinned(one)


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_trusted_root_that_is_none_is_refused(place: FolderPlace, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "root.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match="root.json"):
        list(verdicts([entry()], place, Policy("require", path)))
