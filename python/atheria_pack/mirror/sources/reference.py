"""Where an address leads that a source's index names (`base_url` of CEP 15, `shards_base_url` of CEP 16)."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urljoin, urlsplit

from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.folder import FolderSource
from atheria_pack.mirror.sources.http import HttpSource, without_secrets
from atheria_pack.mirror.sources.source import Source, SourceError


def resolved(source: Source, index: str, reference: str) -> tuple[Source, str]:
    """The source, and the folder in it without a slash at the end, of a reference in the file `index` of `source`.

    A server cannot name files of this machine, and what it names on another server is asked for without this one's account.
    """
    where = f"{source.address}/{index}"
    parts = urlsplit(reference)
    if parts.query or parts.fragment:
        raise SourceError(f"{where} names {without_secrets(reference)} with ? or # as a folder; expected a plain address")
    if not parts.scheme and not parts.netloc and not parts.path.startswith("/"):
        # A reference below the index's own channel stays in this source; one that leaves it is resolved as an address.
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(index), unquote(parts.path)))
        if not inside.startswith(".."):
            return source, "" if inside == "." else inside
    if isinstance(source, HttpSource):
        url = urljoin(source.url(index), reference)
        if urlsplit(url).scheme not in ("http", "https"):
            raise SourceError(f"{where} sends to {without_secrets(url)}; a web server may only send to another one")
        return source.beside(url), ""
    if not parts.scheme and not parts.netloc and isinstance(source, FolderSource):
        folder = posixpath.normpath(posixpath.join(source.folder.as_posix(), posixpath.dirname(index), unquote(parts.path)))
        return open_source(folder), ""
    if parts.scheme in ("http", "https", "s3") or (parts.scheme == "file" and isinstance(source, FolderSource)):
        return open_source(reference), ""
    raise SourceError(f"{where} sends to {without_secrets(reference)}, which cannot be followed from there")
