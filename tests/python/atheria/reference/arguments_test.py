"""Numbers from outside: what is no integer, no finite number or out of range is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from atheria.errors import UsageError
from atheria.reference.arguments import require_finite, require_integer


def test_integers() -> None:
    assert require_integer("n", np.int64(3), 0, 3) == 3
    for wrong in (-1, 4, 10**30, 1.5, 2.0, "2", None, True):
        with pytest.raises(UsageError, match=r"n is .*, expected an integer from 0 to 3"):
            require_integer("n", wrong, 0, 3)


def test_finite_numbers() -> None:
    assert require_finite("x", np.float32(0.5)) == 0.5 and require_finite("x", 2) == 2.0
    wrong: list[Any] = [float("nan"), float("inf"), "0.5", b"1", None, [1], 10**400, 1j]
    for value in wrong:
        with pytest.raises(UsageError, match=r"x is .*, expected a finite number"):
            require_finite("x", value)
