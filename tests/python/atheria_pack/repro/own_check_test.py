"""rattler-build's own check: only its own record of a build is excused, and only when nothing else differs."""

import pytest
from atheria_pack.repro.compare import Difference
from atheria_pack.repro.own_check import excused
from atheria_pack.repro.twice import Verdict

RECORD = "info/recipe/rendered_recipe.yaml"


@pytest.mark.parametrize(
    ("members", "state", "good"),
    [
        ([RECORD], "same files", True),
        ([RECORD, "lib/a.so"], "differs", False),
        (["info/index.json"], "differs", False),
        ([], "differs", False),  # other names
    ],
)
def test_only_the_record_is_excused(members: list[str], state: str, good: bool) -> None:
    differences = tuple(Difference(member, "content", "a", "b") for member in members)
    verdict = excused(Verdict("linux-64/a=cpu", "differs", "n members differ", differences=differences))
    assert (verdict.state, verdict.good, verdict.differences) == (state, good, differences)


def test_other_verdicts_stay() -> None:
    for verdict in (Verdict("a", "identical"), Verdict("a", "not built", "no result")):
        assert excused(verdict) is verdict
