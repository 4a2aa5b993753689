"""variants.yaml: zip groups, overlays, narrowing, multiplying out."""

from pathlib import Path

import pytest
from atheria_pack.errors import UsageError, VariantsError
from atheria_pack.platforms import PLATFORMS
from atheria_pack.variants import Variants, check_names, combinations, load_variants, overlaid, short_python
from hypothesis import given
from hypothesis import strategies as st

PAIR = Variants(
    {"atheria_accel": ("openblas", "cpu"), "offset": ("100", "200"), "python": ("3.10.* *_cpython", "3.13.* *_cp313")},
    (("atheria_accel", "offset"),),
)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "variants.yaml"
    path.write_text(text)
    return path


def test_zip_groups_go_row_by_row() -> None:
    rows = [(row["atheria_accel"], row["offset"], short_python(row["python"])) for row in combinations(PAIR)]
    assert rows == [("openblas", "100", "3.10"), ("openblas", "100", "3.13"), ("cpu", "200", "3.10"), ("cpu", "200", "3.13")]


def test_unequal_zip_names_keys_and_lengths(tmp_path: Path) -> None:
    path = write(tmp_path, "a: [1, 2]\nb: [1, 2, 3]\nzip_keys:\n  - [a, b]\n")
    with pytest.raises(VariantsError, match=r"b has 3 values, a has 2; a zip group goes row by row"):
        load_variants(path, "linux-64")


def test_the_odd_key_of_a_zip_group_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a: [1, 2]\nb: [1, 2]\nc: [1, 2]\nd: [1, 2, 3]\nzip_keys:\n  - [d, a, b, c]\n")
    with pytest.raises(VariantsError) as caught:
        load_variants(path, "linux-64")
    assert str(caught.value) == (
        "variants.yaml: d has 3 values, the other 3 keys of its zip group (a, b, c) have 2; "
        "a zip group goes row by row: give all of them the same count"
    )


def test_conditions_are_of_the_platform(tmp_path: Path) -> None:
    path = write(tmp_path, "cxx_compiler:\n  - if: linux\n    then: gxx\n  - if: osx\n    then: clangxx\n")
    assert load_variants(path, "linux-64").keys["cxx_compiler"] == ("gxx",)
    assert load_variants(path, "osx-arm64").keys["cxx_compiler"] == ("clangxx",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1\nb", "variants.yaml:3:1: while parsing a flow sequence, expected ',' or ']'"),
        ("b: [1]\na: 3\n", "variants.yaml:2:4: Variant values for 'a' must be a list\n  2 | a: 3"),
        ("a: [[1]]\n", "variants.yaml:1:5: expected a scalar, found a non-scalar\n  1 | a: [[1]]"),
        ("- a\n", "variants.yaml:1:1: Top level must be a mapping\n  1 | - a"),
        ("a: [1]\na: [2]\n", 'variants.yaml: Duplicate key "a" in mapping at 1:1 and 2:1'),
    ],
)
def test_a_file_that_does_not_parse_says_where(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(VariantsError) as caught:
        load_variants(write(tmp_path, text), "linux-64")
    assert str(caught.value) == told


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VariantsError, match=f"^{tmp_path}/variants.yaml is missing$"):
        load_variants(tmp_path / "variants.yaml", "linux-64")


def test_unknown_accelerator_lists_the_legal_ones() -> None:
    with pytest.raises(UsageError, match=r"--accel cpuu: .* it has openblas, cpu; did you mean cpu\?"):
        check_names({"linux-64": PAIR}, accels=["cpuu"])


def test_unknown_python_lists_the_legal_ones() -> None:
    with pytest.raises(UsageError, match=r"--python 3\.9: .* it has 3\.10, 3\.13"):
        check_names({"linux-64": PAIR}, pythons=["3.9"])


def test_a_name_of_one_platform_is_legal_for_all() -> None:
    metal = Variants({"atheria_accel": ("cpu", "metal")})
    check_names({"linux-64": PAIR, "osx-arm64": metal}, accels=["metal", "openblas"])
    with pytest.raises(UsageError, match=r"--accel mettal: .* it has openblas, cpu, metal; did you mean metal\?"):
        check_names({"linux-64": PAIR, "osx-arm64": metal}, accels=["mettal"])


def test_a_name_of_another_platform_is_not_said_to_be_none_of_the_file() -> None:
    with pytest.raises(UsageError, match=r"--accel metal: not in variants\.yaml for linux-64; it has openblas, cpu$"):
        check_names({"linux-64": PAIR}, accels=["metal"])
    with pytest.raises(UsageError, match=r"--accel metal: not in variants\.yaml; it has openblas, cpu$"):
        check_names(dict.fromkeys(PLATFORMS, PAIR), accels=["metal"])


def test_previews_are_no_axis(tmp_path: Path) -> None:
    text = "python: [3.13.* *_cp313, 3.14.* *_cp314]\natheria_preview_python: ['3.14']\n"
    found = load_variants(write(tmp_path, text), "linux-64")
    assert (found.preview_pythons, sorted(found.keys)) == (frozenset({"3.14"}), ["python"])
    with pytest.raises(VariantsError, match=r"atheria_preview_python has 3\.15, but python has only 3\.13, 3\.14"):
        load_variants(write(tmp_path, text.replace("'3.14'", "'3.15'")), "linux-64")


def test_one_overlaid_value_stands_for_every_row() -> None:
    laid = overlaid(PAIR, {"offset": ["7"], "new": ["x", "y"]})
    assert laid.keys["offset"] == ("7", "7")
    assert laid.keys["new"] == ("x", "y")


def test_an_overlaid_version_is_for_rows_that_have_one() -> None:
    gpu = Variants({"accel": ("rocm", "cpu"), "hip_compiler_version": ("22", "None")}, (("accel", "hip_compiler_version"),))
    assert overlaid(gpu, {"hip_compiler_version": ["5.2"]}).keys["hip_compiler_version"] == ("5.2", "None")


def test_an_overlay_that_breaks_a_group_is_refused() -> None:
    with pytest.raises(VariantsError, match="offset has 3 values, atheria_accel has 2"):
        overlaid(PAIR, {"offset": ["1", "2", "3"]})


@st.composite
def variants(draw: st.DrawFn) -> Variants:
    names = draw(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(0, len(names)))
    rows = draw(st.integers(1, 3))
    keys = {
        name: tuple(f"{name}{i}" for i in range(rows if at < cut else draw(st.integers(1, 3)))) for at, name in enumerate(names)
    }
    return Variants(keys, (tuple(names[:cut]),) if cut > 1 else ())


@given(variants())
def test_combinations_are_all_and_distinct(given_variants: Variants) -> None:
    rows = combinations(given_variants)
    expected = 1
    counted: set[tuple[str, ...]] = set()
    for key, values in given_variants.keys.items():
        group = given_variants.group_of(key)
        if group not in counted:
            counted.add(group)
            expected *= len(values)
    assert len(rows) == expected
    assert len({tuple(sorted(row.items())) for row in rows}) == expected
    for group in given_variants.zip_keys:
        for row in rows:
            positions = {given_variants.keys[key].index(row[key]) for key in group}
            assert len(positions) == 1
