"""Manifests and sums: nothing but what was written is read back."""

import json
from typing import Any

import pytest
from atheria_pack.mirror.generation import Manifest, ManifestError, read_sums, sums_lines
from hypothesis import given
from hypothesis import strategies as st

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
MANIFESTS = st.builds(
    Manifest,
    generation=st.integers(1, 2**40),
    parent=st.none() | DIGESTS,
    published=st.integers(0, 2**40),
    sums=DIGESTS,
    files=st.integers(0, 2**40),
    size=st.integers(0, 2**60),
    packages=st.dictionaries(st.sampled_from(["linux-64", "noarch"]), st.integers(0, 2**40)),
    sources=st.lists(st.fixed_dictionaries({"address": st.text(), "indexes": st.dictionaries(st.text(max_size=5), DIGESTS, max_size=2)}), max_size=2),
    request=st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=5), max_size=2), max_size=2),
    rollback_of=st.none() | st.integers(1, 2**40),
)
A_MANIFEST = Manifest(2, "0" * 64, 5, "1" * 64, 1, 2, {"noarch": 1})


@given(MANIFESTS)
def test_what_is_written_is_read(manifest: Manifest) -> None:
    assert Manifest.from_bytes(manifest.to_bytes(), "here") == manifest


@given(st.data())
def test_no_byte_can_be_changed_without_a_trace(data: st.DataObject) -> None:
    """Either it is refused, or it has another digest than its child and its signature know."""
    content = bytearray(A_MANIFEST.to_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    try:
        found = Manifest.from_bytes(bytes(content), "here")
    except ManifestError as error:
        assert str(error).startswith("here")
        return
    assert found.digest != A_MANIFEST.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(schema=2),
        lambda value: value.update(further=1),
        lambda value: value.pop("sums"),
        lambda value: value.clear(),
    ],
)
def test_what_is_no_manifest_is_refused(change: Any) -> None:
    value = json.loads(A_MANIFEST.to_bytes())
    change(value)
    with pytest.raises(ManifestError, match="^here"):
        Manifest.from_bytes(json.dumps(value, indent=1, sort_keys=True).encode() + b"\n", "here")


@given(st.dictionaries(st.text(st.characters(min_codepoint=33, exclude_characters="\x85", exclude_categories=["Cs", "Z", "C"]), min_size=1), DIGESTS))
def test_sums_are_read_as_written(sums: dict[str, str]) -> None:
    pairs = sorted(sums.items())
    assert list(read_sums(sums_lines(pairs), "here")) == pairs


@pytest.mark.parametrize("line", [b"", b"\n", b"0" * 64 + b" a\n", b"0" * 63 + b"  a\n", b"G" * 64 + b"  a\n", b"0" * 64 + b"  \n"])
def test_a_torn_sum_is_refused_by_its_line(line: bytes) -> None:
    good = b"1" * 64 + b"  b\n"
    with pytest.raises(ManifestError, match="here, line 2"):
        list(read_sums([good, line], "here"))
    with pytest.raises(ManifestError, match="here, line 2"):
        list(read_sums([good, good], "here"))
