"""Numbers from outside: of the right kind and range, or a UsageError that names them."""

from __future__ import annotations

import math
import operator
from typing import Any

from ..errors import UsageError


def require_integer(what: str, value: Any, low: int, high: int) -> int:
    """`value` as an int in low .. high.  Raises UsageError for another range, and for anything that is no integer."""
    try:
        number = operator.index(value)
    except TypeError:
        raise UsageError(f"{what} is {value!r}, expected an integer from {low} to {high}") from None
    if isinstance(value, bool) or not low <= number <= high:
        raise UsageError(f"{what} is {value!r}, expected an integer from {low} to {high}")
    return number


def require_finite(what: str, value: Any) -> float:
    """`value` as a finite float.  Raises UsageError for NaN, infinities and anything that is no real number."""
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{what} is {value!r}, expected a finite number")
    return number
