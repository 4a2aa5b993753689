"""Turns `matrix --json` (stdin) into the job matrix of packages.yml (stdout), and says which builds get no job and why.

One job for each platform and accelerator, on the runner of that platform, where everything of it can be built natively. The
machine that plans knows for its own platform what no machine of the kind can build (no HIP compiler in the channel): that gets
no job. For the other platforms it knows only what it could not cross-compile, which says nothing about their own runners.
"""

import json
import sys
from typing import Any

SKIPPED = "skipped"


def cells_of(matrix: dict[str, Any], build: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a platform and accelerator."""
    return [cell for cell in matrix["cells"] if (cell["platform"], cell["accel"]) == (build["platform"], build["accel"])]


def is_buildable(matrix: dict[str, Any], build: dict[str, Any]) -> bool:
    """Whether the runner of a build's platform can be expected to make its Python packages, which need all the others.

    A mutex without files can be made anywhere: it alone is no reason for a job.
    """
    if build["platform"] != matrix["native"]:
        return True
    return any(cell["python"] and cell["state"] != SKIPPED for cell in cells_of(matrix, build))


def planned(matrix: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The `include` list of the job matrix, and a line for each build that gets no job."""
    jobs, left_out = [], []
    for build in matrix["builds"]:
        if is_buildable(matrix, build):
            settled = {cell["python"] for cell in cells_of(matrix, build) if cell["python"] and not cell["preview"]}
            pythons = [python for python in build["pythons"] if python in settled]
            jobs.append({**{key: build[key] for key in ("platform", "runner", "accel")}, "pythons": ",".join(pythons)})
        else:
            reason = next((cell["reason"] for cell in cells_of(matrix, build) if cell["state"] == SKIPPED), "nothing to build")
            left_out.append(f"{build['platform']} {build['accel']}: {reason}")
    return jobs, left_out


def main() -> int:
    matrix = json.load(sys.stdin)
    jobs, left_out = planned(matrix)
    for line in left_out:
        print(f"no job for {line}", file=sys.stderr)
    if not jobs:
        print("error: nothing can be built on any runner", file=sys.stderr)
        return 1
    # Windows' packages are built by conda-build: the driver needs POSIX locks and sessions.
    print("builds=" + json.dumps([job for job in jobs if not job["platform"].startswith("win-")]))
    print("windows=" + json.dumps([job for job in jobs if job["platform"].startswith("win-")]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
