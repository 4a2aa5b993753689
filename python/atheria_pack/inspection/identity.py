"""Compares what a package says it is, in capabilities.json, BUILD_INFO.txt and its file list, with its index and files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from atheria_pack.inspection.finding import Finding, error, warning
from atheria_pack.inspection.subject import Subject

_FORMAT = 1
_MUTEX = "atheria-variant"
# Always in the library; every other backend is a plugin file.
_BUILT_IN = ("reference", "cpu")
# Plugins that come with several accelerators, and name none.
_COMPANIONS = frozenset(("vulkan",))
_COMMON = ("format", "package", "build_string", "build_number", "version", "abi", "accel", "platform", "compiler", "flags", "commit", "date")
# Flags that would make a package depend on the machine it was built on, or its results on the compiler.
_FORBIDDEN_FLAGS = re.compile(r"-m(arch|tune|cpu)=native|-ffast-math|-Ofast|-funsafe-math-optimizations|/fp:fast|.*[/\\].*[/\\].*")


def check_identity(subject: Subject) -> Iterator[Finding]:
    """Name, version, build and everything that follows from them."""
    contents, index = subject.contents, subject.contents.index
    wanted = f"{index.get('name')}-{index.get('version')}-{index.get('build')}.conda"
    if contents.file_name != wanted:
        yield error("file-name", contents.file_name, wanted, contents.file_name)
    number = str(index.get("build", "")).rpartition("_")[2]
    if number != str(index.get("build_number")):
        yield error("build-number", "info/index.json", f"a build string that ends in _{index.get('build_number')}", index.get("build"))
    yield from _check_files(subject)
    yield from _check_mutex(subject)
    if subject.claims is None:
        if subject.binaries:
            yield error("facts", contents.facts_path("capabilities.json"), "facts beside the binaries", "no such file")
        return
    yield from _check_common(subject, subject.claims)
    yield from _check_backends(subject, subject.claims)
    yield from _check_python(subject, subject.claims)
    yield from _check_text(subject, subject.claims)


def _check_files(subject: Subject) -> Iterator[Finding]:
    """paths.json names each file with its size and digest: what installers link and what verifiers compare."""
    contents = subject.contents
    listed = {entry["_path"]: entry for entry in contents.json_of("info/paths.json").get("paths", [])}
    for path in sorted(set(listed) - set(contents.files)):
        yield error("file-list", path, "the file that info/paths.json lists", "none")
    for path, member in sorted(contents.files.items()):
        entry = listed.get(path)
        if entry is None:
            yield error("file-list", path, "an entry in info/paths.json", "none")
        elif member.target is None:
            digest = hashlib.sha256(member.data).hexdigest()
            if entry.get("sha256") != digest:
                yield error("file-digest", path, entry.get("sha256"), digest)
            if entry.get("size_in_bytes") != len(member.data):
                yield error("file-digest", path, f"{entry.get('size_in_bytes')} bytes", f"{len(member.data)} bytes")


def _check_mutex(subject: Subject) -> Iterator[Finding]:
    if subject.contents.name == _MUTEX:
        return
    held = [spec.split() for spec in subject.contents.depends if spec.split()[0] == _MUTEX]
    if not any(words[2:3] and words[2].rstrip("*").rstrip("_").split("_")[0] == subject.accel for words in held):
        yield error("mutex", "info/index.json", f"a dependency {_MUTEX} * {subject.accel}_*", [" ".join(words) for words in held])


def _check_common(subject: Subject, claims: dict[str, Any]) -> Iterator[Finding]:
    contents, index = subject.contents, subject.contents.index
    place = contents.facts_path("capabilities.json")
    for key in _COMMON:
        if key not in claims:
            yield error("facts", place, f"a member {key}", None)
    truths = {
        "format": _FORMAT,
        "package": contents.name,
        "build_string": index.get("build"),
        "build_number": index.get("build_number"),
        "version": index.get("version"),
        "accel": subject.accel,
        "platform": index.get("subdir"),
    }
    for key, truth in truths.items():
        if key in claims and claims[key] != truth:
            yield error(f"claim-{key.replace('_', '-')}", place, truth, claims[key])
    compiler = claims.get("compiler")
    if not (isinstance(compiler, dict) and compiler.get("id") and re.fullmatch(r"\d+(\.\d+)+", str(compiler.get("version")))):
        yield error("claim-compiler", place, "an id and a version", json.dumps(compiler))
    bad = [flag for flag in claims.get("flags") or [] if _FORBIDDEN_FLAGS.fullmatch(str(flag))]
    if bad:
        yield error("claim-flags", place, "flags that hold on every machine, without paths", bad)
    yield from _check_abi(subject, claims, place)
    yield from _check_origin(subject, claims, place)


def _check_abi(subject: Subject, claims: dict[str, Any], place: str) -> Iterator[Finding]:
    if "abi" in claims and (not isinstance(claims["abi"], int) or isinstance(claims["abi"], bool) or claims["abi"] < 1):
        yield error("claim-abi", place, "a number from 1", json.dumps(claims["abi"]))
    series = ".".join(str(claims.get("version")).split(".")[:2])
    for path, binary in subject.binaries.items():
        if path in subject.extensions or path in subject.plugins.values() or not binary.name or binary.form == "PE":
            continue
        carried = re.search(r"\.so\.([\d.]+)$|\.([\d.]+)\.dylib$", binary.name)
        found = next(filter(None, carried.groups()), "") if carried else "no version"
        if found != series:
            yield error("claim-version", path, f"a library name of the series {series}", binary.name)


def _check_origin(subject: Subject, claims: dict[str, Any], place: str) -> Iterator[Finding]:
    commit, date = claims.get("commit"), claims.get("date")
    if commit is None:
        yield warning("claim-commit", place, "the commit it was built from", "none recorded")
    elif not re.fullmatch(r"[0-9a-f]{40}(-modified)?", str(commit)):
        yield error("claim-commit", place, "40 hexadecimal digits", commit)
    elif str(commit).endswith("-modified"):
        yield warning("claim-commit", place, "sources that are committed", commit)
    if date is None:
        yield warning("claim-date", place, "the date of the sources", "none recorded")
        return
    try:
        said = datetime.strptime(str(date), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        yield error("claim-date", place, "a date as 2026-01-31T12:00:00Z", date)
        return
    stamp = subject.contents.index.get("timestamp")
    packed = datetime.fromtimestamp(int(stamp) / 1000, timezone.utc) if stamp else datetime.now(timezone.utc)
    if said.replace(microsecond=0) > packed:
        yield error("claim-date", place, f"sources no newer than the package, {packed:%Y-%m-%dT%H:%M:%SZ}", date)


def _check_backends(subject: Subject, claims: dict[str, Any]) -> Iterator[Finding]:
    place = subject.contents.facts_path("capabilities.json")
    own = re.sub(r"\d+$", "", subject.accel)
    if "backends" not in claims or subject.contents.name != "libatheria-runtime":
        if subject.plugins:
            yield error("claim-backends", place, f"backends {', '.join(subject.plugins)}", "no list of them")
        return
    listed = claims["backends"] if isinstance(claims["backends"], list) else []
    if sorted(listed) != sorted([*_BUILT_IN, *subject.plugins]):
        yield error("claim-backends", place, [*_BUILT_IN, *subject.plugins], listed)
    if own not in _BUILT_IN and own not in subject.plugins:
        yield error("claim-accel", place, f"a plugin for {own}", subject.plugins)
    for name in subject.plugins:
        if name != own and name not in _COMPANIONS:
            yield error("claim-accel", subject.plugins[name], f"only plugins of {subject.accel}", name)


def _check_python(subject: Subject, claims: dict[str, Any]) -> Iterator[Finding]:
    place = subject.contents.facts_path("capabilities.json")
    found = re.search(r"_py(\d)(\d+)_", str(subject.contents.index.get("build")))
    truth = f"{found[1]}.{found[2]}" if found else None
    if claims.get("python") != truth:
        yield error("claim-python", place, truth, claims.get("python"))
    if truth is None:
        return
    if not any(spec.startswith(f"python_abi {truth}.") for spec in subject.contents.depends):
        pythons = [spec for spec in subject.contents.depends if spec.startswith("python")]
        yield error("claim-python", "info/index.json", f"a dependency python_abi {truth}.*", pythons)
    tag = truth.replace(".", "")
    for path in sorted(subject.extensions):
        if not re.search(rf"\.(cpython-{tag}|cp{tag})-", path):
            yield error("claim-python", path, f"a module for Python {truth}", path.rpartition("/")[2])
    engine = next((spec.split()[2] for spec in subject.contents.depends if spec.startswith("libatheria-engine ==")), None)
    if claims.get("engine_build_string") != engine:
        yield error("claim-engine", place, engine, claims.get("engine_build_string"))


def _check_text(subject: Subject, claims: dict[str, Any]) -> Iterator[Finding]:
    """BUILD_INFO.txt has each fact of capabilities.json, as people write it."""
    place = subject.contents.facts_path("BUILD_INFO.txt")
    data = subject.contents.facts("BUILD_INFO.txt")
    if data is None:
        yield error("facts", place, "the facts for people", "no such file")
        return
    text = data.decode("utf-8", "replace")
    for key, value in claims.items():
        if key == "format":
            continue
        absent = [word for word in _words(value) if not re.search(rf"(?<![\w.]){re.escape(word)}(?![\w])", text)]
        if absent:
            yield error("build-info", place, f"{key} {', '.join(absent)}", "a text without it")


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for part in value.values() for word in _words(part)]
    if isinstance(value, list):
        return [word for part in value for word in _words(part)]
    return [] if value is None else [str(value)]
