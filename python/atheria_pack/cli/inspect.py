"""`inspect`: what packages really contain, compared with what they say."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from atheria_pack.cli.options import callers_folder, workspace_of
from atheria_pack.errors import PackError, UsageError
from atheria_pack.inspection.bill import write_bill
from atheria_pack.inspection.check import Inspection, inspect
from atheria_pack.inspection.difference import difference
from atheria_pack.inspection.finding import Finding, error
from atheria_pack.inspection.gpu import device_code
from atheria_pack.inspection.linkage import needed_libraries, newest_glibc
from atheria_pack.inspection.rules import load_rules
from atheria_pack.inspection.subject import read_subject
from atheria_pack.workspace import make_folder

HELP = "compare what packages contain with what they say, with their budgets and licences"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("packages", metavar="PACKAGE_OR_FOLDER", nargs="*", help=".conda files, or folders with some; default: output/channel")
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="the output folder whose channel is meant by default; default: output")
    parser.add_argument("--sbom", metavar="FOLDER", type=Path, help="write a CycloneDX bill of materials of each package below this folder")
    parser.add_argument("--diff", action="store_true", help="compare two packages with each other instead")
    parser.add_argument("--json", action="store_true", help="print one JSON value to stdout, talk on stderr")


def run(arguments: argparse.Namespace) -> int:
    workspace = workspace_of(arguments)
    rules = load_rules(workspace.root, (workspace.output,))
    if arguments.diff:
        return _run_difference(arguments)
    bills = callers_folder() / arguments.sbom if arguments.sbom else None
    if bills:
        make_folder("--sbom", bills)
    chosen = packages_of([callers_folder() / name for name in arguments.packages] or [workspace.channel])
    inspections: list[Inspection] = []
    unreadable: list[tuple[Path, Finding]] = []
    for path in chosen:
        try:
            inspections.append(inspect(path, rules))
        except PackError as problem:
            unreadable.append((path, error("package", path.name, "a whole package", problem)))
    if bills:
        for done in inspections:
            write_bill(bills, done.subject, rules)
    failed = bool(unreadable) or any(done.errors for done in inspections)
    if arguments.json:
        json.dump(as_json(inspections, unreadable), sys.stdout, indent=1)
        print()
    else:
        _print_table(inspections)
        _print_findings(inspections, unreadable)
    return 1 if failed else 0


def packages_of(places: Iterable[Path]) -> list[Path]:
    """The packages that files and folders name. UsageError when there are none."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = sorted(place.rglob("*.conda"))
            if not inside:
                raise UsageError(f"{place} has no .conda packages; `build-all` makes some")
            found += inside
        elif place.is_file():
            found.append(place)
        else:
            raise UsageError(f"{place} is no file and no folder; name packages (*.conda), or build some with `build-all`")
    return found


def as_json(inspections: Sequence[Inspection], unreadable: Sequence[tuple[Path, Finding]]) -> dict[str, Any]:
    """All of it for other programs."""
    return {
        "schema": 1,
        "packages": [_row(done) | {"findings": [finding.as_json() for finding in done.findings]} for done in inspections],
        "unreadable": [{"file": str(path), "findings": [finding.as_json()]} for path, finding in unreadable],
        "errors": len(unreadable) + sum(len(done.errors) for done in inspections),
    }


def _row(done: Inspection) -> dict[str, Any]:
    contents = done.subject.contents
    device: dict[str, int] = {}
    for path in done.subject.binaries:
        try:
            found = device_code(contents.files[path].data).sizes
        except ValueError:
            continue  # a finding of its own
        for name, size in found.items():
            device[name] = device.get(name, 0) + size
    return {
        "file": f"{contents.subdir}/{contents.file_name}",
        "accel": done.subject.accel,
        "compressed": contents.compressed,
        "installed": contents.installed,
        "budget": done.allowance.limit,
        "libraries": needed_libraries(done.subject),
        "glibc": newest_glibc(done.subject),
        "device_code": device,
        "licence": contents.about.get("license"),
    }


def _print_table(inspections: Sequence[Inspection]) -> None:
    head = ("package", "packed", "installed", "budget", "glibc", "GPUs", "needs", "found")
    rows: list[tuple[str, ...]] = [head]
    for done in inspections:
        row = _row(done)
        share = done.allowance.share
        warnings = len(done.findings) - len(done.errors)
        rows.append((
            row["file"], _size(row["compressed"]), _size(row["installed"]), f"{share:.0%}" if share is not None else "-",
            row["glibc"] or "-", " ".join(row["device_code"]) or "-", " ".join(row["libraries"]) or "-",
            f"{len(done.errors)} errors" if done.errors else f"{warnings} warnings" if warnings else "as it says",
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for texts in rows:
        print("  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)).rstrip())


def _print_findings(inspections: Sequence[Inspection], unreadable: Sequence[tuple[Path, Finding]]) -> None:
    for done in inspections:
        for finding in done.findings:
            print(f"{done.subject.contents.file_name}: {finding}")
    for _, finding in unreadable:
        print(finding)
    errors = len(unreadable) + sum(len(done.errors) for done in inspections)
    warnings = sum(len(done.findings) - len(done.errors) for done in inspections)
    print(f"{len(inspections) + len(unreadable)} packages: {errors} errors, {warnings} warnings")


def _size(count: int) -> str:
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.2f} MB"


def _run_difference(arguments: argparse.Namespace) -> int:
    if len(arguments.packages) != 2:
        raise UsageError(f"--diff compares two packages, not {len(arguments.packages)}")
    first, second = (read_subject(callers_folder() / name) for name in arguments.packages)
    lines = difference(first, second)
    if arguments.json:
        json.dump({"schema": 1, "differences": [line.as_json() for line in lines]}, sys.stdout, indent=1)
        print()
    else:
        for line in lines:
            print(line)
        print(f"{len(lines)} differences between {first.contents.file_name} and {second.contents.file_name}")
    return 1 if lines else 0
