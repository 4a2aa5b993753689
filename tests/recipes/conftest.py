"""Where the published schemas are, if they are here."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def schemas() -> Path:
    folder = Path(os.environ.get("ATHERIA_SCHEMAS") or ROOT.parent / "shared" / "schemas")
    if not folder.is_dir():
        pytest.skip(f"the published schemas are not at {folder}; set ATHERIA_SCHEMAS to a folder with them")
    return folder
