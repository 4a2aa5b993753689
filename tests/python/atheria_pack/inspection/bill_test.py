"""Bills of materials: what is in them, that they keep the CycloneDX schema, and that they are the same every time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.inspection.bill import bill_of_materials, renew_bills, write_bill
from atheria_pack.inspection.rules import Rules, load_rules
from atheria_pack.inspection.subject import read_subject
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from .draft import ROOT, Draft, core, runtime


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(ROOT)


@pytest.fixture(scope="module")
def core_draft(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    return core(tmp_path_factory.mktemp("core"))


def bill(draft: Draft, folder: Path, rules: Rules) -> dict[str, Any]:
    text = bill_of_materials(read_subject(draft.write(folder)), rules)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None, "not valid CycloneDX 1.6"
    value: dict[str, Any] = json.loads(text)
    return value


def test_contents(core_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    found = bill(core_draft, tmp_path, rules)
    root = found["metadata"]["component"]
    assert root["purl"] == "pkg:conda/atheria-core@0.1.0?build=cpu_py312_h0123456_200&subdir=linux-64&type=conda"
    assert root["licenses"] == [{"expression": "Apache-2.0 AND BSD-3-Clause"}]
    subject = read_subject(core_draft.write(tmp_path))
    assert root["hashes"] == [{"alg": "SHA-256", "content": subject.contents.sha256}]
    assert found["metadata"]["timestamp"] == "2026-09-20T10:00:00+00:00"
    (compiler,) = found["metadata"]["tools"]["components"]
    assert (compiler["name"], compiler["version"]) == ("GNU", "12.2.0")
    by_reference = {component["bom-ref"]: component for component in found["components"]}
    files = {reference.removeprefix("file:") for reference in by_reference if reference.startswith("file:")}
    assert files == set(subject.contents.files)
    assert by_reference["part:pybind11"]["licenses"] == [{"expression": "BSD-3-Clause"}]
    engine = by_reference["conda:libatheria-engine ==0.1.0 cpu_h7654321_200"]
    assert (engine["version"], engine["purl"]) == ("0.1.0", "pkg:conda/libatheria-engine@0.1.0?build=cpu_h7654321_200&type=conda")
    assert "version" not in by_reference["conda:python"]
    (root_needs,) = [entry["dependsOn"] for entry in found["dependencies"] if entry["ref"] == root["bom-ref"]]
    assert set(root_needs) == {reference for reference in by_reference if not reference.startswith("file:")}
    assert not any("__glibc" in reference for reference in by_reference), "what the system is, nobody installs"


def test_other_contents_make_another_bill(core_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    first, second = (bill(core_draft, tmp_path, rules) for _ in range(2))
    assert first == second
    changed = core_draft.copy()
    changed.files["bin/more"] = b"more"
    assert bill(changed, tmp_path, rules)["serialNumber"] != first["serialNumber"]


def test_parts_follow_the_binaries(tmp_path: Path, rules: Rules) -> None:
    draft = runtime(tmp_path)
    names = {component["name"] for component in bill(draft, tmp_path, rules)["components"]}
    assert "libstdc++ headers and libgcc start-up code" in names and "pybind11" not in names and "libdevice" not in names


def test_package_without_facts(tmp_path: Path, rules: Rules) -> None:
    draft = runtime(tmp_path)
    draft.facts = None
    assert bill(draft, tmp_path, rules)["metadata"]["timestamp"].startswith("2026-09-21")


def test_file_goes_beside_its_siblings(core_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    subject = read_subject(core_draft.write(tmp_path))
    path = write_bill(tmp_path / "sbom", subject, rules)
    assert path == tmp_path / "sbom" / "linux-64" / "atheria-core-0.1.0-cpu_py312_h0123456_200.conda.cdx.json"
    assert path.read_text() == bill_of_materials(subject, rules)


def test_renewing(core_draft: Draft, tmp_path: Path, rules: Rules) -> None:
    channel, folder = tmp_path / "channel", tmp_path / "sbom"
    (channel / "linux-64").mkdir(parents=True)
    first = core_draft.write(channel / "linux-64")
    renew_bills(channel, folder, rules)
    (kept,) = folder.rglob("*.json")
    whole = kept.read_text()
    kept.write_text(whole.replace('"GNU"', '"CLANG"'))
    renew_bills(channel, folder, rules)
    assert '"CLANG"' in kept.read_text(), "a current bill is not written again"
    renew_bills(channel, folder, replace(rules, digest="of other parts"))
    assert '"CLANG"' not in kept.read_text()
    kept.write_text("{")
    renew_bills(channel, folder, rules)
    assert kept.read_text() == whole
    changed = core_draft.copy()
    changed.files["bin/more"] = b"more"
    changed.write(channel / "linux-64")
    renew_bills(channel, folder, rules)
    assert "file:bin/more" in kept.read_text()
    first.unlink()
    renew_bills(channel, folder, rules)
    assert not kept.exists()
