"""Export: the real gate. Asked again from the project, rendered, accounted for, signed, and queued for the platform."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec

from engine.errors import EncodeError
from engine.results import Bounced
from studio import __version__
from studio.base import atomic
from studio.base.errors import PlatformError, RightsError, StorageError
from studio.base.ids import uuid7
from studio.flows import account, rights
from studio.flows.marks import KEY, mark_of
from studio.flows.media import TaskContext, share_of, stop_of
from studio.flows.mixplan import compile_plan
from studio.flows.services import Services
from studio.flows.shares import shares_of
from studio.platform.receipts import verify_receipt
from studio.project.model import Project
from studio.project.usage import usage_of
from studio.provenance import manifest, signing
from studio.provenance.inputs import ExportFacts, ManifestInput
from studio.provenance.verify import verify_file
from studio.rights.shares import Shares
from studio.rights.usage import ExportUse

Format = Literal["wav", "flac", "mp3"]
FORMATS: tuple[Format, ...] = ("wav", "flac", "mp3")


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the file is to be. `loudness_lufs` None keeps the level of the mix; the ceiling holds in any case."""

    format: Format = "wav"
    rate: int = 48000
    bits: int = 24
    loudness_lufs: float | None = -14.0
    ceiling_dbtp: float = -1.0
    destination: Literal["platform", "local_preview"] = "platform"
    mark: bool = True
    """Put the export's id into the sound, where something licensed is heard."""
    title: str = ""
    artist: str = ""


class ExportResult(msgspec.Struct, frozen=True, kw_only=True):
    """A finished, signed file. `state` is what verifying it right after signing gave."""

    path: str
    format: Format
    state: str
    export_id: str
    master_ppm: dict[str, int]
    publishing_ppm: dict[str, int]
    shares: Shares
    lufs: float
    true_peak_dbtp: float
    duration_s: float
    sha256: str
    delivery: str
    """Key of its delivery in the outbox."""
    receipt_id: str | None = None


def options_for(services: Services, path: Path, *, format: Format | None = None) -> ExportOptions:
    """The defaults of the settings for a file of this name; `format` wins over the name.

    Raises:
        StorageError: format-unknown where neither says one.
    """
    chosen = format or path.suffix.lower().removeprefix(".")
    if chosen not in FORMATS:
        raise StorageError(
            f"“{path.name}” does not say which format to write.",
            remedy="End the name with .wav, .flac or .mp3.",
            code="format-unknown",
        )
    settings = services.settings
    return ExportOptions(
        format=chosen,
        rate=settings.get("export.rate"),
        bits=settings.get("export.bits"),
        loudness_lufs=settings.get("export.loudness_lufs"),
        ceiling_dbtp=settings.get("export.ceiling_dbtp"),
        mark=settings.get("export.mark"),
    )


def check_target(path: Path) -> None:
    """Whether a file can be written there, asked before minutes of work.

    Raises:
        StorageError: path-not-writable.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise StorageError(
            f"“{path}” cannot be written: {'it is a folder' if path.is_dir() else 'its folder does not exist'}.",
            remedy="Choose a folder that exists, and a file name.",
            code="path-not-writable",
        )
    if not os.access(path.parent, os.W_OK):
        raise StorageError(
            f"“{path.parent}” cannot be written to.", remedy="Choose another folder.", code="path-not-writable"
        )


def export_use(options: ExportOptions) -> ExportUse:
    """What the policy is asked about this file."""
    return ExportUse(
        format=options.format,
        rate=options.rate,
        bits=None if options.format == "mp3" else options.bits,
        destination=options.destination,
    )


def export(
    services: Services, project: Project, path: Path, options: ExportOptions, context: TaskContext
) -> ExportResult:
    """Export the mix to `path`, signed, and put it into the outbox.

    Raises:
        RightsError: the first clause that forbids it, with all in `details`.
        ProvenanceError: this device cannot sign yet.
        EngineError, StorageError: the file could not be written; nothing is left behind.
    """
    path = path.absolute()
    check_target(path)
    context.progress(0.0, "Checking the licences")
    services.ensure_account()
    services.refresh_rights()
    rights.require(rights.decide(services, project, export_use(options)))
    ensure_certificate(services)
    services.identity.usable_chain(at_s=services.clock.now())
    found = shares_of(services, project, share_of(context, 0.02, 0.35))
    export_id = uuid7()
    part = path.with_name(f".{path.stem[:60]}.{export_id[-8:]}.part{path.suffix}")
    try:
        mark = mark_of(export_id) if options.mark and usage_of(project).sources else None
        try:
            bounced = bounce(services, project, part, options, share_of(context, 0.35, 0.85), mark=mark)
        except EncodeError as problem:
            # A person knows the name that they chose, not the one that it had while it was written.
            named = problem.message.replace(part.name, path.name)
            raise EncodeError(named, remedy=problem.remedy, code=problem.code) from problem
        context.checkpoint()
        context.progress(0.86, "Signing")
        facts = manifest_input(services, project, options, found, bounced, export_id=export_id, mark=mark)
        signing.sign_file(part, manifest.build(facts), services.identity, at_s=services.clock.now())
        checked = verify_file(part, trust=services.trust_anchors())
        # The licence may have ended or been revoked while the mix was rendered.
        rights.require(rights.decide(services, project, export_use(options)))
        context.checkpoint()
        try:
            part.replace(path)
            atomic.sync_folder(path.parent)
        except OSError as problem:
            raise atomic.storage_error(problem, path) from problem
    finally:
        part.unlink(missing_ok=True)
    digest = _digest(path)
    # Counted before it is queued: a crash between the two costs a count, never a free export.
    services.library.note_export((source.grant_id for source in facts.sources), export_id)
    delivery = services.outbox.enqueue_export(path, sha256=digest, subject=services.subject(), title=facts.title)
    context.progress(1.0, "Exported")
    return ExportResult(
        path=str(path),
        format=options.format,
        state=checked.state,
        export_id=export_id,
        master_ppm={share.id: share.ppm for share in found.master},
        publishing_ppm={share.id: share.ppm for share in found.publishing},
        shares=found,
        lufs=round(bounced.lufs, 2),
        true_peak_dbtp=round(bounced.true_peak_dbtp, 2),
        duration_s=bounced.frames / bounced.rate,
        sha256=digest,
        delivery=delivery,
    )


def bounce(
    services: Services,
    project: Project,
    path: Path,
    options: ExportOptions,
    context: TaskContext,
    *,
    mark: int | None = None,
) -> Bounced:
    """Render the audible mix to a tagged file, with `mark` in its sound."""
    plan = compile_plan(project, services.media, share_of(context, 0.0, 0.2), only_audible=True)
    tags = {
        "title": options.title or project.title,
        "artist": options.artist,
        "comment": "Made with Contrafact; see its content credential.",
    }
    return services.io.run(
        "engine.render:bounce_task",
        {
            "plan": plan,
            "out_path": str(path),
            "loudness_lufs": options.loudness_lufs,
            "ceiling_dbtp": options.ceiling_dbtp,
            "rate": options.rate,
            "format": options.format,
            "bits": options.bits,
            "watermark": None if mark is None else {"payload": mark, "key": KEY},
            "tags": {name: value for name, value in tags.items() if value},
        },
        progress=share_of(context, 0.2, 1.0).progress,
        cancelled=stop_of(context),
    )


def render_own(services: Services, project: Project, path: Path, context: TaskContext) -> Bounced:
    """Render a project of the user's own material to a file, as it is, unsigned.

    Raises:
        RightsError: operation-forbidden as soon as anything licensed is heard: that leaves by `export`, with its
        account.
    """
    licensed = usage_of(project).sources
    if licensed:
        raise RightsError(
            f"“{licensed[0].title}” is licensed, and what is licensed leaves the studio signed.",
            remedy="Use `contrafact export` (Review and export in the window).",
            details={"asset_sha256": licensed[0].asset_sha256},
        )
    options = msgspec.structs.replace(options_for(services, path), loudness_lufs=None, title=project.title)
    return bounce(services, project, path.absolute(), options, context)


def manifest_input(
    services: Services,
    project: Project,
    options: ExportOptions,
    found: Shares,
    bounced: Bounced,
    *,
    export_id: str,
    mark: int | None,
) -> ManifestInput:
    """Everything that the file will say about itself."""
    steps = account.steps_of(project)
    return ManifestInput(
        export_id=export_id,
        title=options.title or project.title,
        artist=options.artist,
        project_id=project.id,
        device_id=services.identity.device_id,
        created_at=services.clock.now_iso(),
        app_version=__version__,
        export=ExportFacts(
            format=options.format,
            rate=options.rate,
            bits=None if options.format == "mp3" else options.bits,
            duration_s=bounced.frames / bounced.rate,
            loudness_lufs=round(bounced.lufs, 2),
            true_peak_dbtp=round(bounced.true_peak_dbtp, 2),
            destination=options.destination,
        ),
        sources=account.licensed_sources(services, project),
        own=account.own_sources(project),
        models=account.models_of(services, steps, account.model_digests(project)),
        steps=steps,
        usage=msgspec.structs.replace(usage_of(project), export=export_use(options)),
        shares=found,
        watermark_id=mark,
    )


def ensure_certificate(services: Services) -> None:
    """Get or renew this device's certificate where the platform is there; an existing one goes on while it is not."""
    if services.identity.ready(at_s=services.clock.now()):
        return
    try:
        services.obtain_certificate()
    except PlatformError:
        if services.identity.certificate() is None:
            raise


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def with_receipt(services: Services, made: ExportResult) -> ExportResult:
    """The result with the id of the platform's receipt, once the delivery is done."""
    row = services.outbox.row(made.delivery)
    if row.receipt is None:
        return made
    receipt = verify_receipt(row.receipt, services.client().trusted_keys(), kind="export", sha256=made.sha256)
    return msgspec.structs.replace(made, receipt_id=receipt.body.receipt_id)
