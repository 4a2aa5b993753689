"""The modern surface: a law, a universe, arrays in and arrays out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import colours, image_file, native
from .engine import UniverseEngine
from .errors import SnapshotError, UsageError
from .law import Law, open_law
from .numpy_engine import NumpyEngine, read_snapshot_header
from .progress import Progress
from .reference.arguments import require_finite, require_integer
from .reference.engine import ActivityKind, EngineConfig, StepReport
from .reference.field import AXIS_LIMIT, BackgroundKind, Domain, DomainKind
from .reference.program import Program
from .reference.view import Region

Roi = tuple[int, int, int, int]
DEVICES = ("auto", "numpy")
THREADS_MAX = 1024  # of an engine; atheria_core.THREADS_MAX is the same
STEPS_MAX = (1 << 63) - 1
COORDINATE_MAX = 1 << 40  # beyond every cell; small enough that no sum of two wraps
CELLS_MAX = 1 << 31  # of a view


@dataclass(frozen=True)
class RunSummary:
    """What a run did: steps and seconds it took, active cells at its end, who computed, with how many threads."""

    steps: int
    seconds: float
    active_cells: int
    step_number: int
    backend: str
    threads: int

    @property
    def steps_per_second(self) -> float:
        """Steps a second of wall time."""
        return self.steps / self.seconds if self.seconds > 0 else 0.0


def _extent(size: Any) -> tuple[int, int]:
    """(width, height) of a side or a pair; zeros for None, which a finite domain refuses."""
    if size is None:
        return (0, 0)
    pair = tuple(size) if isinstance(size, Sequence | np.ndarray) and not isinstance(size, str) else (size, size)
    if len(pair) != 2:
        raise UsageError(f"size is {size!r}, expected a side or (width, height) in cells")
    width, height = (require_integer("size", v, 0, AXIS_LIMIT) for v in pair)
    return (width, height)


def _coords(coords: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(coords)
    if array.size == 0:
        return np.zeros((0, 3), np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] not in (2, 3):
        raise UsageError(
            f"coords have shape {array.shape} and dtype {array.dtype}, expected integers [n, 3] = (x, y, z) or [n, 2] = (x, y)"
        )
    if array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max:
        raise UsageError(f"coords hold {array.max()}, which no int64 holds")
    out = np.zeros((len(array), 3), np.int64)
    out[:, : array.shape[1]] = array
    return out


def _states(states: ArrayLike, count: int, d: int) -> NDArray[np.complex64]:
    array = np.asarray(states)
    if array.dtype.kind not in "iufc" or array.shape not in ((count, d), (d,)):
        raise UsageError(f"states have shape {array.shape} and dtype {array.dtype}, expected numbers ({count}, {d}) or ({d},)")
    out = np.ascontiguousarray(np.broadcast_to(array, (count, d)), np.complex64)
    if not np.isfinite(out.view(np.float32)).all():
        raise UsageError("states hold a number that is not finite")
    return out


def _make_engine(law: Law, config: EngineConfig, device: str, threads: int) -> tuple[UniverseEngine, str]:
    """The engine, and why it is not the native one (empty if it is)."""
    if device == "numpy":
        return NumpyEngine(law, config), "asked for"
    if device == "auto" and not native.available():
        return NumpyEngine(law, config), str(native.engine_info()["reason"])
    return native.NativeEngine(law, config, device, threads), ""


class Simulation:
    """One universe under one law.

    law: a shipped law's name (``"demo"``), a law file's path, a Program, or a Law (``law_from_callable`` for Python).
    background: ``zero``, ``static`` or ``fluctuating`` vacuum.  domain: ``infinite``, ``bounded`` (zero border) or
    ``periodic``, the latter two with `size`, a side or (width, height) in cells.  mode: ``threshold`` drops cells nearer to the
    background than `eps_on` (to wake) and `eps_off` (to stay); ``exact`` drops nothing and grows by the law's radius each step.
    gamma: decay, None for the law's.  device: ``auto``, a backend's name (``cpu``, ``reference``, ``openblas``), or ``numpy`` for
    the reference engine.  threads: 0 for all that are allowed; never changes results.

    Raises UnknownLawError, LawFileError, UsageError, UnavailableError (backend or native engine missing, with the reason).
    """

    def __init__(
        self,
        law: str | Path | Program | Law,
        *,
        background: BackgroundKind = "zero",
        domain: DomainKind = "infinite",
        size: int | tuple[int, int] | None = None,
        mode: ActivityKind = "threshold",
        seed: int = 0,
        eps_on: float = 1e-2,
        eps_off: float = 5e-3,
        gamma: float | None = None,
        normalize: bool = True,
        device: str = "auto",
        threads: int = 0,
    ) -> None:
        space = Domain(domain) if domain == "infinite" else Domain(domain, *_extent(size))
        config = EngineConfig(
            space,
            background,
            mode,
            require_integer("seed", seed, 0, (1 << 64) - 1),
            require_finite("eps_on", eps_on),
            require_finite("eps_off", eps_off),
            None if gamma is None else require_finite("gamma", gamma),
            bool(normalize),
        )
        self._begin(open_law(law), config, device, threads)

    def _begin(self, law: Law, config: EngineConfig, device: str, threads: int) -> None:
        threads = require_integer("threads", threads, 0, THREADS_MAX)
        self.law = law
        self.config = config
        self._engine, self.fallback_reason = _make_engine(law, config, device, threads)

    # ---- cells ----

    def add(self, coords: ArrayLike, states: ArrayLike) -> None:
        """Sets cells and makes them active; the last of equal rows wins.

        coords: integers [n, 3] = (x, y, z), or [n, 2] in plane 0.  states: numbers [n, d], or [d] for all of them.
        Raises UsageError for other shapes or numbers that are not finite, RangeError for a cell outside the domain.
        """
        where = _coords(coords)
        self._engine.write(where, _states(states, len(where), self.law.d))

    def remove(self, coords: ArrayLike) -> None:
        """Makes cells background again; coords as in `add`."""
        self._engine.deactivate(_coords(coords))

    def activate(self, coords: ArrayLike) -> None:
        """Makes cells active as they are; coords as in `add`."""
        self._engine.activate(_coords(coords))

    def clear(self) -> None:
        """All cells background, step 0."""
        self._engine.clear()

    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.complex64]]:
        """Active cells in canonical order (plane, 16 x 16 tile in Morton order, y, x): int64 [A, 3], complex64 [A, d]."""
        return self._engine.export()

    def coords(self) -> NDArray[np.int64]:
        """Coordinates of the active cells, int64 [A, 3]."""
        return self.cells()[0]

    def states(self, coords: ArrayLike | None = None) -> NDArray[np.complex64]:
        """States of the active cells, or of `coords` (background included): complex64 [n, d]."""
        return self.cells()[1] if coords is None else self._engine.read(_coords(coords))

    @property
    def active_cells(self) -> int:
        """Number of active cells."""
        return self._engine.active_count

    @property
    def bounds(self) -> tuple[int, int, int, int, int, int]:
        """The half-open box (x0, y0, z0, x1, y1, z1) around the active cells; zeros if there are none."""
        return self._engine.bounds()

    # ---- time ----

    @property
    def step_number(self) -> int:
        """Steps done since the universe began."""
        return self._engine.step_number

    @property
    def backend(self) -> str:
        """Who computes: ``cpu``, ``cpu+openblas``, ``python`` (a callable), ``numpy`` (the reference engine)."""
        return self._engine.backend

    @property
    def threads(self) -> int:
        """Threads in use."""
        return self._engine.threads

    def step(self, n: int = 1) -> StepReport:
        """`n` steps.  A failing step raises and leaves the state of before it.

        Raises LawFailedError, OutOfMemoryError, RangeError (activity left the 21 bits of tile coordinates).
        """
        return self._engine.step(require_integer("number of steps", n, 0, STEPS_MAX))

    def run(
        self, n: int, *, progress: bool | None = None, every: int = 0, on_frame: Callable[[Simulation], Any] | None = None
    ) -> RunSummary:
        """`n` steps with a progress bar on stderr (None: if it is a terminal); `on_frame(self)` after each `every` steps."""
        n = require_integer("number of steps", n, 0, STEPS_MAX)
        chunk = every if every > 0 else max(1, min(n // 50, 64))
        done, working = 0, 0.0
        with Progress(n, "steps", progress) as bar:
            while done < n:
                count = min(chunk, n - done)
                started = time.perf_counter()
                self.step(count)
                working += time.perf_counter() - started
                done += count
                if on_frame is not None and every > 0:
                    on_frame(self)
                bar.update(done, f"{self.active_cells} active cells")
        return RunSummary(n, working, self.active_cells, self.step_number, self.backend, self.threads)

    # ---- pictures ----

    def region(self, roi: Roi | None = None, z: int | None = None) -> Region:
        """The region of a view: roi = (x_min, y_min, x_max, y_max), half open; else the domain, else what is active."""
        x0, y0, z0, x1, y1, _ = self.bounds
        if z is not None:
            z0 = require_integer("z", z, -COORDINATE_MAX, COORDINATE_MAX)
        if roi is not None:
            if not isinstance(roi, Sequence | np.ndarray) or len(roi) != 4:
                raise UsageError(f"roi is {roi!r}, expected four integers (x_min, y_min, x_max, y_max), half open")
            corners = [require_integer(f"roi[{i}]", v, -COORDINATE_MAX, COORDINATE_MAX) for i, v in enumerate(roi)]
            found = Region(corners[0], corners[1], corners[2], corners[3], z0)
        elif self.config.domain.kind != "infinite":
            found = Region(0, 0, self.config.domain.width, self.config.domain.height, z0)
        else:
            found = Region(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1), z0)
        if found.width * found.height > CELLS_MAX:
            raise UsageError(f"region of {found.width} x {found.height} cells, at most {CELLS_MAX} are possible; give a smaller roi")
        return found

    def view(self, kind: str = "density", roi: Roi | None = None, z: int | None = None) -> NDArray[np.float32]:
        """A dense picture, rows y and columns x.

        kind: ``density`` (= ``energy``) sum_c |psi_c|^2; ``phase`` arg psi_0 in radians; ``real``, ``imag`` of psi_0; ``active`` 0 or
        1: float32 [h, w].  ``holographic`` float32 [h, w, 3] in 0 .. 1.  ``state`` complex64 [h, w, d].  z: plane, None for
        the lowest that is active.
        """
        return cast("NDArray[np.float32]", self._engine.view(kind, self.region(roi, z)))

    def image(self, kind: str = "phase", roi: Roi | None = None, z: int | None = None) -> NDArray[np.uint8]:
        """A coloured picture, uint8 [h, w, 3].  ``phase``: hue is arg psi_0, brightness |psi_0|."""
        if kind == "phase":
            return self._phase_image(self.region(roi, z))
        if kind == "state":
            raise UsageError("a state has d channels and no single picture; views with one: " + ", ".join(PICTURES))
        picture = self.view(kind, roi, z)
        return PICTURES[kind](picture)

    def _phase_image(self, region: Region) -> NDArray[np.uint8]:
        """Band by band: two views of all of a large region would be most of the memory that its picture needs."""
        out = np.empty((region.height, region.width, 3), np.uint8)
        for rows in colours.bands(region.height, region.width):
            part = replace(region, y0=region.y0 + rows.start, y1=region.y0 + rows.stop)
            real, imag = (cast("NDArray[np.float32]", self._engine.view(kind, part)) for kind in ("real", "imag"))
            out[rows] = colours.colour_phase(real, imag)
        return out

    def save_image(self, path: str | Path, kind: str = "phase", roi: Roi | None = None, z: int | None = None) -> None:
        """Writes `image` as PNG or GIF.  Raises OutputError if it cannot."""
        image_file.save_image(path, [self.image(kind, roi, z)])

    # ---- snapshots ----

    def save(self, path: str | Path) -> None:
        """Writes a snapshot: active cells, step, configuration, law digest; checksummed; temporary, fsync, rename."""
        self._engine.save(str(path))

    @classmethod
    def load(
        cls,
        path: str | Path,
        law: str | Path | Program | Law,
        *,
        device: str = "auto",
        threads: int = 0,
        any_law: bool = False,
    ) -> Simulation:
        """A simulation that continues a snapshot bit for bit.  The file has the configuration, not the law: give it.

        `any_law` lets a law other than the file's continue it.  Raises OutputError, SnapshotError.
        """
        header = read_snapshot_header(path)
        opened = open_law(law)
        if header.d != opened.d:
            raise SnapshotError(f"{path}: cells of d = {header.d} channels, law {opened.name!r} has {opened.d}; load its own law")
        self = cls.__new__(cls)
        config = replace(header.config, gamma=None) if any_law else header.config
        self._begin(opened, config, device, threads)
        self._engine.load(str(path), any_law)
        return self

    def __repr__(self) -> str:
        return (
            f"<Simulation law={self.law.name!r} d={self.law.d} domain={self.config.domain.kind} step={self.step_number} "
            f"active_cells={self.active_cells} backend={self.backend}>"
        )


PICTURES: dict[str, Callable[[NDArray[np.float32]], NDArray[np.uint8]]] = {
    "density": colours.colour_magnitude,
    "energy": colours.colour_magnitude,
    "phase": colours.colour_magnitude,  # never asked: `image` makes it of real and imag
    "real": colours.colour_signed,
    "imag": colours.colour_signed,
    "holographic": colours.colour_fractions,
    "active": colours.colour_mask,
}
