"""Adds up what a CI run counted: `summary.py REPORTS FIRST_REPORT SECOND_REPORT [FAILED_STAGE...]`.

REPORTS holds the JUnit files of ctest and pytest; the two others are report.json of the first and the second build-all. The
last line is `N passed, N failed, N skipped`; status 0 only when nothing failed and nothing is missing.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

SECOND_BUILD_SECONDS = 15
Count = Callable[[Path], tuple[int, int, int]]


def junit(path: Path) -> tuple[int, int, int]:
    """Passed, failed, skipped of a JUnit file."""
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    # ctest calls a test that could not run `disabled` or gives it a <skipped>; pytest gives <skipped>.
    skipped = sum(case.find("skipped") is not None or case.get("status") in ("disabled", "notrun") for case in cases)
    return len(cases) - failed - skipped, failed, skipped


def built(path: Path) -> tuple[int, int, int]:
    """The same for a build: packages and their own tests, and the proofs; a package that was skipped is a skip."""
    report = json.loads(path.read_text())
    counts = report["counts"]
    proofs = [proof["success"] for proof in report["proofs"]]
    good = counts.get("built", 0) + counts.get("up to date", 0) + counts["tests passed"] + sum(proofs)
    bad = sum(counts.get(state, 0) for state in ("failed", "blocked", "not run")) + counts["tests failed"] + proofs.count(False)
    return good, bad + (not proofs), counts.get("skipped", 0)


def unchanged(path: Path) -> tuple[int, int, int]:
    """The second build must have found nothing to do, quickly."""
    report = json.loads(path.read_text())
    states = {cell["state"] for cell in report["cells"]}
    reused = bool(report["proofs"]) and all(proof["reused"] for proof in report["proofs"])
    good = states <= {"up to date", "skipped"} and reused and report["seconds"] < SECOND_BUILD_SECONDS
    print(f"second build-all: {report['seconds']:.1f} s, cells {', '.join(sorted(states))}, proofs reused: {reused}")
    return int(good), int(not good), 0


def main(words: list[str]) -> int:
    reports, first, second, *stages = words
    sums = [0, 0, 0]
    counted: list[tuple[str, Count, Path]] = [
        ("ctest", junit, Path(reports) / "ctest.xml"),
        ("pytest", junit, Path(reports) / "pytest.xml"),
        ("build-all", built, Path(first)),
        ("build-all again", unchanged, Path(second)),
    ]
    with_torch = Path(reports) / "pytest-torch.xml"
    if with_torch.exists():  # a stage of its own, which not every Python can run; it failing is told by its name
        counted.insert(2, ("pytest with torch", junit, with_torch))
    for name, count, path in counted:
        try:
            found = count(path)
        except (OSError, KeyError, ValueError, ElementTree.ParseError) as error:
            print(f"{name}: no result ({error})")
            found = (0, 1, 0)
        print(f"{name}: {found[0]} passed, {found[1]} failed, {found[2]} skipped")
        sums = [total + part for total, part in zip(sums, found, strict=True)]
    if stages:
        print(f"failed stages: {', '.join(stages)}")
        sums[1] = max(sums[1], len(stages))
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
    return 1 if sums[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
