"""From torch modules to law files."""

from .torch_module import convert_module, load_module

__all__ = ["convert_module", "load_module"]
