"""The version of the package; a test holds it equal to ``native/include/atheria/version.h``."""

__version__ = "0.1.0"
