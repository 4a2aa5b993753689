"""Real keys, real ssh-keygen: who is believed, who is not, and what is said about it."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from atheria_pack.mirror.airgap.signature import SignatureError, read_claims, sign, verify_signature
from hypothesis import given, settings
from hypothesis import strategies as st

CONTENT = b'{"schema": 1}\n' * 3


def make_key(folder: Path, name: str, *words: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name), *words], check=True)
    return folder / name


def allow(path: Path, *lines: tuple[str, Path]) -> Path:
    path.write_text("".join(f"{before} {key.with_name(key.name + '.pub').read_text()}" for before, key in lines))
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("origin", "stranger"):
        make_key(folder, name)
    allow(folder / "allowed", ("mirror@origin.example", folder / "origin"))
    return folder


def test_a_signature_names_its_principal(keys: Path) -> None:
    signature = sign(CONTENT, keys / "origin")
    assert verify_signature(CONTENT, signature, keys / "allowed") == "mirror@origin.example"


def test_a_file_is_signed_as_its_content_is(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    signature = sign(tmp_path / "file", keys / "origin")
    assert signature == sign(CONTENT, keys / "origin"), "ed25519 signs the same bytes the same way"
    assert verify_signature(tmp_path / "file", signature, keys / "allowed") == "mirror@origin.example"


def test_plain_ssh_keygen_agrees(keys: Path, tmp_path: Path) -> None:
    """Both ways: what it signs is believed here, what is signed here is believed by it."""
    (tmp_path / "file").write_bytes(CONTENT)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "atheria-mirror", "-f", keys / "origin", tmp_path / "file"], check=True)
    verify_signature(CONTENT, (tmp_path / "file.sig").read_bytes(), keys / "allowed")
    (tmp_path / "ours").write_bytes(sign(CONTENT, keys / "origin"))
    subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-n", "atheria-mirror", "-I", "mirror@origin.example", "-s", tmp_path / "ours", "-f", keys / "allowed"],
        input=CONTENT, check=True, capture_output=True,
    )  # fmt: skip


def test_an_unknown_signer_is_named_by_fingerprint(keys: Path) -> None:
    signature = sign(CONTENT, keys / "stranger")
    printed = subprocess.run(["ssh-keygen", "-l", "-f", keys / "stranger.pub"], check=True, capture_output=True, text=True).stdout.split()[1]
    with pytest.raises(SignatureError, match=f"signed by key {re.escape(printed)}, which is not in .*allowed"):
        verify_signature(CONTENT, signature, keys / "allowed")


def test_another_namespace_is_refused(keys: Path) -> None:
    signature = sign(CONTENT, keys / "origin", "file")
    assert read_claims(signature).namespace == "file"
    with pytest.raises(SignatureError, match="namespace 'file', expected 'atheria-mirror'"):
        verify_signature(CONTENT, signature, keys / "allowed")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ('valid-before="20200101"', "not valid today .*expired"),
        ('valid-after="29990101"', "not valid today .*not yet valid"),
        ('namespaces="git"', "but not for this .*not permitted"),
    ],
)
def test_a_key_that_is_listed_but_not_for_this(keys: Path, tmp_path: Path, options: str, told: str) -> None:
    allowed = allow(tmp_path / "allowed", (f"someone {options}", keys / "origin"))
    with pytest.raises(SignatureError, match=told):
        verify_signature(CONTENT, sign(CONTENT, keys / "origin"), allowed)


def test_a_line_may_name_several_and_patterns(keys: Path, tmp_path: Path) -> None:
    allowed = allow(tmp_path / "allowed", ("!mallory@x,a@x,*@y", keys / "origin"))
    assert verify_signature(CONTENT, sign(CONTENT, keys / "origin"), allowed) == "a@x"


def test_changed_content_is_refused(keys: Path) -> None:
    signature = sign(CONTENT, keys / "origin")
    with pytest.raises(SignatureError, match="manifest: not for these bytes; what was signed with key SHA256:.* was changed"):
        verify_signature(CONTENT + b" ", signature, keys / "allowed", what="manifest")


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_torn_signature_is_refused(keys: Path, data: st.DataObject) -> None:
    """A bit that matters or a missing end: an explained refusal, never another exception, and no principal."""
    good = sign(CONTENT, keys / "origin")
    if data.draw(st.booleans()):
        torn = good[: data.draw(st.integers(0, len(good) - 2))]
    else:
        at = data.draw(st.integers(0, len(good) - 1))
        torn = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    if b"".join(torn.split()) == b"".join(good.split()):
        return  # another white space between the lines says the same
    with pytest.raises(SignatureError):
        verify_signature(CONTENT, torn, keys / "allowed")


def test_keys_that_cannot_be_used(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(SignatureError, match="missing: no such key; `ssh-keygen -t ed25519 -f .*missing` makes one"):
        sign(CONTENT, tmp_path / "missing")
    (tmp_path / "text").write_text("not a key")
    with pytest.raises(SignatureError, match="text: cannot sign with it .*expected a private key"):
        sign(CONTENT, tmp_path / "text")
    make_key(tmp_path, "locked", "-N", "secret")
    with pytest.raises(SignatureError, match="has a passphrase, .*`ssh-add .*locked`"):
        sign(CONTENT, tmp_path / "locked")
    with pytest.raises(SignatureError, match="the key cannot be read .Is a directory"):
        sign(CONTENT, tmp_path)
    open_key = Path(shutil.copy(keys / "origin", tmp_path / "open"))
    open_key.chmod(0o644)
    with pytest.raises(SignatureError, match="open: others can read .*`chmod 600"):
        sign(CONTENT, open_key)


def test_a_key_with_a_passphrase_is_lent_by_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = make_key(tmp_path, "lent")
    with tempfile.TemporaryDirectory(prefix="agent-") as short:  # a socket's path has 108 bytes at most
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", f"{short}/socket"], stdout=subprocess.PIPE)
        try:
            assert agent.stdout is not None and b"SSH_AUTH_SOCK" in agent.stdout.readline()
            monkeypatch.setenv("SSH_AUTH_SOCK", f"{short}/socket")
            subprocess.run(["ssh-add", "-q", key], check=True, capture_output=True)
            subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key], check=True, capture_output=True)
            signature = sign(CONTENT, key)
        finally:
            agent.terminate()
            agent.wait()
            assert agent.stdout is not None
            agent.stdout.close()
    assert verify_signature(CONTENT, signature, allow(tmp_path / "allowed", ("lent@x", key))) == "lent@x"


def test_without_ssh_keygen_the_package_to_install_is_named(keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SignatureError, match="openssh-client"):
        sign(CONTENT, keys / "origin")


def test_a_missing_list_of_signers_is_told(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="nobody: the list of allowed signers cannot be read"):
        verify_signature(CONTENT, sign(CONTENT, keys / "origin"), tmp_path / "nobody")


def test_nothing_is_left_behind_and_nobody_else_may_look(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in place of ssh-keygen notes what it was given; then the folder is empty again."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "bin").mkdir()
    real = shutil.which("ssh-keygen")
    spy = tmp_path / "bin" / "ssh-keygen"
    spy.write_text(f'#!/bin/sh\nstat -c "%a %n" {tmp_path}/temporary/* {tmp_path}/temporary/*/* >> {tmp_path}/modes\nexec {real} "$@"\n')
    spy.chmod(0o755)
    signature = sign(CONTENT, keys / "origin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    previous = os.umask(0)
    try:
        verify_signature(CONTENT, signature, keys / "allowed")
    finally:
        os.umask(previous)
    seen = {line.split()[0] for line in (tmp_path / "modes").read_text().splitlines()}
    assert seen == {"700", "600"}, "a folder and a file in it"
    assert not list((tmp_path / "temporary").iterdir())
