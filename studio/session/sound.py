"""Listening: the transport, previews, the sound device, and what is known of sounds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.analysis.model import Analysis
from engine.errors import EngineError
from engine.io.pyramid import Pyramid
from engine.io.spectrogram import Spectrogram
from studio.base.ids import uuid7
from studio.flows import acquire
from studio.flows.media import TaskContext
from studio.flows.mixplan import compile_plan
from studio.flows.plugins import plugins_of
from studio.jobs import Job
from studio.project import edits
from studio.project.model import Project, Source
from studio.session.hearing import Hearing
from studio.session.parts import SessionParts
from studio.session.prepared import Prepared


class Sound(SessionParts):
    """Play-back, and pictures and analyses of sounds."""

    _spectra: Prepared[Spectrogram]
    _hearing: Hearing
    _audio_said: tuple[Any, Any, Any] | None = None
    _clicks_said: tuple[bool, float] | None = None
    _unfollow: Callable[[], None] = staticmethod(lambda: None)

    def play(self, from_s: float | None = None, *, count_in: int = 0) -> None:
        """Play from `from_s` seconds or from the play-head, after `count_in` bars; a project that was just opened plays
        as soon as its sounds are ready.

        Raises:
            StudioError: no-sound in a headless session.
        """
        player = self.player
        self._once_playable(lambda: player.play(from_s, count_in))

    def pause(self) -> None:
        """Stop and stay."""
        self._forget_play()
        self.player.pause()

    def stop(self) -> None:
        """Stop and go back to where it was started."""
        self._forget_play()
        self.player.stop()

    def start_sound(self) -> None:
        """Follow the settings of devices and metronome from now on."""
        self._apply_sound()
        self._unfollow = self.settings.changed.subscribe(
            lambda change: self._apply_sound() if change.key.startswith(("audio.", "transport.metronome")) else None
        )

    def stop_sound(self) -> None:
        """Follow them no more."""
        self._unfollow()

    def _apply_sound(self) -> None:
        """Tell the player what differs from what it was told before: a device that reopens is heard."""
        get = self.settings.get
        audio = (get("audio.device"), get("audio.block_frames"), get("audio.rate"))
        clicks = (bool(get("transport.metronome")), float(get("transport.metronome_db")))
        if audio != self._audio_said:
            self._audio_said = audio
            self.player.set_audio(device=audio[0], block_frames=audio[1], rate=audio[2])
        if clicks != self._clicks_said:
            self._clicks_said = clicks
            self.player.set_metronome(*clicks)

    def lost_sounds(self) -> tuple[Source, ...]:
        """Sounds of the project whose files went away while it plays; they are silent until they are back."""
        lost = set(self.player.status().lost_sources)
        if not lost:
            return ()
        rate = self.project.rate
        return tuple(
            source
            for source in self.project.sources.values()
            if (known := self.media.known(source, rate)) is not None and known.path in lost
        )

    def save_project(self, path: Path | None = None, *, overwrite: bool = False) -> Path:
        """As `Desk.save_project`, with the plug-ins as they stand; one that does not answer is saved as it was known.

        Raises:
            ProjectError, StorageError: as there.
        """
        with contextlib.suppress(EngineError, TimeoutError):
            self.take_plugin_states()
        return super().save_project(path, overwrite=overwrite)

    def take_plugin_states(self) -> None:
        """Keep what was turned in plug-ins' own windows, as one undoable step; nothing happens where nothing was.

        Waits for the engine for up to 5 s where the project has plug-ins, so not for the window's own thread.
        """
        if self._player is None or not any(plugins_of(self.project)):
            return
        states = self._player.plugin_states()
        with self._lock:
            project = self._history.committed
            for strip, insert, _ in list(plugins_of(project)):
                found = states.get(insert.id)
                if found is not None:
                    project = edits.set_plugin_state(project, strip, insert.id, found.state)
                    # Only those that the project knows: else the next plan would turn them back.
                    known = {key: found.values[key] for key in insert.parameters if key in found.values}
                    project = edits.set_insert(project, strip, insert.id, parameters=known)
            self.commit("Plug-in settings", project)

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
