"""What I may do, and who is paid."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from studio.project.audibility import audible_clips
from ui.viewmodels import words
from ui.viewmodels.rights import asset_title, line_icon, segments, used_assets
from ui.viewmodels.strips import track_asset
from ui.viewmodels.workspace import Workspace
from ui.widgets.bars import ShareBar
from ui.widgets.button import Button
from ui.widgets.label import Text, label

SHOWN_SHARES = 4
SHOWN_LINES = 5


def section_head(ws: Workspace, icon: str | None, title: str) -> tuple[QHBoxLayout, Text]:
    """A heading with a note at its right."""
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(Text(ws.theme, title, weight="semibold", icon=icon, icon_token="text.muted", fixed=True))
    note = Text(ws.theme, "", token="text.faint", align=Qt.AlignmentFlag.AlignRight)
    row.addWidget(note, 1)
    return row, note


def clear(layout: QVBoxLayout | QHBoxLayout | QGridLayout) -> None:
    """Remove and delete everything in a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)  # type: ignore[arg-type]


class RightsSection(QWidget):
    """The grant of the recording in focus in plain words."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 14)
        layout.setSpacing(8)
        head, self._note = section_head(ws, "scroll-text", "What I may do")
        layout.addLayout(head)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(4)
        layout.addLayout(self._lines)
        self._shown: tuple[Any, ...] = ()
        self._all = False
        ws.bridge.project_changed.connect(self.refresh)
        ws.bridge.library_changed.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        self.refresh()

    def _subject(self) -> tuple[str | None, str]:
        """The asset in question and its title; (None, name) for own material, (None, "") for nothing."""
        project = self.ws.project
        track = self.ws.track() or self.ws.song_track()
        if track is None:
            return None, ""
        asset = track_asset(project, track)
        if asset is not None:
            return asset, asset_title(project, asset)
        if track.clips:
            return None, track.name
        assets = used_assets(project)
        return (assets[0], asset_title(project, assets[0])) if assets else (None, "")

    def refresh(self) -> None:
        """Show the lines of the recording in focus."""
        asset, title = self._subject()
        summary = self.ws.session.rights_summary(asset) if asset else None
        lines: list[tuple[str, str, str, str]] = []
        if summary is not None:
            for line in summary.lines:
                icon, token = line_icon(line.state)
                lines.append((icon, token, line.text, line.note))
        elif asset is not None:
            lines.append(("lock", "block", "There is no licence for this on this computer", ""))
        elif title:
            lines.append(("user", "text.muted", "You said that this is yours", ""))
            lines.append(("check", "ok", "Everything; the file will say so", ""))
        shown = (title, tuple(lines))
        if shown == self._shown:
            return
        self._shown = shown
        self._note.set_text(title)
        clear(self._lines)
        if not lines:
            self._lines.addWidget(label("Add a song, and its licence is told here in plain words.", "muted", wrap=True))
        shown_lines = lines if self._all or len(lines) <= SHOWN_LINES + 1 else lines[:SHOWN_LINES]
        for icon, token, text, note in shown_lines:
            row = QHBoxLayout()
            row.setSpacing(8)
            row.addWidget(Text(self.ws.theme, text, icon=icon, icon_token=token), 1)
            if note:
                row.addWidget(Text(self.ws.theme, note, token="text.muted", fixed=True))
            self._lines.addLayout(row)
        if len(lines) > SHOWN_LINES + 1:
            title = "Fewer" if self._all else f"{len(lines) - SHOWN_LINES} more"
            more = Button(
                self.ws.theme, title, icon="chevron-up" if self._all else "chevron-down", kind="link", height=20
            )
            more.clicked.connect(self._toggle)
            self._lines.addWidget(more, 0, Qt.AlignmentFlag.AlignLeft)

    def _toggle(self) -> None:
        self._all = not self._all
        self._shown = ()
        self.refresh()


class SharesSection(QWidget):
    """Who is paid, live."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 14)
        layout.setSpacing(6)
        head, self._note = section_head(ws, "chart-pie", "Who is paid")
        layout.addLayout(head)
        self._hint = label(
            "The shares of the recording and of the song are worked out while you mix.", "muted", wrap=True
        )
        layout.addWidget(self._hint)
        self._sides: list[tuple[QWidget, ShareBar, QVBoxLayout]] = []
        for title in ("Recording", "Song"):
            side = QWidget()
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 2, 0, 2)
            column.setSpacing(4)
            column.addWidget(label(title, "caption"))
            bar = ShareBar(ws.theme, name=f"Who is paid: {title}")
            column.addWidget(bar)
            rows = QVBoxLayout()
            rows.setContentsMargins(0, 4, 0, 0)
            rows.setSpacing(2)
            column.addLayout(rows)
            layout.addWidget(side)
            self._sides.append((side, bar, rows))
        self._asked: object = None
        self._shown: object = None
        ws.bridge.project_changed.connect(self._ask)
        self._show_sides(False)
        self._ask()

    def _show_sides(self, on: bool) -> None:
        for side, _, _ in self._sides:
            side.setVisible(on)
        self._hint.setVisible(not on)

    def _ask(self) -> None:
        """Ask for the shares of the project as it is; a newer question makes the older answer void."""
        project = self.ws.project
        if project is self._asked or self.ws.session.history.in_gesture:
            return
        self._asked = project
        if not audible_clips(project):
            self._note.set_text("")
            self._show_sides(False)
            return
        self._note.set_text("working …" if self._shown is None else "live")
        self.ws.run(
            self.ws.session.shares,
            lambda shares: self._show(project, shares),
            lambda _error: self._fail(project),
            quiet=True,
        )

    def _fail(self, project: object) -> None:
        if project is self._asked:
            self._note.set_text("not known yet")

    def _show(self, project: object, shares: Any) -> None:
        if project is not self._asked:
            return
        self._note.set_text("live")
        if shares == self._shown:
            self._show_sides(True)
            return
        self._shown = shares
        self._show_sides(True)
        for (_, bar, rows), side in zip(self._sides, (shares.master, shares.publishing), strict=True):
            parts = segments(side)
            bar.set_segments(parts)
            clear(rows)
            for part in parts[:SHOWN_SHARES]:
                row = QHBoxLayout()
                row.addWidget(Text(self.ws.theme, part.label), 1)
                row.addWidget(
                    Text(self.ws.theme, words.percent(part.ppm), fixed=True, align=Qt.AlignmentFlag.AlignRight)
                )
                rows.addLayout(row)
            if len(parts) > SHOWN_SHARES:
                rest = parts[SHOWN_SHARES:]
                row = QHBoxLayout()
                row.addWidget(Text(self.ws.theme, f"{len(rest)} more", token="text.muted"), 1)
                row.addWidget(
                    Text(self.ws.theme, words.percent(sum(p.ppm for p in rest)), token="text.muted", fixed=True)
                )
                rows.addLayout(row)
