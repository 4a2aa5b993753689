"""Compares the installed size of a package with its output's budget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from atheria_pack.inspection.fatbin import FatbinError
from atheria_pack.inspection.finding import Finding, error
from atheria_pack.inspection.gpu import device_code
from atheria_pack.inspection.offload_bundle import BundleError
from atheria_pack.inspection.rules import BUDGETS, Rules
from atheria_pack.inspection.subject import Subject

_LARGEST = 3


@dataclass(frozen=True)
class Allowance:
    """How many bytes a package takes and may take; `limit` None where the table does not know the output."""

    size: int
    limit: int | None

    @property
    def share(self) -> float | None:
        """The part of the budget that is used; None without one, or when nothing is allowed and nothing taken."""
        return self.size / self.limit if self.limit else None


def allowance(subject: Subject, rules: Rules) -> Allowance:
    """The budget of a package: its output's, its accelerator's and that of the GPUs in it."""
    budget = rules.budgets.get(subject.contents.name)
    if budget is None:
        return Allowance(subject.contents.installed, None)
    own = re.sub(r"\d+$", "", subject.accel)
    limit = budget.base + budget.added.get(own, 0)
    limit += limit * budget.platforms.get(subject.contents.subdir, 0) // 100
    # Only where device code belongs, an architecture earns the package its bytes.
    if own in rules.architectures and own in budget.added:
        limit += rules.architectures[own] * len(_architectures(subject))
    return Allowance(subject.contents.installed, limit)


def check_budget(subject: Subject, rules: Rules) -> Iterator[Finding]:
    """Over budget is an error that names the largest files, and so is the code of a GPU over its own."""
    taken = allowance(subject, rules)
    if taken.limit is None:
        yield error("budget", "", f"an entry for {subject.contents.name} in {BUDGETS}", "none")
    elif taken.size > taken.limit:
        files = sorted(((len(member.data), path) for path, member in subject.contents.files.items()), reverse=True)[:_LARGEST]
        named = ", ".join(f"{path} ({size})" for size, path in files)
        yield error("budget", "", f"at most {taken.limit} bytes installed ({BUDGETS})", f"{taken.size}; largest: {named}")
    own = re.sub(r"\d+$", "", subject.accel)
    limit = rules.architectures.get(own)
    for name, size in sorted(_architectures(subject).items()):
        if limit is not None and size > limit:
            yield error("budget", "", f"at most {limit} bytes for {name} ({BUDGETS})", size)


def _architectures(subject: Subject) -> dict[str, int]:
    total: dict[str, int] = {}
    for path in subject.binaries:
        try:
            found = device_code(subject.contents.files[path].data).sizes
        except (FatbinError, BundleError):
            continue  # a finding of its own
        for name, size in found.items():
            total[name] = total.get(name, 0) + size
    return total
