"""Tests here use the channels and the servers of tests/python/atheria_pack/mirror."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python" / "atheria_pack" / "mirror"))

from serving import bucket, serve_by_nginx, serve_with_faults  # noqa: E402, F401
