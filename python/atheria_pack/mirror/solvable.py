"""Whether clients of every machine that a mirror was made for can still install what was asked for, from the mirror alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from atheria_pack.errors import UsageError
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.index import provenance
from atheria_pack.mirror.layout import PACKAGES, generation_folder
from atheria_pack.mirror.places.place import Place
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.sources.snapshot import snapshot
from atheria_pack.mirror.wanted.closure import ClosureError, close
from atheria_pack.mirror.wanted.request import Request


def unsolvable(place: Place, manifest: Manifest) -> tuple[int, list[tuple[str, str]]]:
    """Solve every spec of a generation's request for every machine again, from the mirror's own indexes.

    Answers how many combinations have an environment, and those that had one when the mirror was made and have none now, with the reason.
    A request without specs has nothing to solve: everything was asked for, or what lock files name.
    """
    recorded = manifest.request
    if not recorded.get("specs"):
        return 0, []
    request = Request(*(tuple(recorded.get(name, ())) for name in ("specs", "platforms", "profiles", "pythons")))
    before = _reasons(place, manifest)
    with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
        try:
            with snapshot([place.address], request.platforms, Path(scratch), request.names()) as found, close(found, request) as closure:
                reasons = {str(refusal).removesuffix(f": {refusal.reason}"): refusal.reason for refusal in closure.refusals}
                solved = len(closure.solutions)
                now = _combinations(closure.table)
        except ClosureError as error:
            return 0, [(", ".join(request.specs), str(error))]
        except UsageError as error:
            return 0, [(generation_folder(manifest.generation), f"a request that cannot be read: {error}")]
    lost = sorted(before - now)
    return solved, [(combination, reasons.get(combination, "no environment")) for combination in lost]


def _reasons(place: Place, manifest: Manifest) -> set[str]:
    """The combinations that chose packages: as many as there were solves."""
    path = f"{generation_folder(manifest.generation)}/{PACKAGES}"
    with place.open(path) as stream:
        return {why for one in provenance.read(stream, path) for why in one.why if _is_solved(why, manifest)}


def _combinations(table: RecordTable) -> set[str]:
    return {why for entry in table.entries() for why in entry.why}


def _is_solved(why: str, manifest: Manifest) -> bool:
    """Whether a reason is a solve, rather than a lock file."""
    return any(why.startswith(f"{spec} on ") for spec in manifest.request["specs"])
