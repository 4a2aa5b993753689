"""The content of an earlier generation again, as a new one: clients see it by the same switch as any other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from atheria_pack.errors import PackError
from atheria_pack.mirror import history
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.layout import STAGING, SUMS, generation_folder, is_index
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.publish import Signer, install, write_manifest
from atheria_pack.mirror.stamps import Stamps, sha256_of

_NAMED = 5  # files that an error names
_PIECE = 1 << 20


class LostContentError(PackError):
    """A file of the generation is gone or damaged, so it cannot be shown again. The text names it. Nothing was changed."""


@dataclass(frozen=True)
class Rollback:
    """What was done, or would be: `shown` was visible, `again` is the generation whose content comes back, as generation `number`.

    `number` is None where the visible generation names the same files already.
    """

    shown: int
    again: int
    number: int | None


def roll_back(place: Place, to: int | None, *, now: int, dry_run: bool = False, sign: Signer | None = None) -> Rollback:
    """Show the content of generation `to` again; None: of the one before the visible one.

    Every file of it is checked before: those that changed since they were verified are read. LostContentError names what is gone,
    NoGenerationError a generation that is not kept. Nothing is written for `dry_run`, and the lock is not taken.
    """
    planned = _planned(place, to)
    if dry_run:
        return planned
    with place.writing():
        planned = _planned(place, to)  # another run may have published meanwhile
        if planned.number is None:
            return planned
        staged = place.scratch / STAGING / "rollback"
        with Stamps(place) as stamps:
            _refuse_lost(place, planned.again, stamps)
            _stage(place, planned.again, staged)
            parent = history.manifest(place, planned.shown)
            again = history.manifest(place, planned.again)
            found = replace(
                again, generation=planned.number, parent=parent.digest, published=max(now, parent.published), rollback_of=planned.again
            )
            write_manifest(staged, found, sign)
            install(place, planned.number, staged, stamps)
        return planned


def _planned(place: Place, to: int | None) -> Rollback:
    visible = history.shown(place)
    shown = visible.generation
    if to is None:
        earlier = [number for number in history.numbers(place) if number < shown]
        if not earlier:
            raise history.NoGenerationError(f"{place.address} has generation {shown} only; there is none to go back to")
        to = earlier[-1]
    else:
        to = history.chosen(place, to)
    same = _content(history.manifest(place, to)) == _content(visible)
    return Rollback(shown, to, None if same else shown + 1)


def _content(manifest: Manifest) -> tuple[str, object]:
    return manifest.sums, manifest.request


def _refuse_lost(place: Place, number: int, stamps: Stamps) -> None:
    def lost() -> Iterator[str]:
        for path, digest in history.sums(place, number):
            where = f"{generation_folder(number)}/{path}" if is_index(path) else path
            if not stamps.check(where, digest):
                yield f"{where} ({'damaged' if place.look(where) else 'gone'})"

    named = list(islice(lost(), _NAMED + 1))
    if named:
        more = " and more" if len(named) > _NAMED else ""
        raise LostContentError(f"{place.address}: generation {number} cannot be shown again, because files of it are not as they were: "
                               f"{', '.join(named[:_NAMED])}{more}. Nothing was changed; another generation may be whole")


def _stage(place: Place, number: int, staged: Path) -> None:
    """Copy what the generation has of its own: the indexes, and their list."""
    for path in (SUMS, *(path for path, _ in history.sums(place, number) if is_index(path))):
        (staged / path).parent.mkdir(parents=True, exist_ok=True)
        with place.open(f"{generation_folder(number)}/{path}") as source, open(staged / path, "wb") as copy:
            shutil.copyfileobj(source, copy, _PIECE)
    with open(staged / SUMS, "rb") as stream:
        found = sha256_of(stream)
    wanted = history.manifest(place, number).sums
    if found != wanted:
        raise LostContentError(f"{place.address}: {SUMS} of generation {number} has sha256 {found}, expected {wanted}; it was changed meanwhile")
