"""A class per meaning, an exit code per class, a class for every native status."""

from __future__ import annotations

import re
from pathlib import Path

from atheria import errors

HEADER = Path(__file__).parents[3] / "native/include/atheria/status.h"


def all_classes() -> list[type[errors.AtheriaError]]:
    return [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.AtheriaError)]


def test_exit_codes_are_distinct_and_not_zero() -> None:
    codes = [c.exit_code for c in all_classes()]
    assert len(set(codes)) == len(codes)
    assert all(0 < code < 256 for code in codes)


def test_every_native_status_has_a_class() -> None:
    names = set(re.findall(r"^  ATH_(\w+) = \d+", HEADER.read_text(), re.M)) - {"OK"}
    assert set(errors.BY_STATUS) == names


def test_status_becomes_exception() -> None:
    error = errors.error_of_status("OUT_OF_RANGE", "cell 7")
    assert type(error) is errors.RangeError and str(error) == "cell 7"
    unknown = errors.error_of_status("NEW_STATUS", "")
    assert type(unknown) is errors.InternalError and "NEW_STATUS" in str(unknown)
