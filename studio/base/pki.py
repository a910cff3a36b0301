"""Certificates of devices: the platform's certificate authority, requests and what the authority issues (RIGHTS.md 3).

Devices sign with ES256 (ECDSA on P-256). A leaf carries what C2PA asks of a signing certificate: no CA,
`digitalSignature`, an authority key identifier, and e-mail protection as its extended use; its subject is a pseudonym
and names no person, no computer and no account.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
DEVICE_DAYS = 365

_BACKDATED = timedelta(minutes=10)
"""Clocks of people differ by some minutes; a certificate must not seem to come from the future."""


class CertificateError(ValueError):
    """A request, key or chain that cannot be used. Callers turn it into their own named error."""


@dataclass(frozen=True, repr=False)
class CertificateAuthority:
    """A certificate authority: its certificate and its private key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes


def create_ca(
    name: str = "Contrafact Platform", *, days: int = CA_DAYS, now: datetime | None = None
) -> CertificateAuthority:
    """A fresh self-signed authority (P-256), valid for `days` from `now`."""
    moment = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name), x509.NameAttribute(NameOID.COMMON_NAME, f"{name} root")]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _BACKDATED)
        .not_valid_after(moment + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return CertificateAuthority(certificate.public_bytes(serialization.Encoding.PEM), key_to_pem(key))


def new_device_key() -> bytes:
    """A fresh P-256 private key, PEM (PKCS #8)."""
    return key_to_pem(ec.generate_private_key(ec.SECP256R1()))


def device_id(key_pem: bytes) -> str:
    """The pseudonym of a device: ``dev_`` and 24 hex digits of the sha256 of its public key."""
    return _pseudonym(_load_key(key_pem).public_key())


def make_csr(key_pem: bytes) -> bytes:
    """A certificate request (PEM) for a device key; its subject is the pseudonym alone."""
    key = _load_key(key_pem)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _pseudonym(key.public_key()))])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def csr_device_id(csr_pem: bytes) -> str:
    """The pseudonym of the device that made this request, from its key.

    Raises:
        CertificateError: if it is no request, is not signed by its own key, or has another kind of key.
    """
    return _pseudonym(_request_key(_load_request(csr_pem)))


def issue_device_certificate(
    csr_pem: bytes, ca: CertificateAuthority, *, days: int = DEVICE_DAYS, now: datetime | None = None
) -> bytes:
    """The chain (PEM, leaf first, then the authority) for a device's request.

    Nothing of the request but its key is used, so that a device cannot write names or extensions into a certificate.

    Raises:
        CertificateError: if it is no request, is not signed by its own key, or has another kind of key.
    """
    public = _request_key(_load_request(csr_pem))
    authority = x509.load_pem_x509_certificate(ca.certificate_pem)
    authority_key = _load_key(ca.key_pem)
    moment = now or datetime.now(UTC)
    organisation = authority.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{organisation} devices"),
            x509.NameAttribute(NameOID.COMMON_NAME, _pseudonym(public)),
        ]
    )
    end = min(moment + timedelta(days=days), authority.not_valid_after_utc)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return leaf.public_bytes(serialization.Encoding.PEM) + ca.certificate_pem


@dataclass(frozen=True)
class LeafFacts:
    """What a chain says about its first certificate. Times are seconds since 1970."""

    device_id: str
    issuer: str
    serial: str
    not_before_s: float
    not_after_s: float


def leaf_facts(chain_pem: bytes) -> LeafFacts:
    """The facts of the first certificate of a chain.

    Raises:
        CertificateError: if it cannot be read.
    """
    leaf = _load_chain(chain_pem)[0]
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    issuers = leaf.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return LeafFacts(
        device_id=str(names[0].value) if names else "",
        issuer=str(issuers[0].value) if issuers else "",
        serial=str(leaf.serial_number),
        not_before_s=leaf.not_valid_before_utc.timestamp(),
        not_after_s=leaf.not_valid_after_utc.timestamp(),
    )


def check_chain(chain_pem: bytes, *, key_pem: bytes, at_s: float) -> None:
    """Check that a chain belongs to a device key, that each certificate is issued by the next, and that it holds at
    `at_s`.

    Raises:
        CertificateError: if not; the message says why.
    """
    chain = _load_chain(chain_pem)
    leaf_key = chain[0].public_key()
    if not isinstance(leaf_key, ec.EllipticCurvePublicKey) or _spki(leaf_key) != _spki(_load_key(key_pem).public_key()):
        raise CertificateError("the certificate belongs to another key")
    for certificate, issuer in itertools.pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as problem:
            raise CertificateError("the certificate was not issued by the one that follows it") from problem
    moment = datetime.fromtimestamp(at_s, UTC)
    for certificate in chain:
        if moment < certificate.not_valid_before_utc:
            raise CertificateError("the certificate is not valid yet")
        if moment > certificate.not_valid_after_utc:
            raise CertificateError("the certificate has ended")


def sign_es256(key_pem: bytes, data: bytes) -> bytes:
    """The ES256 signature of `data` as COSE and JOSE write it: r and s, 32 bytes each."""
    r, s = decode_dss_signature(_load_key(key_pem).sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM (PKCS #8), for a key store."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as problem:
        raise CertificateError("the private key cannot be read") from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError("the private key is not a P-256 key")
    return key


def _load_request(pem: bytes) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(pem)
    except ValueError as problem:
        raise CertificateError("this is not a certificate request") from problem


def _request_key(request: x509.CertificateSigningRequest) -> ec.EllipticCurvePublicKey:
    if not request.is_signature_valid:
        raise CertificateError("the request is not signed by its own key")
    public = request.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise CertificateError("the request is not for a P-256 key")
    return public


def _load_chain(pem: bytes) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as problem:
        raise CertificateError("the certificate chain cannot be read") from problem


def _spki(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pseudonym(public: ec.EllipticCurvePublicKey) -> str:
    return "dev_" + hashlib.sha256(_spki(public)).hexdigest()[:24]
