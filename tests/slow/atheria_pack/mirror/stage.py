"""The mirrors that verbs are killed on: one made, brought up to date, rolled back, cleaned, carried across an air gap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from command import DAY, EPOCH, done
from kills import Verb

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python" / "atheria_pack" / "mirror"))

from upstream import BROKEN_IN_ARCHIVE, Package, Upstream, make_upstream  # noqa: E402

SECOND, THIRD, LATER = EPOCH + DAY, EPOCH + 2 * DAY, EPOCH + 60 * DAY


def stage(folder: Path, packages: int = 160) -> list[Verb]:
    """The verbs, each with the mirror it starts from."""
    upstream = make_upstream(folder / "upstream", packages, 11)
    wanted = ("--platform", "linux-64", "--platform", "osx-arm64")

    def mirror(target: Path) -> tuple[object, ...]:
        return ("mirror", upstream.url, target, *wanted)

    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests", "-f", str(key)], check=True)
    allowed = folder / "allowed"
    allowed.write_text(f"tests {key.with_suffix('.pub').read_text()}")

    first, second, third = (folder / name for name in ("first", "second", "third"))
    done(*mirror(first), epoch=EPOCH)
    before = folder / "upstream-before"
    _copy(upstream.folder, before)
    change(upstream)
    _copy(first, second)
    done(*mirror(second), epoch=SECOND)
    _copy(second, third)
    done("rollback", third, "--to", "1", epoch=THIRD)
    whole, delta = folder / "whole.tar", folder / "delta.tar"
    done("export", first, whole, "--sign", key, epoch=EPOCH)
    done("export", second, delta, "--since", "1", "--sign", key, epoch=SECOND)
    imported = folder / "imported"
    done("import", whole, imported, "--allowed-signers", allowed, epoch=EPOCH)
    nowhere = folder / "nowhere"
    old = before.as_uri()
    return [
        Verb("mirror, new", nowhere, lambda target: ("mirror", old, target, *wanted), EPOCH),
        Verb("mirror, changes", first, mirror, SECOND),
        Verb("rollback", second, lambda target: ("rollback", target, "--to", "1"), THIRD),
        Verb("gc", third, lambda target: ("gc", target, "--keep", "1", "--grace", "0"), LATER),
        Verb("import, new", nowhere, lambda target: ("import", whole, target, "--allowed-signers", allowed), EPOCH),
        Verb("import, delta", imported, lambda target: ("import", delta, target, "--allowed-signers", allowed), SECOND),
    ]


def change(upstream: Upstream) -> None:
    """What a day brings: new versions that are preferred, a hotfix, packages that are gone."""
    upstream.hotfix(f"linux-64/{BROKEN_IN_ARCHIVE}-1.0-h0_0.conda", depends=["openssl >=3.5"])
    upstream.add(
        Package("openssl", "3.6.1", depends=("ca-certificates", "libgcc >=12"), licence="Apache-2.0"),
        Package("brand-new", depends=("openssl >=3.6.1",)),
        *(Package("ca-certificates", f"2026.{month}.1", subdir="noarch", licence="ISC") for month in range(3, 6)),
    )
    upstream.remove("linux-64/openssl-3.3.1-h0_0.conda")


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
