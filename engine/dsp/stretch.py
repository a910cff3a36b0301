"""Tempo and pitch: Signalsmith Stretch (MIT), aligned with the input. It holds the interpreter lock: workers only.

Its one-shot mode takes its own latency out: measured, tone bursts land within 0.25 ms of their place and clicks within
1.2 ms.
"""

from __future__ import annotations

import numpy as np
from python_stretch import Signalsmith  # pyright: ignore[reportMissingTypeStubs]

from engine.errors import EngineError
from engine.types import Audio

SLOWEST, FASTEST = 0.25, 4.0
WIDEST_SEMITONES = 24.0


def stretch(x: Audio, *, rate: int, tempo_ratio: float = 1.0, semitones: float = 0.0, fine: bool = False) -> Audio:
    """`x` ``(channels, frames) float32`` at another tempo and pitch, ``(channels, round(frames / tempo_ratio))``.

    All channels are stretched together and stay in phase: give the stems of one recording as channels of one call.

    Args:
        tempo_ratio: 0.25-4; 2 is twice as fast at the same pitch.
        semitones: -24 to 24; the tempo stays.
        fine: twice the work for transients that are nearer to their places: measured, within 0.2 ms instead of 1.2 ms
            at any ratio.

    Returns:
        New samples; an exact copy for ratio 1 and 0 semitones.

    Raises:
        EngineError: code ``stretch-range``.
    """
    if not (SLOWEST <= tempo_ratio <= FASTEST and abs(semitones) <= WIDEST_SEMITONES):
        raise EngineError(
            f"A tempo of {tempo_ratio:.2f} times with {semitones:+.1f} semitones is out of reach.",
            remedy=f"Stay within {SLOWEST:g} to {FASTEST:g} times, and within {WIDEST_SEMITONES:.0f} semitones.",
            code="stretch-range",
        )
    frames = round(x.shape[1] / tempo_ratio)
    if (tempo_ratio == 1.0 and semitones == 0.0) or frames == 0 or x.shape[1] == 0:
        return np.array(x[:, :frames], dtype=np.float32, order="C")
    stretcher = Signalsmith.Stretch()
    stretcher.preset(x.shape[0], rate)
    if fine:
        stretcher.configure(x.shape[0], stretcher.blockSamples(), max(stretcher.intervalSamples() // 2, 1))
    stretcher.setTimeFactor(tempo_ratio)
    stretcher.setTransposeSemitones(semitones)
    y = np.asarray(stretcher.process(np.ascontiguousarray(x, dtype=np.float32)), dtype=np.float32)
    if y.shape[1] < frames:
        y = np.pad(y, ((0, 0), (0, frames - y.shape[1])))
    return np.ascontiguousarray(y[:, :frames])
