"""Tests here may serve channels."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from serving import bucket, serve_by_nginx, serve_with_faults  # noqa: E402, F401
