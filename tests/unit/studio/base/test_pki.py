from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from studio.base import pki

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def ca() -> pki.CertificateAuthority:
    return pki.create_ca("Test", now=NOW)


@pytest.fixture(scope="module")
def key() -> bytes:
    return pki.new_device_key()


def test_a_leaf_is_what_c2pa_asks_for(ca: pki.CertificateAuthority, key: bytes) -> None:
    chain = pki.issue_device_certificate(pki.make_csr(key), ca, now=NOW)
    leaf, root = x509.load_pem_x509_certificates(chain)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.EMAIL_PROTECTION
    ]
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    leaf.verify_directly_issued_by(root)


def test_the_subject_is_a_pseudonym_whatever_is_asked(ca: pki.CertificateAuthority) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ada's laptop")])
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    chain = pki.issue_device_certificate(request.public_bytes(serialization.Encoding.PEM), ca, now=NOW)
    facts = pki.leaf_facts(chain)
    assert facts.device_id == pki.device_id(pki.key_to_pem(private))
    assert facts.device_id.startswith("dev_")
    assert facts.issuer == "Test"
    assert b"Ada" not in chain
    leaf = x509.load_pem_x509_certificates(chain)[0]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_id_of_a_request_is_that_of_its_key(key: bytes) -> None:
    assert pki.csr_device_id(pki.make_csr(key)) == pki.device_id(key)


def test_a_leaf_does_not_outlive_its_authority(key: bytes) -> None:
    short = pki.create_ca("Short", days=10, now=NOW)
    facts = pki.leaf_facts(pki.issue_device_certificate(pki.make_csr(key), short, now=NOW))
    assert facts.not_after_s == (NOW + timedelta(days=10)).timestamp()
    assert facts.not_before_s < NOW.timestamp()


@pytest.mark.parametrize("kind", ["rsa", "ed25519", "p384"])
def test_other_kinds_of_keys_are_refused(kind: str, ca: pki.CertificateAuthority) -> None:
    if kind == "rsa":
        private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = rsa.generate_private_key(
            65537, 2048
        )
    elif kind == "ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = ec.generate_private_key(ec.SECP384R1())
    algorithm = None if kind == "ed25519" else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(private, algorithm)  # type: ignore[arg-type]
    pem = request.public_bytes(serialization.Encoding.PEM)
    with pytest.raises(pki.CertificateError, match="P-256"):
        pki.issue_device_certificate(pem, ca)
    held = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(pki.CertificateError, match="P-256"):
        pki.make_csr(held)


def test_a_request_signed_by_another_key_is_refused(ca: pki.CertificateAuthority, key: bytes) -> None:
    der = bytearray(x509.load_pem_x509_csr(pki.make_csr(key)).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    spoiled = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(pki.CertificateError):
        pki.issue_device_certificate(spoiled, ca)


@pytest.mark.parametrize(
    "pem", [b"", b"nonsense", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"]
)
def test_nonsense_is_refused(pem: bytes, ca: pki.CertificateAuthority, key: bytes) -> None:
    with pytest.raises(pki.CertificateError):
        pki.issue_device_certificate(pem, ca)
    with pytest.raises(pki.CertificateError):
        pki.leaf_facts(pem)
    with pytest.raises(pki.CertificateError):
        pki.make_csr(pem)
    with pytest.raises(pki.CertificateError):
        pki.check_chain(pem, key_pem=key, at_s=NOW.timestamp())


def test_a_chain_is_checked(ca: pki.CertificateAuthority, key: bytes) -> None:
    chain = pki.issue_device_certificate(pki.make_csr(key), ca, now=NOW)
    facts = pki.leaf_facts(chain)
    pki.check_chain(chain, key_pem=key, at_s=NOW.timestamp())
    with pytest.raises(pki.CertificateError, match="another key"):
        pki.check_chain(chain, key_pem=pki.new_device_key(), at_s=NOW.timestamp())
    with pytest.raises(pki.CertificateError, match="another key"):
        pki.check_chain(ca.certificate_pem, key_pem=key, at_s=NOW.timestamp())
    with pytest.raises(pki.CertificateError, match="not valid yet"):
        pki.check_chain(chain, key_pem=key, at_s=facts.not_before_s - 1)
    with pytest.raises(pki.CertificateError, match="has ended"):
        pki.check_chain(chain, key_pem=key, at_s=facts.not_after_s + 1)
    leaf = chain[: chain.index(b"-----END CERTIFICATE-----") + 26]
    with pytest.raises(pki.CertificateError, match="not issued"):
        pki.check_chain(leaf + pki.create_ca("Test", now=NOW).certificate_pem, key_pem=key, at_s=NOW.timestamp())


def test_signatures_are_es256(key: bytes) -> None:
    signature = pki.sign_es256(key, b"data")
    assert len(signature) == 64
    public = serialization.load_pem_private_key(key, None).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public.verify(encode_dss_signature(r, s), b"data", ec.ECDSA(hashes.SHA256()))


def test_an_authority_keeps_its_secret_to_itself(ca: pki.CertificateAuthority) -> None:
    assert "PRIVATE" not in repr(ca)
