"""Where a recipe or variants.yaml is wrong: file, line and column for py-rattler-build's errors, and for an unknown key what is legal."""

from __future__ import annotations

import difflib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import rattler_build
import yaml

# Names of keys of the recipe format. Which of them are legal in a place is asked of py-rattler-build (`legal_keys`).
_KEYS = (
    "about", "always_copy_files", "always_include_files", "bin", "binary_relocation", "build", "by_name", "cache",
    "content", "context", "cwd", "description", "documentation", "downstream", "dynamic_linking", "entry_points", "env",
    "exists", "extra", "file", "file_name", "files", "filter", "from", "from_package", "git", "homepage", "host",
    "ignore_keys", "ignore_run_exports", "imports", "include", "inherit", "interpreter", "lib", "license",
    "license_family", "license_file", "lua", "md5", "merge_build_and_host_envs", "missing_dso_allowlist", "name",
    "noarch", "not_exists", "number", "outputs", "overdepending_behavior", "overlinking_behavior", "package",
    "package_contents", "patches", "path", "perl", "pip_check", "post_process", "prefix_detection", "python",
    "python_version", "r", "recipe", "repository", "requirements", "rev", "rpath_allowlist", "rpaths", "ruby", "run",
    "run_constraints", "run_exports", "schema_version", "script", "secrets", "sha256", "site_packages", "skip", "source",
    "staging", "strict", "string", "strong", "strong_constraints", "summary", "tag", "target_directory", "tests", "url",
    "use_keys", "variant", "version", "weak", "weak_constraints", "down_prioritize_variant",
)
_UNKNOWN = re.compile(r"unknown field '([^']+)'")
_SPAN = re.compile(r"span: Span \{ start: Some\(Marker \{[^}]*line: (\d+), column: (\d+)")
_TOLD = re.compile(r'(?:message|reason): "((?:[^"\\]|\\.)*)"')
_MISMATCH = re.compile(r'TypeMismatch \{ expected: "([^"]*)", actual: "([^"]*)"')
_PLACED = re.compile(r"(\d+):(\d+): (.*)", re.DOTALL)
_YAML_PLACE = re.compile(r"Failed to parse YAML: (\d+):(\d+): (.*)")
_SHOWN = 12


def explained(path: Path, error: Exception) -> str:
    """py-rattler-build's error about a recipe as `folder/recipe.yaml:LINE:COLUMN: what`, with the line itself."""
    text = str(error)
    name = f"{path.parent.name}/{path.name}"
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    if found := _YAML_PLACE.search(text):
        try:
            yaml.compose(source, yaml.SafeLoader)
        except yaml.MarkedYAMLError as second:  # tells the very place, where the other tells where the text before it began
            if second.problem_mark is not None:
                return _located(name, source, second.problem_mark.line + 1, second.problem_mark.column + 1, f"no YAML: {second.problem}")
        return _located(name, source, int(found[1]), int(found[2]), f"no YAML: {found[3]}")
    if found := _SPAN.search(text):
        return _located(name, source, int(found[1]), int(found[2]), _told(text))
    if found := _UNKNOWN.search(text):
        return _about_key(name, source, found[1], text)
    if "parse Jinja template" in text and (wrong := next(_broken_templates(source), None)) is not None:
        return _located(name, source, wrong.start_mark.line + 1, wrong.start_mark.column + 1, text)
    if strange := _strange_top_key(source):
        return _about_key(name, source, strange, text)
    return f"{name}: {text}"


def explained_variants(path: Path, error: Exception) -> str:
    """py-rattler-build's error about a variants file as `variants.yaml:LINE:COLUMN: what`, with the line itself."""
    if not path.is_file():
        return f"{path} is missing"
    text = str(error)
    what = _told(text)
    source = path.read_text(encoding="utf-8", errors="replace")
    if found := _SPAN.search(text):
        return _located(path.name, source, int(found[1]), int(found[2]), what)
    if found := _PLACED.fullmatch(what):
        return _located(path.name, source, int(found[1]), int(found[2]), found[3])
    return f"{path.name}: {what}"


def _told(text: str) -> str:
    """What is wrong, of an error that is printed with all its parts."""
    if found := _TOLD.search(text):
        return found[1].replace('\\"', '"')
    found = _MISMATCH.search(text)
    return f"expected a {found[1]}, found a {found[2]}" if found else text


def _located(name: str, source: str, line: int, column: int, what: str) -> str:
    lines = source.splitlines()
    shown = f"\n  {line} | {lines[line - 1].rstrip()}" if 0 < line <= len(lines) else ""
    return f"{name}:{line}:{column}: {what}{shown}"


def _about_key(name: str, source: str, key: str, what: str) -> str:
    for node in _keys(source):
        if node.value != key:
            continue
        legal = legal_keys(source, node)
        if not legal:
            continue  # the same name where it is right
        near = difflib.get_close_matches(key, legal, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        nearest = sorted(legal, key=lambda word: (-difflib.SequenceMatcher(None, key, word).ratio(), word))
        more = f" and {len(legal) - _SHOWN} more" if len(legal) > _SHOWN else ""
        place = _located(name, source, node.start_mark.line + 1, node.start_mark.column + 1, f"{what}{hint}")
        return f"{place}\n  legal here: {', '.join(nearest[:_SHOWN])}{more}"
    return f"{name}: {what}"


def legal_keys(source: str, node: yaml.ScalarNode) -> list[str]:
    """The keys that py-rattler-build takes in the place of this one. It names none itself, so each is tried in its stead."""
    start, end = node.start_mark.index, node.end_mark.index
    wrong = node.value
    if not _refuses(source, wrong):
        return []
    return [word for word in _KEYS if word != wrong and not _refuses(source[:start] + word + source[end:], word, wrong)]


def _refuses(source: str, *keys: str) -> bool:
    """Whether a recipe's text is refused for one of these keys, or for want of one it needs."""
    error = _refusal(source)
    found = _UNKNOWN.search(error)
    return "missing required field" in error if found is None else found[1] in keys


def _refusal(source: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            rattler_build.Stage0Recipe.from_yaml(source, recipe_dir=folder)
        except rattler_build.RattlerBuildError as error:
            return str(error)
    return ""


def _keys(source: str) -> Iterator[yaml.ScalarNode]:
    pending: list[yaml.Node] = [node for node in (yaml.compose(source, yaml.SafeLoader),) if node is not None]
    while pending:
        node = pending.pop(0)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    yield key
                pending.append(value)
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)


def _strange_top_key(source: str) -> str | None:
    top = yaml.compose(source, yaml.SafeLoader) if source else None
    if not isinstance(top, yaml.MappingNode):
        return None
    return next((key.value for key, _ in top.value if key.value not in _KEYS and not key.value.startswith("$")), None)


def _broken_templates(source: str) -> Iterator[yaml.ScalarNode]:
    pending: list[yaml.Node] = [node for node in (yaml.compose(source, yaml.SafeLoader),) if node is not None]
    while pending:
        node = pending.pop(0)
        if isinstance(node, yaml.MappingNode):
            pending.extend(value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
        elif isinstance(node, yaml.ScalarNode) and "${{" in node.value and _refusal(_with_summary(node.value)):
            yield node


def _with_summary(text: str) -> str:
    return str(yaml.safe_dump({"package": {"name": "x", "version": "1"}, "about": {"summary": text}}))
