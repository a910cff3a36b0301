"""Takes 1 to 9: what the song has become, and a press or key to hear each."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from studio.project import edits
from ui.panels.mixer.menus import menu_on
from ui.theme import Theme
from ui.viewmodels.takes import TakeCard, take_cards
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.fields import Choice
from ui.widgets.inline import InlineEditor
from ui.widgets.label import Text, label
from ui.widgets.paint import elided, focus_ring, rounded, two_lines
from ui.widgets.wave import WaveView

NARROW_PX = 720


class TakeView(QWidget):
    """One card."""

    chosen = Signal(int)
    starred = Signal(int, bool)
    renamed = Signal(int, str)
    menu_asked = Signal(int, QPointF)

    def __init__(self, theme: Theme, number: int):
        super().__init__()
        self.theme, self.number = theme, number
        self.setAccessibleName(f"Take {number}")
        self._card: TakeCard | None = None
        self._hover = False
        self.setMinimumWidth(44)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 34, 8, 44)
        self.wave = WaveView(theme, name=f"Waveform of take {number}", height=52)
        layout.addWidget(self.wave)
        layout.addStretch(1)

    def sizeHint(self) -> QSize:
        return QSize(72, 160)

    def show_card(self, card: TakeCard | None, pyramid: Any | None) -> None:
        """Show a take; None is a free place."""
        if card is self._card is None:
            return
        self._card = card
        title = f"Take {self.number}, {card.title}" if card is not None else f"Take {self.number}, free"
        self.setAccessibleName(title + (", playing" if card is not None and card.shown else ""))
        self.setToolTip(f"{card.title}\n{card.note}" if card is not None else "A restyle puts its result here")
        self.wave.set_token(card.token if card is not None and card.shown else "stem.mix")
        self.wave.set_sound(pyramid, pyramid.frames if pyramid is not None else 0)
        self.setCursor(Qt.CursorShape.PointingHandCursor if card is not None else Qt.CursorShape.ArrowCursor)
        self.update()

    def _star_rect(self) -> QRectF:
        return QRectF(self.width() - 24, 9, 15, 15)

    def _title_rect(self) -> QRectF:
        return QRectF(4, self.height() - 42, self.width() - 8, 20)

    def rename(self) -> None:
        """Type another name."""
        card = self._card
        if card is not None:
            where = self._title_rect()
            InlineEditor(
                self, where, card.title, lambda name: self.renamed.emit(self.number, name), name="Name of the take"
            )

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._title_rect().contains(event.position()):
            self.rename()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._card is not None:
            self.menu_asked.emit(self.number, QPointF(event.globalPos()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._card is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self._star_rect().adjusted(-5, -5, 5, 5).contains(event.position()):
            self.starred.emit(self.number, not self._card.starred)
        else:
            self.chosen.emit(self.number)

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._card is not None:
            self.chosen.emit(self.number)
        elif event.key() == Qt.Key.Key_F2:
            self.rename()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect, card = self.theme, QRectF(self.rect()), self._card
        shown = card is not None and card.shown
        accent = theme.color(theme.accent_ink)
        rounded(
            painter,
            rect,
            6,
            theme.color("bg.raised") if card is not None else None,
            accent if shown else theme.color("line"),
        )
        if self.hasFocus():
            focus_ring(painter, rect, 6, theme.color("focus"))
        token = "text" if card is not None else "text.faint"
        key = QRectF(8, 8, 17, 17)
        rounded(painter, key, 4, None, theme.color("line.strong" if card is not None else "line"))
        painter.setFont(theme.font("caption", "medium"))
        painter.setPen(theme.color(token))
        painter.drawText(key, int(Qt.AlignmentFlag.AlignCenter), str(self.number))
        if card is not None:
            theme.paint_icon(painter, "star", "warn" if card.starred else "text.faint", self._star_rect())
        painter.setPen(theme.color("text" if shown else "text.muted" if card is not None else "text.faint"))
        painter.setFont(theme.font("caption", "medium" if card is not None else "regular"))
        text = card.title if card is not None else "free"
        for line, part in enumerate(reversed(two_lines(text, painter.fontMetrics(), rect.width() - 14))):
            top = rect.height() - 40 - 14 * line
            elided(painter, QRectF(8, top, rect.width() - 14, 15), part, Qt.AlignmentFlag.AlignLeft)
        if card is not None:
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("text.faint"))
            elided(painter, QRectF(8, rect.height() - 24, rect.width() - 14, 15), card.note, Qt.AlignmentFlag.AlignLeft)
        painter.end()


class Variations(QWidget):
    """The song's takes, and the form that makes more."""

    restyle_asked = Signal(str)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        theme = ws.theme
        form = self._form = QWidget()
        form.setFixedWidth(212)
        column = QVBoxLayout(form)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        self.style_choice = Choice(theme, name="Style")
        self._list_styles()
        ws.styles_changed.connect(self._list_styles)
        row = QHBoxLayout()
        row.addWidget(Text(theme, "Style", token="text.muted", fixed=True).reserve("Intensity"))
        row.addWidget(self.style_choice, 1)
        column.addLayout(row)
        self._hint = label("Intensity, seed and what to keep are under Track, on the right.", "captionfaint", wrap=True)
        column.addWidget(self._hint)
        column.addStretch(1)
        self.make = Button(theme, "Make a take", icon="sparkles", height=28)
        self.make.clicked.connect(lambda: self.restyle_asked.emit(self.style_choice.currentData()))
        column.addWidget(self.make)
        self.fill = Button(theme, "Fill up to nine", height=28)
        self.fill.setToolTip("Several takes that differ, the least change first; one undo takes them all back")
        self.fill.clicked.connect(self._on_fill)
        column.addWidget(self.fill)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 12, 0)
        layout.setSpacing(8)
        layout.addWidget(form)
        cards = QHBoxLayout()
        cards.setContentsMargins(0, 10, 0, 10)
        cards.setSpacing(6)
        self.views: list[TakeView] = []
        for number in range(1, 10):
            view = TakeView(theme, number)
            view.chosen.connect(self.choose)
            view.starred.connect(self._star)
            view.renamed.connect(self._rename)
            view.menu_asked.connect(self._menu)
            cards.addWidget(view, 1)
            self.views.append(view)
        layout.addLayout(cards, 1)
        ws.bridge.project_changed.connect(self.refresh)
        ws.bridge.peaks_ready.connect(lambda _: self.refresh())
        ws.selection_changed.connect(self.refresh)
        ws.comparing.changed.connect(self.refresh)
        self.refresh()

    def _list_styles(self) -> None:
        chosen = self.style_choice.currentData()
        self.style_choice.clear()
        for style in self.ws.styles:
            self.style_choice.addItem(style.name, style.id)
        self.style_choice.setCurrentIndex(max(self.style_choice.findData(chosen), 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Where there is little room, the takes themselves come first; styles are under Track too.
        self._form.setVisible(self.width() >= NARROW_PX)

    def cards(self) -> list[TakeCard]:
        """The takes of the song in focus."""
        track = self.ws.song_track()
        if track is None:
            return []
        heard = self.ws.comparing.heard(track.id)
        return take_cards(self.ws.project, track.id, self.ws.styles, heard=heard)

    def refresh(self) -> None:
        """Show the takes as they are."""
        cards = {card.number: card for card in self.cards()}
        for view in self.views:
            card = cards.get(view.number)
            source = self.ws.project.sources.get(card.source) if card is not None and card.source else None
            view.show_card(card, self.ws.session.peaks(source) if source is not None else None)
        track = self.ws.song_track()
        possible = track is not None and bool(track.clips)
        self.make.setEnabled(possible)
        self.fill.setEnabled(possible and len(cards) < len(self.views))

    def choose(self, number: int | None) -> None:
        """Hear a take, or the original with None."""
        track = self.ws.song_track()
        if track is None or (number is not None and number not in edits.take_numbers(self.ws.project, track.id)):
            return
        self.ws.comparing.hear(track.id, number)

    def _on_fill(self) -> None:
        self.ws.variations_asked.emit(self.style_choice.currentData() or "", len(self.views) - len(self.cards()))

    def _star(self, number: int, on: bool) -> None:
        track = self.ws.song_track()
        if track is not None:
            self.ws.commit("Star take" if on else "Unstar take", lambda p: edits.star_take(p, track.id, number, on))

    def _rename(self, number: int, name: str) -> None:
        track = self.ws.song_track()
        if track is not None:
            self.ws.commit("Rename take", lambda p: edits.rename_take(p, track.id, number, name))

    def _menu(self, number: int, at: QPointF) -> None:
        track = self.ws.song_track()
        card = next((each for each in self.cards() if each.number == number), None)
        if track is None or card is None:
            return
        menu = menu_on(self)
        menu.addAction("Hear it", lambda: self.choose(number))
        menu.addAction("Rename", self.views[number - 1].rename)
        menu.addAction(
            "No favourite any more" if card.starred else "Favourite", lambda: self._star(number, not card.starred)
        )
        menu.addSeparator()
        menu.addAction(
            "Discard", lambda: self.ws.commit("Discard take", lambda p: edits.remove_take(p, track.id, number))
        )
        menu.popup(at.toPoint())
