"""Kills every verb of mirrors again and again while readers use the channel: `python soak.py --kills 500`, from anywhere.

Ends with 1 when any reader saw what it should not, or a second run ended in other bytes; the folder of such a trial is kept and named.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent), str(HERE.parents[4] / "python"), str(HERE.parents[3] / "python" / "atheria_pack" / "mirror")]

from kills import STRACE, trial  # noqa: E402
from stage import stage  # noqa: E402
from web import NGINX, nginx  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="how many in all")
    parser.add_argument("--seed", type=int, default=0, help="another one chooses other moments")
    parser.add_argument("--packages", type=int, default=160, help="in the channel that is mirrored")
    parser.add_argument("--verb", default="", help="only verbs with this in their names: mirror, rollback, gc, import")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # in order, so that nginx ends as well
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"in {folder}; strace: {STRACE or 'not installed, so no kills at system calls'}; nginx: {NGINX or 'not installed'}", flush=True)
    failed = hit = done = 0
    rounds: dict[str, int] = {}
    started = time.monotonic()
    with ExitStack() as running:
        (folder / "nginx").mkdir()
        web = running.enter_context(nginx(folder, folder / "nginx")) if NGINX else None
        verbs = [verb for verb in stage(folder, arguments.packages) if arguments.verb in verb.name]
        each = max(1, arguments.kills // len(verbs))
        for verb in verbs:
            verb.measure(folder / "measured")
            print(f"{verb.name}: {verb.seconds:.2f} s, {len(verb.calls)} system calls that write; {each} kills", flush=True)
            for number, kill in enumerate(verb.kills(each, arguments.seed)):
                name = f"{verb.name.replace(', ', '-')}-{number}"
                outcome = trial(verb, kill, folder / name, f"{web}/{name}" if web else None)
                done, hit = done + 1, hit + outcome.killed
                for kind, count in outcome.rounds.items():
                    kind = kind.partition(":")[0]
                    rounds[kind] = rounds.get(kind, 0) + count
                if outcome.problems:
                    failed += 1
                    print(f"{verb.name}, {kill}: {len(outcome.problems)} problems, kept in {folder / name}", flush=True)
                    print("".join(f"    {text}\n" for text in outcome.problems[:10]), end="", flush=True)
                elif done % 10 == 0:
                    print(f"{done} trials, {hit} killed, {failed} failed, {time.monotonic() - started:.0f} s", flush=True)
    told = ", ".join(f"{count} by {kind}" for kind, count in sorted(rounds.items()))
    print(f"{done} trials, {hit} of them killed before they ended; readers' rounds: {told}; {failed} failed; {time.monotonic() - started:.0f} s")
    if not failed:
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
