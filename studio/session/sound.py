"""Listening: the transport, previews, the sound device, and what is known of sounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

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
from studio.session.playing import Playing
from studio.session.prepared import Prepared


class Sound(SessionParts):
    """Play-back, and pictures and analyses of sounds."""

    _peaks: Prepared[Pyramid]
    _spectra: Prepared[Spectrogram]
    _hearing: Hearing

    @property
    def playing(self) -> Playing:
        """The player with all that recording and comparing ask of it.

        Raises:
            StudioError: no-sound in a headless session.
        """
        return cast("Playing", self.player)

    def play(self, from_s: float | None = None, *, count_in: int = 0) -> None:
        """Play from `from_s` seconds or from the play-head, after `count_in` bars; a project that was just opened plays
        as soon as its sounds are ready.

        Raises:
            StudioError: no-sound in a headless session.
        """
        player = self.playing
        if count_in:
            self._once_playable(lambda: player.play(from_s, count_in_bars=count_in))
        else:
            self._once_playable(lambda: player.play(from_s))

    def pause(self) -> None:
        """Stop and stay."""
        self._forget_play()
        self.player.pause()

    def stop(self) -> None:
        """Stop and go back to where it was started."""
        self._forget_play()
        self.player.stop()

    def _once_playable(self, then: Callable[[], None]) -> None:
        if self._follower is None:
            then()
        else:
            self._follower.when_playable(then)

    def _forget_play(self) -> None:
        if self._follower is not None:
            self._follower.when_playable(None)

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
