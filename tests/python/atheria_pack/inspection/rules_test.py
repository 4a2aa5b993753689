"""The tables packages are measured by: they name every output, and what is wrong in them is told."""

import re
from pathlib import Path

import pytest
import yaml
from atheria_pack.inspection.rules import RulesError, load_rules
from cyclonedx import spdx

from .draft import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "licenses").mkdir()
    for name in ("LICENSE", "recipes/budgets.yaml", *(f"licenses/{path.name}" for path in (ROOT / "licenses").iterdir())):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def test_every_output_has_a_budget() -> None:
    outputs = {name for path in ROOT.glob("recipes/atheria*/recipe.yaml") for name in re.findall(r"package:\n\s+name: (\S+)", path.read_text())}
    assert outputs and outputs <= set(load_rules(ROOT).budgets)


def test_parts_are_whole() -> None:
    rules = load_rules(ROOT)
    for part in rules.parts:
        simple = part.licence.replace("LicenseRef-NVIDIA-CUDA-EULA", "MIT")  # a licence that SPDX has no name for
        assert spdx.is_expression(simple), part.licence
        assert set(part.into) <= set(rules.budgets), part.name
        assert (part.text is None) == (part.text_name is None)
    texts = {path.name for path in (ROOT / "licenses").glob("*.txt")}
    assert texts == {part.text_name for part in rules.parts if part.text_name}, "a text without a part, or a part without its text"


def test_this_machines_folders_are_watched_for(tmp_path: Path) -> None:
    assert set(load_rules(ROOT, (tmp_path,)).folders) == {str(ROOT), str(tmp_path), str(Path.home())}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("recipes/budgets.yaml", "    base: ", "    bas: ", "libatheria-runtime needs base"),
        ("licenses/parts.yaml", "licence: BSD-3-Clause", "license: BSD-3-Clause", "lacks"),
        ("licenses/parts.yaml", "evidence: pybind11", "evidence: 'pybind11('", "no regular expression"),
        ("licenses/parts.yaml", "text: pybind11.txt", "text: pybind12.txt", "pybind12.txt is missing"),
        ("licenses/parts.yaml", "parts:", "parts: [", "no YAML"),
        ("licenses/parts.yaml", None, "- a list", "no mapping"),
    ],
)
def test_mistakes_are_told(copy: Path, file: str, old: str | None, new: str, message: str) -> None:
    text = (copy / file).read_text()
    (copy / file).write_text(new if old is None else text.replace(old, new, 1))
    with pytest.raises(RulesError, match=re.escape(message)):
        load_rules(copy)


def test_missing_table(copy: Path) -> None:
    (copy / "recipes" / "budgets.yaml").unlink()
    with pytest.raises(RulesError, match=r"budgets\.yaml is missing"):
        load_rules(copy)


def test_every_number_has_a_reason() -> None:
    table = yaml.safe_load((ROOT / "recipes" / "budgets.yaml").read_text())
    assert all(entry["why"] for group in table.values() for entry in group.values())
