"""The bar at the top: title, transport, position, tempo, key, levels and load."""

from __future__ import annotations

import contextlib
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QVBoxLayout, QWidget

from studio.project import edits
from ui.panels.mixer.menus import check, menu_on
from ui.viewmodels import words
from ui.viewmodels.status import gaps_heard
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.fields import Readout
from ui.widgets.label import Text, separator
from ui.widgets.logo import Logo
from ui.widgets.meter import Meter
from ui.widgets.surface import Surface

METRONOME_KEY = "transport.metronome"


class TransportBar(Surface):
    """Title on the left, transport in the middle, levels on the right."""

    _settings_changed = Signal()

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="b")
        theme = self.theme
        self.ws = ws
        self.setFixedHeight(theme.size("transport"))
        self.title = _Title(theme, px=13, weight="semibold")
        self._editor: QLineEdit | None = None
        self.state = Text(theme, token="text.muted", fixed=True)
        self.home = Button(
            theme,
            icon="skip-back",
            kind="ghost",
            height=32,
            icon_size=18,
            name="Return to start",
            tip="Return to start (Home)",
        )
        self.play = Button(
            theme, icon="play", kind="primary", height=32, icon_size=18, name="Play", tip="Play or stop (Space)"
        )
        self.play.setFixedWidth(40)
        self.loop = Button(theme, icon="repeat", kind="ghost", height=32, icon_size=18, name="Loop", tip="Loop (L)")
        self.loop.setCheckable(True)
        self.record = Button(
            theme, icon="circle", kind="ghost", height=32, icon_size=18, name="Record", tip="Record (Shift+R)"
        )
        self.record.set_icon("circle", "record")
        self.record.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.record.customContextMenuRequested.connect(lambda at: self.record_menu(self.record.mapToGlobal(at)))
        self.metronome = Button(
            theme,
            icon="metronome",
            kind="toggle",
            height=28,
            name="Metronome",
            tip="Metronome (C); right click for more",
        )
        self.metronome.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.metronome.customContextMenuRequested.connect(lambda at: self.click_menu(self.metronome.mapToGlobal(at)))
        self.undo = Button(theme, icon="undo-2", kind="ghost", height=28, name="Undo", tip="Undo")
        self.redo = Button(theme, icon="redo-2", kind="ghost", height=28, name="Redo", tip="Redo")
        self.position = Text(theme, "1.1.000", px="counter", weight="semibold", fixed=True).reserve("188.8.888")
        self.position.setAccessibleName("Position in bars, beats and ticks")
        self.clock = Text(theme, "0:00.00", token="text.faint", px=13, fixed=True).reserve("88:88.88")
        self.tempo = Readout(
            theme, caption="Tempo", name="Tempo in BPM", sample="188.88", tip="Tempo in beats a minute; click to type"
        )
        self.metre = Readout(
            theme, caption="", name="Time signature", sample="4/4", tip="Time signature; click to type, such as 3/4"
        )
        self.key = Readout(theme, caption="Key", name="Key", sample="F♯ minor", tip="Key; click to type, such as F#m")
        self.lufs = Text(theme, px="body", weight="semibold", align=Qt.AlignmentFlag.AlignRight, fixed=True).reserve(
            "−88.8"
        )
        self._lufs_unit = Text(theme, "LUFS-S", token="text.muted", fixed=True)
        self.peak = Text(
            theme, px="caption", token="text.muted", align=Qt.AlignmentFlag.AlignRight, fixed=True
        ).reserve("−88.8 dBTP LUFS")
        self.meter = Meter(theme, name="Master level", vertical=False, bar=7, gap=4)
        self.meter.setMinimumWidth(60)
        self.meter.setMaximumWidth(132)
        self._dsp = Text(theme, "DSP", token="text.muted", px="caption", fixed=True)
        self.load = Text(
            theme, "0 %", px="caption", weight="medium", align=Qt.AlignmentFlag.AlignRight, fixed=True
        ).reserve("100 %")
        self.xruns = Text(
            theme, "0 xruns", px="caption", token="text.muted", align=Qt.AlignmentFlag.AlignRight, fixed=True
        ).reserve("88 xruns")

        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 1)
        layout.setSpacing(8)
        self._left = QWidget()
        left = QHBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(10)
        left.addWidget(Logo(theme))
        left.addWidget(self.title)
        left.addWidget(self.state)
        left.addStretch(1)
        self._left.setFixedWidth(theme.size("browser") - 20)
        layout.addWidget(self._left)
        layout.addWidget(self.home)
        layout.addWidget(self.play)
        layout.addWidget(self.record)
        layout.addWidget(self.loop)
        layout.addWidget(self._line())
        layout.addWidget(self.position)
        layout.addWidget(self.clock)
        layout.addWidget(self._line())
        layout.addWidget(self.tempo)
        layout.addWidget(self.metre)
        layout.addWidget(self.key)
        layout.addWidget(self.metronome)
        layout.addSpacing(4)
        layout.addWidget(self.undo)
        layout.addWidget(self.redo)
        layout.addStretch(1)
        self._right_line = self._line()
        layout.addWidget(self._right_line)
        layout.addLayout(_stack(_row(self.lufs, self._lufs_unit), _row(self.peak)))
        layout.addWidget(self.meter, 1)
        self._load_line = self._line()
        layout.addWidget(self._load_line)
        layout.addLayout(_stack(_row(self._dsp, self.load), _row(self.xruns)))

        self.title.clicked.connect(self.rename)
        self.play.clicked.connect(ws.toggle_play)
        self.home.clicked.connect(lambda: ws.seek(0.0))
        self.loop.clicked.connect(self._on_loop)
        self.record.clicked.connect(ws.recorder.toggle)
        self.metronome.clicked.connect(lambda on: self.set_metronome(on))
        ws.recorder.changed.connect(self._show_recording)
        self._unfollow = ws.session.settings.changed.subscribe(self._on_setting)
        self.destroyed.connect(self._unfollow)
        self._settings_changed.connect(self._show_metronome)
        self.undo.clicked.connect(lambda: ws.attempt(ws.session.undo))
        self.redo.clicked.connect(lambda: ws.attempt(ws.session.redo))
        self.tempo.submitted.connect(self._on_tempo)
        self.metre.submitted.connect(self._on_metre)
        self.key.submitted.connect(self._on_key)
        ws.bridge.project_changed.connect(self.refresh)
        ws.bridge.history_changed.connect(self.refresh)
        ws.tick.connect(self._on_tick)
        self.refresh()

    def _line(self) -> QWidget:
        line = separator(self.theme, vertical=True)
        line.setFixedHeight(32)
        return line

    def resizeEvent(self, event: QResizeEvent) -> None:
        width = self.width()
        self.clock.setVisible(width >= 1180)
        self.undo.setVisible(width >= 1260)
        self.redo.setVisible(width >= 1260)
        self.metronome.setVisible(width >= 1080)
        self.state.setVisible(width >= 1180)
        self._left.setFixedWidth(self.theme.size("browser") - 20 if width >= 1180 else 168)

    def refresh(self) -> None:
        """Show title, tempo, metre, key, and what can be undone."""
        project, session = self.ws.project, self.ws.session
        self.title.set_text(project.title)
        self.state.set_text(state_word(session.project_state(), named=session.project_path is not None))
        self.tempo.set_value(f"{self.ws.grid.bpm_at(self.ws.position_s):.2f}")
        self.metre.set_value(f"{project.beats_per_bar}/{project.beat_unit}")
        self.key.set_value(words.key_name(project.key))
        self.loop.setChecked(project.loop.enabled)
        self.loop.set_icon("repeat", self.theme.accent_ink if project.loop.enabled else None)
        history = session.history
        self.undo.setEnabled(history.can_undo)
        self.redo.setEnabled(history.can_redo)
        self._show_time()
        self._show_recording()
        self._show_metronome()

    def _on_setting(self, change: Any) -> None:
        # Settings change on any thread, such as that of a controller.
        if change.key == METRONOME_KEY:
            with contextlib.suppress(RuntimeError):
                self._settings_changed.emit()

    def _show_metronome(self) -> None:
        self.metronome.setChecked(bool(self.ws.session.settings.get(METRONOME_KEY)))

    def set_metronome(self, on: bool) -> None:
        """Click on the beats, or not, also after a restart."""
        self.ws.attempt(lambda: self.ws.session.settings.set(METRONOME_KEY, on))
        self._show_metronome()

    def toggle_metronome(self) -> None:
        """The same by key."""
        self.set_metronome(not self.ws.session.settings.get(METRONOME_KEY))

    def click_menu(self, at: QPoint) -> None:
        """How loud the clicks are, and how many bars are counted in."""
        menu = menu_on(self)
        settings = self.ws.session.settings
        self._choices(menu.addMenu("Count-in"), "transport.count_in")
        loud = menu.addMenu("Level")
        for level_db in (-24.0, -18.0, -12.0, -6.0, 0.0):
            check(
                loud,
                words.decibels(level_db),
                abs(float(settings.get("transport.metronome_db")) - level_db) < 0.5,
                lambda level_db=level_db: self.ws.attempt(lambda: settings.set("transport.metronome_db", level_db)),
            )
        menu.popup(at)

    def record_menu(self, at: QPoint) -> None:
        """Input, count-in and punch."""
        menu = menu_on(self)
        recorder = self.ws.recorder
        check(
            menu, "Keep only the loop's range (punch)", recorder.punch, lambda: recorder.set_punch(not recorder.punch)
        )
        menu.addSeparator()
        self._choices(menu.addMenu("Input channels"), "audio.channels")
        self._choices(menu.addMenu("Count-in"), "transport.count_in")
        menu.addAction("Choose the input …", lambda: self.ws.preferences_asked.emit("Audio"))
        menu.popup(at)

    def _choices(self, menu: QMenu, key: str) -> None:
        settings = self.ws.session.settings
        for choice in settings.setting(key).choices:
            check(
                menu,
                choice.title,
                settings.get(key) == choice.value,
                lambda value=choice.value: self.ws.attempt(lambda: settings.set(key, value)),
            )

    def _show_recording(self) -> None:
        on = self.ws.recorder.recording
        self.record.set_icon("square" if on else "circle", "record")
        self.record.setAccessibleName("Stop recording" if on else "Record")
        tip = "Record (Shift+R)" if not on else "Stop and keep the recording"
        self.record.setToolTip(tip + ("; only within the loop's range" if self.ws.recorder.punch else ""))

    def _show_time(self) -> None:
        token = "record" if self.ws.recorder.recording else "text"
        self.position.set_text(self.ws.grid.position(self.ws.position_s), token)
        self.clock.set_text(words.clock(self.ws.position_s))

    def _on_tick(self, elapsed_s: float, status: object, meters: object) -> None:
        self._show_time()
        if status.counting_in:  # type: ignore[attr-defined]
            self.position.set_text("count-in", "record")
        playing = self.ws.playing
        if (self.play.icon_name == "pause") != playing:
            self.play.set_icon("pause" if playing else "play")
            self.play.setAccessibleName("Stop" if playing else "Play")
        left, right, *_ = meters.master  # type: ignore[attr-defined]
        self.meter.feed(left, right, elapsed_s)
        self.lufs.set_text(words.level(meters.lufs_s, ""))  # type: ignore[attr-defined]
        peak = meters.true_peak_dbtp  # type: ignore[attr-defined]
        self.peak.set_text(words.level(peak, "dBTP"), "block" if peak is not None and peak > 0.0 else "text.muted")
        self.load.set_text(f"{min(max(status.dsp_load, 0.0), 9.99) * 100:.0f} %")  # type: ignore[attr-defined]
        xruns, whose = gaps_heard(status)
        self.xruns.set_text(words.plural(xruns, "xrun"), "warn" if xruns else "text.muted")
        if whose != self.xruns.toolTip():
            self.xruns.setToolTip(whose)

    # edits

    def rename(self) -> None:
        """Type a new title over the old one."""
        if self._editor is not None:
            return
        editor = QLineEdit(self.ws.project.title, self._left)
        editor.setAccessibleName("Title of the project")
        editor.setGeometry(28, (self._left.height() - 24) // 2, self._left.width() - 32, 24)
        editor.editingFinished.connect(self._take_title)
        self._editor = editor
        editor.show()
        editor.setFocus()
        editor.selectAll()

    def _take_title(self) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        title = editor.text().strip()
        editor.deleteLater()
        if title and title != self.ws.project.title:
            self.ws.commit("Rename the project", lambda p: edits.rename_project(p, title))

    def _on_loop(self) -> None:
        loop = self.ws.project.loop
        if loop.enabled:
            self.ws.commit("Loop off", lambda p: edits.set_loop(p, enabled=False))
            return
        start_s, end_s = loop.start_s, loop.end_s
        if end_s <= start_s:
            bar = self.ws.grid
            first = bar.snap(self.ws.position_s, "bar")
            start_s, end_s = first, bar.seconds(bar.beats(first) + 4 * bar.beats_per_bar)
        self.ws.commit("Loop on", lambda p: edits.set_loop(p, start_s=start_s, end_s=end_s, enabled=True))

    def toggle_loop(self) -> None:
        """The same by key."""
        self._on_loop()

    def _on_tempo(self, text: str) -> None:
        try:
            bpm = float(text.replace(",", "."))
        except ValueError:
            self.ws.say("That is not a tempo.", "Type a number of beats a minute, such as 124.", "warning")
            return
        self.ws.commit(f"Tempo {bpm:g}", lambda p: edits.set_tempo(p, bpm))

    def _on_metre(self, text: str) -> None:
        top, _, bottom = text.partition("/")
        if not (top.strip().isdigit() and bottom.strip().isdigit()):
            self.ws.say("That is not a time signature.", "Type it like 3/4 or 6/8.", "warning")
            return
        self.ws.commit("Time signature", lambda p: edits.set_time_signature(p, int(top), int(bottom)))

    def _on_key(self, text: str) -> None:
        key = words.parse_key(text)
        if key is None:
            self.ws.say("That is not a key.", "Type it like F#m, Bb or C major.", "warning")
            return
        self.ws.commit(f"Key {words.key_name(key)}", lambda p: edits.set_key(p, key))


class _Title(Text):
    """The project's title; a click renames it."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


def state_word(state: str, *, named: bool) -> str:
    """What stands beside the title: every edit is on disk in either case, "saved" is the person's own act."""
    if state == "saved":
        return "saved"
    return "edited, kept" if named else "kept, not saved"


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    row.addStretch(1)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _stack(*rows: QHBoxLayout) -> QVBoxLayout:
    stack = QVBoxLayout()
    stack.setSpacing(0)
    stack.addStretch(1)
    for row in rows:
        stack.addLayout(row)
    stack.addStretch(1)
    return stack
