"""Signing and checking, in every format that carries credentials."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.base import pki
from studio.base.errors import ProvenanceError, StorageError
from studio.provenance import manifest
from studio.provenance.identity import DeviceIdentity
from studio.provenance.payload import locate
from studio.provenance.signing import sign_file
from studio.provenance.trust import TrustAnchors
from studio.provenance.verify import verify_file
from studio.rights.shares import OWN, parse_evidence, recompute
from tests.samples.provenance import bent, facts, sample_shares
from tests.samples.rights import ASSET, USAGE

FORMATS = ("wav", "flac", "mp3")


@pytest.fixture(params=FORMATS)
def signed_file(request: pytest.FixtureRequest, render: Callable[..., Path], identity: DeviceIdentity) -> Path:
    """A signed export in each format."""
    path = render(request.param)
    sign_file(path, manifest.build(facts(request.param)), identity)
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_a_signed_file_is_trusted_and_sounds_the_same(
    kind: str, render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = render(kind)
    before, rate = soundfile.read(path, dtype="float32")
    signed = sign_file(path, manifest.build(facts(kind)), identity)  # type: ignore[arg-type]
    after, rate_after = soundfile.read(path, dtype="float32")
    assert rate_after == rate
    assert np.array_equal(after, before)
    outcome = verify_file(path, trust=trust)
    assert outcome.state == "Trusted", outcome.problems
    assert outcome.problems == ()
    assert outcome.manifest_digest == signed.manifest_digest
    assert len(signed.manifest_digest) == 64
    assert [each.name for each in path.parent.iterdir() if each.suffix == path.suffix] == [path.name]


@pytest.mark.parametrize("kind", FORMATS)
def test_tags_stay_when_a_file_is_signed(
    kind: str, tmp_path: Path, identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = tmp_path / f"tagged.{kind}"
    with soundfile.SoundFile(path, "w", 44_100, 2, format=kind.upper()) as file:
        file.title = "A title"
        file.artist = "An artist"
        file.write(np.zeros((44_100, 2), np.float32))
    sign_file(path, manifest.build(facts(kind)), identity)  # type: ignore[arg-type]
    with soundfile.SoundFile(path) as file:
        assert file.title == "A title"
        assert file.artist == "An artist"
    assert verify_file(path, trust=trust).state == "Trusted"


def test_the_facts_say_what_it_is_made_of(signed_file: Path, trust: TrustAnchors, identity: DeviceIdentity) -> None:
    found = verify_file(signed_file, trust=trust).facts
    assert (found.title, found.artist, found.export_id) == ("Low Tide (bossa)", "Ada", "exp_01")
    assert found.device_id == identity.device_id
    assert found.signed_by == "Test Platform devices"
    assert found.signed_at == "2026-11-22T10:00:00Z"
    licensed, own = found.sources
    assert (licensed.title, licensed.status, licensed.isrc) == ("Low Tide Signal", "licensed", "SEXXA2600001")
    assert (licensed.grant_id, licensed.grant_rev, licensed.asset_sha256) == ("gr_01", 3, ASSET)
    assert (own.title, own.status) == ("Lead synth", "user-asserted")
    assert [model.title for model in found.models] == ["Separation 1.0", "Arrangement 1.2"]
    assert found.models[0].digest == "d4" * 32
    assert found.contains_ai == "yes"
    assert found.training == "not allowed"
    assert found.watermark
    assert found.duration_s == 2.0
    assert found.steps[1:6] == (
        "Used “Low Tide Signal” by House Ensemble (vocals, drums)",
        "Used “Lead synth”, the user's own (asserted by the user)",
        "Separated the drums of “Low Tide Signal” (Separation 1.0)",
        "Restyled the drums of “Low Tide Signal” as bossa (arrangement), intensity 0.7, seed 41 (Arrangement 1.2)",
        "Moved the pitch of “Low Tide Signal” by +2 semitones",
    )


def test_the_shares_can_be_worked_out_from_the_file_alone(signed_file: Path, trust: TrustAnchors) -> None:
    found = verify_file(signed_file, trust=trust).facts
    assert sum(share.ppm for share in found.master) == 1_000_000
    assert sum(share.ppm for share in found.publishing) == 1_000_000
    again = recompute(parse_evidence(found.evidence))
    assert again.master == tuple(share for share in found.master)
    assert [(share.id, share.ppm) for share in again.publishing] == [(s.id, s.ppm) for s in found.publishing]
    assert again.rows == sample_shares().rows
    assert found.usage == USAGE
    assert {share.id for share in found.master} == {ASSET, OWN}


def test_one_flipped_byte_of_sound_is_named_with_its_place(signed_file: Path, trust: TrustAnchors) -> None:
    payload = locate(signed_file)
    data = bytearray(signed_file.read_bytes())
    position = payload.start + payload.length // 2
    data[position] ^= 1
    signed_file.write_bytes(data)
    outcome = verify_file(signed_file, trust=trust)
    assert outcome.state == "Invalid"
    (problem,) = outcome.problems
    assert problem.code == "audio-changed"
    assert problem.text.startswith("The audio was changed after it was signed, around 0:0")
    first, last = problem.text.split("(bytes ")[1].split(")")[0].split("–")
    assert int(first) <= position <= int(last)
    assert "assertion.dataHash.mismatch" in problem.detail
    assert "audio was changed" in outcome.summary


def test_changed_tags_are_told_from_changed_sound(
    render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = render("wav")
    sign_file(path, manifest.build(facts()), identity)
    data = bytearray(path.read_bytes())
    extra = b"LIST\x04\x00\x00\x00INFO"
    data += extra
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    path.write_bytes(data)
    outcome = verify_file(path, trust=trust)
    assert outcome.state == "Invalid"
    assert [problem.code for problem in outcome.problems] == ["tags-changed"]


def test_sound_that_was_cut_is_said_to_be_shorter(
    render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = render("mp3")
    sign_file(path, manifest.build(facts("mp3")), identity)
    path.write_bytes(path.read_bytes()[:-5000])
    outcome = verify_file(path, trust=trust)
    assert outcome.state == "Invalid"
    assert "5000 bytes shorter" in outcome.problems[0].text


def test_a_file_that_was_never_signed_has_no_credentials(render: Callable[..., Path], trust: TrustAnchors) -> None:
    for kind in FORMATS:
        outcome = verify_file(render(kind), trust=trust)
        assert outcome.state == "NoCredentials"
        assert [problem.code for problem in outcome.problems] == ["no-credentials"]
        assert outcome.facts.sources == ()


def test_a_stripped_copy_has_no_credentials(signed_file: Path, trust: TrustAnchors) -> None:
    samples, rate = soundfile.read(signed_file, dtype="float32")
    soundfile.write(signed_file, samples, rate, format=signed_file.suffix[1:].upper())
    outcome = verify_file(signed_file, trust=trust)
    assert (outcome.state, outcome.problems[0].code) == ("NoCredentials", "no-credentials")


def test_a_signer_of_another_authority_is_not_trusted(signed_file: Path) -> None:
    other = TrustAnchors.of([pki.create_ca("Somebody Else").certificate_pem])
    for trust in (other, TrustAnchors()):
        outcome = verify_file(signed_file, trust=trust)
        assert outcome.state == "Valid"
        assert [problem.code for problem in outcome.problems] == ["signer-unknown"]
        assert outcome.problems[0].text == "It was signed by someone this studio does not know."


def test_credentials_pasted_on_other_audio_are_named(
    render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    signed, other = render("mp3", "signed.mp3"), render("mp3", "other.mp3")
    sign_file(signed, manifest.build(facts("mp3")), identity)
    head = signed.read_bytes()[: locate(signed).start]
    other.write_bytes(head + other.read_bytes()[locate(other).start :])
    outcome = verify_file(other, trust=trust)
    assert outcome.state == "Invalid"
    assert [problem.code for problem in outcome.problems] == ["audio-other"]


def test_changed_credentials_are_named(signed_file: Path, trust: TrustAnchors) -> None:
    data = signed_file.read_bytes()
    assert data.count(b"Low Tide (bossa)") >= 1
    signed_file.write_bytes(data.replace(b"Low Tide (bossa)", b"Low Tide (samba)"))
    outcome = verify_file(signed_file, trust=trust)
    assert outcome.state == "Invalid"
    assert {problem.code for problem in outcome.problems} & {"signature-broken", "credentials-changed"}


def test_a_source_with_credentials_is_added_with_them(
    render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    source, remix = render("flac", "source.flac"), render("wav", "remix.wav")
    sign_file(source, manifest.build(facts("flac")), identity)
    sign_file(remix, manifest.build(facts()), identity, {ASSET: source})
    outcome = verify_file(remix, trust=trust)
    assert outcome.state == "Trusted", outcome.problems
    assert [source.has_manifest for source in outcome.facts.sources] == [True, False]


def test_a_source_without_credentials_stays_named_by_its_digest(
    render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors, tmp_path: Path
) -> None:
    plain, ogg = render("flac", "source.flac"), tmp_path / "source.ogg"
    soundfile.write(ogg, np.zeros((4410, 2), np.float32), 44_100, format="OGG")
    for source in (plain, ogg):
        remix = render("wav", f"{source.suffix[1:]}.wav")
        sign_file(remix, manifest.build(facts()), identity, {ASSET: source})
        outcome = verify_file(remix, trust=trust)
        assert outcome.state == "Trusted"
        assert [each.has_manifest for each in outcome.facts.sources] == [False, False]


def test_a_tampered_source_is_refused_and_nothing_changes(
    render: Callable[..., Path], identity: DeviceIdentity
) -> None:
    source, remix = render("flac", "source.flac"), render("wav", "remix.wav")
    sign_file(source, manifest.build(facts("flac")), identity)
    data = bytearray(source.read_bytes())
    data[-100] ^= 1
    source.write_bytes(data)
    before = remix.read_bytes()
    with pytest.raises(ProvenanceError) as caught:
        sign_file(remix, manifest.build(facts()), identity, {ASSET: source})
    assert caught.value.code == "ingredient-invalid"
    assert "Low Tide Signal" in caught.value.message
    assert remix.read_bytes() == before
    assert not [each for each in remix.parent.iterdir() if ".part" in each.name]


def test_a_source_signed_by_a_stranger_is_refused(
    render: Callable[..., Path], identity: DeviceIdentity, tmp_path: Path
) -> None:
    from studio.base.paths import AppPaths
    from tests.samples.provenance import make_identity

    stranger = make_identity(AppPaths.open(tmp_path / "stranger"), pki.create_ca("Stranger"))
    source, remix = render("wav", "source.wav"), render("wav", "remix.wav")
    sign_file(source, manifest.build(facts()), stranger)
    with pytest.raises(ProvenanceError, match="does not know") as caught:
        sign_file(remix, manifest.build(facts()), identity, {ASSET: source})
    assert caught.value.code == "ingredient-invalid"
    # Who trusts the stranger's platform as well may use it.
    both = TrustAnchors.of([*stranger.own_anchors().pems, *identity.own_anchors().pems])
    sign_file(remix, manifest.build(facts()), identity, {ASSET: source}, trust=both)
    assert verify_file(remix, trust=both).state == "Trusted"
    outcome = verify_file(remix, trust=identity.own_anchors())
    assert outcome.state == "Valid"
    assert outcome.problems[0].ingredient == "Low Tide Signal"


def test_signing_again_replaces_the_credentials(
    render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    path = render("flac")
    sign_file(path, manifest.build(facts("flac")), identity)
    sign_file(path, manifest.build(bent(title="Second")), identity)
    outcome = verify_file(path, trust=trust)
    assert (outcome.state, outcome.facts.title) == ("Trusted", "Second")


def test_no_certificate_no_signature(render: Callable[..., Path], bare_identity: DeviceIdentity) -> None:
    path = render("wav")
    before = path.read_bytes()
    with pytest.raises(ProvenanceError) as caught:
        sign_file(path, manifest.build(facts()), bare_identity)
    assert caught.value.code == "no-device-certificate"
    assert path.read_bytes() == before


def test_a_certificate_that_ended_does_not_sign(render: Callable[..., Path], identity: DeviceIdentity) -> None:
    facts_ = identity.certificate()
    assert facts_ is not None
    with pytest.raises(ProvenanceError, match="has ended") as caught:
        sign_file(render("wav"), manifest.build(facts()), identity, at_s=facts_.not_after_s + 1)
    assert caught.value.code == "no-device-certificate"


def test_other_formats_are_refused_by_name(tmp_path: Path, identity: DeviceIdentity) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, np.zeros((4410, 2), np.float32), 44_100, format="OGG")
    with pytest.raises(ProvenanceError) as caught:
        sign_file(path, manifest.build(facts()), identity)
    assert caught.value.code == "format-unsupported"
    with pytest.raises(ProvenanceError) as caught:
        sign_file(tmp_path / "missing.wav", manifest.build(facts()), identity)
    assert caught.value.code == "signing-failed"


def test_an_unknown_ingredient_is_refused(render: Callable[..., Path], identity: DeviceIdentity) -> None:
    path = render("wav")
    with pytest.raises(ProvenanceError, match="no ingredient"):
        sign_file(path, manifest.build(facts()), identity, {"nobody": path})


def test_what_the_library_refuses_leaves_the_file_alone(render: Callable[..., Path], identity: DeviceIdentity) -> None:
    path = render("wav")
    before = path.read_bytes()
    definition = manifest.build(facts())
    definition["assertions"][0]["data"]["actions"][0]["action"] = 7
    with pytest.raises(ProvenanceError) as caught:
        sign_file(path, definition, identity)
    assert caught.value.code == "signing-failed"
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(
    render: Callable[..., Path], identity: DeviceIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = render("wav")

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(target))

    before = path.read_bytes()
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError) as caught:
        sign_file(path, manifest.build(facts()), identity)
    assert caught.value.code == "path-not-writable"
    assert path.read_bytes() == before


def test_false_shares_in_signed_credentials_are_found(
    render: Callable[..., Path], identity: DeviceIdentity, trust: TrustAnchors
) -> None:
    for spoil in ("ppm", "evidence"):
        path = render("wav")
        definition = manifest.build(facts())
        contributions = next(
            each["data"] for each in definition["assertions"] if each["label"] == manifest.CONTRIBUTIONS
        )
        if spoil == "ppm":
            contributions["master"][0]["ppm"] -= 1
            contributions["master"][1]["ppm"] += 1
        else:
            contributions["evidence"] = contributions["evidence"].replace('"mix":[', '"mix":[null,')
        sign_file(path, definition, identity)
        outcome = verify_file(path, trust=trust)
        assert outcome.state == "Invalid"
        assert [problem.code for problem in outcome.problems] == ["shares-wrong"]


def test_a_renamed_copy_is_still_found(signed_file: Path, trust: TrustAnchors, tmp_path: Path) -> None:
    copy = tmp_path / "renamed.bin"
    shutil.copy(signed_file, copy)
    assert verify_file(copy, trust=trust).state == "Trusted"
