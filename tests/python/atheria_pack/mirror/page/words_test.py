"""Sizes, days and anchors as the page has them."""

import pytest
from atheria_pack.mirror.page.words import anchor, day, many, safe, seconds, size_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (1_540, "1.54 kB"), (99_940, "99.9 kB"), (99_960, "100 kB"), (999_600, "1 MB"),
     (1_234_567_890, "1.23 GB"), (2_500_000_000_000, "2.50 TB")],
)  # fmt: skip
def test_a_size(size: int, text: str) -> None:
    assert size_text(size) == text


@given(st.integers(0, 10**15))
def test_a_size_is_near_what_it_says(size: int) -> None:
    number, unit = size_text(size).replace(",", "").split(" ")
    assert abs(float(number) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit] - size) <= max(0.006 * size, 0)


@given(st.text(), st.text())
def test_other_names_have_other_anchors(first: str, second: str) -> None:
    assert (anchor(first) == anchor(second)) == (first == second)
    assert all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in anchor(first))


@pytest.mark.parametrize(("stamp", "text"), [(1_760_000_000_000, "2025-10-09"), (1_400_000_000, "2014-05-13"), (1_760_000_000_000.5, "2025-10-09")])
def test_a_time_stamp_in_either_unit(stamp: float, text: str) -> None:
    found = seconds(stamp)
    assert found is not None and day(found) == text


@given(st.one_of(st.none(), st.text(), st.booleans(), st.integers(), st.floats(), st.lists(st.integers())))
def test_any_time_stamp_is_a_day_or_none(stamp: object) -> None:
    found = seconds(stamp)
    assert found is None or len(day(found)) == 10


@given(st.text())
def test_safe_text_ends_nothing(text: str) -> None:
    assert not set("<>\"'\0\u202e") & set(safe(text))


def test_a_number_with_its_noun() -> None:
    assert [many(number, "build") for number in (0, 1, 1234)] == ["0 builds", "1 build", "1,234 builds"]
