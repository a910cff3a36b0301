"""Styles, variations and longer versions as jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.analysis.extension import EnergyCurve
from engine.inference.styles import Style, StyleInfo
from engine.inference.timbres import TIMBRES, Timbre
from engine.plan import ClipPlan, MixPlan, TrackPlan
from engine.types import PcmRef
from studio.flows import extend, like, styles, variations, vocals
from studio.flows import timbre as timbre_flow
from studio.flows.extend import ExtendResult
from studio.flows.media import TaskContext
from studio.flows.timbre import TimbreResult
from studio.flows.variations import VariationsResult
from studio.flows.vocals import AlignResult, HarmonyResult
from studio.jobs import Job
from studio.project import edits
from studio.project.model import Role
from studio.session.work import Work

if TYPE_CHECKING:
    from engine.inference.measure import Speed


class Styling(Work):
    """What a person does with styles beside choosing one, and how fast models are here."""

    def styles(self) -> list[StyleInfo]:
        """The styles that there are, the user's among them."""
        return styles.known_styles(self.services)

    def style(self, style_id: str) -> Style:
        """A style with all its settings, to look at or to change.

        Raises:
            StyleError: style-unknown, style-invalid.
        """
        return styles.find_style(self.services, style_id)

    def is_own_style(self, style_id: str) -> bool:
        """Whether a style is the user's, and can be changed and forgotten."""
        return styles.folder_of(self.services, style_id) is not None

    def save_style(self, style: Style) -> Path:
        """Keep a style of the user.

        Raises:
            StyleError: style-invalid, naming the value.
        """
        return styles.save_style(self.services, style)

    def add_style(self, path: Path) -> Style:
        """Take a style file over.

        Raises:
            StyleError: style-invalid.
        """
        return styles.add_style(self.services, path)

    def remove_style(self, style_id: str) -> None:
        """Forget a style of the user.

        Raises:
            StyleError: style-unknown.
        """
        styles.remove_style(self.services, style_id)

    def style_preview(self, style_id: str) -> Job[PcmRef]:
        """A style on a few imagined bars: samples to listen to before there is a song."""
        return self._job(
            "Playing a style",
            lambda context: styles.preview(self.services, style_id, context),
            lane="inference",
        )

    def hear_style(self, style_id: str) -> Job[PcmRef]:
        """Play a style on a few imagined bars outside of the project, until `stop_preview`."""

        def landed(pcm: PcmRef) -> None:
            clip = ClipPlan(pcm=pcm, start_frame=0, length_frames=pcm.frames)
            plan = MixPlan(rate=pcm.rate, length_frames=pcm.frames, tracks=(TrackPlan(id="preview", clips=(clip,)),))
            if self._follower is not None:
                self._follower.hold(plan)
                self.player.play(0.0)

        return self._job(
            "Playing a style",
            lambda context: styles.preview(self.services, style_id, context),
            lane="inference",
            landed=landed,
        )

    def style_from_track(self, track_id: str, *, name: str = "") -> Job[Style]:
        """Keep how a track is mixed as a style of the user."""
        project = self.project
        title = edits.find_track(project, track_id).name
        return self._job(
            f"Listening to {title}",
            lambda context: like.style_from_track(self.services, project, track_id, context, name=name),
            lane="inference",
        )

    def variations(
        self,
        track_id: str,
        count: int,
        *,
        style_ids: Sequence[str] = (),
        seed: int = 1,
        intensity: float = 1.0,
        keep: tuple[str, ...] = ("vocals",),
    ) -> Job[VariationsResult]:
        """Make several takes that differ, least change first; one undo takes them all back."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Making {count} variations of {name}",
            lambda context: variations.variations(
                self.services,
                self.project,
                track_id,
                context,
                count=count,
                style_ids=style_ids,
                seed=seed,
                intensity=intensity,
                keep=keep,
            ),
            lane="inference",
        )

    def change_timbre(self, track_id: str, timbre: str, *, stem: Role = "vocals") -> Job[TimbreResult]:
        """Let an instrument play the line of a stem; the result is the next take."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Changing the timbre of {name}",
            lambda context: timbre_flow.change_timbre(
                self.services, self.project, track_id, context, timbre=timbre, stem=stem
            ),
            lane="inference",
        )

    def timbres(self) -> tuple[Timbre, ...]:
        """The instruments that can take over a voice."""
        return TIMBRES

    def extend(
        self, track_id: str, *, minutes: float, energy: EnergyCurve = "flat", seed: int = 0
    ) -> Job[ExtendResult]:
        """Make a track longer, joined where the music is alike."""
        name = edits.find_track(self.project, track_id).name
        return self._landing_job(
            f"Extending {name}",
            lambda context: extend.extend(
                self.services, self.project, track_id, context, minutes=minutes, energy=energy, seed=seed
            ),
            lane="inference",
        )

    def align_vocals(self, clip_id: str, song_track_id: str, *, pitch: bool = True) -> Job[AlignResult]:
        """Put a recorded voice on the beats of a song and, with `pitch`, into its key."""
        return self._landing_job(
            "Aligning the voice",
            lambda context: vocals.align(self.services, self.project, clip_id, song_track_id, context, pitch=pitch),
            lane="inference",
        )

    def harmonise(self, clip_id: str, song_track_id: str, *, harmony: str = "third-above") -> Job[HarmonyResult]:
        """Double a sung clip in harmony, on a track of its own; `studio.flows.vocals.HARMONIES` names them."""
        return self._landing_job(
            "Adding a harmony",
            lambda context: vocals.harmonise(
                self.services, self.project, clip_id, song_track_id, context, harmony=harmony
            ),
            lane="inference",
        )

    def measure_model(self, pack_id: str = "separation-default", *, seconds: float = 10.0) -> Job[Speed]:
        """Measure how fast a model splits on this computer, with the provider of the settings."""

        def work(context: TaskContext) -> Speed:
            pack = self.services.pack(pack_id)
            arguments = {
                "pack_dir": str(pack.folder),
                "provider": str(self.settings.get("inference.provider")),
                "seconds": seconds,
                "folder": str(self.paths.scratch),
            }
            return self.services.inference.run(
                "engine.inference.measure:measure_task",
                arguments,
                progress=context.progress,
                cancelled=lambda: context.cancelled,
            )

        return self._job("Measuring a model", work, lane="inference")
