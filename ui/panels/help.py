"""All keys on one sheet."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.actions import ActionSet
from ui.viewmodels.workspace import Workspace
from ui.widgets.label import Text
from ui.widgets.scroller import scroller
from ui.widgets.sheet import Sheet

MOUSE = (
    ("Wheel over the lanes", "Zoom about the pointer"),
    ("Shift + wheel", "Pan"),
    ("Alt + wheel", "Height of the tracks"),
    ("Ctrl + drag a clip", "Copy it"),
    ("Alt + drag a clip", "Slip the sound under it"),
    ("Shift + drag", "Without snapping"),
    ("Alt + drag a lane", "Draw automation freehand"),
    ("Double-click a knob", "Back to its default"),
    ("Shift + drag a knob", "Fine"),
)


WIDEST = "Shift+Del  Shift+Backspace"
"""Room for keys, the same in all groups, so that what they do stands in one column."""


class HelpSheet(Sheet):
    """Made from the action table."""

    def __init__(self, ws: Workspace, host: QWidget, actions: ActionSet):
        super().__init__(
            ws.theme,
            host,
            title="Keys",
            subtitle="Ctrl+K finds every command by name.",
            size=QSize(900, 780),
            foot=False,
        )
        content = QWidget()
        columns = QHBoxLayout(content)
        columns.setContentsMargins(24, 16, 24, 16)
        columns.setSpacing(40)
        groups: dict[str, list[tuple[str, str]]] = {}
        for row in actions.table:
            if row.id.startswith("take.") and row.id[5:].isdigit():
                continue
            now = actions.keys(row.id)
            if now:
                keys = "  ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in now)
                groups.setdefault(row.group, []).append((keys, row.title))
        groups.setdefault("Takes", []).insert(0, ("1 – 9", "Hear a take"))
        groups["Mouse"] = list(MOUSE)
        stacks = [QVBoxLayout() for _ in range(2)]
        for stack in stacks:
            # A nested layout inherits the gap of the one around it.
            stack.setSpacing(0)
        heights = [0, 0]
        for title, rows in groups.items():
            which = heights.index(min(heights))
            heights[which] += len(rows) + 2
            stacks[which].addWidget(Text(ws.theme, title, weight="semibold"))
            stacks[which].addSpacing(6)
            grid = QGridLayout()
            grid.setHorizontalSpacing(16)
            grid.setVerticalSpacing(3)
            grid.setColumnStretch(1, 1)
            for index, (keys, text) in enumerate(rows):
                grid.addWidget(Text(ws.theme, keys, token="text.muted", fixed=True).reserve(WIDEST), index, 0)
                grid.addWidget(Text(ws.theme, text), index, 1)
            box = QWidget()
            box.setLayout(grid)
            grid.setContentsMargins(0, 0, 0, 0)
            box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            stacks[which].addWidget(box)
            stacks[which].addSpacing(18)
        for stack in stacks:
            stack.addStretch(1)
            columns.addLayout(stack, 1)
        scroll = scroller(content)
        self.body.addWidget(scroll)
