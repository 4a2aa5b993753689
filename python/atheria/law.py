"""Laws from outside: those that ship, law files, programs; and law files written."""

from __future__ import annotations

from pathlib import Path

from .atomic_file import write_atomically
from .errors import UnknownLawError, UsageError
from .input_file import read_checked
from .reference.container import HEAD_BYTES, check_head, from_bytes, to_bytes
from .reference.law import Law, law_from_callable, law_from_program
from .reference.program import Program

__all__ = ["LAW_SUFFIX", "Law", "law_from_callable", "law_from_program", "open_law", "save_law", "shipped_laws"]

SHIPPED_FOLDER = Path(__file__).parent / "laws"
LAW_SUFFIX = ".atl"


def save_law(program: Program, path: str | Path) -> None:
    """Writes a law file: temporary, fsync, rename.  Raises OutputError if it cannot."""
    write_atomically(Path(path), to_bytes(program))


def read_law_file(path: str | Path) -> bytes:
    """A law file's bytes.  Raises OutputError if it cannot be read, LawFileError for a head that is none, or of another size."""
    return read_checked(path, "law file", HEAD_BYTES, lambda head, size: check_head(head, size, str(path)))


def shipped_laws() -> list[str]:
    """Names of the laws that come with the package."""
    return sorted(p.stem for p in SHIPPED_FOLDER.glob(f"*{LAW_SUFFIX}"))


def open_law(law: str | Path | Law | Program) -> Law:
    """The law of a shipped name, a law file's path, a Program, or a Law.

    Raises UnknownLawError (naming those that ship), OutputError if the file cannot be read, LawFileError if damaged.
    """
    if isinstance(law, Law):
        return law
    if isinstance(law, Program):
        return law_from_program(law)
    if not isinstance(law, str | Path):
        raise UsageError(
            f"a law is a shipped name, a path, a Program or a Law, not {type(law).__name__}; "
            "wrap a callable with atheria.law_from_callable(function, d=..., radius=...)"
        )
    path = Path(law)
    if isinstance(law, str) and law in shipped_laws():
        path = SHIPPED_FOLDER / f"{law}{LAW_SUFFIX}"
    elif not path.exists():
        known = ", ".join(shipped_laws()) or "none"
        raise UnknownLawError(f"no law {str(law)!r}: neither a file nor one that ships with the package ({known})")
    raw = read_law_file(path)
    return law_from_program(from_bytes(raw, str(path)), raw, str(path))
