"""Writes the bill of materials of a package: a CycloneDX file, the same for the same package wherever and whenever it is made."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from atheria_pack.atomic import write_text
from atheria_pack.digest import sha256_of
from atheria_pack.inspection.licences import parts_in
from atheria_pack.inspection.rules import Rules
from atheria_pack.inspection.subject import Subject, read_subject

SUFFIX = ".cdx.json"
# One word of these names a thing whose version the specification fixes: ==1.2 build, or =1.2=build.
_PINNED = re.compile(r"(\S+) ==?(\d[\w.]*)(?: (\S+))?")


def bill_of_materials(subject: Subject, rules: Rules) -> str:
    """The bill as JSON: the package, its files with digests, what it needs, what is compiled in, what compiled it."""
    contents = subject.contents
    properties = {**_facts(subject), "atheria:parts": rules.digest}
    root = Component(
        type=ComponentType.LIBRARY,
        name=contents.name,
        version=str(contents.index.get("version")),
        bom_ref=f"{contents.subdir}/{contents.file_name}",
        purl=_purl(contents.name, str(contents.index.get("version")), build=str(contents.index.get("build")), subdir=contents.subdir),
        hashes=[_sha256(contents.sha256)],
        licenses=[LicenseExpression(str(contents.about.get("license")))],
        description=str(contents.about["summary"]) if contents.about.get("summary") else None,
        properties=[Property(name=name, value=value) for name, value in properties.items()],
    )
    # Not a random number: the same package has the same bill.
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, f"sha256:{contents.sha256}"))
    bom.metadata.component = root
    bom.metadata.timestamp = _date(subject)
    bom.metadata.tools.components.update(_tools(subject))
    needed = [_dependency(spec) for spec in contents.depends if not spec.startswith("__")]
    compiled_in = [
        Component(
            type=ComponentType.LIBRARY, name=part.name, bom_ref=f"part:{part.name}", purl=PackageURL.from_string(part.purl),
            licenses=[LicenseExpression(part.licence)], description=part.why, scope=ComponentScope.REQUIRED,
            properties=[Property(name="atheria:linked", value="statically")],
        )
        for part in parts_in(subject, rules.parts)
    ]  # fmt: skip
    by_reference = {component.bom_ref.value: component for component in (*needed, *compiled_in)}
    bom.components.update([*_files(subject), *by_reference.values()])
    bom.register_dependency(root, by_reference.values())
    return str(JsonV1Dot6(bom).output_as_string(indent=1)) + "\n"


def bill_path(folder: Path, subject: Subject) -> Path:
    """Where the bill of a package goes: beside its siblings of the same platform."""
    return folder / subject.contents.subdir / f"{subject.contents.file_name}{SUFFIX}"


def write_bill(folder: Path, subject: Subject, rules: Rules) -> Path:
    """Write the bill into a folder of bills; answers its file."""
    path = bill_path(folder, subject)
    write_text(path, bill_of_materials(subject, rules))
    return path


def renew_bills(channel: Path, folder: Path, rules: Rules) -> None:
    """Make `folder` hold the bills of exactly the packages in a channel; those that are current stay as they are."""
    wanted = set()
    for package in sorted(channel.glob("*/*.conda")):
        path = folder / package.parent.name / f"{package.name}{SUFFIX}"
        wanted.add(path)
        if not _is_current(path, package, rules):
            write_bill(folder, read_subject(package), rules)
    for stranger in set(folder.glob(f"*/*{SUFFIX}")) - wanted:
        stranger.unlink()


def _is_current(path: Path, package: Path, rules: Rules) -> bool:
    """Whether a bill is of this package and of these parts, by the digests in it."""
    try:
        root = json.loads(path.read_bytes())["metadata"]["component"]
        hashed, properties = root["hashes"][0]["content"], {entry["name"]: entry["value"] for entry in root["properties"]}
    except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError):
        return False  # none, or damaged
    return bool(hashed == sha256_of(package) and properties.get("atheria:parts") == rules.digest)


def _purl(name: str, version: str | None, **qualifiers: str) -> PackageURL:
    return PackageURL("conda", None, name, version, {**qualifiers, "type": "conda"} if qualifiers else None)


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _files(subject: Subject) -> Iterable[Component]:
    for path, member in sorted(subject.contents.files.items()):
        if member.target is None:
            yield Component(type=ComponentType.FILE, name=path, bom_ref=f"file:{path}", hashes=[_sha256(sha256(member.data).hexdigest())])
        else:
            yield Component(
                type=ComponentType.FILE, name=path, bom_ref=f"file:{path}", properties=[Property(name="atheria:link", value=member.target)]
            )


def _dependency(spec: str) -> Component:
    """What a package needs. Only an exact pin has a version; the specification itself is kept as conda writes it."""
    name = spec.split()[0]
    pinned = _PINNED.fullmatch(spec)
    version, build = (pinned[2], pinned[3]) if pinned else (None, None)
    return Component(
        type=ComponentType.LIBRARY, name=name, version=version, bom_ref=f"conda:{spec}",
        purl=_purl(name, version, build=build) if build else _purl(name, version),
        scope=ComponentScope.REQUIRED, properties=[Property(name="conda:depends", value=spec)],
    )  # fmt: skip


def _tools(subject: Subject) -> list[Component]:
    compiler = (subject.claims or {}).get("compiler")
    if not isinstance(compiler, dict):
        return []
    return [
        Component(
            type=ComponentType.APPLICATION, name=str(compiler.get("id")), version=str(compiler.get("version")),
            bom_ref="tool:compiler", description="C++ compiler",
        )
    ]  # fmt: skip


def _facts(subject: Subject) -> dict[str, str]:
    claims = subject.claims or {}
    found = {
        "atheria:accel": subject.accel,
        "atheria:commit": claims.get("commit"),
        "conda:subdir": subject.contents.subdir,
        "conda:build": subject.contents.index.get("build"),
        "conda:licence-texts": " ".join(sorted(subject.contents.licences)) or None,
        "conda:virtual-packages": ", ".join(spec for spec in subject.contents.depends if spec.startswith("__")) or None,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _date(subject: Subject) -> datetime:
    """The sources' date, else that of the package; never the clock's."""
    date = (subject.claims or {}).get("date")
    if date:
        return datetime.strptime(str(date), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(int(subject.contents.index.get("timestamp") or 0) / 1000, timezone.utc)
