"""The frozen values of a compiled mix. All times are frames at the plan's rate, all gains are linear unless named
``_db``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.types import PcmRef


class ClipPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of a decoded source: ``source[source_frame : source_frame + length_frames]`` from `start_frame` on the
    timeline.

    Stretching and pitch are already in the source. Frames that the source does not have are silent.
    """

    id: str = ""
    """The clip's id in the project, by which rights sources are told apart; not needed for play-back."""
    pcm: PcmRef
    start_frame: int
    length_frames: int
    source_frame: int = 0
    gain: float = 1.0
    fade_in_frames: int = 0
    fade_out_frames: int = 0
    reverse: bool = False
    """True plays the slice from its end to its start."""


class EqPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One band; a gain of 0 dB is left out of the signal path."""

    kind: Literal["low_shelf", "peak", "high_shelf"] = "peak"
    freq_hz: float = 1000.0
    gain_db: float = 0.0
    q: float = 0.7071


class CompressorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Stereo-linked compressor; a ratio of 1 is off."""

    threshold_db: float = -18.0
    ratio: float = 1.0
    attack_s: float = 0.010
    release_s: float = 0.120
    makeup_db: float = 0.0


class InsertPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One effect of `engine.dsp.effects`; its state is carried from plan to plan by `id`."""

    id: str
    kind: str
    parameters: dict[str, float] = {}


class StripPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A channel strip: high-pass, equaliser, compressor, inserts, gain, pan.

    `pan` is in [-1, 1] by the balance law (0 dB at the centre), `high_pass_hz` 0 is off.
    """

    gain: float = 1.0
    pan: float = 0.0
    high_pass_hz: float = 0.0
    eq: tuple[EqPlan, ...] = ()
    compressor: CompressorPlan | None = None
    inserts: tuple[InsertPlan, ...] = ()


class TrackPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A track; `audible` is False while it is muted or another one is soloed."""

    id: str
    clips: tuple[ClipPlan, ...] = ()
    strip: StripPlan = StripPlan()
    audible: bool = True


class LoopPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Play-back that reaches `end_frame` goes on at `start_frame`."""

    start_frame: int
    end_frame: int


class MixPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole mix: tracks, the master strip, and the true-peak ceiling of the limiter at its end."""

    rate: int = 48_000
    length_frames: int = 0
    tracks: tuple[TrackPlan, ...] = ()
    master: StripPlan = StripPlan()
    ceiling_dbtp: float = -1.0
    loop: LoopPlan | None = None
