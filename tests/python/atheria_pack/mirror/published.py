"""A mirror that is published for a test by the program's own parts, from a channel's folder and without a solve."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.index.write import write_indexes
from atheria_pack.mirror.page.page import PageFacts, write_page
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.publish import publish
from tables import table_of


def publish_channel(channel: Path, place: Place, now: int = 1_790_000_000, address: str | None = None, **request: Any) -> Manifest | None:
    """Put all packages of a channel into a place and publish them. `address`: the source that the manifest names."""
    with tempfile.TemporaryDirectory() as name, table_of(channel) as table, place.writing():
        staged = Path(name) / "staged"
        for entry in table.entries():
            if place.look(entry.path) is None:
                copy = Path(shutil.copyfile(channel / entry.path, Path(name) / "a-package"))
                place.put(entry.path, copy)
        for _ in write_indexes(table, staged):
            pass
        write_page(table, staged, PageFacts())
        sources: list[dict[str, Any]] = [{"address": address or channel.as_uri(), "indexes": {}}]
        return publish(place, table, staged, sources=sources, request=request, now=now)
