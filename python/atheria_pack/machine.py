"""What this machine has for a run: cores, and memory that can be had."""

from __future__ import annotations

import os
from pathlib import Path

from atheria_pack.errors import PackError

# One job with a C++ compiler in it: what it may take before another one is started beside it.
JOB_MEMORY = 2 << 30


def cores() -> int:
    """The cores this process may use; where the system does not say (macOS), all there are."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def default_jobs() -> int:
    """As many as there are cores, and as memory allows when each compiles."""
    return max(1, min(cores(), available_memory() // JOB_MEMORY))


def available_memory(proc: Path = Path("/proc/meminfo")) -> int:
    """Bytes that can be had without swapping, by the kernel's own estimate; where there is none (macOS), half of all memory."""
    if not proc.exists():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    for line in proc.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise PackError(f"{proc} has no MemAvailable; give --jobs")
