"""Faders and knobs on a track's strip, its badge, and its equaliser's curve."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from studio.project import edits
from studio.project.model import EqBand, Project, Strip, Track
from ui.viewmodels.parameters import ControlGesture


class StripGesture(ControlGesture):
    """Binds a control to one number of a strip, so that each drag is one step of undo and Esc takes it back."""

    def __init__(self, ws: Any, track_id: str, field: Literal["gain_db", "pan"], label: str):
        super().__init__(ws, label)
        self._track_id, self._field = track_id, field
        self._forming = False

    def begin(self) -> None:
        """Start the gesture; a stem that is still being made has a strip of its own until it is there."""
        self._forming = self._ws.is_forming(self._track_id)
        if not self._forming:
            super().begin()

    def change(self, value: float) -> None:
        """Show a value while the gesture lasts."""
        if self._forming:
            self._ws.session.set_forming_strip(self._track_id, **{self._field: value})
        else:
            super().change(value)

    def _with(self, project: Project, value: float) -> Project:
        if self._field == "pan":
            return edits.set_strip(project, self._track_id, pan=value)
        return edits.set_strip(project, self._track_id, gain_db=value)


def track_asset(project: Project, track: Track) -> str | None:
    """The licensed recording that a track plays, or None for own material."""
    for clip in track.clips:
        source = project.sources.get(clip.source)
        if source is not None and source.asset_sha256:
            return source.asset_sha256
    return None


def badge_of(session: Any, project: Project, track: Track) -> str | None:
    """The licence badge of a track; None while it holds nothing."""
    if not track.clips:
        return None
    asset = track_asset(project, track)
    if asset is None:
        return "mine"
    summary = session.rights_summary(asset)
    return summary.badge if summary is not None else "blocked"


def response_db(strip: Strip, *, points: int = 64, rate: int = 48_000) -> tuple[float, ...]:
    """Magnitude of high-pass and equaliser in dB at `points` log-spaced frequencies of 20 Hz - 20 kHz."""
    freq = np.geomspace(20.0, 20_000.0, points)
    total = np.zeros(points)
    if strip.high_pass_hz > 0:
        total += _section_db(*_high_pass(strip.high_pass_hz, rate), freq, rate)
    for band in strip.eq:
        if abs(band.gain_db) > 1e-3:
            total += _section_db(*_band(band, rate), freq, rate)
    return tuple(float(value) for value in total)


def _section_db(b: np.ndarray, a: np.ndarray, freq: np.ndarray, rate: int) -> np.ndarray:
    z = np.exp(-2j * np.pi * freq / rate)
    response = (b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)
    return 20 * np.log10(np.maximum(np.abs(response), 1e-4))


def _high_pass(freq_hz: float, rate: int) -> tuple[np.ndarray, np.ndarray]:
    w = 2 * np.pi * freq_hz / rate
    alpha, cos = np.sin(w) / (2 * 0.7071), np.cos(w)
    return np.array([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2]), np.array([1 + alpha, -2 * cos, 1 - alpha])


def _band(band: EqBand, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """R. Bristow-Johnson, Audio EQ Cookbook."""
    amp = 10 ** (band.gain_db / 40)
    w = 2 * np.pi * min(band.freq_hz, rate * 0.49) / rate
    cos, alpha = np.cos(w), np.sin(w) / (2 * band.q)
    if band.kind == "peak":
        return np.array([1 + alpha * amp, -2 * cos, 1 - alpha * amp]), np.array(
            [1 + alpha / amp, -2 * cos, 1 - alpha / amp]
        )
    sign = 1.0 if band.kind == "low_shelf" else -1.0
    root = 2 * np.sqrt(amp) * alpha
    up, down = amp + 1, amp - 1
    b = np.array(
        [
            amp * (up - sign * down * cos + root),
            sign * 2 * amp * (down - sign * up * cos),
            amp * (up - sign * down * cos - root),
        ]
    )
    a = np.array([up + sign * down * cos + root, -sign * 2 * (down + sign * up * cos), up + sign * down * cos - root])
    return b, a
