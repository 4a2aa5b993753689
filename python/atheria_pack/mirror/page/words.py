"""Values of records as text that is safe to stand in HTML."""

from __future__ import annotations

import html
import re
from datetime import datetime, timezone
from typing import Any

# What would end up invisible, or turn around the direction of what follows: a name must look like what it is.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_LAST_SECOND = 253402300799  # of the year 9999; a larger time stamp is in milliseconds


def safe(value: Any) -> str:
    """Text for between tags and for quoted attributes."""
    return html.escape(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", str(value)), quote=True)


def anchor(name: str) -> str:
    """An id for a name: other names have other ones, and it is the same in an address."""
    return re.sub(r"[^a-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", name)


def size_text(size: int) -> str:
    """Bytes for people, in powers of ten."""
    if size < 1000:
        return f"{size} B"
    for unit in ("kB", "MB", "GB"):
        size_in = size / 1000 ** (("kB", "MB", "GB").index(unit) + 1)
        if size_in < 999.5:
            return f"{size_in:.3g} {unit}" if size_in < 99.95 else f"{size_in:.0f} {unit}"
    return f"{size / 1000**4:,.2f} TB"


def seconds(stamp: Any) -> float | None:
    """Unix time of a record's time stamp, which is in milliseconds or, in old ones, in seconds. None where it is neither."""
    if not isinstance(stamp, (int, float)) or isinstance(stamp, bool) or not 0 < stamp <= _LAST_SECOND * 1000:
        return None
    return stamp / 1000 if stamp > _LAST_SECOND else float(stamp)


def day(stamp: float) -> str:
    """The day of a Unix time, in UTC."""
    return datetime.fromtimestamp(stamp, timezone.utc).strftime("%Y-%m-%d")


def many(number: int, one: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"
