"""PNG and GIF files from RGB bytes, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .atomic_file import check_writable, write_atomically
from .errors import UsageError

Pixels = NDArray[np.uint8]
SUFFIXES = (".png", ".gif")


def check_target(path: str | Path) -> Path:
    """The path, if a picture can be written there: known suffix, folder exists and takes files.

    Raises UsageError for another suffix, OutputError for a folder that is missing or read-only: before a long run.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{target}: pictures are {' or '.join(SUFFIXES)}, not {target.suffix or 'without a suffix'}")
    return check_writable(target)


def save_image(path: str | Path, frames: Sequence[Pixels], milliseconds: int = 50) -> None:
    """Writes one frame as PNG, or all of them as a GIF that repeats.  frames: uint8 [h, w, 3]."""
    target = check_target(path)
    images = [Image.fromarray(frame) for frame in frames]
    buffer = io.BytesIO()
    if target.suffix.lower() == ".png":
        images[-1].save(buffer, "PNG", optimize=True)
    else:
        images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0)
    write_atomically(target, buffer.getvalue())
