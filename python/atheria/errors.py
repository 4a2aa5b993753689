"""Every error that this package raises on purpose: a class per meaning, an exit code per class."""

from __future__ import annotations


class AtheriaError(Exception):
    """Something that the caller can act upon.  The text says what happened, what was expected and what to do."""

    exit_code = 1
    hint = ""


class UsageError(AtheriaError, ValueError):
    """An argument that can never be right: wrong shape, dtype, name or range."""

    exit_code = 2


class LawFileError(AtheriaError):
    """A law file is damaged, of another version, or not a law file."""

    exit_code = 3


class UnknownLawError(AtheriaError, LookupError):
    """No law of this name ships with the package and no such file exists."""

    exit_code = 4


class OutputError(AtheriaError, OSError):
    """A result cannot be written (or a file cannot be read) where it was asked for."""

    exit_code = 5


class UnsupportedError(AtheriaError):
    """Right in principle, but this law, build or engine cannot do it."""

    exit_code = 6


class UnavailableError(AtheriaError):
    """A backend, device, driver or optional library is missing or unusable on this machine."""

    exit_code = 7


class SnapshotError(AtheriaError):
    """A snapshot is damaged, or belongs to another law or configuration."""

    exit_code = 8


class RangeError(AtheriaError, IndexError):
    """A coordinate or region outside what can be represented, or outside the domain."""

    exit_code = 9


class OutOfMemoryError(AtheriaError, MemoryError):
    """An allocation failed; nothing was changed."""

    exit_code = 10


class StateError(AtheriaError):
    """The right call at the wrong time."""

    exit_code = 11


class LawFailedError(AtheriaError):
    """The law itself failed, or gave numbers that are not a state; the state is that of before the step."""

    exit_code = 12


class CancelledError(AtheriaError):
    """Stopped on request; the state is that after the last complete step."""

    exit_code = 130


class InternalError(AtheriaError):
    """Our mistake.  Please report the message."""

    exit_code = 70


# By the name of a native status (native/include/atheria/status.h).
BY_STATUS: dict[str, type[AtheriaError]] = {
    "INVALID_ARGUMENT": UsageError,
    "OUT_OF_MEMORY": OutOfMemoryError,
    "NOT_FOUND": UnavailableError,
    "UNSUPPORTED": UnsupportedError,
    "DATA_LOSS": LawFileError,
    "FAILED_PRECONDITION": StateError,
    "OUT_OF_RANGE": RangeError,
    "UNAVAILABLE": UnavailableError,
    "VERSION_MISMATCH": LawFileError,
    "IO_ERROR": OutputError,
    "CANCELLED": CancelledError,
    "INTERNAL": InternalError,
}


def error_of_status(name: str, message: str) -> AtheriaError:
    """The exception for a native status: `name` as in ``ath_status_name``, `message` as in ``ath_status_message``."""
    return BY_STATUS.get(name, InternalError)(message or f"the native library failed with {name} and said no more")
