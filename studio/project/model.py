"""The project as a frozen value.

Everything that a person can change in the studio is in `Project`; edits are pure functions ``Project -> Project``
(`studio.project.edits`). Times on the timeline are seconds from the project's start (float64); musical positions are
derived through `studio.project.tempo`. Sounds are `Source` values: what they are, where their samples rest, and how
they came to be. A source that was made from another one names it, so that rights and provenance can always be followed
back to the recordings.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SCHEMA = 3

Role = Literal["mix", "vocals", "drums", "bass", "other", "own"]
"""What a track or source carries; `own` is the user's own material."""

Origin = Literal["licensed", "own", "generated"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done to make a source: it becomes an action of the manifest.

    `operation` is a word of the grants: ``stem:vocals``, ``style:production``, ``style:arrangement``, ``time_stretch``
    ...
    """

    operation: str
    at: str
    """UTC time, ISO 8601."""
    model_id: str | None = None
    model_version: str | None = None
    model_digest: str | None = None
    provider: str | None = None
    parameters: dict[str, Any] = {}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A sound that clips play.

    `blob` is the key of its samples in the library (sha256 of the stored plaintext); `asset_sha256` names the licensed
    recording that it is or was made from, and is None for own material.
    """

    id: str
    title: str
    origin: Origin
    role: Role
    blob: str
    duration_s: float
    rate: int
    channels: int
    asset_sha256: str | None = None
    parents: tuple[str, ...] = ()
    """Ids of the sources that this one was made from."""
    steps: tuple[Step, ...] = ()
    """What was done to the parents to make this; empty for a recording as it came."""
    delivered: bool = False
    """True for a stem that the label delivered, False for one that a model separated."""
    tempo_bpm: float | None = None
    first_beat_s: float | None = None
    key: str | None = None
    artist: str = ""
    score: str | None = None
    """Key, in the library, of the notes that it was played from; None for a sound that has none."""


FadeCurve = Literal["linear", "equal_power", "s_curve"]
"""Shape of a fade, as in `engine.plan`."""


class WarpMarker(msgspec.Struct, frozen=True, kw_only=True):
    """Pins a place of the source to a place of the clip; between two markers the sound is stretched evenly."""

    source_s: float
    clip_s: float
    """Seconds from the clip's start on the timeline."""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a source on the timeline.

    It plays ``source[source_start_s : source_start_s + length_s * tempo_ratio]`` for `length_s` seconds from `start_s`.
    """

    id: str
    source: str
    start_s: float
    length_s: float
    """Seconds on the timeline, after `tempo_ratio`."""
    source_start_s: float = 0.0
    """Seconds in the source at its own speed."""
    gain_db: float = 0.0
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    fade_in_curve: FadeCurve = "equal_power"
    fade_out_curve: FadeCurve = "equal_power"
    tempo_ratio: float = 1.0
    """2.0 plays twice as fast at the same pitch."""
    semitones: float = 0.0
    reverse: bool = False
    muted: bool = False
    name: str = ""
    warp: tuple[WarpMarker, ...] = ()
    """At least two, ascending in both times, or none; where there are some they say what plays when, and
    `tempo_ratio` is the mean that they come to. Beyond the first and last one their slope goes on."""
    follow_tempo: bool = False
    """True keeps the clip on its bars when the tempo of the project changes: start, length and warp move with it."""

    @property
    def end_s(self) -> float:
        """Where the clip ends on the timeline, in seconds."""
        return self.start_s + self.length_s


class EqBand(msgspec.Struct, frozen=True, kw_only=True):
    """One band of the strip's equaliser (RBJ cookbook shapes)."""

    kind: Literal["low_shelf", "peak", "high_shelf"] = "peak"
    freq_hz: float = 1000.0
    gain_db: float = 0.0
    q: float = 0.707


class Compressor(msgspec.Struct, frozen=True, kw_only=True):
    """Stereo-linked feed-forward compressor. Ratio 1 is off."""

    threshold_db: float = -18.0
    ratio: float = 1.0
    attack_s: float = 0.010
    release_s: float = 0.120
    makeup_db: float = 0.0


class PluginRef(msgspec.Struct, frozen=True, kw_only=True):
    """The plug-in of an insert of the kind ``vst3``."""

    path: str
    name: str = ""
    vendor: str = ""
    version: str = ""
    state: bytes = b""
    """As the plug-in gave it; b"" for its defaults."""


class Insert(msgspec.Struct, frozen=True, kw_only=True):
    """One effect: a registered kind and its parameters (engine.dsp.effects) after the strip's equaliser and
    compressor, or a heavy one (``vst3``, ``separation``: `engine.plan.HEAVY_KINDS`) before them."""

    id: str
    kind: str
    parameters: dict[str, float] = {}
    bypass: bool = False
    plugin: PluginRef | None = None


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a track's signal into a bus track; `pre` takes it before the fader."""

    bus: str
    """Id of a track of the kind ``bus``."""
    gain_db: float = 0.0
    pre: bool = False
    mute: bool = False


DEFAULT_EQ: tuple[EqBand, ...] = (
    EqBand(kind="low_shelf", freq_hz=120.0),
    EqBand(kind="peak", freq_hz=500.0),
    EqBand(kind="peak", freq_hz=2500.0),
    EqBand(kind="high_shelf", freq_hz=8000.0),
)


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """A channel strip in the order of its signal: heavy inserts, high-pass, 4-band EQ, compressor, inserts, gain, pan.

    `gain_db` in [-96, 12] (-96 is silence), `pan` in [-1, 1] (balance law: 0 dB at the centre), `high_pass_hz` 0 is
    off.
    """

    gain_db: float = 0.0
    pan: float = 0.0
    mute: bool = False
    solo: bool = False
    solo_safe: bool = False
    """True goes on sounding while another track is soloed; buses are so without asking when something audible feeds
    them."""
    polarity: bool = False
    """True turns the signal upside down."""
    high_pass_hz: float = 0.0
    eq: tuple[EqBand, ...] = DEFAULT_EQ
    compressor: Compressor = Compressor()
    inserts: tuple[Insert, ...] = ()
    sends: tuple[Send, ...] = ()
    output: str = ""
    """Id of the bus track that gets the signal; "" is the master."""


class AutomationPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter has `value`, in its own unit, at `at_s` seconds of the timeline."""

    at_s: float
    value: float


class Automation(msgspec.Struct, frozen=True, kw_only=True):
    """The lane of one parameter; `target` is a path as in `engine.plan.AutomationPlan`."""

    target: str
    points: tuple[AutomationPoint, ...] = ()
    """Ascending; between them the value moves in a straight line."""
    hold: bool = False
    """True keeps each value until the next point."""
    enabled: bool = True


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """A track that was rendered, through its inserts and before its fader, to spare the processor."""

    source: str
    """Id of the rendered source; it begins at the project's start."""
    digest: str
    """Of what was rendered: when clips, inserts, EQ or compressor change, the freeze is out of date."""


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered alternative of a track: its own clips and strip, chosen with the keys 1-9."""

    number: int
    name: str
    clips: tuple[Clip, ...]
    strip: Strip
    style: str | None = None
    seed: int | None = None
    intensity: float | None = None
    starred: bool = False
    operations: tuple[str, ...] = ()
    """Words of the grants for what the settings of this take did to its clips: ``style:production`` when a style made
    the strip."""
    model: Step | None = None
    """The model that made the settings of this take, where one did."""


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """A lane with clips and a strip. Stems of a split track name it as `parent`; a bus in which tracks lie is a
    folder."""

    id: str
    name: str
    role: Role = "own"
    kind: Literal["audio", "bus"] = "audio"
    """A bus has no clips: it plays what is sent or routed to it."""
    parent: str | None = None
    folder: str | None = None
    """Id of the bus that this track lies in, which is a folder by that; None for a stem, which lies where its song
    does."""
    colour: Role | None = None
    """Shown in the colour of this role; None is that of its own."""
    clips: tuple[Clip, ...] = ()
    strip: Strip = Strip()
    automation: tuple[Automation, ...] = ()
    frozen: Frozen | None = None
    takes: tuple[Take, ...] = ()
    take: int | None = None
    """Number of the take that `clips` and `strip` show now; None is the original. While a take shows, `clips` and
    `strip` are the truth and its
    entry in `takes` is what it was when it was chosen."""
    original: Take | None = None
    """The original's clips and strip (number 0) while a take shows, else None."""
    muted_stems: tuple[str, ...] = ()
    """Of a split track that plays its original: the stems that the person had muted before, so that they come back
    so."""


class TempoPoint(msgspec.Struct, frozen=True, kw_only=True):
    """From `at_beats` on the tempo is `bpm`."""

    at_beats: float = 0.0
    bpm: float = 120.0


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A named place, or a section when `length_s` is not 0."""

    start_s: float
    name: str
    length_s: float = 0.0


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """The loop range in seconds."""

    start_s: float = 0.0
    end_s: float = 0.0
    enabled: bool = False


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """The master bus: its strip, then the true-peak limiter."""

    strip: Strip = Strip()
    automation: tuple[Automation, ...] = ()
    ceiling_dbtp: float = -1.0


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a person can change, as one immutable value."""

    id: str
    title: str = "New project"
    schema: int = SCHEMA
    rate: int = 48000
    tempo: tuple[TempoPoint, ...] = (TempoPoint(),)
    beats_per_bar: int = 4
    beat_unit: int = 4
    key: str | None = None
    sources: dict[str, Source] = {}
    tracks: tuple[Track, ...] = ()
    master: Master = Master()
    markers: tuple[Marker, ...] = ()
    loop: Loop = Loop()
    grants: dict[str, str] = {}
    """asset_sha256 -> grant_id that the project was made under; the grant itself rests in the library."""

    @property
    def length_s(self) -> float:
        """Where the last clip ends, in seconds; 0 for an empty project."""
        return max((clip.end_s for track in self.tracks for clip in track.clips), default=0.0)

    def track(self, track_id: str) -> Track:
        """The track with this id.

        Raises:
            KeyError: if there is none.
        """
        for track in self.tracks:
            if track.id == track_id:
                return track
        raise KeyError(track_id)
