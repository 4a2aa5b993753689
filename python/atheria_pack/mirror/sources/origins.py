"""Where the files lie that indexes name, and which source they are read from."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import unquote, urlsplit

from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.sources import open_source
from atheria_pack.mirror.sources.http import HttpSource
from atheria_pack.mirror.sources.reference import resolved
from atheria_pack.mirror.sources.source import Source, SourceError


class Origins:
    """Addresses that files lie below, as they may be printed, and the sources behind them. May be used by many threads at once."""

    def __init__(self) -> None:
        self._bases: dict[str, tuple[Source, str]] = {}
        self._opened: list[HttpSource] = []
        self._lock = threading.Lock()

    def below(self, source: Source, index: str, base_url: Any) -> str:
        """The address, with a slash at its end, below which the files of an index lie: its own folder, or what it says (CEP 15)."""
        if base_url is not None and not isinstance(base_url, str):
            raise SourceError(f"{source.address}/{index} has the base_url {base_url!r:.80}; expected an address")
        holder, folder = resolved(source, index, base_url or "./")
        base = f"{holder.address.rstrip('/')}/{folder}/" if folder else f"{holder.address.rstrip('/')}/"
        with self._lock:
            self._keep(base, holder, folder, of_its_own=holder is not source)
        return base

    def close(self) -> None:
        """Close the connections to servers that indexes named. Nothing happens the second time."""
        with self._lock:
            for source in self._opened:
                source.close()

    def find(self, entry: Entry) -> tuple[Source, str]:
        """The source of an entry's file, and the path there."""
        base, _, name = entry.origin.rpartition("/")
        with self._lock:
            source, folder = self._bases.get(f"{base}/") or self._elsewhere(base)
        name = name if name == entry.file_name else unquote(name)
        return source, f"{folder}/{name}".lstrip("/")

    def _elsewhere(self, base: str) -> tuple[Source, str]:
        """The source of a wheel, whose record has an address of its own, and the folder there. Wheels have a folder each, and few servers."""
        parts = urlsplit(base)
        root, folder = (f"{parts.scheme}://{parts.netloc}", unquote(parts.path)) if parts.scheme in ("http", "https") else (base, "")
        if f"{root}/" not in self._bases:
            self._keep(f"{root}/", open_source(root), "", of_its_own=True)
        return self._bases[f"{root}/"][0], folder.strip("/")

    def _keep(self, base: str, source: Source, folder: str, of_its_own: bool) -> None:
        if base not in self._bases:
            self._bases[base] = (source, folder)
            if of_its_own and isinstance(source, HttpSource):
                self._opened.append(source)
