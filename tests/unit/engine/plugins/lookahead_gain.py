"""A real effect for the plug-in's process, a gain that looks 64 frames ahead, with parameters that make it misbehave as
bad plug-ins do."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from engine.plugins.model import ParameterInfo, PluginError, PluginInfo, PluginSpec
from engine.types import Audio

LATENCY = 64
NAMES = ("gain", "not_a_number", "error", "pause", "crash")
"""Gain 0..1 is a factor of 0..2; the others act above 0.5, the pause is one of 300 ms."""


class LookaheadGain:
    """``out[n] = 2 * gain * in[n - 64]``; NaN stays in it as in a recursive filter, until a reset."""

    def __init__(self, spec: PluginSpec):
        self._path = spec.path
        self._values = dict.fromkeys(NAMES, 0.0) | {"gain": 0.5}
        if spec.state:
            self.load_state(spec.state)
        self._values |= spec.values
        self._line = np.zeros((2, LATENCY), dtype=np.float32)

    @property
    def latency_frames(self) -> int:
        return LATENCY

    def describe(self) -> PluginInfo:
        return PluginInfo(
            path=self._path,
            name="Look-ahead gain",
            latency_frames=LATENCY,
            parameters=tuple(
                ParameterInfo(id=name, index=i, name=name, value=self._values[name]) for i, name in enumerate(NAMES)
            ),
        )

    def process(self, block: Audio) -> Audio:
        if self._values["crash"] > 0.5:
            os.abort()
        if self._values["error"] > 0.5:
            raise RuntimeError("the plug-in reports an error")
        if self._values["pause"] > 0.5:
            self._values["pause"] = 0.0
            time.sleep(0.3)
        line = np.concatenate((self._line, block * np.float32(2.0 * self._values["gain"])), axis=1)
        if self._values["not_a_number"] > 0.5:
            line[:, -1] = np.nan
        if not np.isfinite(line).all():
            line[:, -1] = np.nan
        self._line = line[:, block.shape[1] :]
        return line[:, : block.shape[1]]

    def set_values(self, values: Mapping[int, float]) -> None:
        self._values |= {NAMES[index]: value for index, value in values.items()}

    def values(self) -> dict[str, float]:
        return dict(self._values)

    def reset(self) -> None:
        self._line = np.zeros_like(self._line)

    def state(self) -> bytes:
        return json.dumps({"gain": self._values["gain"]}).encode()

    def load_state(self, state: bytes) -> None:
        self._values |= json.loads(state or b'{"gain": 0.5}')

    def show_editor(self, close: threading.Event) -> None:
        # A person turns the gain up and waits until the window is closed.
        self._values["gain"] = 0.75
        if not close.wait(20.0):
            raise PluginError("The window did not close.", remedy="Close it.", code="plugin-editor")


def load(spec: PluginSpec) -> LookaheadGain:
    """The loader; what it does with a file depends on the words in it, so that scans meet bad plug-ins too."""
    text = Path(spec.path).read_text() if Path(spec.path).is_file() else ""
    if "abort" in text:
        os.abort()
    if "hang" in text:
        time.sleep(60.0)
    if "slow" in text:
        time.sleep(1.0)
    if "refuse" in text:
        raise PluginError("It has no licence.", remedy="Buy one.", code="plugin-failed")
    return LookaheadGain(spec)
