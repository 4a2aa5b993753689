"""What a server or a bucket tells clients about a file of a mirror: its type, and how long a copy of it may be kept."""

from __future__ import annotations

from atheria_pack.mirror.layout import PRIVATE, is_index

# Clients unpack .zst and .bz2 themselves: these are types of files, never a Content-Encoding.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".sigs": "application/json",
    ".zst": "application/zstd",
    ".bz2": "application/x-bzip2",
}
_BINARY = "application/octet-stream"
ASK_EACH_TIME = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"


def content_type(path: str) -> str:
    """The media type by the ending of a name."""
    return next((kind for ending, kind in _TYPES.items() if path.endswith(ending)), _BINARY)


def cache_control(path: str) -> str:
    """The Cache-Control header for a path within a mirror.

    Packages never change under their name and shards are named by their content, so copies of those last; whoever keeps an index has
    to ask whether it is still the newest.
    """
    return ASK_EACH_TIME if is_index(path) or path.partition("/")[0] == PRIVATE else FOR_EVER
