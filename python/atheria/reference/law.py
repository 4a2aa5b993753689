"""Laws as the engines see them: channels, radius and a forward over a batch of patches, whoever computes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import LawFailedError, LawFileError
from .arguments import require_finite, require_integer
from .container import to_bytes
from .evaluate import Rectangle, evaluate
from .program import Program, law_geometry
from .verify import verify

Array = NDArray[np.float32]
LIMIT = 1024  # of d, radius and alignment, in every engine


@dataclass(frozen=True)
class Law:
    """A law of d complex channels and receptive radius `radius` (cells, Chebyshev distance within a plane).

    `gamma`: the decay used when a simulation does not say its own.  `product`: Delta is multiplied by psi.  Tile origins
    are multiples of `alignment`.  Exactly one of `program` (with its file's bytes `raw`) and `function` is there.
    """

    name: str
    d: int
    radius: int
    gamma: float = 0.0
    product: bool = False
    alignment: int = 1
    digest: bytes = bytes(32)
    program: Program | None = None
    raw: bytes | None = None
    function: Callable[..., Any] | None = None
    wants_domains: bool = False

    def forward(self, patches: Array, domains: Sequence[Rectangle] | None = None) -> Array:
        """Delta of a batch: float32 [B, h + 2r, w + 2r, 2d] -> float32 [B, h, w, 2d].

        `domains`: per patch the rectangle (y0, x0, y1, x1) inside a bounded domain; None where there is no border.
        Raises LawFailedError if a callable raises, or gives another shape.
        """
        if self.program is not None:
            return evaluate(self.program, [patches], domains)[0]
        assert self.function is not None
        try:
            result = self.function(patches, domains) if self.wants_domains else self.function(patches)
        except Exception as error:
            raise LawFailedError(f"law {self.name!r} raised {type(error).__name__}: {error}") from error
        delta = self._as_delta(result)
        b, h, w, c = patches.shape
        expected = (b, h - 2 * self.radius, w - 2 * self.radius, c)
        if delta.shape != expected:
            raise LawFailedError(
                f"law {self.name!r} gave shape {delta.shape} for patches {patches.shape}; radius {self.radius} wants {expected}"
            )
        return delta

    def _as_delta(self, result: Any) -> Array:
        try:
            found = np.asarray(_as_numpy(result))
        except Exception as error:  # whatever an object's own conversion raises
            raise LawFailedError(f"law {self.name!r} gave {type(result).__name__}, which is no array: {error}") from error
        if found.dtype.kind not in "iufb":
            raise LawFailedError(
                f"law {self.name!r} gave an array of {found.dtype}, expected real numbers: float32 [B, h, w, 2d], channels = concat(Re, Im)"
            )
        with np.errstate(over="ignore"):  # the engine names the cell that is not finite
            return np.asarray(found, np.float32)


def _as_numpy(result: Any) -> Any:
    if isinstance(result, np.ndarray) or not hasattr(result, "__dlpack__"):
        return result
    if hasattr(result, "detach"):
        result = result.detach()
    return np.from_dlpack(result)


def law_from_callable(
    function: Callable[..., Any],
    *,
    d: int,
    radius: int,
    name: str | None = None,
    gamma: float = 0.0,
    product: bool = False,
    alignment: int = 1,
    wants_domains: bool = False,
) -> Law:
    """A law computed by Python, called once per step with all patches.

    `function(patches)` takes float32 [B, h + 2 radius, w + 2 radius, 2d], channels = concat(Re psi, Im psi), and returns
    Delta, float32 [B, h, w, 2d], as a numpy array or anything with ``__dlpack__`` (a torch tensor).  The patches are a copy:
    it may write to them and keep them.  While it runs, its simulation raises StateError for all but `step_number`.  With
    `wants_domains` it is called as ``function(patches, domains)``, so that a net of several layers can repeat the zero
    padding at the border of a bounded domain.
    """
    for what, value, low in (("d", d, 1), ("radius", radius, 0), ("alignment", alignment, 1)):
        require_integer(f"a law's {what}", value, low, LIMIT)
    gamma = require_finite("a law's gamma", gamma)
    label = name or str(getattr(function, "__name__", type(function).__name__))
    return Law(label, d, radius, gamma, product, alignment, function=function, wants_domains=wants_domains)


def law_from_program(program: Program, raw: bytes | None = None, where: str = "law") -> Law:
    """A law from an opcode program.  Raises UnsupportedError if the program has not the shape of a law."""
    if raw is None:  # else reading it has verified it
        verify(program, program.metadata.get("name", where))
    geometry = law_geometry(program)
    content = to_bytes(program) if raw is None else raw
    meta = program.metadata
    try:
        gamma = require_finite("gamma", float(meta.get("gamma", "0")))
        alignment = require_integer("alignment", int(meta.get("alignment", "1")), 1, LIMIT)
    except ValueError as error:
        raise LawFileError(f"{where}: metadata is wrong: {error}; convert the law again") from error
    return Law(
        meta.get("name", Path(where).stem),
        geometry.channels // 2,
        geometry.radius,
        gamma,
        meta.get("product", "0") == "1",
        alignment,
        digest=content[16:48],
        program=program,
        raw=content,
    )
