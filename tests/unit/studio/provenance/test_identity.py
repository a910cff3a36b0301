from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from studio.base import pki
from studio.base.errors import ProvenanceError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.provenance.identity import DeviceIdentity
from studio.provenance.trust import TrustAnchors, TrustStore, native_settings


def test_the_key_is_made_once_and_kept(paths: AppPaths, bare_identity: DeviceIdentity) -> None:
    again = DeviceIdentity(paths, KeyStore(paths))
    assert bare_identity.device_id == again.device_id
    assert pki.csr_device_id(bare_identity.csr()) == again.device_id
    assert len(again.sign(b"data")) == 64
    if os.name == "posix":
        assert stat.S_IMODE((paths.config / "keys" / "device-key").stat().st_mode) == 0o600


def test_nothing_of_the_person_is_in_a_request(bare_identity: DeviceIdentity) -> None:
    from cryptography import x509

    request = x509.load_pem_x509_csr(bare_identity.csr())
    assert [attribute.value for attribute in request.subject] == [bare_identity.device_id]
    assert list(request.extensions) == []


def test_before_and_after_a_certificate(
    bare_identity: DeviceIdentity, authority: pki.CertificateAuthority, paths: AppPaths
) -> None:
    assert bare_identity.chain is None
    assert bare_identity.certificate() is None
    assert bare_identity.own_anchors() == TrustAnchors()
    chain = pki.issue_device_certificate(bare_identity.csr(), authority)
    at_s = pki.leaf_facts(chain).not_before_s + 600
    assert not bare_identity.ready(at_s=at_s)
    bare_identity.store_chain(chain, at_s=at_s)
    assert bare_identity.ready(at_s=at_s)
    facts = bare_identity.certificate()
    assert facts is not None
    assert facts.device_id == bare_identity.device_id
    assert not bare_identity.ready(at_s=facts.not_after_s + 1)
    assert bare_identity.own_anchors().pems == (authority.certificate_pem,)


def test_a_chain_for_another_key_is_refused(bare_identity: DeviceIdentity, authority: pki.CertificateAuthority) -> None:
    chain = pki.issue_device_certificate(pki.make_csr(pki.new_device_key()), authority)
    with pytest.raises(ProvenanceError, match="another key") as caught:
        bare_identity.store_chain(chain, at_s=pki.leaf_facts(chain).not_before_s + 1)
    assert caught.value.code == "no-device-certificate"
    assert bare_identity.chain is None


def test_a_damaged_chain_is_named(identity: DeviceIdentity, paths: AppPaths) -> None:
    path = paths.data / "device-chain.pem"
    path.write_bytes(b"nonsense")
    assert identity.certificate() is None
    with pytest.raises(ProvenanceError) as caught:
        identity.usable_chain(at_s=0.0)
    assert caught.value.code == "no-device-certificate"
    path.unlink()
    path.mkdir()
    with pytest.raises(ProvenanceError, match="cannot be read"):
        identity.usable_chain(at_s=0.0)


def test_the_trust_store_keeps_roots(paths: AppPaths, authority: pki.CertificateAuthority) -> None:
    store = TrustStore(paths)
    assert store.anchors() == TrustAnchors()
    chain = pki.issue_device_certificate(pki.make_csr(pki.new_device_key()), authority)
    store.add(chain)
    store.add(authority.certificate_pem)
    assert store.anchors() == TrustAnchors.of([authority.certificate_pem])
    other = pki.create_ca("Other")
    store.add(other.certificate_pem)
    assert len(store.anchors().pems) == 2


def test_what_is_no_root_is_not_trusted(paths: AppPaths, authority: pki.CertificateAuthority, tmp_path: Path) -> None:
    store = TrustStore(paths)
    chain = pki.issue_device_certificate(pki.make_csr(pki.new_device_key()), authority)
    leaf = chain[: chain.index(b"-----END CERTIFICATE-----") + 26]
    for pem in (leaf, b"nonsense"):
        with pytest.raises(ProvenanceError) as caught:
            store.add(pem)
        assert caught.value.code == "trust-invalid"
    (paths.data / "trust").write_text("in the way")
    from studio.base.errors import StorageError

    with pytest.raises(StorageError):
        store.add(authority.certificate_pem)


def test_nothing_is_ever_fetched(trust: TrustAnchors) -> None:
    for settings in (native_settings(trust), native_settings(TrustAnchors())):
        assert settings["verify"]["remote_manifest_fetch"] is False
        assert settings["verify"]["ocsp_fetch"] is False
        assert settings["verify"]["verify_trust"] is True
