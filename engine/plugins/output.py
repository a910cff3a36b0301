"""What is heard of an insert, without a click when its plug-in fails or comes back."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.types import Audio

FADE_S = 0.005


class DryLine:
    """The signal as it came, late by the plug-in's latency: what is heard where the plug-in fails."""

    def __init__(self, frames: int):
        self._held = np.zeros((2, frames), dtype=np.float32)

    def push(self, block: Audio) -> Audio:
        """The block `frames` earlier."""
        line = np.concatenate((self._held, block), axis=1)
        self._held = line[:, block.shape[1] :]
        return line[:, : block.shape[1]]

    def clear(self) -> None:
        """Silence."""
        self._held = np.zeros_like(self._held)


class Output:
    """Goes between a plug-in's sound and what stands in for it, within 5 ms."""

    def __init__(self, rate: int):
        self._fade = max(round(FADE_S * rate), 1)
        self._last = np.zeros((2, 1), dtype=np.float32)
        self._step = np.zeros((2, 1), dtype=np.float32)
        self._step_left = 0
        # A plug-in is heard from its first sample, or a bounce would begin with 5 ms of something else.
        self._came = self._fade
        self._from_silence = False
        self._heard: Literal["wet", "dry", "muted"] = "wet"

    def clear(self) -> None:
        """Forget what was heard last."""
        self._last[:] = 0.0
        self._step_left = 0

    def replace(self, block: Audio, substitute: Audio, kind: Literal["dry", "muted"]) -> None:
        """Put the substitute into the block; where it has just taken over, fade out the step that it makes, since there
        is nothing of the plug-in to fade from."""
        if self._heard != kind:
            self._heard = kind
            self._step = self._last - substitute[:, :1]
            self._step_left = self._fade
        block[:] = substitute
        if self._step_left > 0:
            frames = min(self._step_left, block.shape[1])
            ramp = np.arange(self._step_left, self._step_left - frames, -1, dtype=np.float32) / self._fade
            block[:, :frames] += self._step * ramp
            self._step_left -= frames
        self._last[:, 0] = block[:, -1]

    def play(self, block: Audio, dry: Audio, wet: Audio) -> None:
        """Put the plug-in's sound into the block; where it has just come back, fade over to it."""
        if self._heard != "wet":
            self._from_silence = self._heard == "muted"
            self._heard, self._came = "wet", 0
        if self._came >= self._fade:
            block[:] = wet
        else:
            frames = block.shape[1]
            ramp = np.minimum(np.arange(self._came + 1, self._came + frames + 1, dtype=np.float32) / self._fade, 1.0)
            start = np.zeros_like(dry) if self._from_silence else dry
            block[:] = start + (wet - start) * ramp
            self._came += frames
        self._last[:, 0] = block[:, -1]
