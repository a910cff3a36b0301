"""Find, license and download recordings, and place them in a project."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, cast

import msgspec

from studio.base import atomic
from studio.base.errors import StorageError
from studio.base.ids import uuid7
from studio.flows.landing import Landing
from studio.flows.media import Silent, TaskContext
from studio.flows.services import Services
from studio.library.library import Asset, Download
from studio.platform.messages import RecordingDetail, RecordingSummary
from studio.project import edits
from studio.project.model import Marker, Project, Source
from studio.rights import summary as rights_summary
from studio.rights.grants import SignedGrant

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class CatalogueItem(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the catalogue, as the browser and the command line show it."""

    id: str
    asset_sha256: str
    title: str
    artists: tuple[str, ...]
    isrc: str
    bpm: float | None
    key: str | None
    duration_s: float
    has_stems: bool
    badge: str
    """``open``, ``conditions`` or ``listen``: what the terms come to."""
    permit: tuple[str, ...]
    deny: tuple[str, ...]
    artwork: tuple[str, str]
    """Two colours of the cover's gradient."""
    owned: bool
    """True when it rests in the library."""


def search(
    services: Services,
    text: str = "",
    *,
    operations: Sequence[str] = (),
    bpm: tuple[float, float] | None = None,
    has_stems: bool | None = None,
) -> list[CatalogueItem]:
    """Search the catalogue, the platform's order.

    Raises:
        PlatformDown: offline; what is in the library stays usable.
    """
    page = services.client().search(
        text,
        operations=tuple(operations),
        tempo_from_bpm=bpm[0] if bpm else None,
        tempo_to_bpm=bpm[1] if bpm else None,
        stems=has_stems,
    )
    owned = {asset.asset_sha256 for asset in services.library.assets()}
    items = [item_of(row, owned) for row in page.recordings]
    if not text and not operations and bpm is None and has_stems is None:
        _remember(services, items)
    return items


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue as one person saw it last on one platform."""

    whose: tuple[str, str]
    items: list[CatalogueItem]


def remembered(services: Services) -> list[CatalogueItem]:
    """The first page of the catalogue as this person saw it last, at once and without the platform; empty where it was
    never seen. What is owned is as it is now."""
    try:
        seen = msgspec.json.decode(_seen_file(services).read_bytes(), type=_Seen)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    if seen.whose != _whose(services):
        return []
    owned = {asset.asset_sha256 for asset in services.library.assets()}
    return [msgspec.structs.replace(item, owned=item.asset_sha256 in owned) for item in seen.items]


def _remember(services: Services, items: list[CatalogueItem]) -> None:
    # A cache that cannot be written costs the next start a moment, nothing else.
    with contextlib.suppress(StorageError):
        atomic.write_bytes(_seen_file(services), msgspec.json.encode(_Seen(whose=_whose(services), items=items)))


def _whose(services: Services) -> tuple[str, str]:
    return services.subject(), str(services.settings.get("platform.url") or "")


def _seen_file(services: Services) -> Path:
    return services.paths.cache / "catalogue.json"


def item_of(row: RecordingSummary, owned: AbstractSet[str] = frozenset()) -> CatalogueItem:
    """A row of the catalogue of what the platform says of a recording; `owned` are the assets in the library."""
    return CatalogueItem(
        id=row.id,
        asset_sha256=row.asset_sha256,
        title=row.title,
        artists=tuple(row.artists),
        isrc=row.isrc,
        bpm=row.tempo_bpm,
        key=row.key,
        duration_s=row.duration_s,
        has_stems=row.has_stems,
        badge=rights_summary.badge_of_terms(row.terms),
        permit=tuple(row.permit),
        deny=tuple(row.deny),
        artwork=_artwork(row.artwork, row.asset_sha256),
        owned=row.asset_sha256 in owned,
    )


def _artwork(named: Any, asset_sha256: str) -> tuple[str, str]:
    """The cover's two colours: the label's, or a quiet pair that follows from the recording's digest."""
    if isinstance(named, dict):
        fields = cast("dict[str, Any]", named)
        first, second = str(fields.get("from")), str(fields.get("to"))
        if _HEX.fullmatch(first) and _HEX.fullmatch(second):
            return first, second
    seed = int(asset_sha256[:6], 16)
    return _colour(seed, 0.34), _colour(seed + 900, 0.62)


def _colour(seed: int, value: float) -> str:
    import colorsys

    red, green, blue = colorsys.hsv_to_rgb(seed % 4096 / 4096, 0.42, value)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def license_recording(services: Services, recording_id: str) -> SignedGrant:
    """Ask the platform for a licence of this recording for this person and device, and keep it.

    Raises:
        PlatformError: not-found, signed-out, refused; PlatformDown.
        RightsError: grant-invalid if what came back is not signed by the platform.
    """
    services.ensure_account()
    raw = services.client().request_grant(recording_id)
    return services.library.store_grant(raw)


def fetch(services: Services, recording_id: str, context: TaskContext | None = None) -> Asset:
    """License and download a recording with the stems that its licence opens; at once if it is in the library already.

    Raises:
        PlatformError, RightsError, LibraryError, StorageError: with remedy; nothing half-made is left.
    """
    context = context or Silent()
    services.ensure_account()
    client = services.client()
    detail: RecordingDetail = client.get_recording(recording_id)
    asset_sha256 = detail.summary.asset_sha256
    context.progress(0.02, "Licensing")
    raw = client.request_grant(detail.summary.id)
    services.library.store_grant(raw)
    owned = {asset.asset_sha256: asset for asset in services.library.assets()}
    if asset_sha256 in owned:
        context.progress(1.0, "In your library")
        return owned[asset_sha256]
    folder = services.paths.scratch / f"download-{uuid7()}"
    folder.mkdir(parents=True)
    try:
        wanted = [info for info in detail.files if info.role in ("mix", "vocals", "drums", "bass", "other")]
        total = sum(info.size for info in wanted) or 1
        done = 0
        files: dict[str, Path] = {}
        for info in wanted:
            context.checkpoint()
            path = folder / f"{info.role}{Path(info.name).suffix.lower()[:8]}"
            before = done

            def report(fraction: float, note: str = "", *, before: int = before, size: int = info.size) -> None:
                context.progress(0.05 + 0.9 * (before + fraction * size) / total, "Downloading")

            client.download(
                detail.summary.id, path, role=info.role, progress=report, cancelled=lambda: context.cancelled
            )
            done += info.size
            files[info.role] = path
        context.progress(0.97, "Storing it encrypted")
        return services.library.add_asset(
            Download(
                asset_sha256=asset_sha256,
                recording_id=detail.summary.id,
                title=detail.summary.title,
                artists=tuple(detail.summary.artists),
                files=files,
                facts=msgspec.to_builtins(detail.meta),
            ),
            raw,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place(services: Services, asset: Asset, *, at_s: float = 0.0) -> Landing[str]:
    """A track with the whole recording at `at_s`; an empty project takes its tempo, metre, key and sections."""
    facts = asset.facts
    pcm_facts = services.media.probe(asset.files["mix"])
    source = Source(
        id=uuid7(),
        title=asset.title,
        origin="licensed",
        role="mix",
        blob=asset.files["mix"],
        duration_s=pcm_facts.duration_s,
        rate=pcm_facts.rate,
        channels=pcm_facts.channels,
        asset_sha256=asset.asset_sha256,
        tempo_bpm=facts.get("tempo_bpm"),
        first_beat_s=facts.get("first_beat_s", 0.0),
        key=facts.get("key"),
        artist=", ".join(asset.artists),
    )
    grant = services.library.grant_for(asset.asset_sha256)
    track_id, clip_id = uuid7(), uuid7()

    def apply(project: Project) -> Project:
        fresh = not project.tracks
        project = edits.add_track_for(project, source, at_s=at_s, ids=[track_id, clip_id])
        project = edits.add_grant(project, asset.asset_sha256, grant.grant.grant_id)
        return _adopt(project, facts) if fresh else project

    return Landing(label=f"Add {asset.title}", apply=apply, result=track_id)


def _adopt(project: Project, facts: dict[str, Any]) -> Project:
    """An empty project takes over what the first recording brings."""
    if facts.get("tempo_bpm"):
        project = edits.set_tempo(project, float(facts["tempo_bpm"]))
    if facts.get("beats_per_bar"):
        project = edits.set_time_signature(project, int(facts["beats_per_bar"]), project.beat_unit)
    if facts.get("key"):
        project = edits.set_key(project, str(facts["key"]))
    found = cast("list[dict[str, Any]]", facts.get("sections") or [])
    sections = [
        Marker(start_s=float(each["start_s"]), name=str(each["name"]), length_s=_length(each)) for each in found
    ]
    return edits.set_markers(project, sections) if sections else project


def _length(section: dict[str, Any]) -> float:
    if section.get("length_s"):
        return float(section["length_s"])
    end = section.get("end_s")
    return max(float(end) - float(section["start_s"]), 0.0) if end else 0.0
