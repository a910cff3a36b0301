"""The registry of effects: what there is, with parameters and ranges, and `make` to get one running.

Panels, the command line and the documentation are made from `EFFECTS`. Importing this module loads no kernel;
`make` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from engine.dsp.effects.base import Effect
from engine.errors import EngineError

__all__ = ["EFFECTS", "Effect", "EffectSpec", "ParameterSpec", "make", "resolve"]

Scale = Literal["linear", "log", "switch"]


class ParameterSpec(msgspec.Struct, frozen=True):
    """One parameter: `unit` is for display, `scale` says how a knob moves."""

    id: str
    title: str
    unit: str
    minimum: float
    maximum: float
    default: float
    scale: Scale = "linear"


class EffectSpec(msgspec.Struct, frozen=True):
    """One kind of effect."""

    kind: str
    title: str
    parameters: tuple[ParameterSpec, ...]


_P = ParameterSpec

EFFECTS: dict[str, EffectSpec] = {
    spec.kind: spec
    for spec in (
        EffectSpec(
            "delay",
            "Delay",
            (
                _P("time_s", "Time", "s", 0.01, 2.0, 0.375, "log"),
                _P("feedback", "Feedback", "", 0.0, 0.95, 0.35),
                _P("tone_hz", "Tone", "Hz", 500.0, 18000.0, 6000.0, "log"),
                _P("low_cut_hz", "Low cut", "Hz", 20.0, 1000.0, 120.0, "log"),
                _P("ping_pong", "Ping-pong", "", 0.0, 1.0, 0.0, "switch"),
                _P("mix", "Mix", "", 0.0, 1.0, 0.25),
            ),
        ),
        EffectSpec(
            "reverb",
            "Reverb",
            (
                _P("decay_s", "Decay", "s", 0.2, 12.0, 1.8, "log"),
                _P("predelay_s", "Pre-delay", "s", 0.0, 0.2, 0.015),
                _P("damping_hz", "Damping", "Hz", 1000.0, 18000.0, 6000.0, "log"),
                _P("low_cut_hz", "Low cut", "Hz", 20.0, 1000.0, 150.0, "log"),
                _P("width", "Width", "", 0.0, 1.0, 1.0),
                _P("mix", "Mix", "", 0.0, 1.0, 0.2),
            ),
        ),
        EffectSpec(
            "saturation",
            "Saturation",
            (
                _P("drive_db", "Drive", "dB", 0.0, 36.0, 6.0),
                _P("output_db", "Output", "dB", -24.0, 12.0, 0.0),
                _P("mix", "Mix", "", 0.0, 1.0, 1.0),
            ),
        ),
        EffectSpec(
            "limiter",
            "Limiter",
            (
                _P("gain_db", "Gain", "dB", 0.0, 24.0, 0.0),
                _P("ceiling_dbtp", "Ceiling", "dBTP", -24.0, 0.0, -1.0),
                _P("release_s", "Release", "s", 0.01, 1.0, 0.1, "log"),
            ),
        ),
        EffectSpec(
            "width",
            "Width",
            (
                _P("width", "Width", "", 0.0, 2.0, 1.0),
                _P("bass_mono_hz", "Mono below", "Hz", 0.0, 400.0, 0.0),
            ),
        ),
        EffectSpec(
            "lowpass",
            "Low-pass",
            (
                _P("freq_hz", "Frequency", "Hz", 100.0, 20000.0, 8000.0, "log"),
                _P("q", "Resonance", "", 0.5, 8.0, 0.7071, "log"),
            ),
        ),
        EffectSpec(
            "chorus",
            "Chorus",
            (
                _P("rate_hz", "Rate", "Hz", 0.05, 8.0, 0.6, "log"),
                _P("depth_s", "Depth", "s", 0.0, 0.008, 0.003),
                _P("mix", "Mix", "", 0.0, 1.0, 0.4),
            ),
        ),
    )
}


def resolve(kind: str, parameters: Mapping[str, float]) -> dict[str, float]:
    """All parameters of `kind`: the given ones held within their ranges, defaults for the rest.

    Raises:
        EngineError: codes ``effect-unknown`` and ``effect-parameter``.
    """
    spec = EFFECTS.get(kind)
    if spec is None:
        raise EngineError(
            f"There is no effect called “{kind}”.",
            remedy=f"Choose one of: {', '.join(EFFECTS)}.",
            code="effect-unknown",
        )
    known = {parameter.id for parameter in spec.parameters}
    for name, value in parameters.items():
        if name not in known or value != value:
            raise EngineError(
                f"{spec.title} has no setting “{name}” with the value {value}.",
                remedy=f"Its settings are: {', '.join(sorted(known))}.",
                code="effect-parameter",
            )
    return {p.id: min(max(float(parameters.get(p.id, p.default)), p.minimum), p.maximum) for p in spec.parameters}


def make(kind: str, parameters: Mapping[str, float], *, rate: int) -> Effect:
    """An effect of `kind` for stereo blocks at `rate` Hz, in its state after `reset`.

    Raises:
        EngineError: codes ``effect-unknown`` and ``effect-parameter``.
    """
    return Effect(kind, resolve(kind, parameters), rate=rate)
