"""The native engine: `atheria_core`, found or not, and its universes behind the surface that the reference has too."""

from __future__ import annotations

import importlib
import json
import platform
import sys
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .errors import AtheriaError, LawFileError, SnapshotError, StateError, UnavailableError
from .law import Law
from .reference.engine import EngineConfig, StepReport
from .reference.view import Region
from .version import __version__


def _import_core() -> tuple[Any, str]:
    try:
        core = importlib.import_module("atheria_core")
    except ImportError as error:
        return None, f"atheria_core cannot be imported: {error}"
    if core.__version__ != __version__:
        return None, f"atheria_core is version {core.__version__}, this package is {__version__}; install matching ones"
    return core, ""


_core, _reason = _import_core()


def core() -> Any:
    """The extension module.  Raises UnavailableError with the reason why it is not there."""
    if _core is None:
        raise UnavailableError(f"the native engine is not available: {_reason}; device='numpy' runs the reference engine")
    return _core


def available() -> bool:
    """Whether the native engine can be used."""
    return _core is not None


def engine_info() -> dict[str, Any]:
    """Which engine runs and why: versions, backends with the reasons of those not usable, threads, build information."""
    info: dict[str, Any] = {
        "version": __version__,
        "engine": "native" if _core is not None else "reference",
        "reason": _reason,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{sys.platform}-{platform.machine()}",
    }
    if _core is not None:
        info["native_version"] = _core.get_version()
        info["native_module"] = _core.__file__
        for key, ask in (("threads", _core.get_max_threads), ("backends", _core.backends), ("device", _core.device_info)):
            try:
                info[key] = ask()
            except AtheriaError as error:  # a wrong variable in the environment; what else there is to say is said
                info[key], info[f"{key}_reason"] = None, str(error)
        info["build"] = json.loads(_core.build_info())
    return info


class NativeEngine:
    """A universe on ``atheria_core.TileEngine``."""

    def __init__(self, law: Law, config: EngineConfig, backend: str = "auto", threads: int = 0) -> None:
        native = core()
        if law.raw is not None:
            source: Any = law.raw
        else:
            source = native.CallableLaw(
                law.forward,
                d=law.d,
                radius=law.radius,
                name=law.name,
                gamma=law.gamma,
                product=law.product,
                alignment=law.alignment,
            )
        self._engine = native.TileEngine(
            source,
            domain=config.domain.kind,
            width=config.domain.width,
            height=config.domain.height,
            background=config.background,
            activity=config.activity,
            seed=config.seed,
            eps_on=config.eps_on,
            eps_off=config.eps_off,
            gamma=config.gamma,
            normalize=config.normalize,
            backend=backend,
            threads=threads,
        )

    @property
    def backend(self) -> str:
        """Who computes the law."""
        return str(self._engine.backend)

    @property
    def threads(self) -> int:
        """Threads in use."""
        return int(self._engine.threads)

    @property
    def active_count(self) -> int:
        """Number of active cells."""
        return int(self._engine.active_count)

    @property
    def step_number(self) -> int:
        """Steps done since the universe began."""
        return int(self._engine.step_number)

    def write(self, coords: NDArray[np.int64], states: NDArray[np.complex64]) -> None:
        """Sets cells and makes them active."""
        self._engine.write(coords, states)

    def read(self, coords: NDArray[np.int64]) -> NDArray[np.complex64]:
        """States of cells, background included."""
        return cast("NDArray[np.complex64]", self._engine.read(coords))

    def activate(self, coords: NDArray[np.int64]) -> None:
        """Makes cells active as they are."""
        self._engine.activate(coords)

    def deactivate(self, coords: NDArray[np.int64]) -> None:
        """Makes cells background."""
        self._engine.deactivate(coords)

    def clear(self) -> None:
        """All background, step 0."""
        self._engine.clear()

    def export(self) -> tuple[NDArray[np.int64], NDArray[np.complex64]]:
        """Active cells in canonical order."""
        coords, states = self._engine.export()
        return coords, states

    def bounds(self) -> tuple[int, int, int, int, int, int]:
        """Half-open box around the active cells."""
        return cast("tuple[int, int, int, int, int, int]", self._engine.bounds())

    def step(self, steps: int = 1) -> StepReport:
        """Runs steps without the GIL; Ctrl-C ends them between two steps."""
        return StepReport(**self._engine.step(steps))

    def view(self, kind: str, region: Region) -> NDArray[np.float32] | NDArray[np.complex64]:
        """A dense picture of a region."""
        picture = self._engine.view(kind, region.x0, region.y0, region.x1, region.y1, region.z)
        return cast("NDArray[np.float32] | NDArray[np.complex64]", picture)

    def save(self, path: str) -> None:
        """Writes a snapshot."""
        self._engine.save(path)

    def load(self, path: str, any_law: bool = False) -> None:
        """Continues from a snapshot."""
        _ = self._engine.active_count  # raises StateError while a step runs; what follows is of the file
        try:
            self._engine.load(path, any_law)
        except (LawFileError, StateError) as error:
            raise SnapshotError(str(error)) from error
