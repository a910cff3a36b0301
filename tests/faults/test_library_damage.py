"""Licensed audio at rest that was changed, swapped or cut, and disks that fail while it is written."""

from __future__ import annotations

import errno
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.types import PcmRef
from studio.base import atomic
from studio.base.clock import Clock, from_iso
from studio.base.errors import LibraryError, RightsError, StorageError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.library import Holder, Library, cipher
from studio.library.blobs import BlobStore
from studio.library.index import Index
from studio.rights.grants import sign
from tests.samples.rights import ASSET, GRANT, KEY, OTHER, TRUSTED, changed

CHUNK = cipher.CHUNK_BYTES
SEALED = CHUNK + cipher.TAG_BYTES
HEADER = 16


def sealed(plain: bytes, *, key: bytes = b"k" * 32, blob: str = "b1", assets: tuple[str, ...] = (ASSET,)) -> bytes:
    out = io.BytesIO()
    cipher.encrypt(io.BytesIO(plain), out, content_key=key, blob=blob, assets=assets)
    return out.getvalue()


def opened(data: bytes, *, key: bytes = b"k" * 32, blob: str = "b1", assets: tuple[str, ...] = (ASSET,)) -> bytes:
    out = io.BytesIO()
    cipher.decrypt(io.BytesIO(data), out, content_key=key, blob=blob, assets=assets)
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_every_length_comes_back_as_it_was(size: int):
    plain = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert opened(sealed(plain)) == plain


def chunks(data: bytes) -> tuple[bytes, list[bytes]]:
    body = data[HEADER:]
    return data[:HEADER], [body[start : start + SEALED] for start in range(0, len(body), SEALED)]


def test_swapped_cut_repeated_and_reordered_chunks_do_not_open():
    data = sealed(bytes(range(256)) * (3 * CHUNK // 256) + b"tail")
    head, parts = chunks(data)
    assert len(parts) == 4
    other = chunks(sealed(b"x" * (3 * CHUNK) + b"tail", blob="b2"))[1]
    wrong = [
        [parts[1], parts[0], *parts[2:]],
        parts[:-1],
        parts[:-2],
        [],
        [*parts, parts[-1]],
        [parts[0], parts[0], *parts[2:]],
        [parts[0], *parts[2:]],
        [other[0], *parts[1:]],
        [*parts[:-1], parts[-1][:-1]],
        [*parts[:-1], parts[-1][: cipher.TAG_BYTES - 1]],
    ]
    for order in wrong:
        with pytest.raises(LibraryError) as caught:
            opened(head + b"".join(order))
        assert caught.value.code == "asset-damaged"


@pytest.mark.parametrize("place", [0, 6, 8, 12, HEADER, HEADER + CHUNK, HEADER + SEALED + 3, -1])
def test_one_flipped_bit_anywhere_is_found(place: int):
    data = bytearray(sealed(b"x" * (CHUNK + 100)))
    data[place] ^= 1
    with pytest.raises(LibraryError):
        opened(bytes(data))


def test_a_huge_chunk_size_and_a_short_header_are_refused_at_once():
    data = sealed(b"x")
    for head in (b"", data[:10], data[:8] + b"\xff\xff\xff\xff" + data[12:], data[:8] + b"\0\0\0\0" + data[12:]):
        with pytest.raises(LibraryError):
            opened(head)


@pytest.mark.parametrize("change", [{"key": b"j" * 32}, {"blob": "b2"}, {"assets": (OTHER,)}, {"assets": ()}])
def test_another_key_blob_or_recording_does_not_open_it(change: dict[str, object]):
    with pytest.raises(LibraryError):
        opened(sealed(b"sound"), **change)  # type: ignore[arg-type]


def test_a_wrapped_key_belongs_to_one_device_and_one_blob():
    key = cipher.new_key()
    wrapped = cipher.wrap_key(key, b"d" * 32, blob="b1", assets=(ASSET,))
    assert cipher.unwrap_key(wrapped, b"d" * 32, blob="b1", assets=(ASSET,)) == key
    for device, blob, assets, data in (
        (b"e" * 32, "b1", (ASSET,), wrapped),
        (b"d" * 32, "b2", (ASSET,), wrapped),
        (b"d" * 32, "b1", (OTHER,), wrapped),
        (b"d" * 32, "b1", (ASSET,), wrapped[:-1]),
        (b"d" * 32, "b1", (ASSET,), b""),
    ):
        with pytest.raises(LibraryError):
            cipher.unwrap_key(data, device, blob=blob, assets=assets)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    paths = AppPaths.open(tmp_path / "home")
    made = Library(
        paths,
        KeyStore(paths),
        clock=Clock(wall=lambda: from_iso("2026-11-22T10:00:00Z"), monotonic=lambda: 0.0),
        holder=lambda: Holder(user=GRANT.subject, device="dev_1", territory="SE"),
        trusted_keys=lambda: TRUSTED,
    )
    for asset, grant_id in ((ASSET, "gr_01"), (OTHER, "gr_02")):
        grant = changed(GRANT, grant_id=grant_id, resource=changed(GRANT.resource, asset_sha256=asset))
        made.store_grant(sign(grant, KEY))
    yield made
    made.close()
    paths.close()


def put(library: Library, folder: Path, data: bytes, asset: str) -> str:
    path = folder / "in.wav"
    path.write_bytes(data)
    return library.blobs.put_file(path, assets=[asset])


def stored(folder: Path, key: str) -> Path:
    return folder / "home" / "data" / "library" / "blobs" / key[:2] / key


def damaged(library: Library, key: str) -> None:
    with pytest.raises(LibraryError) as caught:
        library.blobs.open_file(key)
    assert caught.value.code == "asset-damaged"
    assert "again" in caught.value.remedy


def test_files_of_two_songs_that_were_swapped_do_not_open(library: Library, tmp_path: Path):
    first, second = put(library, tmp_path, b"first", ASSET), put(library, tmp_path, b"second", OTHER)
    swap = tmp_path / "swap"
    shutil.move(stored(tmp_path, first), swap)
    shutil.move(stored(tmp_path, second), stored(tmp_path, first))
    shutil.move(swap, stored(tmp_path, second))
    damaged(library, first)
    damaged(library, second)
    assert not list((tmp_path / "home").rglob("*.part*"))


def test_an_index_that_claims_other_rights_does_not_open_a_song(library: Library, tmp_path: Path):
    key = put(library, tmp_path, b"first", ASSET)
    index = library._index  # pyright: ignore[reportPrivateUsage]
    with index.write() as connection:
        connection.execute("UPDATE blob_assets SET asset_sha256 = ? WHERE key = ?", (OTHER, key))
    damaged(library, key)
    with index.write() as connection:
        connection.execute("DELETE FROM blob_assets WHERE key = ?", (key,))
    damaged(library, key)


def test_a_licence_that_was_edited_at_rest_opens_nothing(library: Library, tmp_path: Path):
    key = put(library, tmp_path, b"first", ASSET)
    index = library._index  # pyright: ignore[reportPrivateUsage]
    with index.write() as connection:
        raw = connection.execute("SELECT raw FROM grants WHERE asset_sha256 = ?", (ASSET,)).fetchone()["raw"]
        longer = raw.replace(b'"lease_s":604800', b'"lease_s":999999')
        assert longer != raw
        connection.execute("UPDATE grants SET raw = ? WHERE asset_sha256 = ?", (longer, ASSET))
    with pytest.raises(RightsError) as caught:
        library.blobs.open_file(key)
    assert caught.value.code == "grant-invalid"
    assert list(library.grants()) == [OTHER]


def test_a_lost_file_is_missing_and_can_be_put_again(library: Library, tmp_path: Path):
    key = put(library, tmp_path, b"first", ASSET)
    stored(tmp_path, key).unlink()
    assert not library.blobs.has(key)
    with pytest.raises(LibraryError) as caught:
        library.blobs.open_file(key)
    assert caught.value.code == "asset-missing"
    assert put(library, tmp_path, b"first", ASSET) == key
    assert library.blobs.open_file(key).read_bytes() == b"first"


def test_a_disk_that_fills_leaves_no_half_song(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "sync_file", full)
    with pytest.raises(StorageError) as caught:
        put(library, tmp_path, b"first", ASSET)
    assert caught.value.code == "disk-full"
    monkeypatch.undo()
    assert [
        path for path in (tmp_path / "home" / "data").rglob("*") if path.is_file() and path.parent.name != "library"
    ] == []
    assert library.space_used() == 0


def test_a_file_that_changes_while_it_is_read_is_refused(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "in.wav"
    path.write_bytes(b"first")
    make_key = cipher.new_key

    def swap() -> bytes:
        path.write_bytes(b"other")
        return make_key()

    monkeypatch.setattr(cipher, "new_key", swap)
    with pytest.raises(LibraryError) as caught:
        library.blobs.put_file(path, assets=[ASSET])
    assert caught.value.code == "asset-damaged"
    assert library.space_used() == 0


def test_a_full_scratch_folder_is_named(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    key = put(library, tmp_path, b"first", ASSET)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cipher, "decrypt", full)
    with pytest.raises(StorageError) as caught:
        library.blobs.open_file(key)
    assert caught.value.code == "disk-full"
    monkeypatch.undo()
    assert library.blobs.open_file(key).read_bytes() == b"first"


def test_places_that_cannot_be_written_are_named(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "in.wav"
    path.write_bytes(b"sound")
    key = library.blobs.put_file(path)
    library.blobs.remove(key)
    folder = tmp_path / "home" / "data" / "library" / "blobs" / key[:2]
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(StorageError) as caught:
        library.blobs.put_file(path)
    assert caught.value.code == "path-not-writable"
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        Index(tmp_path / "file" / "library.db")
    with pytest.raises(StorageError):
        BlobStore(
            tmp_path / "file" / "blobs",
            tmp_path / "scratch",
            index=library._index,  # pyright: ignore[reportPrivateUsage]
            device_key=lambda: b"",
            may_open=lambda assets: None,
        )


def test_samples_that_were_cut_at_rest_are_damaged(library: Library, tmp_path: Path):
    path = tmp_path / "in.f32"
    path.write_bytes(bytes(800))
    key = library.blobs.put_pcm(PcmRef(path=str(path), rate=8000, channels=2, frames=100))
    stored(tmp_path, key).write_bytes(bytes(400))
    with pytest.raises(LibraryError) as caught:
        library.blobs.open_pcm(key)
    assert caught.value.code == "asset-damaged"
