"""Session events, which come from any thread, as Qt signals in the window's thread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

FINAL_STATES = frozenset({"done", "failed", "cancelled"})


class Bridge(QObject):
    """Turns `studio.session.SessionEvents` into queued signals and tells when a job has ended."""

    project_changed = Signal()
    history_changed = Signal()
    jobs_changed = Signal(object)
    account_changed = Signal()
    library_changed = Signal()
    sync_changed = Signal()
    peaks_ready = Signal(str)
    spectrum_ready = Signal(str)
    analysis_ready = Signal(str)
    forming_changed = Signal()
    shares_changed = Signal()
    recording_changed = Signal()
    audition_changed = Signal()
    midi_learnt = Signal()
    midi_ports = Signal()
    notice = Signal(object)
    _heard = Signal(str, object)

    def __init__(self, events: Any, parent: QObject | None = None):
        super().__init__(parent)
        self._waiting: dict[str, tuple[Any, Callable[[Any], None], Callable[[Any], None] | None]] = {}
        # Queued also within the window's thread: an event during a commit must not repaint half of it.
        self._heard.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._closed = False
        self._unsubscribe: list[Callable[[], None]] = []
        for name in (
            "project_changed",
            "history_changed",
            "jobs_changed",
            "account_changed",
            "library_changed",
            "sync_changed",
            "peaks_ready",
            "spectrum_ready",
            "analysis_ready",
            "forming_changed",
            "shares_changed",
            "recording_changed",
            "audition_changed",
            "midi_learnt",
            "midi_ports",
            "notice",
        ):
            event = getattr(events, name)
            self._unsubscribe.append(event.subscribe(self._listener(name)))

    def _listener(self, name: str) -> Callable[..., None]:
        def listen(*values: Any) -> None:
            if not self._closed:
                self._heard.emit(name, values)

        return listen

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        self._waiting.clear()

    @Slot(str, object)
    def _deliver(self, name: str, values: tuple[Any, ...]) -> None:
        if self._closed:
            return
        if name == "jobs_changed" and values:
            self._settle(values[0])
            self.jobs_changed.emit(values[0])
        elif name in ("peaks_ready", "spectrum_ready", "analysis_ready", "notice") and values:
            getattr(self, name).emit(values[0])
        else:
            getattr(self, name).emit()

    def when_done(self, job: Any, done: Callable[[Any], None], failed: Callable[[Any], None] | None = None) -> None:
        """Call `done(result)` or `failed(error)` in the window's thread once `job` has ended."""
        self._waiting[job.id] = (job, done, failed)
        if job.state in FINAL_STATES:
            self._heard.emit("jobs_changed", (job,))

    def _settle(self, job: Any) -> None:
        if job.state not in FINAL_STATES:
            return
        waiting = self._waiting.pop(job.id, None)
        if waiting is None:
            return
        _, done, failed = waiting
        if job.state == "done" and _listens(done):
            done(job.result)
        elif job.state == "failed" and failed is not None and _listens(failed):
            failed(job.error)


def _listens(call: Callable[..., None]) -> bool:
    """Whether the panel that a method belongs to, or that a function has seen, is still there: it may have been closed
    while the job ran."""
    seen = [getattr(call, "__self__", None)]
    for cell in getattr(call, "__closure__", None) or ():
        with contextlib.suppress(ValueError):
            seen.append(cell.cell_contents)
    return all(shiboken6.isValid(each) for each in seen if isinstance(each, QObject))
