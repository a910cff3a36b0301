"""The page of devices: outputs and inputs with their latency, a test tone, the input's level."""

from __future__ import annotations

from typing import Any

from ui.panels.preferences.rows import Rows
from ui.viewmodels.plugins import in_background
from ui.viewmodels.preferences import device_row, preference_row
from ui.viewmodels.status import device_text
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text
from ui.widgets.meter import Meter

TONE_S = 1.0


class AudioPage(Rows):
    """Devices are asked for in the background: the engine may still be starting."""

    def __init__(self, ws: Workspace, changed: Any, keys: tuple[str, ...]):
        super().__init__(ws, changed)
        session = ws.session
        self.output = self.add(device_row(session, [], inputs=False))
        self.now = Text(ws.theme, "", token="text.muted")
        self.tone = Button(ws.theme, "Test tone", icon="volume-2", height=24, icon_size=14)
        self.tone.setToolTip("A quiet tone of one second through this output")
        self.tone.clicked.connect(self._on_tone)
        self.add_row("", self.tone, self.now)
        self.input = self.add(device_row(session, [], inputs=True))
        self.level = Meter(ws.theme, name="Level of the input", vertical=False, bar=5, gap=2)
        self.level.setFixedWidth(160)
        self.listen = Button(ws.theme, "Listen for a level", kind="toggle", height=24)
        self.listen.clicked.connect(self._on_listen)
        self.measure = Button(ws.theme, "Measure offset", height=24)
        self.measure.setToolTip("Lay a cable from the output to the input first; a short chirp is played")
        self.measure.clicked.connect(self._on_measure)
        self.add_row("", self.listen, self.level, self.measure)
        for key in keys:
            self.add(preference_row(session, key))
        self.finish()
        ws.tick.connect(self._on_tick)
        in_background(ws, "Looking for audio devices", session.player.devices, self._show_devices)

    def _show_devices(self, devices: list[Any]) -> None:
        for box, inputs in ((self.output, False), (self.input, True)):
            row = device_row(self.ws.session, devices, inputs=inputs)
            box.blockSignals(True)
            box.clear()  # type: ignore[attr-defined]
            for value, title in row.choices:
                box.addItem(title, value)  # type: ignore[attr-defined]
            box.setCurrentIndex(max(box.findData(row.value), 0))  # type: ignore[attr-defined]
            box.blockSignals(False)

    def _on_tick(self, elapsed_s: float, status: Any, _meters: Any) -> None:
        if not self.isVisible():
            return
        self.now.set_text(device_text(status))
        left, right = status.input_peak
        self.level.feed(left, right, elapsed_s)

    def _on_tone(self) -> None:
        self.ws.attempt(lambda: self.ws.session.player.test_tone(TONE_S))

    def _on_listen(self, on: bool) -> None:
        self.ws.recorder.listen(on)

    def _on_measure(self) -> None:
        def work() -> float:
            return float(self.ws.session.player.measure_latency().result(10.0))

        def done(latency_s: float) -> None:
            milliseconds = round(latency_s * 1000.0, 2)
            self.ws.attempt(lambda: self.ws.session.settings.set("audio.latency_ms", milliseconds))
            field: Any = self.controls["audio.latency_ms"]
            field.set_value(f"{milliseconds:g}")
            self.ws.say(f"Recordings arrive {milliseconds:g} ms late; this is taken out from now on.", level="ok")

        in_background(self.ws, "Measuring the offset", work, done)

    def hideEvent(self, event: Any) -> None:
        if self.listen.isChecked():
            self.listen.setChecked(False)
            self.ws.recorder.listen(False)
        super().hideEvent(event)
