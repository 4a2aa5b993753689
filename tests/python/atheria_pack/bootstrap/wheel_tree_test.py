"""The tree made of a wheel: refused when damaged or described wrongly, scripts written for one Python only."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from atheria_pack.bootstrap.interpreter_tree import PREFIX_MARK
from atheria_pack.bootstrap.recipes import BootstrapRecipe, read_recipe
from atheria_pack.bootstrap.wheel_tree import make_wheel_tree
from atheria_pack.bootstrap.wheels import WheelPin
from atheria_pack.errors import BootstrapError

sys.path.insert(0, str(Path(__file__).parent))

from wheel_file import MEMBERS, NAME, record_of, write_wheel  # noqa: E402

RECIPE = """\
package: {name: tiny, version: "1.0"}
build:
  noarch: python
  python: {entry_points: ["tiny = tiny.cli:main"]}
extra:
  bootstrap:
    made_from: wheel
    wheels: [{file: tiny-1.0-py3-none-any.whl, sha256: x}]
"""


def recipe(folder: Path, text: str = RECIPE) -> BootstrapRecipe:
    (folder / "tiny").mkdir()
    (folder / "tiny" / "recipe.yaml").write_text(text)
    return read_recipe(folder / "tiny")


def test_a_pinned_wheel_that_contradicts_its_record_is_not_unpacked(tmp_path: Path) -> None:
    digest = write_wheel(tmp_path / NAME, {**MEMBERS, "tiny/__init__.py": b"VALUE = 2\n"}, record_of(MEMBERS))
    with pytest.raises(BootstrapError, match=r"tiny/__init__\.py has sha256"):
        make_wheel_tree(recipe(tmp_path), WheelPin(NAME, digest), tmp_path / NAME, None, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_a_package_for_any_python_lists_the_scripts_its_wheel_declares(tmp_path: Path) -> None:
    pin = WheelPin(NAME, write_wheel(tmp_path / NAME, MEMBERS))
    good = recipe(tmp_path)
    make_wheel_tree(good, pin, tmp_path / NAME, None, tmp_path / "tree")
    assert (tmp_path / "tree" / "wheel" / "tiny" / "__init__.py").is_file()
    assert list((tmp_path / "tree" / "bin").iterdir()) == []
    (tmp_path / "other").mkdir()
    wrong = recipe(tmp_path / "other", RECIPE.replace("tiny.cli:main", "tiny.cli:run"))
    with pytest.raises(BootstrapError, match=r"tiny\.cli:run.* but tiny-1\.0-py3-none-any\.whl declares .*tiny\.cli:main"):
        make_wheel_tree(wrong, pin, tmp_path / NAME, None, tmp_path / "another")


def test_a_package_for_one_python_gets_its_scripts(tmp_path: Path) -> None:
    pin = WheelPin(NAME, write_wheel(tmp_path / NAME, MEMBERS), "3.12")
    text = RECIPE.replace("    made_from", "    for_each: python\n    made_from").replace("  noarch: python\n", "")
    make_wheel_tree(recipe(tmp_path, text), pin, tmp_path / NAME, "3.12", tmp_path / "tree")
    script = tmp_path / "tree" / "bin" / "tiny"
    assert script.read_text().startswith(f"#!{PREFIX_MARK}/bin/python3.12\n")
    assert "from tiny.cli import main" in script.read_text() and script.stat().st_mode & 0o111


def test_licences_are_gathered_from_where_old_and_new_wheels_keep_them(tmp_path: Path) -> None:
    licences = {
        "tiny-1.0.dist-info/LICENSE.txt": b"beside the metadata\n",
        "tiny-1.0.dist-info/licenses/COPYING": b"in its folder\n",
        "tiny-1.0.dist-info/licenses/vendored/one/LICENSE": b"of what is inside\n",
        "tiny/LICENSE": b"of a module, and no licence file of the wheel\n",
    }
    digest = write_wheel(tmp_path / NAME, {**MEMBERS, **licences})
    make_wheel_tree(recipe(tmp_path), WheelPin(NAME, digest), tmp_path / NAME, None, tmp_path / "tree")
    found = {path.name: path.read_bytes() for path in (tmp_path / "tree" / "licenses").iterdir()}
    assert found == {
        "LICENSE.txt": b"beside the metadata\n",
        "COPYING": b"in its folder\n",
        "vendored-one-LICENSE": b"of what is inside\n",
    }
