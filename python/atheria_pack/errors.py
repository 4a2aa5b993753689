"""What can go wrong in atheria_pack: a class per meaning, an exit code per class."""

from __future__ import annotations


class PackError(Exception):
    """Base of every error that is explained to the user rather than shown as a traceback."""

    exit_code = 1


class BootstrapError(PackError):
    """This machine cannot make the bootstrap channel, or a package of it failed. The text says what to do."""

    exit_code = 6
