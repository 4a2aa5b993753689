"""The commands of `atheria`: a verb per file, and this table of them."""

from types import ModuleType

from . import convert, info, run

VERBS: dict[str, ModuleType] = {"run": run, "info": info, "convert": convert}
