"""Looks for traces of the building machine in a package: its folders and its users."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from atheria_pack.inspection.finding import Finding, error, warning
from atheria_pack.inspection.subject import Subject

# What homes and build folders look like on any machine; `placehold` is what conda's tools pad a build's prefix with.
_TELLING = (
    rb"/home/[a-z_][\w.-]*/|/Users/[\w.-]+/|[A-Za-z]:[\\/]Users[\\/][\w. -]+[\\/]"
    rb"|/[\w./-]*(?:placehold_placehold|conda-bld|rattler-build_)[\w./-]*|/[\w.-][\w./-]*/(?:build_env|host_env)[\w./-]*"
)
_METADATA = ("info/about.json", "info/index.json", "info/paths.json", "info/run_exports.json", "info/hash_input.json")


def check_traces(subject: Subject, folders: Sequence[str]) -> Iterator[Finding]:
    """`folders`: those of this machine that a build could have left (the project's, the output's, the user's home)."""
    named = b"|".join(re.escape(folder.rstrip("/").encode()) + rb"(?:/[\w./-]*|(?![\w.-]))" for folder in folders if len(folder) > 1)
    pattern = re.compile(_TELLING + (b"|" + named if named else b""))
    declared = {
        entry["_path"]: str(entry["prefix_placeholder"]).encode()
        for entry in subject.contents.json_of("info/paths.json").get("paths", [])
        if entry.get("prefix_placeholder")
    }
    for path, member in subject.contents.files.items():
        data = member.data
        if path in declared:  # an installer puts its own folder there
            data = data.replace(declared[path], b"")
        found = pattern.search(data) or (pattern.search(member.target.encode()) if member.target else None)
        if found:
            yield error("machine-path", path, "nothing of the machine that built it", found[0].decode("utf-8", "replace")[:120])
    for path in _METADATA:
        data = subject.contents.info.get(path, b"")
        for placeholder in declared.values():
            data = data.replace(placeholder, b"")
        found = pattern.search(data)
        if found:
            yield warning("machine-path", path, "nothing of the machine that built it", found[0].decode("utf-8", "replace")[:120])
