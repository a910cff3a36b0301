"""Review and export: everything that the file will say about itself, and one button."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.flows import fixes
from ui.bridge import FINAL_STATES
from ui.panels.export_account import CredentialCard, ExportAccount
from ui.panels.export_form import ExportForm
from ui.viewmodels import words
from ui.viewmodels.rights import used_assets
from ui.viewmodels.workspace import Workspace
from ui.widgets.bars import ProgressBar
from ui.widgets.button import Button
from ui.widgets.label import Text, label
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet
from ui.widgets.surface import Surface


class ExportReview(Sheet):
    """Asks the session what an export would say, lets denials be fixed, and exports."""

    verify_asked = Signal(object)

    def __init__(self, ws: Workspace, host: QWidget):
        super().__init__(
            ws.theme,
            host,
            title="Review and export",
            subtitle="Everything that the file will say about itself. Nothing is signed until you press the button.",
            size=QSize(1020, 736),
        )
        self.ws = ws
        self._asked = 0
        self._reviewed: tuple[Any, Any] | None = None
        """Options and project of the last review."""
        self._review_job: Any | None = None
        self._job: Any | None = None
        self._exported: Path | None = None
        self._state = ""
        theme = ws.theme
        self.account = ExportAccount(ws)
        self.account.fix_asked.connect(self._fix)
        self.form = ExportForm(ws)
        self.form.changed.connect(lambda: self._ask())
        self.credential = CredentialCard(theme, marked=self.form.options().mark and bool(used_assets(ws.project)))
        scroll = scroller(self.account)
        right = QWidget()
        right.setFixedWidth(348)
        column = QVBoxLayout(right)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addWidget(label("File", "strong"))
        column.addWidget(self.form)
        column.addSpacing(6)
        column.addWidget(self.credential)
        self._network = QWidget()
        network = QHBoxLayout(self._network)
        network.setContentsMargins(2, 4, 0, 0)
        sign = Text(theme, "", icon="cloud-off", icon_token="text.muted", fixed=True)
        network.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        waits = "No network now: the signed manifest waits here and is sent when you are back."
        network.addWidget(label(waits, "muted", wrap=True), 1)
        self._network.hide()
        column.addWidget(self._network)
        column.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(scroll, 1)
        edge = Surface(theme, "line")
        edge.setFixedWidth(1)
        middle.addWidget(edge)
        middle.addWidget(right)
        self.body.addLayout(middle, 1)

        self._foot_text = Text(theme, token="text.muted")
        self._progress = ProgressBar(theme, name="Export")
        self._progress.setFixedWidth(180)
        self._progress.hide()
        self.cancel = Button(theme, "Cancel", height=32)
        self.verify = Button(theme, "Verify the file", icon="badge-check", height=32)
        self.verify.hide()
        self.export = Button(theme, "Export and sign", icon="signature", kind="primary", height=32)
        self.export.setEnabled(False)
        self.foot.addWidget(self._foot_text, 1)
        for widget in (self._progress, self.cancel, self.verify, self.export):
            self.foot.addWidget(widget)
        self.cancel.clicked.connect(self._on_cancel)
        self.export.clicked.connect(self._on_export)
        self.verify.clicked.connect(lambda: self.verify_asked.emit(self._exported))
        ws.bridge.jobs_changed.connect(self._on_job)
        ws.bridge.project_changed.connect(self._on_project)
        ws.bridge.sync_changed.connect(self._on_sync)
        self._ask()

    # review

    def _on_project(self) -> None:
        self._ask()

    def _ask(self, *, anew: bool = False) -> None:
        if self._job is not None or self._exported is not None:
            return
        options = self.form.options()
        wanted = (options, self.ws.project)
        # Another folder for the file changes nothing of what it says.
        if (
            not anew
            and self._reviewed is not None
            and wanted[0] == self._reviewed[0]
            and wanted[1] is self._reviewed[1]
        ):
            return
        self._reviewed = wanted
        if self._review_job is not None and not self._review_job.finished:
            self._review_job.cancel()
        self._asked += 1
        number = self._asked
        self.form.quality.setEnabled(options.format != "mp3")
        self.export.setEnabled(False)
        self._foot_text.set_text("Measuring the mix …", "text.muted")
        self._review_job = self.ws.run(
            lambda: self.ws.session.review(options),
            lambda review: self._show(review) if number == self._asked else None,
            lambda error: self._show_error(error) if number == self._asked else None,
            quiet=True,
        )

    def _show_error(self, error: Any) -> None:
        self._reviewed = None
        self._foot_text.set_text(f"{error.message} {error.remedy}", "block")
        self._foot_text.setToolTip(f"{error.message}\n{error.remedy}")

    def _show(self, review: Any) -> None:
        self.account.show_review(review, ceiling_dbtp=self.form.options().ceiling_dbtp)
        self.credential.show_facts(review.credential)
        self._network.setVisible(not review.online)
        blocked = bool(review.denials)
        self.export.setEnabled(not blocked)
        if blocked:
            text = f"{words.plural(len(review.denials), 'thing')} to fix before this may be exported"
        elif review.exports_left is None:
            text = ""
        else:
            text = f"{words.plural(review.exports_left, 'offline export')} left"
        self._foot_text.set_text(text, "warn" if blocked else "text.muted")

    def _fix(self, fix: Any) -> None:
        """Do what the button says: a fix of the file changes the form, any other the project."""
        if fixes.concerns_options(fix):
            self.form.show_options(fixes.fix_options(self.form.options(), fix))
        else:
            self.ws.attempt(lambda: self.ws.session.apply_fix(fix))

    # export

    def _on_export(self) -> None:
        if self._exported is not None:
            self.dismiss()
            return
        path, options = self.form.target(), self.form.options()
        self._job = self.ws.run(lambda: self.ws.session.export(path, options), self._done, self._failed)
        if self._job is None:
            return
        self.export.setEnabled(False)
        self._progress.set_fraction(0.0)
        self._progress.show()
        self._foot_text.set_text("Rendering …", "text.muted")

    def _on_job(self, job: Any) -> None:
        if self._job is None or job.id != self._job.id:
            return
        self._progress.set_fraction(job.fraction)
        note = job.note or "Rendering"
        left = words.time_left(job.eta_s)
        self._foot_text.set_text(f"{note}, {left}" if left else note, "text.muted")
        if job.state in FINAL_STATES and job.state == "cancelled":
            self._idle()

    def _idle(self) -> None:
        self._job = None
        self._progress.hide()
        self._ask(anew=True)

    def _failed(self, error: Any) -> None:
        self._job = None
        self._progress.hide()
        self.export.setEnabled(True)
        self._show_error(error)

    def _done(self, result: Any) -> None:
        self._job = None
        self._exported = Path(result.path)
        self._state = result.state
        self._progress.hide()
        if result.receipt_id:
            sent = f"received by the platform, receipt {result.receipt_id[:8]}…"
        else:
            sent = "its account is on its way to the platform"
        self.title_label.setText("Exported and signed")
        self.subtitle_text.set_text(words.place(self._exported))
        self._foot_text.set_text(f"{result.state}; {sent}.", "ok")
        self._foot_text.set_icon("circle-check", "ok")
        ceiling = self.form.options().ceiling_dbtp
        self.account.show_levels(result.lufs, result.true_peak_dbtp, ceiling_dbtp=ceiling)
        self.cancel.hide()
        self.verify.show()
        self.export.setText("Done")
        self.export.set_icon("check")
        self.export.setAccessibleName("Done")
        self.export.setEnabled(True)

    def _on_sync(self) -> None:
        """Say so once the platform has the account, or that it cannot be reached."""
        if self._exported is None:
            return
        state = self.ws.session.sync_state()
        if state.state == "synced":
            self._foot_text.set_text(f"{self._state}; received by the platform.", "ok")
        elif state.note:
            self._foot_text.set_text(f"{self._state}; its account waits here. {state.note}", "ok")

    def _on_cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
        else:
            self.dismiss()

    def dismiss(self) -> None:
        if self._job is not None:
            self._job.cancel()
        super().dismiss()
