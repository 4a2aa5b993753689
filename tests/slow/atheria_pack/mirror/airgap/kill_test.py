"""An import that is killed at any moment leaves a mirror that is whole, and is done again by the same command."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from atheria_pack.mirror.airgap.export import export
from atheria_pack.mirror.airgap.importing import import_bundle
from atheria_pack.mirror.places.folder import FolderPlace

ROOT = Path(__file__).resolve().parents[5]
sys.path.insert(0, str(ROOT / "tests" / "python" / "atheria_pack" / "mirror" / "airgap"))

from origins import files_of, publish, readable, tree  # noqa: E402

KILLS = int(os.environ.get("ATHERIA_AIRGAP_KILLS", "6"))
PACKAGES = 60
# Everything is loaded before the clock of a kill starts, so that it hits the import and not Python's start.
IMPORT = """
import sys
from pathlib import Path
from atheria_pack.mirror.airgap.importing import import_bundle
from atheria_pack.mirror.places.folder import FolderPlace
print("ready", flush=True)
sys.stdin.readline()
import_bundle(Path(sys.argv[1]), FolderPlace(Path(sys.argv[2]), "DST"), None)
"""


def started(bundle: Path, mirror: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    command = [sys.executable, "-c", IMPORT, str(bundle), str(mirror)]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()
    return process


@pytest.mark.parametrize("delta", [False, True])
def test_kills(tmp_path: Path, delta: bool) -> None:
    first = [f"linux-64/a{number}-1" for number in range(PACKAGES)]
    second = first[PACKAGES // 3 :] + [f"noarch/b{number}-1" for number in range(PACKAGES)]
    publish(tmp_path / "origin", files_of(*first))
    origin = FolderPlace(tmp_path / "origin", "ORIGIN")
    before = tmp_path / "before"
    if delta:
        export(origin, tmp_path / "1.tar")
        import_bundle(tmp_path / "1.tar", FolderPlace(before, "DST"), None)
    publish(tmp_path / "origin", files_of(*second))
    bundle = tmp_path / "2.tar"
    export(origin, bundle, since=1 if delta else None)

    def fresh(folder: Path) -> Path:
        if delta:
            shutil.copytree(before, folder, symlinks=True)
        return folder

    undisturbed = fresh(tmp_path / "undisturbed")
    with started(bundle, undisturbed) as process:
        begun = time.monotonic()
        assert process.wait() == 0
        seconds = time.monotonic() - begun
    wanted = tree(undisturbed)

    chance = random.Random(f"{delta} {KILLS}")
    states = set()
    for number in range(KILLS):
        mirror = fresh(tmp_path / f"mirror-{number}")
        with started(bundle, mirror) as process:
            time.sleep(chance.uniform(0, 1.1) * seconds)
            process.send_signal(signal.SIGKILL)
            killed = process.wait() == -signal.SIGKILL
        readable(mirror)
        current = FolderPlace(mirror, "DST").current()
        assert current in ((1, 2) if delta else (None, 2))
        states.add((killed, current))
        with started(bundle, mirror) as process:
            assert process.wait() == 0
        assert tree(mirror) == wanted, f"after kill {number} at generation {current}"
        readable(mirror)
        shutil.rmtree(mirror)
    assert any(killed for killed, _ in states), f"no kill hit: {states}"
