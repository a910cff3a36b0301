"""Bad credentials and bad files (RIGHTS.md 5): each has a named outcome, and nothing crashes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from studio.base import pki
from studio.base.errors import ProvenanceError
from studio.base.paths import AppPaths
from studio.provenance import manifest, reading, signing, verify
from studio.provenance.identity import DeviceIdentity
from studio.provenance.inputs import ExportFacts
from studio.provenance.native import library
from studio.provenance.payload import locate
from studio.provenance.signing import sign_file
from studio.provenance.trust import TrustAnchors, native_settings
from studio.provenance.verify import verify_file
from tests.samples.provenance import RATE, facts, make_identity
from tests.samples.rights import ASSET


@pytest.fixture(scope="module")
def authority() -> pki.CertificateAuthority:
    return pki.create_ca("Test Platform")


@pytest.fixture
def identity(tmp_path: Path, authority: pki.CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> DeviceIdentity:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    return make_identity(AppPaths.open(tmp_path / "home"), authority)


@pytest.fixture
def trust(authority: pki.CertificateAuthority) -> TrustAnchors:
    return TrustAnchors.of([authority.certificate_pem])


@pytest.fixture
def render(tmp_path: Path, rng: np.random.Generator) -> Callable[[str], Path]:
    def write(name: str) -> Path:
        path = tmp_path / name
        soundfile.write(path, 0.1 * rng.standard_normal((RATE, 2)), RATE)
        return path

    return write


BROKEN = {
    "empty.wav": (b"", "NoCredentials", "file-empty"),
    "zeros.wav": (bytes(4096), "NoCredentials", "format-unsupported"),
    "zeros.flac": (bytes(4096), "NoCredentials", "format-unsupported"),
    "zeros.mp3": (bytes(4096), "NoCredentials", "format-unsupported"),
    "one.wav": (b"R", "NoCredentials", "format-unsupported"),
    "tiny.wav": (b"RIFF", "NoCredentials", "format-unsupported"),
    "tiny.mp3": (b"ID3", "NoCredentials", "file-damaged"),
    "tiny.flac": (b"fLaC", "NoCredentials", "file-damaged"),
    "renamed.wav": (b"just a text\n" * 50, "NoCredentials", "format-unsupported"),
    "vast.wav": (b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff" + bytes(99), "NoCredentials", "file-damaged"),
    "vast-c2pa.wav": (b"RIFF\xff\xff\xff\xffWAVEC2PA\xff\xff\xff\xff" + bytes(99), "Invalid", "credentials-too-large"),
    "vast-tag.mp3": (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + bytes(99), "Invalid", "credentials-too-large"),
    "cut-c2pa.wav": (
        b"RIFF\x40\x00\x00\x00WAVEdata\x02\x00\x00\x00abC2PA\x99\x00\x00\x00" + bytes(9),
        "Invalid",
        "credentials-damaged",
    ),
    "sync.mp3": (b"\xff\xfb\x90\x00" + bytes(99), "NoCredentials", "no-credentials"),
    "track.ogg": (b"OggS" + bytes(99), "NoCredentials", "format-unsupported"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_have_a_named_outcome(name: str, tmp_path: Path, trust: TrustAnchors) -> None:
    data, state, code = BROKEN[name]
    path = tmp_path / name
    path.write_bytes(data)
    outcome = verify_file(path, trust=trust)
    assert (outcome.state, outcome.problems[0].code) == (state, code)
    assert outcome.summary == outcome.problems[0].text
    assert outcome.summary.endswith(".")


def test_no_file_and_no_permission_are_errors(tmp_path: Path, trust: TrustAnchors) -> None:
    with pytest.raises(ProvenanceError) as caught:
        verify_file(tmp_path / "missing.wav", trust=trust)
    assert caught.value.code == "file-missing"
    with pytest.raises(ProvenanceError) as caught:
        verify_file(tmp_path, trust=trust)
    assert caught.value.code == "file-unreadable"


def test_every_flipped_byte_of_sound_is_found(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors, rng: np.random.Generator
) -> None:
    for name in ("a.wav", "a.flac", "a.mp3"):
        path = render(name)
        sign_file(path, manifest.build(facts()), identity)
        payload = locate(path)
        whole = path.read_bytes()
        for offset in (0, payload.length - 1, *rng.integers(0, payload.length, 6)):
            data = bytearray(whole)
            data[payload.start + int(offset)] ^= 1 << int(rng.integers(8))
            path.write_bytes(data)
            outcome = verify_file(path, trust=trust)
            assert (outcome.state, outcome.problems[0].code) == ("Invalid", "audio-changed"), (name, offset)


def test_any_flipped_byte_anywhere_never_crashes_and_never_lies(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors, rng: np.random.Generator
) -> None:
    path = render("a.mp3")
    sign_file(path, manifest.build(facts("mp3")), identity)
    whole = path.read_bytes()
    honest = verify_file(path, trust=trust)
    for place in rng.integers(0, locate(path).start, 60):
        data = bytearray(whole)
        data[int(place)] ^= 0xFF
        path.write_bytes(data)
        outcome = verify_file(path, trust=trust)
        # Only the padding of the signature is covered by nothing; whoever changes that changes nothing that is said.
        if outcome.state == "Trusted":
            assert outcome.facts == honest.facts
        else:
            assert outcome.problems


def test_a_file_cut_anywhere_has_an_outcome(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors, rng: np.random.Generator
) -> None:
    for name in ("a.wav", "a.flac", "a.mp3"):
        path = render(name)
        sign_file(path, manifest.build(facts()), identity)
        whole = path.read_bytes()
        for length in (*range(0, 16, 3), *rng.integers(16, len(whole) - 1, 12)):
            path.write_bytes(whole[: int(length)])
            outcome = verify_file(path, trust=trust)
            assert outcome.state in {"NoCredentials", "Invalid"}
            assert outcome.problems


def test_what_is_appended_to_a_file_is_found(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    for name in ("a.wav", "a.flac", "a.mp3"):
        path = render(name)
        sign_file(path, manifest.build(facts()), identity)
        with path.open("ab") as file:
            file.write(b"something more")
        outcome = verify_file(path, trust=trust)
        assert outcome.state == "Invalid", (name, outcome)
        assert outcome.problems[0].code in {"audio-changed", "tags-changed"}


def test_a_changed_header_is_not_called_sound(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = render("a.wav")
    sign_file(path, manifest.build(facts()), identity)
    data = bytearray(path.read_bytes())
    data[24] ^= 1
    path.write_bytes(data)
    outcome = verify_file(path, trust=trust)
    assert (outcome.state, outcome.problems[0].code) == ("Invalid", "tags-changed")
    assert "headers" in outcome.summary


def test_changes_in_many_places_are_counted(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = render("a.wav")
    sign_file(path, manifest.build(msgspec.structs.replace(facts(), export=_no_length(facts().export))), identity)
    payload = locate(path)
    data = bytearray(path.read_bytes())
    for part in range(1, 8):
        data[payload.start + part * payload.length // 8] ^= 1
    path.write_bytes(data)
    text = verify_file(path, trust=trust).summary
    assert text.endswith("and 3 more places.")
    assert "after it was signed, in bytes " in text


def _no_length(export: ExportFacts) -> ExportFacts:
    return msgspec.structs.replace(export, duration_s=0.0)


def test_a_stranger_without_a_map_is_told_less(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = render("a.mp3")
    signed = path.with_name("signed.mp3")
    with (
        library.Context.from_dict(native_settings(trust)) as context,
        library.Builder(manifest.build(facts("mp3")), context=context) as builder,
        library.Signer.from_callback(
            identity.sign, library.C2paSigningAlg.ES256, (identity.chain or b"").decode()
        ) as signer,
        path.open("rb") as before,
        signed.open("w+b") as after,
    ):
        builder.sign(signer, "audio/mpeg", before, after)
    assert verify_file(signed, trust=trust).state == "Trusted"
    assert verify_file(signed, trust=trust).summary.startswith("Untouched")
    data = bytearray(signed.read_bytes())
    data[-300] ^= 1
    signed.write_bytes(data)
    outcome = verify_file(signed, trust=trust)
    assert (outcome.state, outcome.problems[0].code) == ("Invalid", "file-changed")


def test_a_certificate_that_has_ended_leaves_the_file_unvouched_for(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = render("a.wav")
    sign_file(path, manifest.build(facts()), identity)
    store = reading.read_store(path, "audio/wav", trust)
    assert isinstance(store, reading.Store)
    # What the library was measured to say of an untouched file whose certificate has ended.
    codes = ("signingCredential.untrusted", "signingCredential.expired")
    failure = [{"code": code, "url": "c2pa.signature", "explanation": "as measured"} for code in codes]
    ended = dataclasses.replace(store, state="Invalid", results={"activeManifest": {"failure": failure}})
    monkeypatch.setattr(verify, "read_store", lambda *args: ended)
    outcome = verify_file(path, trust=trust)
    assert outcome.state == "Valid"
    assert [problem.code for problem in outcome.problems] == ["certificate-ended"]
    failure.append({"code": "assertion.dataHash.mismatch", "url": "", "explanation": ""})
    assert verify_file(path, trust=trust).state == "Invalid"


def test_a_file_that_vanishes_while_it_is_read(tmp_path: Path, trust: TrustAnchors) -> None:
    found = reading.read_store(tmp_path / "gone.wav", "audio/wav", trust)
    assert isinstance(found, str)
    assert found != ""


@pytest.mark.parametrize("fault", ["sound", "unreadable", "failing"])
def test_what_does_not_hold_after_signing_is_not_kept(
    fault: str, render: Callable[[str], Path], identity: DeviceIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = render("a.wav")
    before = path.read_bytes()
    real = signing.map_audio
    maps = iter([real, lambda file, payload: msgspec.structs.replace(real(file, payload), sha256="0" * 64)])
    if fault == "sound":
        monkeypatch.setattr(signing, "map_audio", lambda file, payload: next(maps)(file, payload))
    elif fault == "unreadable":
        monkeypatch.setattr(signing, "read_store", lambda *args: "broken")
    else:
        monkeypatch.setattr(signing, "read_store", lambda *args: reading.Store("Invalid", "", {}, {}, {}))
    with pytest.raises(ProvenanceError) as caught:
        sign_file(path, manifest.build(facts()), identity)
    assert caught.value.code == "signing-failed"
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.glob("*a.wav*")] == ["a.wav"]


def test_a_damaged_or_unreadable_render_is_not_signed(identity: DeviceIdentity, tmp_path: Path) -> None:
    (tmp_path / "torn.wav").write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    (tmp_path / "folder.wav").mkdir()
    for name in ("torn.wav", "folder.wav"):
        with pytest.raises(ProvenanceError) as caught:
            sign_file(tmp_path / name, manifest.build(facts()), identity)
        assert caught.value.code == "signing-failed"


def test_credentials_moved_to_another_recording_of_the_same_length(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    signed, other = render("signed.wav"), render("other.wav")
    sign_file(signed, manifest.build(facts()), identity)
    payload = locate(signed)
    whole = signed.read_bytes()
    sound = other.read_bytes()[locate(other).start :][: payload.length]
    other.write_bytes(whole[: payload.start] + sound + whole[payload.start + payload.length :])
    outcome = verify_file(other, trust=trust)
    assert (outcome.state, outcome.problems[0].code) == ("Invalid", "audio-other")


def test_a_tampered_ingredient_inside_a_trusted_remix(
    render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    """The library itself calls such a remix Trusted: here it is not, and the ingredient is named."""
    source, remix = render("source.flac"), render("remix.wav")
    sign_file(source, manifest.build(facts("flac")), identity)
    data = bytearray(source.read_bytes())
    data[-200] ^= 1
    source.write_bytes(data)
    definition = manifest.build(facts())
    ingredient = definition["ingredients"].pop(0)
    del ingredient["format"]
    signed = remix.with_name("signed.wav")
    with (
        library.Context.from_dict(native_settings(trust)) as context,
        library.Builder(definition, context=context) as builder,
        library.Signer.from_callback(
            identity.sign, library.C2paSigningAlg.ES256, (identity.chain or b"").decode()
        ) as signer,
        source.open("rb") as stream,
        remix.open("rb") as before,
        signed.open("w+b") as after,
    ):
        builder.add_ingredient(json.dumps(ingredient), "audio/flac", stream)
        builder.sign(signer, "audio/wav", before, after)
    store = reading.read_store(signed, "audio/wav", trust)
    assert isinstance(store, reading.Store)
    assert store.state == "Trusted"
    outcome = verify_file(signed, trust=trust)
    assert outcome.state == "Invalid"
    assert outcome.problems[0].code == "ingredient-changed"
    assert outcome.problems[0].ingredient == "Low Tide Signal"
    assert "Low Tide Signal" in outcome.problems[0].text
    # Nor may it become an ingredient of the next remix.
    with pytest.raises(ProvenanceError) as caught:
        sign_file(render("next.wav"), manifest.build(facts()), identity, {ASSET: signed})
    assert caught.value.code == "ingredient-invalid"


def test_an_ingredient_with_damaged_credentials_is_refused(
    render: Callable[[str], Path], identity: DeviceIdentity, tmp_path: Path
) -> None:
    vast = tmp_path / "vast.wav"
    vast.write_bytes(b"RIFF\xff\xff\xff\xffWAVEC2PA\xff\xff\xff\xff" + bytes(99))
    torn = render("torn.mp3")
    sign_file(torn, manifest.build(facts("mp3")), identity)
    data = bytearray(torn.read_bytes())
    place = data.index(b"c2pa.signature")
    data[place : place + 14] = b"x" * 14
    torn.write_bytes(data)
    for source in (vast, torn, tmp_path / "missing.wav"):
        with pytest.raises(ProvenanceError) as caught:
            sign_file(render("remix.wav"), manifest.build(facts()), identity, {ASSET: source})
        assert caught.value.code == "ingredient-invalid"


def test_many_threads_at_once(render: Callable[[str], Path], identity: DeviceIdentity, trust: TrustAnchors) -> None:
    from concurrent.futures import ThreadPoolExecutor

    paths = [render(f"{index}.wav") for index in range(6)]

    def work(path: Path) -> str:
        sign_file(path, manifest.build(facts()), identity)
        return verify_file(path, trust=trust).state

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, paths)) == ["Trusted"] * 6
