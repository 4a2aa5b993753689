"""Checks that a package carries the licence texts of everything in it, and that its licence expression says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cyclonedx import spdx

from atheria_pack.inspection.finding import Finding, error
from atheria_pack.inspection.rules import Part, Rules
from atheria_pack.inspection.subject import Subject

PRODUCT = "Apache-2.0"


def parts_in(subject: Subject, parts: Sequence[Part]) -> list[Part]:
    """Which parts are in this package: by its name, accelerator and platform, and by what its binaries show."""
    own = re.sub(r"\d+$", "", subject.accel)
    data = [subject.contents.files[path].data for path in subject.binaries]
    return [
        part
        for part in parts
        if subject.contents.name in part.into
        and part.accelerator in (None, own)
        and part.platform in (None, subject.contents.subdir)
        and (part.evidence is None or any(re.search(part.evidence, content) for content in data))
    ]


def check_licences(subject: Subject, rules: Rules) -> Iterator[Finding]:
    """The product's text, a text for every part that wants one, and a valid expression that names them all."""
    texts = {_plain(text) for text in subject.contents.licences.values()}
    if _plain(rules.product) not in texts:
        yield error("licence-text", "info/licenses", "the product's own LICENSE", sorted(subject.contents.licences))
    expression = str(subject.contents.about.get("license") or "")
    if expression != str(subject.contents.index.get("license") or ""):
        yield error("licence", "info/index.json", f"{expression}, as info/about.json says", subject.contents.index.get("license"))
    if not (spdx.is_expression(expression) or spdx.is_supported_id(expression)):
        yield error("licence", "info/about.json", "an SPDX expression", expression or None)
    terms = {term.strip("() ") for term in re.split(r"\bAND\b", expression)}
    if PRODUCT not in terms:
        yield error("licence", "info/about.json", f"{PRODUCT} among the licences", expression)
    wanted = {PRODUCT}
    for part in parts_in(subject, rules.parts):
        if part.text is None:
            continue
        if _plain(part.text) not in texts:
            carried = sorted(subject.contents.licences)
            yield error("licence-text", "info/licenses", f"licenses/{part.text_name}, for {part.name} is in the binaries", carried)
        if part.stated:
            wanted.add(part.licence)
        if part.stated and part.licence not in terms:
            yield error("licence", "info/about.json", f"AND {part.licence}, for {part.name}", expression)
    if terms - wanted:
        yield error("licence", "info/about.json", f"only {' AND '.join(sorted(wanted))}", expression)


def _plain(text: bytes) -> bytes:
    """A text without what git or an editor may have changed on the way: line ends and blanks before them."""
    return b"\n".join(line.rstrip() for line in text.strip().splitlines())
