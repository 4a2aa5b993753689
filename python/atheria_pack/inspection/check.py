"""All checks of one package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from atheria_pack.inspection.budget import Allowance, allowance, check_budget
from atheria_pack.inspection.finding import Finding, Severity
from atheria_pack.inspection.gpu import check_gpu
from atheria_pack.inspection.identity import check_identity
from atheria_pack.inspection.licences import check_licences
from atheria_pack.inspection.linkage import check_linkage
from atheria_pack.inspection.processor import check_processor
from atheria_pack.inspection.rules import Rules
from atheria_pack.inspection.subject import Subject, read_subject
from atheria_pack.inspection.traces import check_traces


@dataclass(frozen=True)
class Inspection:
    """A package, what was found, and how much of its budget it takes."""

    subject: Subject
    findings: tuple[Finding, ...]
    allowance: Allowance

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]


def inspect(path: Path, rules: Rules) -> Inspection:
    """Read a package and compare all it says with all it is. PackageFileError when it cannot be read."""
    subject = read_subject(path)
    findings = (
        *subject.unreadable,
        *check_identity(subject),
        *check_processor(subject),
        *check_gpu(subject),
        *check_linkage(subject),
        *check_traces(subject, rules.folders),
        *check_licences(subject, rules),
        *check_budget(subject, rules),
    )
    return Inspection(subject, findings, allowance(subject, rules))


def check(path: Path, rules: Rules) -> list[Finding]:
    """What is wrong with a package; it may be published when none of it is an error."""
    return list(inspect(path, rules).findings)
