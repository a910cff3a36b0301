"""A channel strip with its state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.dsp import biquad, dynamics, effects, eq
from engine.plan import kernels
from engine.plan.model import StripPlan
from engine.types import Audio

GLIDE_HZ = 25.0
"""Corner of the one-pole filter that smooths gain and pan."""

_BANDS = {"low_shelf": eq.low_shelf, "peak": eq.peak, "high_shelf": eq.high_shelf}


class Strip:
    """High-pass, equaliser, compressor, inserts, gain, pan of one stereo signal; blocks of any size give the same
    samples.

    Args:
        plan: settings.
        rate: Hz.
        audible: False holds the fader down.
    """

    def __init__(self, plan: StripPlan, *, rate: int, audible: bool = True):
        self._rate = rate
        # Slot 0 is the high-pass, so that the state of a band survives switching its neighbours on and off.
        rows: list[tuple[int, eq.Sos]] = []
        if plan.high_pass_hz > 0.0:
            rows.append((0, eq.high_pass(plan.high_pass_hz, rate=rate)))
        for slot, band in enumerate(plan.eq, start=1):
            if band.gain_db != 0.0:
                rows.append((slot, _BANDS[band.kind](band.freq_hz, band.gain_db, band.q, rate=rate)))
        self._slots = [slot for slot, _ in rows]
        self._sos = np.ascontiguousarray([row for _, row in rows], dtype=np.float64).reshape(-1, 6)
        self._filters = np.zeros((len(rows), 2, 2))
        self._compressor = plan.compressor if plan.compressor is not None and plan.compressor.ratio > 1.0 else None
        self._reduction = np.zeros(1)
        self._inserts = {insert.id: effects.make(insert.kind, insert.parameters, rate=rate) for insert in plan.inserts}
        self.latency_frames = sum(effect.latency_frames for effect in self._inserts.values())
        left, right = min(1.0, 1.0 - plan.pan), min(1.0, 1.0 + plan.pan)
        level = plan.gain if audible else 0.0
        self._targets = np.array([level * left, level * right])
        self._gains = self._targets.copy()
        self._glide = float(np.exp(-2.0 * np.pi * GLIDE_HZ / rate))
        self.stats: npt.NDArray[np.float64] = np.zeros(4)
        """Of the last block, after the fader: peak left, right; mean square left, right."""

    @property
    def silent(self) -> bool:
        """True while the fader is down and stays down."""
        return not self._gains.any() and not self._targets.any()

    def process(self, x: Audio) -> None:
        """Run ``(2, frames) float32``, C order, in place. A sample that is not finite clears the state instead of
        spreading.
        """
        if len(self._sos):
            biquad.cascade(x, self._sos, self._filters)
        comp = self._compressor
        if comp is not None:
            dynamics.compress_in_place(
                x,
                self._reduction,
                comp.threshold_db,
                1.0 - 1.0 / comp.ratio,
                dynamics.coefficient(comp.attack_s, rate=self._rate),
                dynamics.coefficient(comp.release_s, rate=self._rate),
                comp.makeup_db,
            )
        for effect in self._inserts.values():
            effect.process(x)
        if kernels.fade(x, self._gains, self._targets, self._glide, self.stats):
            self.reset()

    def reset(self) -> None:
        """Back to silence; the fader stays."""
        self._filters[:] = 0.0
        self._reduction[:] = 0.0
        for effect in self._inserts.values():
            effect.reset()

    def adopt(self, old: Strip) -> None:
        """Carry on where the strip of the plan before stood; the fader glides from there."""
        for index, slot in enumerate(self._slots):
            if slot in old._slots:
                self._filters[index] = old._filters[old._slots.index(slot)]
        self._reduction[:] = old._reduction
        self._gains[:] = old._gains
        for name, effect in self._inserts.items():
            if name in old._inserts:
                effect.adopt(old._inserts[name])
