"""`channel mirror` as it is typed: what it reports, and each first wrong word."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from atheria_pack.cli.main import main

_MIRROR_TESTS = Path(__file__).resolve().parents[2] / "mirror"
sys.path.insert(0, str(_MIRROR_TESTS))

from sigstore_world import IDENTITY, World  # noqa: E402
from upstream import Package, Upstream, make_upstream  # noqa: E402
from web import FaultyServer  # noqa: E402


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path / "up", 0, 5, index="json")


@pytest.fixture
def channel(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Runs `channel mirror WORDS` in the temporary folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        status = main(["channel", "mirror", *map(str, words)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_what_is_said(channel: Any, upstream: Upstream) -> None:
    status, out, err = channel("up", "m", "--platform", "linux-64", "--dry-run")
    assert status == 0 and out.splitlines()[-1].startswith("nothing was written; m would show ")
    assert "packages: " in out and "licences: " in out and "MIT" in out and "subdirs: linux-64" in out and "new " in out
    status, out, err = channel("up", "m", "--platform", "linux-64")
    assert status == 0 and "m shows generation 1: " in out and "by hard link" in out
    status, out, err = channel("up", "m", "--platform", "linux-64")
    assert status == 0 and out.startswith("m is up to date at generation 1: ") and len(out.splitlines()) == 1
    assert "mended" not in out and "signed" not in out


def test_what_was_put_right_is_said(channel: Any, upstream: Upstream) -> None:
    asked = ("up", "m", "--platform", "linux-64", "--copy")
    channel(*asked)
    package = Path("m/noarch/ca-certificates-2026.2.1-h0_0.conda")
    package.write_bytes(b"damaged")
    assert ", 1 file mended; " in channel(*asked)[1]
    shown = Path("m/.mirror/current/linux-64")
    (shown / "repodata.json").write_bytes(b"damaged")
    (shown / "repodata.json.zst").unlink()
    assert ", 2 files mended; " in channel(*asked)[1]
    (shown / "repodata.json").write_bytes(b"damaged")
    package.unlink()
    told = json.loads(channel(*asked, "--json")[1])
    assert (told["fetched"]["files"], told["mended"], told["signed"], told["published"]) == (1, 1, False, False)


def test_json_is_all_there_is_on_stdout(channel: Any, upstream: Upstream) -> None:
    status, out, _ = channel("up", "m", "--platform", "linux-64,osx-arm64", "--spec", "tensor=*=cuda*", "--json")
    told = json.loads(out)
    assert status == 0 and told["published"] and told["generation"] == 1
    assert told["plan"]["new"]["files"] == told["packages"] == told["fetched"]["files"]
    assert {"spec": "tensor=*=cuda*", "platform": "osx-arm64"} in told["unmet"]
    assert any("no-gpu" in refusal for refusal in told["refusals"])
    every = [word for accel in ("cuda", "metal", "rocm") for with_it in ("", " & python") for word in ("--spec", f"tensor=*={accel}*{with_it}")]
    status, out, err = channel("up", "m2", "--platform", "linux-64,osx-arm64", *every)
    assert "tensor=*=cuda*: no environment on any machine of osx-arm64" in err and "left out: " in err and "more, which --json tells" in err


def test_the_last_time_is_repeated(channel: Any, upstream: Upstream) -> None:
    channel("up", "m", "--platform", "linux-64", "--spec", "python", "--profile", "no-gpu", "--python", "3.11")
    upstream.add(Package("ca-certificates", "2027.1.1", subdir="noarch"))
    status, out, err = channel("m")
    assert status == 0 and "as the last time: python for linux-64, profiles no-gpu, pythons 3.11" in err
    assert "m shows generation 2" in out
    assert Path("m/noarch/ca-certificates-2027.1.1-h0_0.conda").exists() and not list(Path("m/linux-64").glob("python-3.12*"))


def test_who_had_to_sign_the_last_time_has_to_again(channel: Any, upstream: Upstream) -> None:
    world = World()
    Path("root.json").write_text(json.dumps(world.trusted_root()))
    package, newer = "noarch/ca-certificates-2026.2.1-h0_0.conda", "noarch/ca-certificates-2027.1.1-h0_0.conda"

    def attest(path: str) -> None:
        digest = hashlib.sha256((upstream.folder / path).read_bytes()).hexdigest()
        Path(upstream.folder, f"{path}.v0.sigs").write_text(json.dumps([world.bundle(Path(path).name, digest, upstream.url)]))

    attest(package)
    judged = ("--attestations", "require", "--trusted-root", "root.json", "--signer", IDENTITY)
    status, _, err = channel("up", "m", "--platform", "linux-64", "--spec", "ca-certificates", "--profile", "no-gpu", *judged)
    assert status == 0, err
    upstream.add(Package("ca-certificates", "2027.1.1", subdir="noarch"))
    attest(newer)
    status, _, err = channel("m")
    assert status == 2 and "the last time had a --trusted-root (sha256 " in err and "give it again" in err
    status, out, err = channel("m", "--trusted-root", "root.json")
    assert status == 0 and "m shows generation 2" in out, err
    request = json.loads(Path("m/.mirror/current/manifest.json").read_text())["request"]
    digest = hashlib.sha256(Path("root.json").read_bytes()).hexdigest()
    assert (request["attestations"], request["signer"], request["trusted_root"]) == ("require", IDENTITY, digest)
    status, _, err = channel("m", "--trusted-root", "root.json", "--signer", "https://example.org/somebody-else")
    assert status == 1 and "have no attestation that holds" in err


def test_a_token_of_the_last_time_is_asked_for(channel: Any, upstream: Upstream) -> None:
    with FaultyServer(upstream.folder.parent) as server:
        Path("t").mkdir()
        upstream.folder.rename("t/secret")
        assert channel(f"{server.url}/t/secret", "m", "--platform", "linux-64", "--spec", "ca-certificates")[0] == 0
        assert not [path for path in Path("m").rglob("*") if path.is_file() and path.suffix != ".conda" and b"secret" in path.read_bytes()]
        server.asked.clear()
        status, _, err = channel("m")
        assert status == 2 and "/t/<TOKEN>, whose token it does not keep" in err and not server.asked


def test_signed(channel: Any, upstream: Upstream, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests", "-f", str(tmp_path / "key")], check=True)
    channel("up", "m", "--platform", "linux-64")
    assert " mended" not in (out := channel("up", "m", "--platform", "linux-64", "--sign", "key")[1]) and ", signed; " in out
    assert "signed" not in channel("up", "m", "--platform", "linux-64", "--sign", "key")[1]
    status, out, _ = channel("up", "m2", "--platform", "linux-64", "--sign", "key")
    assert status == 0 and " by hard link), signed, " in out
    upstream.add(Package("ca-certificates", "2027.1.1", subdir="noarch"))
    assert "generation 1 was signed, 2 is not; the same with --sign KEY signs it" in channel("m2")[2]
    assert ", signed; " in channel("m2", "--sign", "key")[1]
    signature = tmp_path / "m" / ".mirror" / "current" / "manifest.json.sig"
    (tmp_path / "allowed").write_text(f"tests {(tmp_path / 'key.pub').read_text()}")
    checked = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "tests", "-n", "atheria-mirror", "-s", str(signature)],
        input=signature.with_name("manifest.json").read_bytes(), capture_output=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked


WRONG = [
    (("up", "m", "--platform", "linux-46"), "--platform linux-46: no platform; did you mean linux-64?"),
    (("up", "m", "--platform", "noarch"), "noarch is no platform of its own"),
    (("up", "m", "--profile", "cuda14"), "--profile cuda14: not one of no-gpu, cuda12, cuda13, rocm, macos, windows; did you mean cuda"),
    (("up", "m", "--platform", "linux-64", "--profile", "macos", "--spec", "python"), "linux-64 has no machines of the profile macos"),
    (("up", "m", "--python", "three"), "'three' is no Python"),
    (("up", "m", "--spec", "python >=>3"), "the spec 'python >=>3' cannot be read"),
    (("up", "m", "--spec", "conda-forge::python"), "names a channel"),
    (("up", "m", "--lock", "no.lock"), "no.lock cannot be read"),
    (("up", "m", "--jobs", "0"), "--jobs 0: expected 1 to 64"),
    (("up", "up"), "a source and the target at once"),
    (("up", "up/m"), "lies in the source"),
    (("up/linux-64", "up"), "lies in"),
    (("up", "up", "m"), "is named twice"),
    (("ftp://example.org/x", "m"), "cannot be read by ftp://"),
    (("up", "http://example.org/m"), "a mirror lies in a folder or in a bucket"),
    (("m",), "m is no mirror yet, so there is no last time"),
    (("m", "--spec", "python"), "--spec without a source"),
    (("up", "m", "--trusted-root", "root.json"), "--trusted-root without --attestations warn or require"),
    (("up", "m", "--attestations", "require", "--issuer", "github"), "--issuer github: expected a URL"),
    (("up", "m", "--attestations", "require", "--trusted-root", "root.json", "--platform", "linux-64"), "root.json"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_each_first_wrong_word(channel: Any, upstream: Upstream, words: tuple[str, ...], message: str) -> None:
    status, out, err = channel(*words)
    assert not {"--lock", "--trusted-root"} & set(words) or "reading" not in err, "before the channels are asked"
    assert status == 2 and message in err and "Traceback" not in err, (status, err)
    assert out == "" and not Path("m", ".mirror", "current").exists()


def test_other_wrong_things_are_explained_as_well(channel: Any, upstream: Upstream, tmp_path: Path) -> None:
    for words, message in (
        (("./nowhere", "m"), "nowhere is not there"),
        (("up", "m", "--sign", "no-key"), "no such key; `ssh-keygen"),
        (("up", "m", "--spec", "no-such-package", "--platform", "linux-64"), "no-such-package"),
        (("up/linux-64", "m"), "noarch"),
    ):
        status, _, err = channel(*words)
        assert status not in (0, 130) and message in err and "Traceback" not in err, (words, err)
    assert not Path("m").exists()
    Path("file").write_text("")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "thesis.tex").write_text("")
    for target, message in (("file", "is a file"), ("others", "holds thesis.tex but no .mirror")):
        for dry in ([], ["--dry-run"]):
            status, _, err = channel("up", target, "--platform", "linux-64", *dry)
            assert status not in (0, 130) and message in err and "reading" not in err, "before the channels are asked"
    assert [path.name for path in (tmp_path / "others").iterdir()] == ["thesis.tex"]
