"""A sigstore of our own: a certificate authority, two transparency logs, the trusted root that names them, and bundles that verify under it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PREDICATE = "https://schemas.conda.org/attestations-publish-1.schema.json"  # CEP 27
IDENTITY = "https://example.org/owner/project/build.yml@refs/heads/main"
ISSUER = "https://token.example.org"
_LOG_NAME = "log.example.org"
_BORN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
_SIGNED = datetime.datetime(2026, 2, 1, tzinfo=datetime.timezone.utc)
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUER_CLAIM = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _sign(key: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@dataclass
class World:
    """One sigstore. `bundle` signs a statement about a package as a CI system would, at the public instance."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificates_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    signatures_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    def __post_init__(self) -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "example.org"), x509.NameAttribute(NameOID.COMMON_NAME, "root")])
        self._root = (
            x509.CertificateBuilder()
            .subject_name(self._name).issuer_name(self._name).public_key(self.authority.public_key()).serial_number(1)
            .not_valid_before(_BORN).not_valid_after(_BORN + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key()), critical=False)
            .sign(self.authority, hashes.SHA256())
        )  # fmt: skip

    def trusted_root(self) -> dict[str, Any]:
        """trusted_root.json, as values."""
        since = {"start": _BORN.strftime("%Y-%m-%dT%H:%M:%SZ")}

        def log(key: ec.EllipticCurvePrivateKey, host: str) -> dict[str, Any]:
            public = {"rawBytes": _b64(_spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since}
            return {"baseUrl": f"https://{host}", "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": _b64(_log_id(key))}}

        authority = {
            "subject": {"organization": "example.org", "commonName": "root"}, "uri": "https://ca.example.org", "validFor": since,
            "certChain": {"certificates": [{"rawBytes": _b64(self._root.public_bytes(Encoding.DER))}]},
        }  # fmt: skip
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.signatures_log, _LOG_NAME)],
            "certificateAuthorities": [authority],
            "ctlogs": [log(self.certificates_log, "ct.example.org")],
            "timestampAuthorities": [],
        }

    def bundle(self, file_name: str, sha256: str, channel: str) -> dict[str, Any]:
        """A bundle that attests that the file with this digest was published to the channel."""
        statement = {
            "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": file_name, "digest": {"sha256": sha256}}],
            "predicateType": PREDICATE, "predicate": {"targetChannel": channel},
        }  # fmt: skip
        payload, kind = json.dumps(statement).encode(), "application/vnd.in-toto+json"
        key = _key()
        certificate = self._certificate(key)
        signature = _sign(key, b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
        envelope = {"payload": _b64(payload), "payloadType": kind, "signatures": [{"sig": _b64(signature)}]}
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self._entry(envelope, payload, certificate)],
                "timestampVerificationData": {"rfc3161Timestamps": []},
            },
            "dsseEnvelope": envelope,
        }

    def _certificate(self, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([])).issuer_name(self._name).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(_SIGNED).not_valid_after(_SIGNED + datetime.timedelta(minutes=10))
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(IDENTITY)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_CLAIM, _der(0x0C, ISSUER.encode())), critical=False)
        )  # fmt: skip
        promised = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        when = int(_SIGNED.timestamp() * 1000)
        head = struct.pack(">BBQH", 0, 0, when, 1) + hashlib.sha256(_spki(self.authority)).digest()
        signature = _sign(self.certificates_log, head + len(promised).to_bytes(3, "big") + promised + b"\0\0")
        sct = b"\0" + _log_id(self.certificates_log) + struct.pack(">QH", when, 0) + b"\4\3" + _with_length(signature)
        listed = _der(0x04, _with_length(_with_length(sct)))
        return builder.add_extension(x509.UnrecognizedExtension(_SCT_LIST, listed), critical=False).sign(self.authority, hashes.SHA256())

    def _entry(self, envelope: dict[str, Any], payload: bytes, certificate: x509.Certificate) -> dict[str, Any]:
        """What the log of signatures answers: a tree of this one entry."""
        body = _canonical({
            "apiVersion": "0.0.1", "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(_canonical(envelope)).hexdigest()},
                "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "signatures": [{"signature": envelope["signatures"][0]["sig"], "verifier": _b64(certificate.public_bytes(Encoding.PEM))}],
            },
        })  # fmt: skip
        when, log_id = int(_SIGNED.timestamp()) + 1, _log_id(self.signatures_log)
        promise = _sign(self.signatures_log, _canonical({"body": _b64(body), "integratedTime": when, "logID": log_id.hex(), "logIndex": 0}))
        root = _b64(hashlib.sha256(b"\0" + body).digest())
        note = f"{_LOG_NAME}\n1\n{root}\n"
        signed = _b64(log_id[:4] + _sign(self.signatures_log, note.encode()))
        return {
            "logIndex": "0", "logId": {"keyId": _b64(log_id)}, "kindVersion": {"kind": "dsse", "version": "0.0.1"}, "integratedTime": str(when),
            "inclusionPromise": {"signedEntryTimestamp": _b64(promise)},
            "inclusionProof": {
                "logIndex": "0", "rootHash": root, "treeSize": "1", "hashes": [],
                "checkpoint": {"envelope": f"{note}\n— {_LOG_NAME} {signed}\n"},
            },
            "canonicalizedBody": _b64(body),
        }  # fmt: skip


def _log_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(_spki(key)).digest()


def _with_length(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x80 + (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + content


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature, key_cert_sign=key_cert_sign, crl_sign=crl_sign, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
