"""A device with a certificate, files to sign, and a manifest to put into them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.base import pki
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.provenance.identity import DeviceIdentity
from studio.provenance.trust import TrustAnchors
from tests.samples.provenance import RATE, make_identity


@pytest.fixture(scope="session")
def authority() -> pki.CertificateAuthority:
    """The platform's authority."""
    return pki.create_ca("Test Platform")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppPaths:
    """Folders of an installation of its own, keys in files."""
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    return AppPaths.open(tmp_path / "home")


@pytest.fixture
def bare_identity(paths: AppPaths) -> DeviceIdentity:
    """A device before it has a certificate."""
    return DeviceIdentity(paths, KeyStore(paths))


@pytest.fixture
def identity(paths: AppPaths, authority: pki.CertificateAuthority) -> DeviceIdentity:
    """A device that the authority has certified."""
    return make_identity(paths, authority)


@pytest.fixture
def trust(authority: pki.CertificateAuthority) -> TrustAnchors:
    """Trust in the platform's authority."""
    return TrustAnchors.of([authority.certificate_pem])


@pytest.fixture
def render(tmp_path: Path, rng: np.random.Generator) -> Callable[..., Path]:
    """Write two seconds of noise in a format."""

    def write(kind: str, name: str | None = None) -> Path:
        path = tmp_path / (name or f"export.{kind}")
        samples = (0.1 * rng.standard_normal((2 * RATE, 2))).astype(np.float32)
        subtype = {"wav": "PCM_24", "flac": "PCM_16", "mp3": "MPEG_LAYER_III"}[kind]
        soundfile.write(path, samples, RATE, subtype=subtype, format=kind.upper())
        return path

    return write
