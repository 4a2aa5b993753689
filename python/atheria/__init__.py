"""Atheria: quantum cellular automata whose law is a neural network, computed where something happens.

>>> import atheria
>>> simulation = atheria.Simulation("demo")
>>> simulation.add(*atheria.initial.vortex(simulation.law.d))
>>> simulation.run(100)  # doctest: +SKIP
>>> simulation.save_image("demo.png", "phase")  # doctest: +SKIP
"""

from . import initial
from .errors import AtheriaError
from .law import Law, law_from_callable, law_from_program, open_law, shipped_laws
from .native import engine_info
from .reference.field import Domain
from .reference.view import Region
from .simulation import RunSummary, Simulation
from .version import __version__

__all__ = [
    "AtheriaError",
    "Domain",
    "Law",
    "Region",
    "RunSummary",
    "Simulation",
    "__version__",
    "engine_info",
    "initial",
    "law_from_callable",
    "law_from_program",
    "open_law",
    "shipped_laws",
]
