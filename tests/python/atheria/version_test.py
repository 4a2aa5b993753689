"""One version everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import atheria

HEADER = Path(__file__).parents[3] / "native/include/atheria/version.h"


def test_version_is_that_of_the_header() -> None:
    found = dict(re.findall(r"#define ATH_VERSION_(MAJOR|MINOR|PATCH) (\d+)", HEADER.read_text()))
    assert atheria.__version__ == f"{found['MAJOR']}.{found['MINOR']}.{found['PATCH']}"
