"""The terms of a recording as switches and limits, and what somebody who licenses it would be told."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from studio.base.clock import now_iso
from studio.base.errors import StudioError
from studio.rights.grants import WIDEST_PITCH, WIDEST_TEMPO
from studio.session.artists import licence_preview
from ui.panels.inspector.rights_section import clear
from ui.viewmodels import artist as model
from ui.viewmodels import words
from ui.viewmodels.rights import line_icon
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.control import parse_number
from ui.widgets.fields import InlineField
from ui.widgets.label import Text, label, separator
from ui.widgets.scroller import scroller
from ui.widgets.surface import Surface
from ui.widgets.toggle import Toggle


class TermsPanel(Surface):
    """Changes rest here until they are published."""

    published = Signal()
    changed = Signal()

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="l")
        theme = ws.theme
        self.ws = ws
        self._detail: Any | None = None
        self.terms: dict[str, Any] = {}
        self.summary: Any | None = None
        self.switches: dict[str, Toggle] = {}
        self.fields: dict[str, InlineField] = {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 0, 0, 0)
        outer.setSpacing(0)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(7)
        scroll = scroller(content)
        outer.addWidget(scroll, 1)
        head = QHBoxLayout()
        head.addWidget(Text(theme, "What remixers may do", weight="semibold"), 1)
        self._revision = Text(theme, token="text.muted", fixed=True)
        head.addWidget(self._revision)
        column.addLayout(head)
        for key, title, operations in model.SWITCHES:
            column.addLayout(
                self._switch(key, title, lambda on, o=operations: self._put(model.with_allowed(self.terms, o, on)))
            )
        column.addLayout(
            self._switch(
                "restyle_vocals", "Restyle the voice", lambda on: self._put(model.with_restyled_vocals(self.terms, on))
            )
        )
        column.addWidget(separator(theme))
        column.addWidget(Text(theme, "Limits", weight="semibold"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(4, 1)
        for row, (name, title, unit) in enumerate(
            (("pitch_semitones", "Pitch", "semitones"), ("tempo_ratio", "Tempo", "times"))
        ):
            grid.addWidget(Text(theme, title, token="text.muted").reserve("Floor ww"), row, 0)
            for side, column_at in (("low", 1), ("high", 3)):
                field = InlineField(name=f"{title}: {'lowest' if side == 'low' else 'highest'}", width=52)
                field.submitted.connect(lambda text, name=name, side=side: self._range(name, side, text))
                grid.addWidget(field, row, column_at)
                self.fields[f"{name}.{side}"] = field
            grid.addWidget(Text(theme, "to", token="text.muted", fixed=True), row, 2)
            grid.addWidget(Text(theme, unit, token="text.muted"), row, 4)
        grid.addWidget(Text(theme, "Where", token="text.muted"), 2, 0)
        self._where = Text(theme)
        grid.addWidget(self._where, 2, 1, 1, 4)
        grid.addWidget(Text(theme, "Floor", token="text.muted"), 3, 0)
        floor = InlineField(name="Least share of the recording, in per cent", width=52)
        floor.submitted.connect(self._floor)
        self.fields["floor"] = floor
        grid.addWidget(floor, 3, 1)
        grid.addWidget(Text(theme, "% of the recording, at least", token="text.muted"), 3, 2, 1, 3)
        column.addLayout(grid)
        column.addWidget(separator(theme))
        column.addWidget(Text(theme, "What a remixer is told", weight="semibold", icon="eye", icon_token="text.muted"))
        self._told = QVBoxLayout()
        self._told.setSpacing(3)
        column.addLayout(self._told)
        self._problem = label("", "warn", wrap=True)
        column.addWidget(self._problem)
        column.addStretch(1)
        outer.addWidget(separator(theme))
        buttons = QHBoxLayout()
        buttons.setContentsMargins(14, 12, 14, 12)
        buttons.setSpacing(8)
        self.discard = Button(theme, "Discard", height=30)
        self.discard.clicked.connect(lambda: self.show_detail(self._detail))
        self.publish = Button(theme, "Publish", kind="primary", height=30)
        self.publish.clicked.connect(self._on_publish)
        buttons.addWidget(self.discard)
        buttons.addWidget(self.publish, 1)
        outer.addLayout(buttons)

    def _allow(self, operations: tuple[str, ...], on: bool) -> None:
        self._put(model.with_allowed(self.terms, operations, on))

    def _switch(self, key: str, title: str, run: Any) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(Text(self.theme, title), 1)
        toggle = Toggle(self.theme, name=title)
        toggle.toggled.connect(run)
        row.addWidget(toggle)
        self.switches[key] = toggle
        return row

    def show_detail(self, detail: Any | None) -> None:
        """Show the terms of a recording as they were published."""
        self._detail = detail
        if detail is not None:
            self._put(dict(detail.terms))

    @property
    def dirty(self) -> bool:
        """Whether there is something to publish."""
        return self._detail is not None and self.terms != self._detail.terms

    def _put(self, terms: dict[str, Any]) -> None:
        if self._detail is None:
            return
        self.terms = terms
        for key, _, operations in model.SWITCHES:
            self.switches[key].set_on(model.allowed(terms, operations))
        self.switches["restyle_vocals"].set_on(model.restyles_vocals(terms))
        for name, widest in (("pitch_semitones", WIDEST_PITCH), ("tempo_ratio", WIDEST_TEMPO)):
            low, high = model.limits_of(terms, name, widest)
            pitch = name == "pitch_semitones"
            for side, value in (("low", low), ("high", high)):
                shown = words.signed(value, 0 if pitch else 2, plus=pitch and value > 0)
                self.fields[f"{name}.{side}"].set_value(shown)
        floor = int(terms.get("splits", {}).get("master_floor_ppm", 0))
        self.fields["floor"].set_value(f"{floor / 10_000:g}")
        self._where.set_text(model.territory_words(terms))
        revision = self._detail.terms_rev
        self._revision.set_text(f"revision {revision}")
        self.publish.setText(f"Publish revision {revision + 1}")
        self._preview()
        self.publish.setEnabled(self.dirty and self.summary is not None)
        self.discard.setEnabled(self.dirty)
        self.changed.emit()

    def _preview(self) -> None:
        clear(self._told)
        if self._detail is None:
            return
        try:
            _, self.summary = licence_preview(self._detail, self.terms, at=now_iso())
        except StudioError as error:
            self.summary = None
            self._problem.setText(f"{error.message} {error.remedy}")
            self._problem.show()
            return
        self._problem.hide()
        for line in self.summary.lines:
            icon, token = line_icon(line.state)
            row = QHBoxLayout()
            row.addWidget(Text(self.theme, line.text, icon=icon, icon_token=token), 1)
            if line.note:
                row.addWidget(Text(self.theme, line.note, token="text.muted", fixed=True))
            self._told.addLayout(row)

    def _range(self, name: str, side: str, text: str) -> None:
        value = parse_number(text)
        widest = WIDEST_PITCH if name == "pitch_semitones" else WIDEST_TEMPO
        if value is None:
            self.ws.say("That is not a number.", f"Type one from {widest[0]:g} to {widest[1]:g}.", "warning")
            return
        value = min(max(value, widest[0]), widest[1])
        low, high = model.limits_of(self.terms, name, widest)
        self._put(model.with_range(self.terms, name, *((value, high) if side == "low" else (low, value))))

    def _floor(self, text: str) -> None:
        value = parse_number(text)
        if value is not None:
            self._put(model.with_floor(self.terms, round(value * 10_000)))

    def _on_publish(self) -> None:
        detail = self._detail
        if detail is None:
            return
        self.publish.setEnabled(False)
        self.ws.run(
            lambda: self.ws.session.publish_terms(detail.summary.id, self.terms), self._on_published, self._on_failed
        )

    def _on_published(self, detail: Any) -> None:
        self.show_detail(detail)
        self.ws.say(
            f"Revision {detail.terms_rev} of the terms is published.",
            "Licences follow when they are renewed; exports that were made stay as they are.",
            "ok",
        )
        self.published.emit()

    def _on_failed(self, error: Any) -> None:
        self.publish.setEnabled(True)
        self.ws.fail(error)
