"""What can go wrong in atheria_pack: a class per meaning, an exit code per class."""

from __future__ import annotations

INTERRUPTED = 130  # exit status after Ctrl-C and its like, as shells have it


class PackError(Exception):
    """Base of every error that is explained to the user rather than shown as a traceback."""

    exit_code = 1


class UsageError(PackError):
    """The user asked for something that does not exist: an accelerator, a Python, a pattern that names no cell."""

    exit_code = 2


class VariantsError(PackError):
    """variants.yaml contradicts itself. The text names the keys."""

    exit_code = 2


class RecipeError(PackError):
    """A recipe does not parse or render."""

    exit_code = 2


class BusyError(PackError):
    """Another run works in the same output folder."""

    exit_code = 3


class StrictError(PackError):
    """`--strict`, and something was skipped."""

    exit_code = 4


class DiskFullError(PackError):
    """No space left where the output goes."""

    exit_code = 5


class BootstrapError(PackError):
    """This machine cannot make the bootstrap channel, or a package of it failed. The text says what to do."""

    exit_code = 6


class PackageFileError(PackError):
    """A package file is torn, or is not what it claims to be. The text names it."""
