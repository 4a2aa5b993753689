"""Sigstore attestations of packages: which sidecars a mirror carries beside them, and whether what they attest holds, checked without a network."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import rattler
from rattler.exceptions import AttestationError as RattlerRefusal
from rattler.package.build_string import BuildString
from rattler.sigstore import ChannelCheck, Issuer, Publisher, TrustedRoot, VerificationPolicy, verify_attestation

from atheria_pack.errors import PackError, UsageError
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.layout import SIDECAR_SUFFIX
from atheria_pack.mirror.places.place import Place

Mode = Literal["carry", "ignore", "warn", "require"]
MODES: tuple[Mode, ...] = get_args(Mode)
JUDGING: tuple[Mode, ...] = ("warn", "require")

LARGEST = 4 << 20  # bytes of a sidecar: what clients read at most, and room for some hundred attestations
_TOGETHER = 32  # packages that are checked at the same time
_DIGEST = re.compile(r"[0-9a-f]{64}")


class AttestationError(PackError):
    """A sidecar is not what the index promises, or a package lacks the attestation that was required. The text names the packages."""


@dataclass(frozen=True)
class Policy:
    """What to do with attestations.

    `mode`: `carry` them unjudged, `ignore` them, `warn` where one does not hold or there is none, `require` one that holds for each package.
    `trusted_root`: a trusted_root.json; None is the snapshot of the public sigstore that py-rattler brings. `identity`: whom the signing
    certificate has to name, `*` standing for anything. `issuer`: URL of who vouched for that name. Without these any signer will do.
    """

    mode: Mode = "carry"
    trusted_root: Path | None = None
    identity: str | None = None
    issuer: str | None = None

    @property
    def judges(self) -> bool:
        """Whether anything is checked at all."""
        return self.mode in JUDGING

    def to_json(self) -> dict[str, str]:
        """What a manifest says of it, so that it can be asked for again: nothing for `carry`; the trusted root by its sha256.

        UsageError for one that cannot be read.
        """
        told: dict[str, str] = {"attestations": "" if self.mode == "carry" else self.mode}
        if self.judges:
            told |= {"signer": self.identity or "", "issuer": self.issuer or "", "trusted_root": _digest_of(self.trusted_root)}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Verdict:
    """What became of one package's attestations. `signer` is None where none holds, and `reasons` then says why."""

    path: str
    signer: str | None
    reasons: tuple[str, ...]


def pinned(entry: Entry) -> tuple[str, str] | None:
    """Path and sha256 of the sidecar that a record promises (CEP 50), None where it promises none.

    AttestationError where the promise is no digest.
    """
    digest = entry.record.get("attestations_sha256")
    if digest is None:
        return None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise AttestationError(f"{entry.origin or entry.path}: its index promises attestations of sha256 {digest!r}, which is no digest")
    return f"{entry.path}.sigs.{digest}", digest


def loose(entry: Entry) -> str:
    """Path of the sidecar that some servers have beside a package without promising it in the index."""
    return entry.path + SIDECAR_SUFFIX


def verdicts(entries: Iterable[Entry], place: Place, policy: Policy) -> Iterator[Verdict]:
    """Check the attestations of packages from the sidecars in the place, in the order of the entries.

    The target channel of an attestation is compared with where the package came from, and a difference told as a reason beside the signer:
    who mirrors a mirror has no other address to show. UsageError for a trusted root that cannot be read.
    """
    root = read_root(policy.trusted_root)
    publisher = Publisher(policy.identity, Issuer(policy.issuer) if policy.issuer else None)
    checks = VerificationPolicy.require(publisher, channel_check=ChannelCheck.WARN, max_sidecar_size=LARGEST)
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == _TOGETHER:
            yield from asyncio.run(_together(batch, place, checks, root))
            batch = []
    if batch:
        yield from asyncio.run(_together(batch, place, checks, root))


def _digest_of(root: Path | None) -> str:
    try:
        return hashlib.sha256(root.read_bytes()).hexdigest() if root else ""
    except OSError as error:
        raise UsageError(f"--trusted-root {root}: {error.strerror}; expected a sigstore trusted_root.json") from error


def read_root(path: Path | None) -> TrustedRoot:
    """The trusted root in a file, or the public one for None. UsageError for a file that is none."""
    if path is None:
        return TrustedRoot.embedded()
    try:
        return TrustedRoot.from_path(path)
    except ValueError as error:
        raise UsageError(f"--trusted-root {path}: {error}; expected a sigstore trusted_root.json") from error


async def _together(batch: list[Entry], place: Place, checks: VerificationPolicy, root: TrustedRoot) -> list[Verdict]:
    with tempfile.TemporaryDirectory(prefix="atheria-sidecars-") as folder:
        return await asyncio.gather(*(_verdict(entry, place, checks, root, Path(folder)) for entry in batch))


async def _verdict(entry: Entry, place: Place, checks: VerificationPolicy, root: TrustedRoot, folder: Path) -> Verdict:
    promised = pinned(entry)
    paths = [promised[0]] if promised else []
    reasons: list[str] = []
    for path in [*paths, loose(entry)]:
        found = place.look(path)
        if found is None:
            continue
        if found.size > LARGEST:
            reasons.append(f"{path} has {found.size} bytes; sidecars are read up to {LARGEST}")
            continue
        try:
            outcome = await verify_attestation(_laid_out(entry, place.read(path), folder), checks, None, root)
        except RattlerRefusal as error:
            reasons.append(str(error).replace(f"{folder.as_uri()}/", ""))  # where it lay for the check tells nobody anything
            continue
        if outcome.attestation is not None:
            told = (*outcome.warnings, *outcome.attestation.warnings)
            return Verdict(entry.path, outcome.attestation.identity or "a signer without a name", told)
        reasons += outcome.warnings
    return Verdict(entry.path, None, tuple(reasons) or ("no attestations",))


def _laid_out(entry: Entry, sidecar: bytes, folder: Path) -> rattler.RepoDataRecord:
    """The record as rattler's verifier takes it, with the sidecar where it looks for it: in a folder, so that nothing is asked of a network."""
    digest = hashlib.sha256(sidecar)
    beside = folder / entry.subdir
    beside.mkdir(exist_ok=True)
    (beside / f"{entry.file_name}.sigs.{digest.hexdigest()}").write_bytes(sidecar)
    record = entry.record
    package = rattler.PackageRecord(
        str(record["name"]), str(record["version"]), BuildString(str(record["build"])), int(record.get("build_number", 0)), entry.subdir,
        sha256=bytes.fromhex(entry.sha256), attestations_sha256=digest.digest(),
    )  # fmt: skip
    channel = entry.origin.removesuffix(f"/{entry.path}")
    channel = channel if "://" in channel else Path(channel).absolute().as_uri()
    return rattler.RepoDataRecord(package, entry.file_name, (beside / entry.file_name).as_uri(), channel)
