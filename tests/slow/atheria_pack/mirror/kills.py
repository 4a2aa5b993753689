"""A verb killed at one moment, while readers use the channel, and run again: what each of them saw, and what is left at the end."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from command import environment, words
from readers import Readers, look


def _tracer() -> tuple[str | None, str]:
    """strace, or None and why it is of no use here."""
    found = shutil.which("strace")
    if found is None:
        return None, "strace is not installed; .ci/install has it"
    tried = subprocess.run([found, "-f", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return (found, "") if tried.returncode == 0 else (None, f"strace may not trace here: {tried.stderr.strip()}")


STRACE, NO_STRACE = _tracer()
# What changes a folder. A kill comes before the call happens, so that those at all calls give every state that a crash can leave; `write` tears
# files.
CALLS = "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,ftruncate,pwrite64,write"
_OWN = (".mirror/verified.sqlite", ".mirror/lock", ".mirror/partial")  # may differ between a run that was killed and one that was not


@dataclass(frozen=True)
class Kill:
    """At a system call, before it happens: the `number`th `call` of the thread that is first to get there. Or after `seconds`."""

    call: str | None = None
    number: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.call} {self.number}" if self.call else f"{self.seconds:.3f} s"


@dataclass
class Verb:
    """A verb to be killed.

    - `before`: a folder with the mirror as it is before; not there where the verb makes a new one.
    - `arguments`: of the verb, for a mirror's folder. `epoch`: its clock.
    - `after`: the mirror's tree after an undisturbed run. `calls`: the kills at the calls it made, in order; `seconds`: how long it took.
    """

    name: str
    before: Path
    arguments: Callable[[Path], Sequence[object]]
    epoch: int
    after: dict[str, str] = field(default_factory=dict)
    calls: list[Kill] = field(default_factory=list)
    seconds: float = 0.0

    def start(self, folder: Path, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
        caches = {"RATTLER_CACHE_DIR": f"{folder}.caches", "TMPDIR": f"{folder}.temporary"}
        os.makedirs(f"{folder}.temporary", exist_ok=True)
        return subprocess.Popen(
            [*prefix, *words(*self.arguments(folder))], env=environment(self.epoch, **caches), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def prepare(self, folder: Path) -> None:
        if self.before.is_dir():
            shutil.copytree(self.before, folder, symlinks=True)

    def measure(self, folder: Path) -> None:
        """Run it once undisturbed and once counted."""
        self.prepare(folder)
        started = time.monotonic()
        _ended(self.start(folder))
        self.seconds = time.monotonic() - started
        self.after = tree(folder)
        shutil.rmtree(folder)
        if STRACE:
            self.prepare(folder)
            log = folder.with_suffix(".strace")
            _ended(self.start(folder, _strace(log, CALLS)))
            counts: Counter[tuple[str, str]] = Counter()
            seen: dict[Kill, None] = {}
            for thread, call in re.findall(r"^(\d+) +(\w+)\(", log.read_text(), re.MULTILINE):
                counts[thread, call] += 1
                seen[Kill(call, counts[thread, call])] = None
            self.calls = list(seen)
            assert tree(folder) == self.after, f"{self.name}: two undisturbed runs differ: {differences(self.after, tree(folder))}"
            shutil.rmtree(folder)

    def kills(self, count: int, seed: int) -> Iterator[Kill]:
        """`count` of them: most at system calls, spread over all and dense at the end, where what was made becomes visible."""
        chance = random.Random(f"{self.name} {seed}")
        last = max(20, len(self.calls) // 4)
        late, early = self.calls[-last:], self.calls[:-last]
        at_calls = min(count - count // 4, len(self.calls))
        chosen = set(chance.sample(late, min(at_calls // 2, len(late))))
        chosen |= set(chance.sample(early, min(at_calls - len(chosen), len(early))))
        yield from (kill for kill in self.calls if kill in chosen)
        yield from (Kill(seconds=chance.uniform(0.2, 1.0) * self.seconds) for _ in range(count - len(chosen)))


@dataclass
class Outcome:
    """What came of a kill. `killed`: it hit; `rounds`: what readers did meanwhile; `problems`: what should not be."""

    killed: bool
    rounds: dict[str, int]
    problems: list[str]


def trial(verb: Verb, kill: Kill, folder: Path, address: str | None = None) -> Outcome:
    """Kill the verb in a copy of its mirror at `folder`, which a web server may serve at `address`, and let it run again.

    A kill after a time is followed by another one, of the run that goes on from there.
    """
    verb.prepare(folder)
    scratch = folder.with_suffix(".scratch")
    problems: list[str] = []
    with Readers(folder, [address] if address else [], scratch) as readers:
        hit = killed(verb, kill, folder)
        problems += [f"after the kill: {text}" for text in look(folder)]
        if not kill.call:  # machines that crash once do so again, while the first crash is mended
            killed(verb, Kill(seconds=kill.seconds / 2), folder)
            problems += [f"after the second kill: {text}" for text in look(folder)]
        again = verb.start(folder)
        talk = again.communicate()[0]
        if again.returncode != 0:
            problems.append(f"the last run ended with {again.returncode}: {talk[-2000:]}")
        problems += [f"after the last run: {text}" for text in look(folder)]
    problems += [f"a reader: {text}" for text in readers.problems]
    if again.returncode == 0:
        problems += differences(verb.after, tree(folder))
    if not problems:
        for leftover in (folder, scratch, Path(f"{folder}.caches"), Path(f"{folder}.temporary")):
            shutil.rmtree(leftover, ignore_errors=True)
    return Outcome(hit, readers.rounds, list(dict.fromkeys(problems)))


def tree(folder: Path) -> dict[str, str]:
    """Every file (sha256), link (where to) and folder below, but for what is a mirror's own business."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.startswith(_OWN):
            continue
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """What a tree has that another has not, by name."""
    names = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    return [f"{name}: {found.get(name, 'not there')} in place of {expected.get(name, 'nothing')}" for name in names]


def killed(verb: Verb, kill: Kill, folder: Path) -> bool:
    """Start the verb and kill it; False where it ended before."""
    if kill.call:
        running = verb.start(folder, _strace(folder.with_suffix(".strace"), kill.call, f"{kill.call}:signal=KILL:when={kill.number}"))
        running.communicate()
        folder.with_suffix(".strace").unlink(missing_ok=True)
        return running.returncode != 0
    running = verb.start(folder)
    try:
        running.communicate(timeout=kill.seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        return True
    return False


def _strace(log: Path, calls: str, inject: str | None = None) -> list[str]:
    assert STRACE
    return [STRACE, "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", *(["-e", f"inject={inject}"] if inject else [])]


def _ended(running: subprocess.Popen[str]) -> None:
    talk = running.communicate()[0]
    assert running.returncode == 0, talk
