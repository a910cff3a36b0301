from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.types import PcmRef
from studio.base.clock import Clock, from_iso
from studio.base.errors import LibraryError, RightsError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.library import Download, Holder, Library
from studio.library.index import Index
from studio.rights.grants import sign
from tests.samples.rights import GRANT, KEY, TRUSTED, changed

RATE = 8000


@dataclass
class Shelf:
    """A library with its clock, its person and a song on disk."""

    library: Library
    paths: AppPaths
    folder: Path
    holder: Holder
    now: float
    song: Path

    @property
    def asset(self) -> str:
        """The song's digest."""
        return hashlib.sha256(self.song.read_bytes()).hexdigest()

    def grant(self, **fields: Any) -> bytes:
        """A licence of the song."""
        resource = changed(GRANT.resource, asset_sha256=fields.pop("asset", self.asset))
        return sign(changed(GRANT, resource=resource, **fields), KEY)

    def download(self, **fields: Any) -> Download:
        """The song as it was downloaded."""
        made = Download(
            asset_sha256=self.asset,
            recording_id="rec_1",
            title="Low Tide Signal",
            artists=("House Ensemble",),
            files={"mix": self.song},
            facts={"tempo_bpm": 104.0},
        )
        return msgspec.structs.replace(made, **fields)

    def open(self) -> Library:
        """The library as another start of the studio finds it."""
        self.library.close()
        self.library = make(self)
        return self.library


def make(shelf: Shelf) -> Library:
    clock = Clock(wall=lambda: shelf.now, monotonic=lambda: 0.0)
    keys = KeyStore(shelf.paths)
    return Library(shelf.paths, keys, clock=clock, holder=lambda: shelf.holder, trusted_keys=lambda: TRUSTED)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> Iterator[Shelf]:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    paths = AppPaths.open(tmp_path / "home")
    song = tmp_path / "song.flac"
    song.write_bytes(rng.bytes(3_000_000))
    holder = Holder(user=GRANT.subject, device="dev_1", territory="SE")
    made = Shelf(None, paths, tmp_path, holder, from_iso("2026-11-22T10:00:00Z"), song)  # type: ignore[arg-type]
    made.library = make(made)
    yield made
    made.library.close()
    paths.close()


def pcm(folder: Path, samples: np.ndarray, *, rate: int = RATE) -> PcmRef:
    path = folder / "samples.f32"
    path.write_bytes(np.ascontiguousarray(samples, "<f4").tobytes())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return PcmRef(path=str(path), rate=rate, channels=samples.shape[0], frames=samples.shape[1], digest=digest)


def test_a_licensed_song_rests_encrypted_and_opens_under_its_licence(shelf: Shelf):
    asset = shelf.library.add_asset(shelf.download(), shelf.grant())
    blob = asset.files["mix"]
    plain = shelf.song.read_bytes()
    stored = shelf.paths.data / "library" / "blobs" / blob[:2] / blob
    assert plain[:64] not in stored.read_bytes()
    assert shelf.library.blobs.info(blob).encrypted
    opened = shelf.library.blobs.open_file(blob)
    assert opened.read_bytes() == plain
    assert opened.suffix == ".flac"
    assert shelf.paths.scratch in opened.parents
    assert shelf.library.blobs.open_file(blob) == opened
    shelf.library.blobs.release(blob)
    assert opened.exists()
    shelf.library.blobs.release(blob)
    assert not opened.exists()
    shelf.library.blobs.release(blob)
    assert shelf.library.asset(shelf.asset) == asset
    assert asset.stems == ()


def test_it_is_there_after_a_restart(shelf: Shelf):
    added = shelf.library.add_asset(shelf.download(), shelf.grant())
    again = shelf.open()
    assert again.assets() == [added]
    assert again.blobs.open_file(added.files["mix"]).read_bytes() == shelf.song.read_bytes()
    scratch = shelf.paths.scratch / "library"
    again.close()
    assert not scratch.exists()
    shelf.library = make(shelf)


def test_own_material_rests_plain_and_is_mapped_where_it_is(shelf: Shelf, rng: np.random.Generator):
    samples = rng.standard_normal((2, 500)).astype(np.float32)
    ref = pcm(shelf.folder, samples)
    blob = shelf.library.blobs.put_pcm(ref)
    opened = shelf.library.blobs.open_pcm(blob)
    assert np.array_equal(opened.open(), samples)
    assert (opened.rate, opened.digest) == (RATE, ref.digest)
    assert not shelf.library.blobs.info(blob).encrypted
    assert shelf.paths.data in Path(opened.path).parents
    assert shelf.library.blobs.put_pcm(ref) == blob
    shelf.library.blobs.release(blob)
    assert np.array_equal(shelf.library.blobs.open_pcm(blob).open(), samples)


def test_the_same_samples_at_another_rate_are_another_sound(shelf: Shelf):
    silence = np.zeros((2, 100), np.float32)
    first = shelf.library.blobs.put_pcm(pcm(shelf.folder, silence))
    second = shelf.library.blobs.put_pcm(pcm(shelf.folder, silence, rate=16000))
    assert first != second
    assert shelf.library.blobs.open_pcm(second).rate == 16000


def test_what_was_made_from_a_licensed_song_needs_its_licence(shelf: Shelf, rng: np.random.Generator):
    shelf.library.add_asset(shelf.download(), shelf.grant())
    samples = rng.standard_normal((2, 400_000)).astype(np.float32)
    blob = shelf.library.blobs.put_pcm(pcm(shelf.folder, samples), assets=[shelf.asset])
    assert np.array_equal(shelf.library.blobs.open_pcm(blob).open(), samples)
    shelf.library.blobs.release(blob)
    shelf.now += 8 * 86400
    with pytest.raises(RightsError) as caught:
        shelf.library.blobs.open_pcm(blob)
    assert caught.value.code == "grant-expired"
    shelf.library.store_grant(shelf.grant(rev=4, issued_at="2026-11-30T10:00:00Z"))
    assert np.array_equal(shelf.library.blobs.open_pcm(blob).open(), samples)


def test_bytes_that_two_recordings_claim_need_both_licences(shelf: Shelf):
    shelf.library.add_asset(shelf.download(), shelf.grant())
    ref = pcm(shelf.folder, np.ones((1, 10), np.float32))
    blob = shelf.library.blobs.put_pcm(ref)
    assert shelf.library.blobs.put_pcm(ref, assets=[shelf.asset]) == blob
    assert shelf.library.blobs.info(blob).encrypted
    shelf.library.blobs.open_pcm(blob)
    assert shelf.library.blobs.put_pcm(ref, assets=["ee" * 32]) == blob
    assert shelf.library.blobs.info(blob).assets == tuple(sorted([shelf.asset, "ee" * 32]))
    with pytest.raises(RightsError) as caught:
        shelf.library.blobs.open_pcm(blob)
    assert caught.value.code == "no-grant"
    assert shelf.library.blobs.put_pcm(ref) == blob
    assert shelf.library.blobs.info(blob).encrypted


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        ({"user": "user:eve"}, "grant-invalid"),
        ({"user": ""}, "grant-invalid"),
        ({"territory": "JP"}, "operation-forbidden"),
    ],
)
def test_somebody_else_does_not_open_it(shelf: Shelf, holder: dict[str, str], code: str):
    blob = shelf.library.add_asset(shelf.download(), shelf.grant()).files["mix"]
    shelf.holder = msgspec.structs.replace(shelf.holder, **holder)
    with pytest.raises(RightsError) as caught:
        shelf.library.blobs.open_file(blob)
    assert caught.value.code == code
    assert caught.value.remedy


def test_another_computer_does_not_open_it(shelf: Shelf):
    blob = shelf.library.add_asset(shelf.download(), shelf.grant(device_keys=("dev_1",))).files["mix"]
    shelf.library.blobs.open_file(blob)
    shelf.holder = msgspec.structs.replace(shelf.holder, device="dev_2")
    with pytest.raises(RightsError) as caught:
        shelf.library.blobs.open_file(blob)
    assert caught.value.code == "grant-invalid"


def test_a_licence_for_another_song_or_person_is_not_taken(shelf: Shelf):
    with pytest.raises(RightsError):
        shelf.library.add_asset(shelf.download(), shelf.grant(asset="ab" * 32))
    with pytest.raises(RightsError):
        shelf.library.add_asset(shelf.download(), shelf.grant(subject="user:eve"))
    with pytest.raises(LibraryError) as caught:
        shelf.library.add_asset(shelf.download(asset_sha256="ab" * 32), shelf.grant(asset="ab" * 32))
    assert caught.value.code == "digest-mismatch"
    assert shelf.library.assets() == []
    assert shelf.library.space_used() == 0
    with pytest.raises(LibraryError) as missing:
        shelf.library.asset(shelf.asset)
    assert missing.value.code == "asset-missing"


def test_an_older_licence_never_takes_the_place_of_a_newer_one(shelf: Shelf):
    new, old = shelf.grant(rev=5), shelf.grant(rev=4)
    assert shelf.library.store_grant(new).grant.rev == 5
    assert shelf.library.store_grant(old).raw == new
    assert shelf.library.grant_for(shelf.asset).raw == new
    assert shelf.library.context().revisions == {"gr_01": 5}


def test_a_second_licence_of_a_song_is_used_for_its_person(shelf: Shelf):
    shelf.library.store_grant(shelf.grant())
    shelf.holder = msgspec.structs.replace(shelf.holder, user="user:bo")
    shelf.library.store_grant(shelf.grant(grant_id="gr_02", subject="user:bo"))
    assert shelf.library.grant_for(shelf.asset).grant.grant_id == "gr_02"
    shelf.holder = msgspec.structs.replace(shelf.holder, user=GRANT.subject)
    assert shelf.library.grant_for(shelf.asset).grant.grant_id == "gr_01"


def test_without_a_licence_nothing_opens(shelf: Shelf):
    with pytest.raises(RightsError) as caught:
        shelf.library.grant_for(shelf.asset)
    assert caught.value.code == "no-grant"
    assert shelf.library.grants() == {}


def test_a_revocation_is_known_and_leaves_the_song_open(shelf: Shelf):
    blob = shelf.library.add_asset(shelf.download(), shelf.grant()).files["mix"]
    shelf.library.note_revocations([("gr_01", "over", "2026-11-22T09:00:00Z")])
    shelf.library.note_revocations([("gr_01", "changed", "2026-11-22T09:30:00Z")])
    assert shelf.library.context().revoked == {"gr_01"}
    assert shelf.library.blobs.open_file(blob).exists()


def test_exports_are_counted_once_since_the_lease_began(shelf: Shelf):
    shelf.library.store_grant(shelf.grant())
    shelf.library.note_export(["gr_01"], "exp_1")
    shelf.library.note_export(["gr_01"], "exp_1")
    shelf.library.note_export(["gr_01", "gr_09"], "exp_2")
    assert shelf.library.context().exports_used == {"gr_01": 2}
    shelf.library.store_grant(shelf.grant(rev=4, issued_at="2026-11-23T10:00:00Z"))
    assert shelf.library.context().exports_used == {"gr_01": 0}


def test_samples_of_a_song_are_decoded_once(shelf: Shelf, rng: np.random.Generator):
    shelf.library.add_asset(shelf.download(), shelf.grant())
    blob = shelf.library.blobs.put_pcm(pcm(shelf.folder, np.ones((2, 8), np.float32)), assets=[shelf.asset])
    assert shelf.library.note_pcm(shelf.asset, "mix", blob).pcm == {"mix": blob}
    kept = shelf.library.add_asset(shelf.download(files={"mix": shelf.song, "drums": shelf.song}), shelf.grant())
    assert kept.pcm == {"mix": blob}
    assert kept.stems == ("drums",)


def test_removing_a_song_takes_all_that_came_from_it(shelf: Shelf):
    blob = shelf.library.add_asset(shelf.download(), shelf.grant()).files["mix"]
    made = shelf.library.blobs.put_pcm(pcm(shelf.folder, np.ones((1, 9), np.float32)), assets=[shelf.asset])
    own = shelf.library.blobs.put_pcm(pcm(shelf.folder, np.zeros((1, 9), np.float32)))
    shelf.library.blobs.open_file(blob)
    assert shelf.library.space_used() > 3_000_000
    shelf.library.remove(shelf.asset)
    assert shelf.library.assets() == []
    assert shelf.library.space_used() == 36
    for key in (blob, made):
        assert not shelf.library.blobs.has(key)
        with pytest.raises(LibraryError) as caught:
            shelf.library.blobs.open_file(key)
        assert caught.value.code == "asset-missing"
    assert shelf.library.blobs.has(own)
    assert not list((shelf.paths.scratch / "library").iterdir())
    assert shelf.library.grant_for(shelf.asset)


def test_a_file_is_no_sound_and_a_strange_key_no_path(shelf: Shelf):
    blob = shelf.library.blobs.put_file(shelf.song)
    for key in (blob, "../../etc/passwd", "ab" * 32, ""):
        with pytest.raises(LibraryError) as caught:
            shelf.library.blobs.open_pcm(key)
        assert caught.value.code == "asset-missing"
    assert not shelf.library.blobs.has("../../etc/passwd")


def test_a_pcm_file_has_to_be_as_long_as_it_says(shelf: Shelf):
    ref = pcm(shelf.folder, np.ones((2, 50), np.float32))
    with pytest.raises(LibraryError) as caught:
        shelf.library.blobs.put_pcm(msgspec.structs.replace(ref, frames=51))
    assert caught.value.code == "asset-damaged"
    with pytest.raises(LibraryError) as missing:
        shelf.library.blobs.put_file(shelf.folder / "none.wav")
    assert missing.value.code == "asset-missing"


def test_a_newer_or_broken_index_is_named_and_left_alone(tmp_path: Path):
    index = Index(tmp_path / "library.db")
    with index.write() as connection:
        connection.execute("PRAGMA user_version=99")
    index.close()
    with pytest.raises(LibraryError) as newer:
        Index(tmp_path / "library.db")
    assert newer.value.code == "library-newer"
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    with pytest.raises(LibraryError) as damaged:
        Index(broken)
    assert damaged.value.code == "library-damaged"
    assert broken.read_bytes() == b"this is no database" * 100


def test_a_failed_write_leaves_nothing(tmp_path: Path):
    index = Index(tmp_path / "library.db")

    def write_and_fail() -> None:
        with index.write() as connection:
            connection.execute("INSERT INTO revocations VALUES ('gr', 'r', 'at')")
            raise KeyError("stop")

    with pytest.raises(KeyError):
        write_and_fail()
    assert index.rows("SELECT * FROM revocations") == []
    index.close()
