"""Where a mirror lies."""

from __future__ import annotations

from pathlib import Path

from atheria_pack.errors import UsageError
from atheria_pack.mirror.places.place import Place


def open_place(address: str) -> Place:
    """The place at an address: a folder's path or file: URL, or s3://bucket/prefix.

    Nothing is made or changed, and the place need not be there yet. UsageError for an address of another kind.
    """
    scheme, separator, _ = address.partition("://")
    if not separator:
        from atheria_pack.mirror.places.folder import FolderPlace

        return FolderPlace(Path(address), address)
    if scheme == "file":
        from urllib.parse import unquote, urlsplit

        from atheria_pack.mirror.places.folder import FolderPlace

        parts = urlsplit(address)
        if parts.netloc not in ("", "localhost"):
            raise UsageError(f"{address}: a file: URL of another machine ({parts.netloc}); give a folder of this one: file:///PATH")
        return FolderPlace(Path(unquote(parts.path)), address)
    if scheme == "s3":
        from atheria_pack.mirror.places.s3 import S3Place

        return S3Place(address)
    raise UsageError(f"{address}: a mirror lies in a folder or in a bucket (s3://BUCKET/PREFIX), not at {scheme}://")
