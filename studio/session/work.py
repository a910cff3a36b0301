"""The flows as jobs: what they make lands as one undoable commit."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from engine.inference.runtime import has_gpu
from engine.inference.styles import StyleInfo, list_styles
from studio.base.ids import uuid7
from studio.flows import acquire, export, fixes, freeze, import_own, relink, restyle, review, separate, shares, verify
from studio.flows.export import ExportOptions, ExportResult
from studio.flows.import_own import ImportResult
from studio.flows.landing import Landing
from studio.flows.media import TaskContext
from studio.flows.relink import Relinked
from studio.flows.restyle import RestyleResult
from studio.flows.review import Review
from studio.flows.separate import SplitPartial, SplitResult
from studio.flows.verify import VerifyResult
from studio.jobs import Job
from studio.project import edits
from studio.project.model import Project, Source, Track
from studio.project.warp import WarpMap
from studio.rights.shares import Shares
from studio.rights.verdict import Fix
from studio.session.forming import Forming
from studio.session.people import People
from studio.session.values import Notice


class Work(People):
    """Everything that takes time and changes the project, or looks at it from all sides."""

    _shares: Shares | None = None

    def open_demo(self) -> Job[str]:
        """Sign in if needed, license the first song of the catalogue and open it as a new project; the result is its
        track."""

        def work(context: TaskContext) -> Landing[str]:
            first = acquire.search(self.services)[0]
            asset = acquire.fetch(self.services, first.id, context)
            return acquire.place(self.services, asset)

        def land(landing: Landing[str]) -> str:
            project = landing.apply(Project(id=uuid7()))
            self._replace(edits.rename_project(project, next(iter(project.sources.values())).title), None)
            self._write(landing.label)
            self.events.library_changed.emit(None)
            return landing.result

        return self._landing_job("Opening the demo song", work, land=land)

    def add_recording(self, recording_id: str, *, at_s: float = 0.0) -> Job[str]:
        """License and download a recording and put it on a new track; the result is the track's id."""

        def work(context: TaskContext) -> Landing[str]:
            asset = acquire.fetch(self.services, recording_id, context)
            self.events.library_changed.emit(None)
            return acquire.place(self.services, asset, at_s=at_s)

        return self._landing_job("Adding a recording", work)

    def import_file(self, path: Path, *, at_s: float = 0.0, track_id: str | None = None) -> Job[ImportResult]:
        """Put a file of the user's own on a track."""
        return self._landing_job(
            f"Importing {path.name}",
            lambda context: import_own.import_file(
                self.services, self.project, path, context, at_s=at_s, track_id=track_id
            ),
        )

    def missing_sounds(self) -> tuple[Source, ...]:
        """The sounds that clips play and that the library does not hold any more."""
        return relink.missing(self.services, self.project)

    def look_for_sounds(self, folder: Path) -> Job[dict[str, Path]]:
        """Which missing sounds of one's own have a file of their name below a folder: source id -> path."""
        wanted = [source for source in self.missing_sounds() if source.origin == "own" and not source.parents]
        return self._job(f"Looking in {folder.name}", lambda _: relink.look_in(folder, wanted))

    def relink(self, source_id: str, path: Path) -> Job[Relinked]:
        """Take a file for a sound of one's own that is missing."""

        def land(landing: Landing[Relinked]) -> Relinked:
            with self._lock:
                self.commit(landing.label, landing.apply(self._history.committed))
            # The very same sound changes nothing in the project, and can be played again.
            self.project_edited()
            return landing.result

        return self._landing_job(
            f"Reading {path.name}",
            lambda context: relink.relink(self.services, self.project, source_id, path, context),
            land=land,
        )

    def split(
        self,
        track_id: str,
        *,
        prefer: Literal["label", "model"] = "label",
        provider: str | None = None,
        model: str | None = None,
        from_s: float = 0.0,
    ) -> Job[SplitResult]:
        """Split a track into stems below it, from `from_s` seconds of the timeline on; what is made is shown and
        played at once (`forming`)."""
        project = self.project
        track = edits.find_track(project, track_id)
        forming = Forming(project, track_id, media=self.media, folder=self.paths.scratch)

        def grown(partial: SplitPartial) -> None:
            forming.take(partial, self._peaks)
            self._form(forming)

        def work(context: TaskContext) -> Landing[SplitResult]:
            try:
                return separate.split(
                    self.services,
                    self.project,
                    track_id,
                    context,
                    prefer=prefer,
                    provider=provider,
                    model=model,
                    start_s=_source_place(track, from_s),
                    on_partial=grown,
                )
            except BaseException:
                self._form(None)
                raise

        def land(landing: Landing[SplitResult]) -> SplitResult:
            with self._lock:
                self.commit(landing.label, forming.land(landing.apply(self._history.committed)))
                self._form(None)
            for notice in landing.result.notices:
                self.events.notice.emit(Notice(level="info", text=notice))
            return landing.result

        return self._landing_job(f"Splitting {track.name}", work, lane="inference", land=land)

    def restyle(
        self, track_id: str, style: str, *, intensity: float = 1.0, seed: int = 0, keep: tuple[str, ...] = ("vocals",)
    ) -> Job[RestyleResult]:
        """Restyle a track, splitting it first if needed; the result is its next take."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Restyling {name}",
            lambda context: restyle.restyle(
                self.services, self.project, track_id, context, style=style, intensity=intensity, seed=seed, keep=keep
            ),
            lane="inference",
        )

    def freeze(self, track_id: str) -> Job[str]:
        """Render a track through its effects, so that it plays without them; the result is the frozen source's id."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Freezing {name}", lambda context: freeze.freeze(self.services, self.project, track_id, context)
        )

    def unfreeze(self, track_id: str) -> None:
        """Let a track play its clips and effects again.

        Raises:
            ProjectError: edit-invalid for an unknown track.
        """
        name = edits.find_track(self.project, track_id).name
        self.commit(f"Unfreeze {name}", edits.unfreeze(self.project, track_id))

    def styles(self) -> list[StyleInfo]:
        """The styles that there are."""
        return list_styles()

    def shares(self) -> Job[Shares]:
        """Who is paid for the mix as it is; at once where nothing changed."""
        project = self.project

        return self._job(
            "Working out the shares",
            lambda context: shares.shares_of(self.services, project, context),
            landed=self._note_shares,
        )

    def review(self, options: ExportOptions) -> Job[Review]:
        """Look at an export from all sides without making it."""
        project = self.project
        return self._job(
            "Looking at the mix",
            lambda context: review.review(
                self.services, project, options, context, online=self.sync_state().state != "queued"
            ),
        )

    def export(self, path: Path, options: ExportOptions) -> Job[ExportResult]:
        """Export, sign and queue; online it is sent at once."""
        project = self.project

        def work(context: TaskContext) -> ExportResult:
            return export.export(self.services, project, path, options, context)

        def landed(_: ExportResult) -> None:
            self._sync.wake(force=True)
            self.events.sync_changed.emit(self.sync_state())

        return self._job(f"Exporting {path.name}", work, landed=landed)

    def apply_fix(self, fix: Fix) -> None:
        """Do what the button of a denial says, where an edit can.

        Raises:
            RightsError: where it has to be done elsewhere; fixes of the export's options are `fixes.fix_options`.
        """
        project = self.project
        fixed = fixes.fix_project(project, fix)
        if fixed is project:
            raise fixes.unfixable(fix)
        self.commit(fix.label, fixed)

    def verify(self, path: Path) -> Job[VerifyResult]:
        """Say what a file is made of and what was changed."""
        return self._job(f"Verifying {path.name}", lambda _: verify.verify(self.services, path))

    @property
    def provider_name(self) -> str:
        """Where models run, for the status bar."""
        chosen = self.settings.get("inference.provider")
        return "CUDA" if chosen == "cuda" or (chosen == "auto" and has_gpu()) else "CPU"

    def _note_shares(self, found: Shares) -> None:
        before, self._shares = self._shares, found
        if found != before:
            self.events.shares_changed.emit(None)


def _source_place(track: Track, at_s: float) -> float:
    """The place in a track's recording that plays at a time, its start where none does."""
    for clip in track.clips:
        if clip.start_s <= at_s < clip.end_s:
            return max(WarpMap.of(clip).source_at(at_s - clip.start_s), 0.0)
    return 0.0
