"""kill -9 at any moment: no reader sees an index that names a missing or a wrong file, and the next run ends as if nothing had happened.

ATHERIA_SOAK=N: so many kills of each verb. `soak.py` does the same as a program.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kills import NO_STRACE, STRACE, Kill, Verb, killed, trial  # noqa: E402
from readers import look  # noqa: E402
from stage import stage  # noqa: E402
from web import NGINX  # noqa: E402

KILLS = int(os.environ.get("ATHERIA_SOAK", "5"))
VERBS = ("mirror, new", "mirror, changes", "rollback", "gc", "import, new", "import, delta")


@pytest.fixture(scope="module")
def verbs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verb]:
    folder = tmp_path_factory.mktemp("stage")
    made = {verb.name: verb for verb in stage(folder, packages=100)}
    assert set(made) == set(VERBS)
    return made


def measured(verb: Verb, folder: Path) -> Verb:
    if not verb.after:
        verb.measure(folder)
    return verb


@pytest.mark.parametrize("name", VERBS)
def test_killed(name: str, verbs: dict[str, Verb], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    verb = measured(verbs[name], tmp_path / "measured")
    web = request.getfixturevalue("serve_by_nginx")(tmp_path) if NGINX else None
    moments = list(verb.kills(KILLS, 0))
    outcomes = [trial(verb, kill, tmp_path / f"at-{number}", f"{web}/at-{number}" if web else None) for number, kill in enumerate(moments)]
    told = [f"{kill}: {text}" for kill, outcome in zip(moments, outcomes, strict=True) for text in outcome.problems]
    assert not told, "\n".join(told)
    missed = [str(kill) for kill, outcome in zip(moments, outcomes, strict=True) if kill.call and not outcome.killed]
    assert len(missed) <= len(moments) // 4, f"the verb ended before these: {', '.join(missed)}"
    assert sum(outcome.rounds.get("look", 0) for outcome in outcomes) > len(moments)


def test_kills_come_at_system_calls(verbs: dict[str, Verb], tmp_path: Path) -> None:
    if STRACE is None:
        pytest.skip(f"{NO_STRACE}; the other tests kill at random moments only")
    verb = measured(verbs["gc"], tmp_path / "measured")
    assert {"unlinkat", "fsync", "renameat"} <= {kill.call for kill in verb.calls}
    verb.prepare(tmp_path / "at")
    before = {path.name for path in (tmp_path / "at" / "linux-64").iterdir()}
    assert killed(verb, next(kill for kill in verb.calls if kill.call == "unlinkat"), tmp_path / "at")
    assert {path.name for path in (tmp_path / "at" / "linux-64").iterdir()} == before


def test_readers_see_what_is_wrong(verbs: dict[str, Verb], tmp_path: Path) -> None:
    """The readers of the other tests are worth something: each kind of damage is told."""
    verb = measured(verbs["rollback"], tmp_path / "measured")
    folder = tmp_path / "damaged"
    verb.prepare(folder)
    assert look(folder) == []
    package = next((folder / "linux-64").glob("openssl-3.6.0-h0_10.conda"))
    content = package.read_bytes()
    package.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert any(f"{package.name} has another sha256" in text for text in look(folder))
    package.write_bytes(content[:-1])
    assert any(f"{package.name} has {len(content) - 1} bytes" in text for text in look(folder))
    package.unlink()
    assert {text.partition(":")[0] for text in look(folder)} >= {f"linux-64/repodata.json{end}" for end in ("", ".zst")}
    package.write_bytes(content)
    shard = next((folder / "linux-64" / "shards").glob("*.zst"))
    shard.write_bytes(shard.read_bytes() + b"\0")
    assert any("another content than its name" in text for text in look(folder))
    shard.unlink()
    assert any("is missing" in text for text in look(folder))


def test_a_second_run_that_leaves_something_is_told(verbs: dict[str, Verb], tmp_path: Path) -> None:
    """The comparison of trees is worth something too."""
    verb = measured(verbs["gc"], tmp_path / "measured")
    wrong = Verb(verb.name, verb.before, lambda target: ("gc", target, "--keep", "3", "--grace", "0"), verb.epoch, verb.after)
    outcome = trial(wrong, Kill(seconds=0.1), tmp_path / "at")
    assert outcome.killed and any(text.startswith(".mirror/generations/") for text in outcome.problems)
