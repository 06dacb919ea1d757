"""Keys and certificates of a lab: its authority, its hosts' and its operator's. Made anew for each lab."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Final

import paramiko
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS: Final = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return sha256(self.certificate.public_bytes(serialization.Encoding.DER)).digest()


def authority(name: str) -> Signed:
    """A certificate that signs itself and others."""
    key = ec.generate_private_key(ec.SECP256R1())
    built = _builder(name, key.public_key()).issuer_name(_name(name))
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    built = built.add_extension(_usage(signs=True), critical=True)
    return Signed(built.sign(key, hashes.SHA256()), key)


def issue(by: Signed, name: str, addresses: Iterable[str] = ()) -> Signed:
    """A certificate for a host with these IP addresses, or for a person where there are none."""
    key = ec.generate_private_key(ec.SECP256R1())
    built = _builder(name, key.public_key()).issuer_name(by.certificate.subject)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_usage(signs=False), critical=True)
    names = [x509.IPAddress(ipaddress.ip_address(address)) for address in sorted(set(addresses))]
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
    built = built.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
    return Signed(built.add_extension(issuer_key, critical=False).sign(by.key, hashes.SHA256()), key)


def _builder(name: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + _DAYS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def server_side(signed: Signed, clients: Signed, folder: Path) -> ssl.SSLContext:
    """What a listener needs; the key passes through ``folder``, since OpenSSL reads keys from files only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = folder / f"{signed.certificate.serial_number:x}.pem"
    pair.touch(mode=0o600)
    pair.write_bytes(signed.pem + signed.key_pem)
    context.load_cert_chain(pair)
    context.load_verify_locations(cadata=clients.pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def ssh_key() -> tuple[paramiko.Ed25519Key, bytes]:
    """A new key, and the file for it in OpenSSH's form."""
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return paramiko.Ed25519Key.from_private_key(StringIO(pem.decode())), pem
