"""The styles: what each does in words, a few bars to hear before there is a song, and styles of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from ui.panels.inspector.rights_section import clear
from ui.panels.mixer.menus import menu_on
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text, label
from ui.widgets.slider import Slider


class StyleRow(QWidget):
    """A style: hear a few bars of it, or give it to the song in focus."""

    heard = Signal(str)
    chosen = Signal(str)
    menu_asked = Signal(str, QPointF)

    def __init__(self, theme: Any, style: Any):
        super().__init__()
        self.style_id = style.id
        self.listen = Button(theme, icon="play", kind="ghost", height=28, icon_size=14, name=f"Hear {style.name}")
        self.listen.setToolTip("A few bars of this style, without a song")
        self.listen.clicked.connect(lambda: self.heard.emit(self.style_id))
        self.use = Button(theme, style.name, height=28, tip=style.description).align_left()
        self.use.setAccessibleName(f"Restyle as {style.name}")
        self.use.clicked.connect(lambda: self.chosen.emit(self.style_id))
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.use, 1)
        line.addWidget(self.listen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(line)
        words_of_style = label(style.description, "captionfaint", wrap=True)
        words_of_style.setContentsMargins(2, 0, 2, 6)
        column.addWidget(words_of_style)

    def show_playing(self, on: bool) -> None:
        """Whether its bars are being played."""
        self.listen.set_icon("square" if on else "play")

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(self.style_id, QPointF(event.globalPos()))


class StyleList(QWidget):
    """A press restyles the song in focus by the intensity that is set here and under Track."""

    chosen = Signal(str)
    edit_asked = Signal(str)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.rows: dict[str, StyleRow] = {}
        self._playing: str | None = None
        self._job: Any | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 10, 9, 8)
        layout.setSpacing(4)
        hint = "Press a style to hear the song in it, or play a few bars of it alone."
        layout.addWidget(label(hint, "muted", wrap=True))
        row = QHBoxLayout()
        row.addWidget(Text(ws.theme, "Intensity", token="text.muted", fixed=True))
        self.intensity = Slider(
            ws.theme,
            name="Intensity of styles",
            minimum=0,
            maximum=1,
            default=1.0,
            step=0.05,
            show=lambda value: f"{value:.2f}",
            token="accent",
        )
        self.intensity.set_value(1.0)
        self.intensity.changed.connect(ws.intensity_asked)
        row.addWidget(self.intensity, 1)
        layout.addLayout(row)
        self._column = QVBoxLayout()
        self._column.setSpacing(3)
        layout.addLayout(self._column)
        self.add = Button(ws.theme, "Add a style of mine", icon="plus", kind="link", height=24)
        self.add.clicked.connect(self._on_add)
        self.like = Button(ws.theme, "Like the track in focus", icon="wand-sparkles", kind="link", height=24)
        self.like.setToolTip("Keeps how a recording is mixed as a style of yours")
        self.like.clicked.connect(self._on_like)
        layout.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.like, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        ws.preview_ended.connect(self._ended)
        ws.styles_changed.connect(self._list)
        self._list()

    def _list(self) -> None:
        clear(self._column)
        self.rows = {}
        for style in self.ws.styles:
            row = StyleRow(self.ws.theme, style)
            row.chosen.connect(self.chosen)
            row.heard.connect(self.hear)
            row.menu_asked.connect(self._menu)
            self._column.addWidget(row)
            self.rows[style.id] = row

    def hear(self, style_id: str) -> None:
        """Play a few bars of a style, or stop them."""
        playing = self._playing
        if playing is not None:
            self.ws.end_preview()
            self._ended()
            if playing == style_id:
                return
        self._playing = style_id
        self.ws.begin_preview()
        self.rows[style_id].show_playing(True)
        self._job = self.ws.run(lambda: self.ws.session.hear_style(style_id), None, self._failed)

    def _failed(self, error: Any) -> None:
        self.ws.end_preview()
        self._ended()
        self.ws.fail(error)

    def _ended(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        row = self.rows.get(self._playing or "")
        if row is not None:
            row.show_playing(False)
        self._playing = None

    def _menu(self, style_id: str, at: QPointF) -> None:
        menu = menu_on(self)
        menu.addAction("Restyle the song", lambda: self.chosen.emit(style_id))
        menu.addAction("Hear a few bars", lambda: self.hear(style_id))
        menu.addSeparator()
        own = self.ws.session.is_own_style(style_id)
        menu.addAction(
            "Edit this style of mine …" if own else "Make a style of mine from it …",
            lambda: self.edit_asked.emit(style_id),
        )
        menu.addAction("Forget this style of mine", lambda: self._forget(style_id)).setEnabled(own)
        menu.popup(at.toPoint())

    def _forget(self, style_id: str) -> None:
        if self.ws.attempt(lambda: (self.ws.session.remove_style(style_id), True)):
            self.ws.reload_styles()

    def _on_add(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Add a style", "", "Styles (*.json)")
        if name and self.ws.attempt(lambda: self.ws.session.add_style(Path(name))) is not None:
            self.ws.reload_styles()

    def _on_like(self) -> None:
        track = self.ws.track() or self.ws.song_track()
        if track is None:
            self.ws.say("There is no track to listen to.", "Add a recording that you like first.", "warning")
            return
        self.ws.run(
            lambda: self.ws.session.style_from_track(track.id, name=f"Like {track.name}"),
            lambda _: self.ws.reload_styles(),
        )
