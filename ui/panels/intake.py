"""Brings songs in: the demo, recordings of the catalogue, and files of one's own, one or five hundred."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer

from ui.viewmodels import words
from ui.viewmodels.dropping import MOST_FILES, carries_credential, size_if_fresh, size_of, sort_drop

ON_TRACKS_OF_THEIR_OWN = 8
"""More files than this are put one after another on one track."""
LOOK_AGAIN_MS = 800


@dataclass(kw_only=True)
class _Batch:
    paths: deque[str]
    at_s: float
    track_id: str | None
    in_row: bool
    total: int
    failed: list[str] = field(default_factory=list)
    problem: Any = None
    track: str | None = None


class Intake(QObject):
    """Over one window; batches of files are imported one file at a time, in their order."""

    def __init__(self, window: Any):
        super().__init__(window)
        self._window, self._ws = window, window.ws
        self._opening: Any | None = None
        self._batches: deque[_Batch] = deque()
        self._job: Any | None = None
        self._waiting: tuple[str, int] | None = None
        self._begun_size: int | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LOOK_AGAIN_MS)
        self._timer.timeout.connect(self._next)

    # songs

    def open_demo(self) -> None:
        """The demo song, open and playing."""
        if self._opening is None or self._opening.finished:
            self._opening = self._ws.run(self._ws.session.open_demo, self._play_new)

    def _play_new(self, track: Any) -> None:
        self._ws.select(track=track if isinstance(track, str) else None)
        self._ws.play_when_ready()

    def add_recording(self, recording_id: str, at_s: float = 0.0) -> None:
        """License a recording and put it on a new track."""
        ws = self._ws
        empty = not ws.project.tracks
        ws.run(
            lambda: ws.session.add_recording(recording_id, at_s=at_s),
            lambda track: self._play_new(track) if empty else ws.select(track=track),
        )

    # files

    def dropped(self, paths: list[str], at_s: float = 0.0, track_id: str | None = None) -> None:
        """Files and folders that were dropped: one that carries a credential may be meant for verifying."""
        found = sort_drop(paths)
        if found.projects:
            self._window.open_project(found.projects[0])
            return
        if found.refused:
            first = found.refused[0]
            others = f" and {words.plural(len(found.refused) - 1, 'other')}" if len(found.refused) > 1 else ""
            self._ws.say(
                f"“{first[:60]}”{others} cannot be used.",
                "The studio reads WAV, FLAC, MP3, Ogg, Opus and AIFF files, with FFmpeg installed also M4A, AAC, WMA "
                "and the sound of videos, and folders with some of them.",
                "error",
            )
        if found.more:
            self._ws.say(f"Only the first {MOST_FILES} files are taken.", "Drop the others afterwards.", "warning")
        if len(found.audio) == 1 and carries_credential(found.audio[0]):
            self._window.menus.signed_file(found.audio, at_s, track_id)
        elif found.audio:
            self.files(found.audio, at_s, track_id)

    def files(self, paths: list[str], at_s: float = 0.0, track_id: str | None = None) -> None:
        """The person's own files: each on a track, or many one after another on one."""
        if not paths:
            return
        in_row = track_id is not None or len(paths) > ON_TRACKS_OF_THEIR_OWN
        self._batches.append(_Batch(paths=deque(paths), at_s=at_s, track_id=track_id, in_row=in_row, total=len(paths)))
        if self._job is None or self._job.finished:
            self._job = None
            self._next()

    def _next(self) -> None:
        if not self._batches:
            return
        batch = self._batches[0]
        if not batch.paths:
            self._batches.popleft()
            self._tell(batch)
            self._next()
            return
        path = batch.paths[0]
        size = size_if_fresh(path)
        if size is not None and self._waiting != (path, size):
            if self._waiting is not None and self._waiting[0] == path:
                self._ws.say(f"“{Path(path).name[:60]}” is still being written.", "It is imported once it is complete.")
            self._waiting = (path, size)
            self._timer.start()
            return
        self._waiting = None
        self._begun_size = size_of(path)
        batch.paths.popleft()
        self._job = self._ws.run(
            lambda: self._ws.session.import_file(Path(path), at_s=batch.at_s, track_id=batch.track_id),
            lambda made: self._landed(batch, made),
            lambda problem: self._failed(batch, path, problem),
        )

    def _landed(self, batch: _Batch, made: Any) -> None:
        self._job = None
        batch.track = made.track_id
        if batch.in_row:
            batch.track_id = made.track_id
            track = next((t for t in self._ws.project.tracks if t.id == made.track_id), None)
            batch.at_s = max((clip.end_s for clip in track.clips), default=batch.at_s) if track else batch.at_s
        self._next()

    def _failed(self, batch: _Batch, path: str, problem: Any) -> None:
        self._job = None
        if size_of(path) != self._begun_size:
            # It grew while it was read: the next try may find it complete.
            batch.paths.appendleft(path)
            self._next()
            return
        batch.failed.append(Path(path).name)
        batch.problem = problem
        self._next()

    def _tell(self, batch: _Batch) -> None:
        if batch.track is not None:
            self._ws.select(track=batch.track)
        if batch.total == 1 and batch.problem is not None:
            self._ws.fail(batch.problem)
        elif batch.failed:
            names = ", ".join(f"“{name[:40]}”" for name in batch.failed[:3]) + (" …" if len(batch.failed) > 3 else "")
            self._ws.say(
                f"{len(batch.failed)} of {batch.total} files could not be read: {names}",
                getattr(batch.problem, "remedy", "") or "Check these files and drop them again.",
                "error",
            )
        elif batch.total > ON_TRACKS_OF_THEIR_OWN:
            self._ws.say(f"{batch.total} files are on one track, one after another.", level="ok")
