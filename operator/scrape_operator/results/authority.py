"""X.509: makes a certificate of the results API with a CA of its own, and reads stored ones.

Each certificate has a CA that signs nothing else: the CA's key is forgotten at once, so that no Secret holds a key with
which certificates could be made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=90)
CLOCK_DIFFERENCE = timedelta(minutes=5)
"""A certificate is valid from that long before it is made: clocks of nodes differ."""

RENEWED_AT = 2 / 3
"""The part of its life after which a certificate is replaced."""

COMMON_NAME_MAX_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate, its key, and the CA that signed it, as PEM."""

    certificate: bytes
    key: bytes
    authority: bytes
    valid_from: datetime
    valid_until: datetime
    names: frozenset[str]

    def __repr__(self) -> str:
        return f"Pair(names={sorted(self.names)}, valid_until={self.valid_until:%Y-%m-%d})"

    @property
    def renew_at(self) -> datetime:
        """When two thirds of its life are over."""
        return self.valid_from + (self.valid_until - self.valid_from) * RENEWED_AT

    def serves(self, names: Sequence[str], at: datetime) -> bool:
        """Return whether a client that asks for one of these names accepts it at this time."""
        return self.valid_from <= at < self.valid_until and self.names.issuperset(names)


def make_pair(names: Sequence[str], now: datetime, life: timedelta = LIFE) -> Pair:
    """Return a new certificate for DNS names, signed by a new CA. Takes about a millisecond."""
    valid_from, valid_until = now.replace(microsecond=0) - CLOCK_DIFFERENCE, now.replace(microsecond=0) + life
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    # The name of the CA differs each time: verifiers look CAs up by name.
    issuer = _name(f"scrape-operator results CA {x509.random_serial_number():x}")
    authority = _authority(issuer, authority_key, valid_from, valid_until)
    signed = (
        _builder(_name(names[0]), issuer, key.public_key(), valid_from, valid_until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(_pem(signed), private, _pem(authority), valid_from, valid_until, frozenset(names))


def read_pair(certificate: bytes, key: bytes, authority: bytes) -> Pair | None:
    """Return a stored certificate, or None if the three parts are unreadable or do not belong together."""
    try:
        leaf, signer = x509.load_pem_x509_certificate(certificate), x509.load_pem_x509_certificate(authority)
        private = serialization.load_pem_private_key(key, password=None)
        leaf.verify_directly_issued_by(signer)
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if private.public_key() != leaf.public_key():
            return None
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return None
    valid_from = max(leaf.not_valid_before_utc, signer.not_valid_before_utc)
    valid_until = min(leaf.not_valid_after_utc, signer.not_valid_after_utc)
    names = frozenset(alternatives.get_values_for_type(x509.DNSName))
    return Pair(certificate, key, authority, valid_from, valid_until, names)


def valid_authorities(pem: bytes, at: datetime) -> bytes:
    """Return those certificates of a PEM bundle that have not expired."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        return b""
    return b"".join(_pem(one) for one in found if one.not_valid_after_utc > at)


def authority_ders(pem: str) -> frozenset[bytes]:
    """Return the certificates of a PEM bundle as DER, to compare bundles.

    Raises:
        ValueError: It holds no certificate, or a broken one.

    """
    return frozenset(
        one.public_bytes(serialization.Encoding.DER) for one in x509.load_pem_x509_certificates(pem.encode())
    )


def is_issued_by(certificate: bytes, authorities: frozenset[bytes]) -> bool:
    """Return whether one of these CAs signed the certificate. All are DER."""
    leaf = x509.load_der_x509_certificate(certificate)
    return any(_signed(leaf, x509.load_der_x509_certificate(one)) for one in authorities)


def encrypted_key(key: bytes, password: bytes) -> bytes:
    """Return a private key as PEM that only the password opens."""
    private = serialization.load_pem_private_key(key, password=None)
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )


def common_names(certificate: Mapping[str, Any]) -> Sequence[str]:
    """Return the common names of the subject of a certificate, as `ssl` gives one that it has verified."""
    subject = certificate.get("subject", ())
    return [str(value) for part in subject for key, value in part if key == "commonName"]


def _authority(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, valid_from: datetime, valid_until: datetime
) -> x509.Certificate:
    built = _builder(name, name, key.public_key(), valid_from, valid_until)
    return (
        built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    valid_from: datetime,
    valid_until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from.astimezone(UTC))
        .not_valid_after(valid_until.astimezone(UTC))
    )


def _key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:COMMON_NAME_MAX_LENGTH])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
