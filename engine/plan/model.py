"""The frozen values of a compiled mix. All times are frames at the plan's rate, all gains are linear unless named
``_db``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.types import PcmRef

FadeCurve = Literal["linear", "equal_power", "s_curve"]
"""Shape of a fade: amplitude grows as ``t``, ``sin(pi t / 2)`` or ``sin(pi t / 2) ** 2``."""

HEAVY_KINDS = frozenset({"vst3", "separation"})
"""Inserts that run in processes of their own, ahead of the play-head; they stand before the strip's high-pass."""


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
    fade_in_curve: FadeCurve = "equal_power"
    fade_out_curve: FadeCurve = "equal_power"
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


class PluginPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Which plug-in an insert of the kind ``vst3`` runs."""

    path: str
    name: str = ""
    """Of the plug-in within its file, where that holds several."""
    state: bytes = b""
    """As the plug-in gave it, b"" for its defaults."""


class InsertPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One effect: a kind of `engine.dsp.effects`, or one of `HEAVY_KINDS`; its state is carried from plan to plan by
    `id`.
    """

    id: str
    kind: str
    parameters: dict[str, float] = {}
    plugin: PluginPlan | None = None
    """Of the kind ``vst3`` only."""


class SendPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a track's signal into a bus; `pre` takes it before the fader (after the inserts)."""

    bus: str
    gain: float = 1.0
    pre: bool = False


class AutomationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter over time: linear ramps in its own unit between points, the first and last value beyond them.

    `target` is a path: ``gain_db``, ``pan``, ``mute`` (1 is silent), ``high_pass_hz``, ``eq.N.freq_hz``,
    ``eq.N.gain_db``, ``eq.N.q``, ``compressor.threshold_db`` (``ratio``, ``attack_s``, ``release_s``, ``makeup_db``),
    ``insert.ID.PARAMETER``, ``send.BUS.gain_db``. An automated parameter ignores its value in the strip. Frequencies
    ramp in octaves.
    """

    target: str
    frames: tuple[int, ...]
    """Ascending; two equal frames are a step."""
    values: tuple[float, ...]
    hold: bool = False
    """True keeps each value until the next point."""


class StripPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A channel strip: heavy inserts, high-pass, equaliser, compressor, inserts, gain, pan.

    `pan` is in [-1, 1] by the balance law (0 dB at the centre), `high_pass_hz` 0 is off.
    """

    gain: float = 1.0
    pan: float = 0.0
    polarity: bool = False
    """True turns the signal upside down."""
    high_pass_hz: float = 0.0
    eq: tuple[EqPlan, ...] = ()
    compressor: CompressorPlan | None = None
    inserts: tuple[InsertPlan, ...] = ()


class TrackPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A track or a bus; `audible` is False while it is muted or another one is soloed."""

    id: str
    kind: Literal["track", "bus"] = "track"
    """A bus has no clips: it plays what is sent or routed to it."""
    clips: tuple[ClipPlan, ...] = ()
    strip: StripPlan = StripPlan()
    audible: bool = True
    output: str = ""
    """Id of the bus that gets the signal after the fader; "" is the master."""
    sends: tuple[SendPlan, ...] = ()
    """Post-fader sends of a track that is not audible are silent too, pre-fader ones as well (mute mutes all)."""
    automation: tuple[AutomationPlan, ...] = ()


class LoopPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Play-back that reaches `end_frame` goes on at `start_frame`."""

    start_frame: int
    end_frame: int


class TempoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """From `start_frame` on, beats are `frames_per_beat` apart; for metronome, count-in and switches on the beat."""

    start_frame: float = 0.0
    frames_per_beat: float = 24_000.0
    beat: float = 0.0
    """Number of the beat at `start_frame`, from 0; bars begin at multiples of `beats_per_bar`."""
    beats_per_bar: int = 4


class MixPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole mix: tracks, the master strip, and the true-peak ceiling of the limiter at its end."""

    rate: int = 48_000
    length_frames: int = 0
    tracks: tuple[TrackPlan, ...] = ()
    """Buses may stand anywhere; routes and sends must not run in a circle."""
    master: StripPlan = StripPlan()
    master_automation: tuple[AutomationPlan, ...] = ()
    ceiling_dbtp: float = -1.0
    loop: LoopPlan | None = None
    tempo: tuple[TempoPlan, ...] = (TempoPlan(),)
