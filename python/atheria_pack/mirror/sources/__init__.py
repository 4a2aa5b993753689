"""Reading channels that are mirrored: `open_source` finds out which kind an address is of."""

from __future__ import annotations

from urllib.parse import urlsplit

from atheria_pack.errors import UsageError
from atheria_pack.mirror.sources.folder import FolderSource
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.source import Source


def open_source(address: str) -> Source:
    """The channel at an address: a folder, `file://`, `http://`, `https://` or `s3://`.

    UsageError for any other address, SourceError for a folder that is not there. Nothing is asked of a server yet.
    """
    scheme = urlsplit(address).scheme if "://" in address else ""
    if scheme in ("http", "https"):
        return HttpSource(address)
    if scheme == "s3":
        # The client of buckets takes long to load, and few mirrors need it.
        from atheria_pack.mirror.sources.s3 import S3Source

        return S3Source(address)
    if scheme in ("", "file"):
        return FolderSource(address)
    raise UsageError(f"a channel cannot be read by {scheme}://; expected a folder, file://, https://, http:// or s3://")
