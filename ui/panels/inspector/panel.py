"""The inspector: tabs above, rights and shares below, and the one filled button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from ui.panels.inspector.clip_tab import ClipTab
from ui.panels.inspector.effects_tab import EffectsTab
from ui.panels.inspector.rights_section import RightsSection, SharesSection
from ui.panels.inspector.track_tab import TrackTab
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import separator
from ui.widgets.surface import Surface

TABS = (("clip", "Clip"), ("track", "Track"), ("effects", "Effects"))


class InspectorPanel(Surface):
    """The right side of the window."""

    review_asked = Signal()

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="l")
        theme = ws.theme
        self.ws = ws
        self.setFixedWidth(theme.size("inspector"))
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Inspector")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        for _, title in TABS:
            self.tabs.addTab(title)
        self.clip = ClipTab(ws)
        self.track = TrackTab(ws)
        self.effects = EffectsTab(ws)
        self.pages = _Pages()
        self.pages.addWidget(self.clip)
        self.pages.addWidget(self.track)
        self.pages.addWidget(self.effects)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pages)
        column.addWidget(separator(theme))
        column.addWidget(RightsSection(ws))
        scroll = _Scroll()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.review = Button(theme, "Review and export", icon="upload", kind="primary", height=32)
        self.review.setToolTip("Everything the file will say about itself, then export (Ctrl+Shift+E)")
        foot = Surface(theme, "bg.panel", lines="t")
        foot_layout = QVBoxLayout(foot)
        foot_layout.setContentsMargins(12, 12, 12, 12)
        foot_layout.addWidget(self.review)
        strip = Surface(theme, "bg.panel", lines="b")
        strip.setFixedHeight(34)
        row = QHBoxLayout(strip)
        row.setContentsMargins(8, 0, 8, 0)
        row.addWidget(self.tabs)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(strip)
        layout.addWidget(scroll)
        # Outside of what scrolls: who is paid stays in sight while one mixes.
        layout.addWidget(separator(theme))
        layout.addWidget(SharesSection(ws))
        layout.addStretch(1)
        layout.addWidget(foot)
        self.tabs.currentChanged.connect(self._on_tab)
        self.review.clicked.connect(self.review_asked)
        ws.inspector_asked.connect(self.show_tab)
        ws.bridge.project_changed.connect(self._enable)
        self.show_tab("track")
        self._enable()

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentIndex([key for key, _ in TABS].index(name))

    def _on_tab(self, index: int) -> None:
        self.pages.setCurrentIndex(index)

    def _enable(self) -> None:
        self.review.setEnabled(self.ws.project.length_s > 0)


class _Scroll(QScrollArea):
    """As tall as its content, or as the room that is left."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def sizeHint(self) -> QSize:
        content = self.widget()
        if content is None:
            return super().sizeHint()
        layout = content.layout()
        width = self.viewport().width()
        tall = (
            layout.totalHeightForWidth(width)
            if layout is not None and layout.hasHeightForWidth()
            else content.sizeHint().height()
        )
        return QSize(content.sizeHint().width(), tall)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 80)

    def setWidget(self, widget: QWidget) -> None:
        super().setWidget(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.updateGeometry()
        return super().eventFilter(watched, event)


class _Pages(QWidget):
    """Pages of which one is shown; as tall as that one wants to be, whatever changes on it."""

    def __init__(self) -> None:
        super().__init__()
        self._pages: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def addWidget(self, page: QWidget) -> None:
        self._column.addWidget(page)
        page.setVisible(not self._pages)
        self._pages.append(page)

    def setCurrentIndex(self, index: int) -> None:
        # Hidden first: two at once would be laid out one above the other.
        for each, page in enumerate(self._pages):
            if each != index:
                page.hide()
        self._pages[index].show()
