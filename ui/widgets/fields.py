"""Fields in which something is typed or chosen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from ui.theme import Theme
from ui.widgets.paint import elided, focus_ring, rounded


class SearchField(QLineEdit):
    """A line with a magnifying glass."""

    def __init__(self, theme: Theme, placeholder: str):
        super().__init__()
        self.theme = theme
        self.setProperty("kind", "search")
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        self.theme.paint_icon(painter, "search", "text.faint", QRectF(9, (self.height() - 14) / 2, 14, 14))
        painter.end()


class Choice(QComboBox):
    """A drop-down list with our own arrow."""

    def __init__(self, theme: Theme, *, name: str):
        super().__init__()
        self.theme = theme
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumContentsLength(4)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def wheelEvent(self, event) -> None:
        # A wheel meant for the panel must not change a value in passing.
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        where = QRectF(self.width() - 21, (self.height() - 14) / 2, 14, 14)
        self.theme.paint_icon(painter, "chevron-down", "text.muted", where)
        painter.end()


class Readout(QWidget):
    """A caption and a value in a field, as in the transport; a click or Enter opens it for typing."""

    submitted = Signal(str)

    def __init__(self, theme: Theme, *, caption: str, name: str, sample: str, tip: str = ""):
        super().__init__()
        self.theme = theme
        self._caption, self._sample = caption, sample
        self._value = ""
        self._editor: QLineEdit | None = None
        self._tip = tip
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def value(self) -> str:
        """The text that is shown."""
        return self._value

    def set_value(self, value: str) -> None:
        """Show `value`."""
        if value != self._value:
            self._value = value
            self.setAccessibleDescription(value)
            self.update()

    def _parts(self) -> tuple[int, int]:
        caption = QFontMetrics(self.theme.font("control")).horizontalAdvance(self._caption)
        value = QFontMetrics(self.theme.font("control", "medium")).horizontalAdvance(self._sample)
        return caption, value

    def sizeHint(self) -> QSize:
        caption, value = self._parts()
        return QSize(18 + value + (caption + 8 if self._caption else 0), 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        rounded(painter, rect, 5, theme.color("bg.field"), theme.color("line"))
        if self.hasFocus():
            focus_ring(painter, rect, 5, theme.color("focus"))
        x = 9.0
        if self._caption:
            painter.setFont(theme.font("control"))
            painter.setPen(theme.color("text.muted"))
            elided(painter, rect.adjusted(x, 0, 0, 0), self._caption, Qt.AlignmentFlag.AlignLeft)
            x += self._parts()[0] + 8
        painter.setFont(theme.font("control", "medium"))
        painter.setPen(theme.color("text"))
        elided(painter, rect.adjusted(x, 0, -6, 0), self._value, Qt.AlignmentFlag.AlignLeft)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.edit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.edit()
        else:
            super().keyPressEvent(event)

    def edit(self) -> None:
        """Open the field for typing."""
        if self._editor is not None:
            return
        editor = QLineEdit(self._value, self)
        editor.setAccessibleName(self.accessibleName())
        editor.setGeometry(self.rect())
        editor.editingFinished.connect(self._finish)
        self._editor = editor
        editor.show()
        editor.setFocus()
        editor.selectAll()

    def _finish(self) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        text = editor.text().strip()
        editor.deleteLater()
        if text and text != self._value:
            self.submitted.emit(text)


class InlineText(QPlainTextEdit):
    """A few lines that are typed as one paragraph; Enter or leaving reports them, Esc gives up."""

    submitted = Signal(str)

    def __init__(self, *, name: str, lines: int = 3):
        super().__init__()
        self._shown = ""
        self.setAccessibleName(name)
        self.setProperty("kind", "field")
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(3)
        self._lines = lines

    def sizeHint(self) -> QSize:
        return QSize(160, self.fontMetrics().lineSpacing() * self._lines + 10)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def text(self) -> str:
        """What stands there."""
        return self.toPlainText()

    def set_value(self, text: str) -> None:
        """Show `text` unless somebody is typing."""
        self._shown = text
        if not self.hasFocus() and self.toPlainText() != text:
            self.setPlainText(text)

    def _finish(self) -> None:
        text = " ".join(self.toPlainText().split())
        if text and text != self._shown:
            self.submitted.emit(text)
        if self.toPlainText() != self._shown:
            self.setPlainText(self._shown)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._finish()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish()
        elif event.key() == Qt.Key.Key_Escape:
            self.setPlainText(self._shown)
            self.clearFocus()
        else:
            super().keyPressEvent(event)


class InlineField(QLineEdit):
    """A small field that reports what was typed and shows again what stands when it was not accepted."""

    submitted = Signal(str)

    def __init__(self, *, name: str, width: int | None = None, clean: Callable[[str], str] | None = None):
        super().__init__()
        self._shown = ""
        self._clean = clean or str.strip
        self.setAccessibleName(name)
        if width is not None:
            self.setFixedWidth(width)
        self.editingFinished.connect(self._finish)

    def set_value(self, text: str) -> None:
        """Show `text` unless somebody is typing."""
        self._shown = text
        if not self.hasFocus():
            self._put(text)

    def _finish(self) -> None:
        text = self._clean(self.text())
        if text and text != self._shown:
            self.submitted.emit(text)
        self._put(self._shown)

    def _put(self, text: str) -> None:
        # Of a text that is longer than the field its begin is seen.
        if text != self.text():
            self.setText(text)
        self.setCursorPosition(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._shown)
            self.clearFocus()
        else:
            super().keyPressEvent(event)
