"""Digests: every file that a build reads counts, nothing else does."""

import os
import subprocess
from pathlib import Path

from atheria_pack.digest import digest_files, digest_of, last_change, last_commit, source_files
from hypothesis import given
from hypothesis import strategies as st


def tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def git(root: Path, *words: str, **environment: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, env={**os.environ, **environment})


def test_caches_build_folders_and_documentation_do_not_count(tmp_path: Path) -> None:
    tree(tmp_path, src__a_dot_cpp="1", src____pycache____x_dot_pyc="2", src__build__out="3", src__README_dot_md="4")
    assert [path.name for path in source_files(tmp_path / "src")] == ["a.cpp"]


def test_git_decides_what_is_a_source(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    tree(tmp_path, _dot_gitignore="*.log\n", a_dot_cpp="1", new_dot_cpp="2", noise_dot_log="3")
    git(tmp_path, "add", "a.cpp")
    names = {path.name for path in source_files(tmp_path)}
    assert {"a.cpp", "new.cpp"} <= names and "noise.log" not in names


def test_content_name_and_mode_change_the_digest(tmp_path: Path) -> None:
    root = tree(tmp_path, a="1")
    first = digest_files([root], root)
    (root / "a").write_text("2")
    second = digest_files([root], root)
    (root / "a").write_text("1")
    (root / "a").chmod(0o755)
    third = digest_files([root], root)
    (root / "a").chmod(0o644)
    (root / "a").rename(root / "b")
    fourth = digest_files([root], root)
    (root / "b").rename(root / "a")
    assert len({digest_of(value) for value in (first, second, third, fourth)}) == 4
    assert digest_files([root], root) == first


def test_date_is_that_of_the_newest_commit_on_these_paths(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for name, when in (("a", "2001-01-01T00:00:00Z"), ("b", "2002-01-01T00:00:00Z")):
        tree(tmp_path, **{name: "x"})
        git(tmp_path, "add", name)
        git(tmp_path, "commit", "-qm", name, GIT_COMMITTER_DATE=when, GIT_AUTHOR_DATE=when)
    assert last_change([tmp_path / "a"], tmp_path) == 978307200
    assert last_change([tmp_path / "a", tmp_path / "b"], tmp_path) == 1009843200


def test_date_without_git_is_that_of_the_newest_file(tmp_path: Path) -> None:
    root = tree(tmp_path, a="1", b="2")
    os.utime(root / "a", (100, 100))
    os.utime(root / "b", (200, 200))
    assert last_change([root / "a", root / "b"], root) == 200


def test_commit_is_the_newest_on_these_paths_and_marks_changes(tmp_path: Path) -> None:
    assert last_commit([tmp_path / "a"], tmp_path) == ""
    git(tmp_path, "init", "-q")
    for name in ("a", "b"):
        tree(tmp_path, **{name: "x"})
        git(tmp_path, "add", name)
        git(tmp_path, "commit", "-qm", name)
    first, second = (last_commit([tmp_path / name], tmp_path) for name in ("a", "b"))
    assert len(first) == len(second) == 40 and first != second
    tree(tmp_path, a="y")
    assert last_commit([tmp_path / "a"], tmp_path) == f"{first}-modified"
    assert last_commit([tmp_path / "b"], tmp_path) == second


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=6))
def test_order_of_keys_is_nothing(value: dict[str, str]) -> None:
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3)), st.dictionaries(st.text(max_size=3), st.text(max_size=3)))
def test_different_values_differ(left: dict[str, str], right: dict[str, str]) -> None:
    assert (digest_of(left) == digest_of(right)) == (left == right)
