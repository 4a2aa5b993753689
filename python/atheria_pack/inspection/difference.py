"""What differs between two packages: files, symbols, sizes, dependencies, folders searched, machine code's demands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from atheria_pack.inspection.binary import Binary
from atheria_pack.inspection.finding import readable
from atheria_pack.inspection.processor import cpu_levels
from atheria_pack.inspection.subject import Subject


@dataclass(frozen=True)
class Difference:
    """One thing that is `before` in the first package and `after` in the second; `path` empty: of the package itself."""

    topic: str
    path: str
    before: str
    after: str

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{self.topic}: {place}{self.before} -> {self.after}"

    def as_json(self) -> dict[str, Any]:
        """The difference as JSON types."""
        return asdict(self)


def difference(first: Subject, second: Subject) -> list[Difference]:
    """All differences, those of the metadata first, then file by file."""
    return [*_metadata(first, second), *_files(first, second), *_binaries(first, second)]


def _metadata(first: Subject, second: Subject) -> Iterator[Difference]:
    one, two = first.contents.index, second.contents.index
    for key in sorted((set(one) | set(two)) - {"depends"}):
        yield from _changed(f"index {key}", "", one.get(key), two.get(key))
    yield from _lists("dependency", "", first.contents.depends, second.contents.depends)
    claims, others = first.claims or {}, second.claims or {}
    for key in sorted(set(claims) | set(others)):
        yield from _changed(f"claim {key}", "", claims.get(key), others.get(key))
    yield from _lists("licence text", "", list(first.contents.licences), list(second.contents.licences))


def _files(first: Subject, second: Subject) -> Iterator[Difference]:
    one, two = first.contents.files, second.contents.files
    yield from _lists("file", "", list(one), list(two))
    for path in sorted(set(one) & set(two)):
        before, after = one[path], two[path]
        if before.target != after.target:
            yield from _changed("link", path, before.target, after.target)
        elif len(before.data) != len(after.data):
            yield Difference("size", path, f"{len(before.data)} bytes", f"{len(after.data)} bytes ({len(after.data) - len(before.data):+})")
        elif before.data != after.data:
            at = next(place for place, (a, b) in enumerate(zip(before.data, after.data, strict=True)) if a != b)
            count = sum(a != b for a, b in zip(before.data, after.data, strict=True))
            yield Difference("bytes", path, f"{len(before.data)} bytes", f"as many, {count} of them others, the first at {at:#x}")


def _binaries(first: Subject, second: Subject) -> Iterator[Difference]:
    for path in sorted(set(first.binaries) & set(second.binaries)):
        one, two = first.binaries[path], second.binaries[path]
        yield from _changed("machine", path, f"{one.form} {one.machine}", f"{two.form} {two.machine}")
        yield from _changed("name", path, one.name, two.name)
        yield from _lists("symbol", path, list(one.exports), list(two.exports))
        yield from _lists("library", path, list(one.needed), list(two.needed))
        yield from _lists("rpath", path, list(one.rpaths), list(two.rpaths))
        yield from _changed("CPU levels", path, _levels(one), _levels(two))
        for family in sorted(set(one.versions) | set(two.versions)):
            yield from _changed(f"{family} version", path, one.version(family), two.version(family))
        yield from _changed("oldest macOS", path, one.minimum_macos, two.minimum_macos)


def _levels(binary: Binary) -> list[str]:
    return cpu_levels([binary])


def _changed(topic: str, path: str, before: object, after: object) -> Iterator[Difference]:
    if before != after:
        yield Difference(topic, path, readable(before), readable(after))


def _lists(topic: str, path: str, before: list[str], after: list[str]) -> Iterator[Difference]:
    for name in sorted(set(before) - set(after)):
        yield Difference(topic, path, name, "gone")
    for name in sorted(set(after) - set(before)):
        yield Difference(topic, path, "not there", name)
