"""The rightsholder's side: own recordings, their terms, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.base import atomic
from studio.flows import acquire
from studio.flows.acquire import CatalogueItem
from studio.flows.media import TaskContext
from studio.jobs import Job
from studio.platform.messages import RecordingDetail, Statement
from studio.platform.terms import build_grant, parse_terms, resource_of
from studio.rights import summary as rights_summary
from studio.rights.grants import Grant
from studio.rights.summary import Summary
from studio.session.parts import SessionParts

_NOBODY = "user:preview"


class Artists(SessionParts):
    """What an artist or a label does. Nothing of it changes who is signed in as the person that remixes."""

    def own_recordings(self) -> Job[list[CatalogueItem]]:
        """The recordings that the rightsholder has published, as rows of a catalogue."""

        def work(_: TaskContext) -> list[CatalogueItem]:
            return [acquire.item_of(each) for each in self._connection.artist().own_recordings()]

        return self._job("Looking up own recordings", work)

    def own_recording(self, recording_id: str) -> Job[RecordingDetail]:
        """One of them with its terms."""
        return self._job("Looking up a recording", lambda _: self._connection.artist().get_recording(recording_id))

    def publish_terms(self, recording_id: str, terms: Mapping[str, object]) -> Job[RecordingDetail]:
        """Publish new terms; licences that are renewed carry them, exports that were made stay as they are."""
        return self._job("Publishing terms", lambda _: self._connection.artist().change_terms(recording_id, terms))

    def statement(self) -> Job[tuple[Statement, bytes]]:
        """What became of the recordings, and the signed bytes that say so."""
        return self._job("Fetching the statement", lambda _: self._connection.artist().statement())


def licence_preview(detail: RecordingDetail, terms: Mapping[str, Any], *, at: str) -> tuple[Grant, Summary]:
    """The licence that somebody would get under these terms now, and how the studio would tell it to them.

    Raises:
        Refusal: terms-invalid or credits-invalid, naming what is wrong.
    """
    grant = build_grant(
        resource_of(detail.meta, detail.summary.asset_sha256),
        parse_terms(terms),
        grant_id="gr_preview",
        rev=1,
        issuer="preview",
        subject=_NOBODY,
        issued_at=at,
        device_keys=(),
    )
    return grant, rights_summary.summary(grant)


def save_statement(path: Path, raw: bytes) -> None:
    """Keep a statement as the platform signed it.

    Raises:
        StorageError: disk-full or path-not-writable.
    """
    atomic.write_bytes(path, raw)
