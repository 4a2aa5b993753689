"""Runs the conformance suite and the text programs on this machine's GPU; fails where there is none."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = ("cuda", "rocm", "metal")


def plugins_in(build: Path) -> list[str]:
    """The GPU backends that this build has."""
    files = {path.stem.removeprefix("lib") for path in (build / "backends").glob("*atheria_backend_*")}
    return [name for name in BACKENDS if f"atheria_backend_{name}" in files]


def run(program: Path, build: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit status of a test program and what it said."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ATHERIA_", "EMULATED_"))}
    env.update(environment, ATHERIA_BACKEND_PATH=str(build / "backends"))
    done = subprocess.run([program], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def judge(backend: str, build: Path) -> dict[str, object]:
    """Both test programs on one backend."""
    tests = build / "tests"
    code, said = run(tests / "conformance" / "conformance", build, {"CONFORMANCE_SUBJECT": backend})
    subject = next((line for line in said.splitlines() if line.startswith(("subject ", "skip "))), "")
    report: dict[str, object] = {"backend": backend, "subject": subject, "conformance": code == 0, "said": said}
    if code == 0:
        code, said = run(tests / "programs" / "programs", build, {"PROGRAMS_MUST_RUN_ON": backend})
        report.update(programs=code == 0, said=said)
    return report | {"passed": code == 0}


def main() -> int:
    """One line a backend; exit status 1 if any failed or none was there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backends", nargs="*", metavar="BACKEND", help="cuda, rocm, metal; none: those the build has")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "dev" / "native", help="build tree with tests")
    parser.add_argument("--json", action="store_true", help="report as JSON on stdout")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.backends if name not in BACKENDS]
    if unknown:
        parser.error(f"no GPU backend {unknown[0]!r}; there are {', '.join(BACKENDS)}")
    there = plugins_in(arguments.build)
    missing = [name for name in arguments.backends if name not in there]
    if missing or not there:
        what = f"no plugin of {missing[0]}" if missing else "no GPU plugin"
        print(f"{arguments.build} has {what}; `./run build-dev` makes cuda where nvcc is and rocm where hipcc is", file=sys.stderr)
        return 1
    reports = [judge(name, arguments.build) for name in arguments.backends or there]
    # A build may have plugins for GPUs of other makers; unless named, one that works is enough.
    absent = [report for report in reports if not arguments.backends and str(report["subject"]).startswith("skip ")]
    judged = [report for report in reports if report not in absent]
    for report in reports:
        word = "passed" if report["passed"] else "absent" if report in absent else "FAILED"
        print(f"{word}: {report['subject'] or report['backend']}", file=sys.stderr)
        if word == "FAILED":
            print(report["said"], file=sys.stderr)
    if arguments.json:
        print(json.dumps(reports, indent=1))
    return 0 if judged and all(report["passed"] for report in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
