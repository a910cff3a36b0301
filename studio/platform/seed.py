"""The demo catalogue, entered through the same door as any other recording."""

from __future__ import annotations

import secrets
from pathlib import Path

import sqlalchemy as sa

from studio.platform import accounts, ingest, publishing
from studio.platform import database as db
from studio.platform.messages import Account, FileName, PublishRequest
from studio.platform.song_files import SongFiles, read_json, read_song_folder
from studio.platform.state import PlatformState
from studio.platform.verdicts import AudioFacts
from studio.rights.identifiers import check_isrc

LABEL_EMAIL = "label@contrafact.example"
LABEL_NAME = "Contrafact House Recordings (made up)"


def seed_demo(state: PlatformState, catalogue_dir: Path) -> list[str]:
    """Publish every song folder of `catalogue_dir` that is not in the catalogue yet; returns the ids of those
    entered now.

    Raises:
        Refusal: when a song cannot be published; those before it stand.
    """
    folders = sorted(path for path in catalogue_dir.iterdir() if (path / "meta.json").is_file())
    # Only the ISRC is read for a song that stands: the next start has to be quick.
    new = [folder for folder in folders if not _stands(state, str(read_json(folder / "meta.json").get("isrc", "")))]
    if not new:
        return []
    built = _built(catalogue_dir)
    return [publish_files(state, _label(state), read_song_folder(folder), built=built) for folder in new]


def publish_files(state: PlatformState, owner: Account, song: SongFiles, *, built: frozenset[str] = frozenset()) -> str:
    """Publish a recording from this machine's disk; returns its id. Files whose digest is among `built` are as long
    as the credits say.

    Raises:
        Refusal: as `publishing.publish`.
    """
    stems = {role: _take(state, owner, path) for role, path in song.stems.items()}
    request = PublishRequest(
        audio=_take(state, owner, song.mix),
        meta=song.meta,
        terms=song.terms,
        stems=stems,
        artwork=None if song.artwork is None else _take(state, owner, song.artwork),
    )
    length = AudioFacts(duration_s=song.meta.duration_s or 0.0, rate=0, channels=0)
    known = dict.fromkeys(built, length) if song.meta.duration_s else {}
    return publishing.publish(state, owner, request, known=known).summary.id


def _built(catalogue_dir: Path) -> frozenset[str]:
    # The recipe listed what it rendered: a person's first start must not wait until all of it is decoded once more.
    path = catalogue_dir / "digests.json"
    return frozenset(str(digest) for digest in read_json(path).values()) if path.is_file() else frozenset()


def _take(state: PlatformState, owner: Account, path: Path) -> FileName:
    sha256, size = state.objects.put(path)
    ingest.receive_upload(state, owner, sha256, size)
    return FileName(sha256=sha256, name=path.name)


def _label(state: PlatformState) -> Account:
    password = secrets.token_urlsafe(24)
    return accounts.ensure_account(state, LABEL_EMAIL, password, name=LABEL_NAME, role="rightsholder")


def _stands(state: PlatformState, isrc: str) -> bool:
    try:
        compact = check_isrc(isrc)
    except ValueError:
        # Publishing names what is wrong with it.
        return False
    with state.db.read() as connection:
        return (
            connection.execute(sa.select(db.recordings.c.id).where(db.recordings.c.isrc == compact)).one_or_none()
            is not None
        )
