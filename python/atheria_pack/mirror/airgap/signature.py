"""Signatures of OpenSSH over a manifest or a bundle: `ssh-keygen -Y` makes and checks them; here its answers get their words.

Keys, signatures and lists of allowed signers are in OpenSSH's own formats, so that they can be made, kept on a token and checked without this
program. Nothing here decides by itself whether a signature is good: the blob is taken apart only to say what is wrong with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from atheria_pack.errors import PackError

NAMESPACE = "atheria-mirror"
LARGEST = 1 << 16  # bytes of a signature; those of the largest RSA keys have some 3,000

_ARMOR = ("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----")
_MAGIC = b"SSHSIG"
_PATIENCE = 120  # seconds; a key on a token waits for a finger


class SignatureError(PackError):
    """A signature cannot be made, or does not prove what it has to. The text says which key, file or namespace is concerned."""


@dataclass(frozen=True)
class Claims:
    """What a signature says of itself, unproven: the fingerprint of its key as ssh-keygen prints it, and its namespace."""

    fingerprint: str
    namespace: str


def sign(content: bytes | Path, key: Path, namespace: str = NAMESPACE) -> bytes:
    """The armoured signature of `content` (or of a file's content).

    `key`: a private key without a passphrase, or one (also only its .pub file) whose private half an ssh-agent holds. It is never asked for a
    passphrase. SignatureError when the key cannot be used.
    """
    try:
        key.read_bytes()
    except FileNotFoundError as error:
        raise SignatureError(f"{key}: no such key; `ssh-keygen -t ed25519 -f {key}` makes one") from error
    except OSError as error:
        raise SignatureError(f"{key}: the key cannot be read ({error.strerror}); run as its owner, or name another key") from error
    done = _ssh_keygen(["sign", "-n", namespace, "-f", str(key), "-P", ""], content)
    if done.returncode == 0 and done.stdout.startswith(_ARMOR[0].encode()):
        return done.stdout
    told = _words(done)
    if "incorrect passphrase" in told:
        raise SignatureError(f"{key}: the key has a passphrase, and none is asked for here; `ssh-add {key}` lends it to the agent, then try again")
    if "are too open" in told:
        raise SignatureError(f"{key}: others can read this private key, so ssh-keygen does not use it; `chmod 600 {key}`")
    if "agent" in told:
        raise SignatureError(f"{key}: the ssh-agent does not sign with this key ({told}); is it loaded (`ssh-add -l`)?")
    raise SignatureError(f"{key}: cannot sign with it ({told}); expected a private key of OpenSSH, as `ssh-keygen -t ed25519` makes it")


def verify_signature(content: bytes | Path, signature: bytes, allowed_signers: Path, namespace: str = NAMESPACE, what: str = "signature") -> str:
    """The principal that signed `content` (or a file's content), as `allowed_signers` calls the key's owner.

    SignatureError, which begins with `what`, for a torn signature, one for another namespace, a signer who is not listed or no longer valid,
    and for content that was changed after it was signed.
    """
    claims = read_claims(signature, what)
    if claims.namespace != namespace:
        raise SignatureError(
            f"{what}: made for the namespace {claims.namespace!r}, expected {namespace!r} (`ssh-keygen -Y sign -n {namespace}`); "
            "a signature for another purpose proves nothing here"
        )
    try:
        allowed_signers.read_bytes()
    except OSError as error:
        raise SignatureError(f"{allowed_signers}: the list of allowed signers cannot be read ({error.strerror})") from error
    with tempfile.TemporaryDirectory(prefix="signature-") as folder:  # 0700, and what is in it 0600
        path = Path(folder) / "signature"
        path.touch(mode=0o600)
        path.write_bytes(signature)
        found = _ssh_keygen(["find-principals", "-s", str(path), "-f", str(allowed_signers)])
        if found.returncode:
            raise SignatureError(_why_nobody(found, claims, allowed_signers, what))
        # A key's line may name several, `!` before those that are not meant.
        principals = [name for name in found.stdout.decode("utf-8", "replace").splitlines() if name and not name.startswith("!")]
        tried = found
        for principal in principals:
            tried = _ssh_keygen(["verify", "-n", namespace, "-I", principal, "-s", str(path), "-f", str(allowed_signers)], content)
            if tried.returncode == 0:
                return principal
        if _ssh_keygen(["check-novalidate", "-n", namespace, "-s", str(path)], content).returncode:
            raise SignatureError(f"{what}: not for these bytes; what was signed with key {claims.fingerprint} was changed afterwards, or torn")
    raise SignatureError(f"{what}: {allowed_signers} has key {claims.fingerprint}, but not for this ({_words(tried) or 'no principal'})")


def read_claims(signature: bytes, what: str = "signature") -> Claims:
    """What a signature says of itself. SignatureError, which begins with `what`, when it is torn or no signature."""
    lines = signature[: LARGEST + 1].decode("ascii", "replace").split()
    text = " ".join(lines)
    if len(signature) > LARGEST or not text.startswith(_ARMOR[0]) or not text.endswith(_ARMOR[1]):
        raise SignatureError(f"{what}: torn, or no signature of OpenSSH ({len(signature)} bytes, expected `{_ARMOR[0]}` to `{_ARMOR[1]}`)")
    try:
        blob = base64.b64decode(text.removeprefix(_ARMOR[0]).removesuffix(_ARMOR[1]).replace(" ", ""), validate=True)
        if not blob.startswith(_MAGIC):
            raise ValueError("not SSHSIG")
        key, rest = _string(blob[len(_MAGIC) + 4 :])  # 4: the version, which ssh-keygen judges
        namespace, _ = _string(rest)
    except (ValueError, binascii.Error) as error:
        raise SignatureError(f"{what}: torn; what is between the dashes is no signature of OpenSSH ({error})") from error
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return Claims(f"SHA256:{digest}", namespace.decode("utf-8", "replace"))


def _string(blob: bytes) -> tuple[bytes, bytes]:
    """A string of OpenSSH's wire format (four bytes of length before it), and what follows."""
    length = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 + length:
        raise ValueError("ends early")
    return blob[4 : 4 + length], blob[4 + length :]


def _why_nobody(found: subprocess.CompletedProcess[bytes], claims: Claims, allowed_signers: Path, what: str) -> str:
    told = _words(found)
    if "expired" in told or "not yet valid" in told:
        return f"{what}: key {claims.fingerprint} is listed in {allowed_signers}, but not valid today ({told}); it has to be signed by a valid one"
    if "Couldn't parse signature" in told or "sshsig" in told:
        return f"{what}: torn ({told})"
    return (
        f"{what}: signed by key {claims.fingerprint}, which is not in {allowed_signers} ({told}); if you trust that key, add a line "
        "`NAME ssh-ed25519 AAAA...` with its public half, which you got by another way than this one"
    )


def _ssh_keygen(words: list[str], content: bytes | Path = b"") -> subprocess.CompletedProcess[bytes]:
    """Run `ssh-keygen -Y`, with `content` as its stdin, without a terminal to ask on."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise SignatureError("ssh-keygen is not on PATH, and it makes and checks signatures; install OpenSSH's client (Debian: openssh-client, "
                             "conda: openssh)")
    command = [program, "-Y", *words]
    quiet = {**os.environ, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
    quiet.pop("DISPLAY", None)  # before OpenSSH 8.4 this alone brings a window up
    try:
        if isinstance(content, Path):
            with open(content, "rb") as stream:
                return subprocess.run(command, stdin=stream, capture_output=True, env=quiet, start_new_session=True, timeout=_PATIENCE, check=False)
        return subprocess.run(command, input=content, capture_output=True, env=quiet, start_new_session=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise SignatureError(f"ssh-keygen did not answer within {_PATIENCE} s; does the key wait for a touch or for an agent's question?") from error


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    """What ssh-keygen said, in one line, without its ornaments."""
    lines = (line.strip("@ \r") for line in done.stderr.decode("utf-8", "replace").splitlines())
    return "; ".join(line for line in lines if line and line != "Signing data on standard input") or f"exit status {done.returncode}"
