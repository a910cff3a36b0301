"""Takes compared by ear: heard from the next beat on, at one loudness, until one is kept."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.project import edits
from ui.viewmodels.plugins import in_background


class Comparing(QObject):
    """While it plays, takes are switched in the engine without changing the project; what is heard when play-back
    stops, or when something else is edited, is kept."""

    changed = Signal()

    def __init__(self, ws: Any):
        super().__init__(ws)
        self._ws = ws
        self._ending = False
        ws.bridge.audition_changed.connect(self._on_changed)
        ws.bridge.project_changed.connect(self._on_project)
        ws.tick.connect(self._on_tick)

    @property
    def active(self) -> bool:
        """Whether takes are being compared."""
        return self._ws.session.comparison is not None and not self._ending

    def heard(self, track_id: str) -> int | None:
        """The take of a track that is heard: the one that is compared now, else the one that shows."""
        comparison = self._ws.session.comparison
        if comparison is not None and comparison.track_id == track_id:
            return comparison.heard
        return edits.shown_take(self._ws.project, track_id)

    @property
    def matched_db(self) -> float:
        """By how much what is heard is turned down."""
        comparison = self._ws.session.comparison
        return 0.0 if comparison is None else comparison.gains_db.get(comparison.heard, 0.0)

    def hear(self, track_id: str, number: int | None) -> None:
        """Hear a take, or the original with None: at the beat while it plays, and as an edit while it does not."""
        ws = self._ws
        if ws.playing and not self._ending and edits.take_numbers(ws.project, track_id):
            if self.heard(track_id) != number or not self.active:
                ws.run(lambda: ws.session.audition(track_id, number), quiet=self.active)
            return
        title = f"Take {number}" if number is not None else "Original"
        ws.commit(title, lambda project: edits.choose_take(project, track_id, number))

    def end(self, *, keep: bool) -> None:
        """Keep what is heard, or go back to what was chosen."""
        if not self.active:
            return
        self._ending = True
        # The plan of what is kept has to be in the engine first; the window does not wait for it.
        in_background(
            self._ws,
            "Keeping the take" if keep else "Back to the take",
            lambda: self._ws.session.end_audition(keep=keep),
            lambda _: self._ended(),
        )
        self.changed.emit()

    def _ended(self) -> None:
        self._ending = False
        self.changed.emit()

    def _on_changed(self) -> None:
        self.changed.emit()

    def _on_tick(self, _elapsed_s: float, status: Any, _meters: Any) -> None:
        if self.active and not status.playing:
            self.end(keep=True)

    def _on_project(self) -> None:
        comparison = self._ws.session.comparison
        if comparison is None or not self.active or self._ws.session.history.in_gesture:
            # A drag ends first.
            return
        if comparison.project is not self._ws.project:
            self.end(keep=True)
