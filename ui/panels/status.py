"""The foot of the window: the job at work, the provider, the device, and whether all is saved and sent."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout

from ui.bridge import FINAL_STATES
from ui.viewmodels import words
from ui.viewmodels.status import account_tip, device_text, sync_text
from ui.viewmodels.workspace import Workspace
from ui.widgets.bars import ProgressBar
from ui.widgets.button import Button
from ui.widgets.label import Text
from ui.widgets.surface import Surface


class Chip(Text):
    """A text that answers a click."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class StatusBar(Surface):
    """One line; files dropped on it are verified."""

    preferences_asked = Signal(str)
    account_asked = Signal()

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="t")
        theme = self.theme
        self.ws = ws
        self.setFixedHeight(theme.size("status"))
        self._jobs: dict[str, Any] = {}
        self._device_notice = ""
        self._has_device = False
        self.job_text = Text(theme, px="caption", icon="loader-circle", icon_token="text.muted")
        self.job_bar = ProgressBar(theme, name="Progress")
        self.job_bar.setFixedWidth(120)
        self.cancel = Button(theme, icon="x", kind="ghost", height=20, icon_size=14, name="Cancel", tip="Cancel")
        self.more = Text(theme, token="text.faint", px="caption", fixed=True)
        self.account = Chip(theme, px="caption", token="text.muted", icon="user", fixed=True)
        self.provider = Chip(theme, px="caption", token="text.muted", icon="cpu", fixed=True)
        self.device = Chip(theme, px="caption", token="text.muted", icon="audio-lines", fixed=True)
        self.sync = Chip(theme, px="caption", token="ok", icon="cloud-check", fixed=True)
        for chip in (self.account, self.provider, self.device, self.sync):
            chip.setCursor(Qt.CursorShape.PointingHandCursor)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 1, 12, 0)
        layout.setSpacing(14)
        layout.addWidget(self.job_text)
        layout.addWidget(self.job_bar)
        layout.addWidget(self.cancel)
        layout.addWidget(self.more)
        layout.addStretch(1)
        layout.addWidget(self.account)
        layout.addWidget(self.provider)
        layout.addWidget(self.device)
        layout.addWidget(self.sync)
        self.cancel.clicked.connect(self._on_cancel)
        self.account.clicked.connect(self.account_asked)
        self.provider.clicked.connect(lambda: self.preferences_asked.emit("Models"))
        self.device.clicked.connect(lambda: self.preferences_asked.emit("Audio"))
        self.sync.clicked.connect(self._on_sync)
        ws.bridge.jobs_changed.connect(self._on_job)
        ws.bridge.sync_changed.connect(self.refresh)
        ws.bridge.account_changed.connect(self.refresh)
        ws.bridge.project_changed.connect(self.refresh)
        ws.tick.connect(self._on_tick)
        self._show_job()
        self.refresh()

    def refresh(self) -> None:
        """Show provider and sync."""
        session = self.ws.session
        self.provider.set_text(session.provider_name)
        account = session.account
        self.account.set_text(account.name if account is not None else "Sign in")
        self.account.setToolTip(account_tip(account))
        text, icon, token, tip = sync_text(session.sync_state())
        self.sync.set_text(text, token)
        self.sync.set_icon(icon, token)
        self.sync.setToolTip(tip)

    def _on_tick(self, elapsed_s: float, status: Any, meters: Any) -> None:
        notice = status.notice or ""
        if self._has_device and notice and notice != self._device_notice:
            self.ws.say(notice, level="warning")
        # A computer without sound says so in the chip; a device that goes away says so aloud.
        self._has_device = self._has_device or status.device not in (None, "none")
        self._device_notice = notice
        self.device.set_text(device_text(status))
        self.device.setToolTip(status.notice or status.device_name or "")

    def _on_job(self, job: Any) -> None:
        if job.state in FINAL_STATES:
            self._jobs.pop(job.id, None)
            self.ws.quiet.discard(job.id)
        elif job.id not in self.ws.quiet:
            self._jobs[job.id] = job
        self._show_job()

    def _current(self) -> Any | None:
        """The running job that says most: one with a fraction before one without."""
        running = [job for job in self._jobs.values() if job.title]
        return max(running, key=lambda job: (job.state == "running", job.fraction or 0.0), default=None)

    def _show_job(self) -> None:
        job = self._current()
        for widget in (self.job_text, self.job_bar, self.cancel):
            widget.setVisible(job is not None)
        more = len(self._jobs) - 1
        self.more.set_text(f"and {more} more" if more > 0 else "")
        self.more.setVisible(more > 0)
        if job is None:
            return
        fraction = job.fraction or 0.0
        # “Splitting Night Ferry: Splitting, 22 of 31 s” would say it twice.
        note = job.note.removeprefix(f"{job.title.split(' ', 1)[0]}, ") if job.note else ""
        parts = [note] if note else []
        if fraction > 0:
            parts.append(f"{fraction:.0%}".replace("%", " %"))
        left = words.time_left(job.eta_s)
        if left:
            parts.append(left)
        self.job_text.set_text(job.title + (": " + ", ".join(parts) if parts else ""))
        self.job_bar.set_fraction(fraction)

    def _on_cancel(self) -> None:
        job = self._current()
        if job is not None:
            job.cancel()

    def _on_sync(self) -> None:
        state = self.ws.session.sync_state()
        if state.queued:
            self.ws.run(self.ws.session.sync_now)
        self.ws.say(
            *{"needs-you": (state.note or "Something could not be sent.", "Sign in again or try later.")}.get(
                state.state, (state.note or sync_text(state)[3], "")
            )
        )
