"""Listening: the transport, previews, the sound device, and what is known of sounds."""

from __future__ import annotations

from typing import Any

from engine.analysis.model import Analysis
from engine.io.pyramid import Pyramid
from engine.io.spectrogram import Spectrogram
from studio.base.ids import uuid7
from studio.flows import acquire
from studio.flows.media import TaskContext
from studio.flows.mixplan import compile_plan
from studio.jobs import Job
from studio.project.model import Project, Source
from studio.session.hearing import Hearing
from studio.session.parts import SessionParts
from studio.session.prepared import Prepared


class Sound(SessionParts):
    """Play-back, and pictures and analyses of sounds."""

    _peaks: Prepared[Pyramid]
    _spectra: Prepared[Spectrogram]
    _hearing: Hearing

    def peaks(self, source: Source) -> Pyramid | None:
        """The waveform of a source, or None until `events.peaks_ready` names it."""
        return self._peaks.get(source, rate=self.project.rate)

    def spectrogram(self, source: Source) -> Spectrogram | None:
        """The spectrum of a source over time, or None until `events.spectrum_ready` names it."""
        return self._spectra.get(source, rate=self.project.rate)

    def analysis(self, source: Source) -> Analysis | None:
        """Tempo, beats, key, chords and sections of a source, or None until `events.analysis_ready` names it."""
        return self._hearing.get(source, rate=self.project.rate)

    def preview(self, recording_id: str) -> Job[None]:
        """Play a recording of the catalogue outside of the project, until `stop_preview`."""

        def work(context: TaskContext) -> Any:
            asset = acquire.fetch(self.services, recording_id, context)
            return compile_plan(acquire.place(self.services, asset).apply(Project(id=uuid7())), self.media, context)

        def landed(plan: Any) -> None:
            if self._follower is not None:
                self._follower.hold(plan)
                self.player.play(0.0)

        return self._job("Loading a preview", work, landed=landed)

    def stop_preview(self) -> None:
        """Go back to the project."""
        if self._follower is not None and self._follower.held:
            self.player.stop()
            self._follower.release()
