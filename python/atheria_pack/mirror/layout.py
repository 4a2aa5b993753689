"""Names in a mirror, and which names are refused: a name that comes from a source or a bundle becomes a path here."""

from __future__ import annotations

import re

from atheria_pack.errors import PackError

PRIVATE = ".mirror"
CURRENT = f"{PRIVATE}/current"
GENERATIONS = f"{PRIVATE}/generations"
PARTIAL = f"{PRIVATE}/partial"
STAGING = f"{PRIVATE}/staging"
INCOMING = f"{PRIVATE}/incoming"
LOCK = f"{PRIVATE}/lock"
VERIFIED = f"{PRIVATE}/verified.sqlite"

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
SUMS = "SHA256SUMS"

REPODATA = "repodata.json"
REPODATA_ZST = "repodata.json.zst"
SHARD_INDEX = "repodata_shards.msgpack.zst"
SHARDS = "shards"
RUN_EXPORTS = "run_exports.json"
RUN_EXPORTS_ZST = "run_exports.json.zst"
CHANNELDATA = "channeldata.json"
PAGE = "index.html"
PACKAGES = "packages.jsonl"  # a line per package: where it came from, its licence, and why it was chosen

# In the order in which they may become visible one by one: what is named comes before what names it.
SUBDIR_INDEXES = (RUN_EXPORTS, RUN_EXPORTS_ZST, SHARD_INDEX, REPODATA_ZST, REPODATA)
ROOT_FILES = (PACKAGES, CHANNELDATA, PAGE)

SIDECAR_SUFFIX = ".v0.sigs"  # sigstore attestations of a package lie beside it (conda/ceps#142)

# Letters that conda's names, versions and builds have, an epoch's `!` and a local version's `+` among them.
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!~-]*")
_SUBDIR = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SIDECAR = re.compile(r".+(\.v0\.sigs|\.sigs\.[0-9a-f]{64})")  # the latter pinned by the index (CEP 50)
_LONGEST = 255


class UnsafeNameError(PackError):
    """A name from outside that must not become a path. The text has the name and where it came from."""


def checked_subdir(name: str, where: str) -> str:
    """The name of a subdir, or an UnsafeNameError that tells `where` it stood."""
    if not _SUBDIR.fullmatch(name) or len(name) > _LONGEST:
        raise UnsafeNameError(f"{where}: {name!r} is no subdir of a channel; expected a name like linux-64")
    return name


def checked_file_name(name: str, where: str) -> str:
    """The name of a file beside the packages, or an UnsafeNameError that tells `where` it stood.

    Refused are separators, a leading dot or dash, control characters, spaces, everything that is not in names of conda packages, and the
    names of the indexes.
    """
    if not _FILE_NAME.fullmatch(name) or len(name) > _LONGEST or name in (*SUBDIR_INDEXES, *ROOT_FILES, SHARDS):
        raise UnsafeNameError(f"{where}: {name!r} cannot be the name of a package file; nothing was written under it")
    return name


def generation_folder(number: int) -> str:
    """Where a generation lies in a mirror."""
    return f"{GENERATIONS}/{number}"


def is_index(path: str) -> bool:
    """Whether a path of the channel is replaced by every generation, rather than written once and never changed."""
    folder, _, name = path.rpartition("/")
    if not folder:
        return name in ROOT_FILES
    return name in SUBDIR_INDEXES and _SUBDIR.fullmatch(folder) is not None


def is_sidecar(path: str) -> bool:
    """Whether a path of the channel is an attestation that lies beside a package."""
    return _SIDECAR.fullmatch(path) is not None


def is_package(path: str) -> bool:
    """Whether a path that a generation names is a package, rather than an index, a shard or a sidecar."""
    return path.count("/") == 1 and not is_index(path) and not is_sidecar(path)


def shard_path(subdir: str, sha256: str) -> str:
    """Where a shard of a subdir lies, by the digest of its content in hexadecimal."""
    return f"{subdir}/{SHARDS}/{sha256}.msgpack.zst"
