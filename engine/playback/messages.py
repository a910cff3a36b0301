"""What the player and the engine process say to each other, and what both publish."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.plan import LoopPlan, MixPlan

SwitchPoint = Literal["now", "beat", "bar"]
"""Where another alternative takes over: at once, or at the next beat or bar of the plan's tempo."""

PluginQuestion = Literal["take_states", "badges", "revive", "open_editor", "close_editor", "parameters", "state"]
"""Methods of `engine.plugins.rack.Rack`."""

NO_DEVICE_ID = "none"
SPECTRUM_BANDS = 128
SPECTRUM_RANGE_HZ = (20.0, 20_000.0)


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An audio device: an output where `channels` is not 0, an input where `inputs` is not 0."""

    id: str
    """Stable for `Player.set_audio`; "none" is the silent clock."""
    name: str
    host: str
    """The audio system that offers it: ALSA, JACK, Core Audio, WASAPI ..."""
    channels: int
    rate: int
    """Its own rate in Hz."""
    default: bool = False
    """The output that plays when none is chosen."""
    inputs: int = 0
    default_input: bool = False
    latency_s: float = 0.0
    """The shortest output latency that it promises."""
    input_latency_s: float = 0.0
    rates: tuple[int, ...] = ()
    """Those of 44.1, 48, 88.2, 96 and 192 kHz that it takes."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The transport and the device, as of the last few milliseconds."""

    playing: bool = False
    position_s: float = 0.0
    """What is heard now: the latency of effects and device is taken out."""
    rate: int = 48_000
    """Hz that the device runs at."""
    block_frames: int = 0
    latency_s: float = 0.0
    """From the mix to the ear, as the device tells it."""
    dsp_load: float = 0.0
    """Time that the callback takes over the time it has; 1 cannot keep up."""
    xruns: int = 0
    """Gaps since the engine started: `xruns_own` + `xruns_system` + `xruns_driver`."""
    xruns_own: int = 0
    """Blocks that came late because the engine computed or waited too long."""
    xruns_waited: int = 0
    """Those of `xruns_own` in which the callback waited for something; in the others it computed too long."""
    xruns_system: int = 0
    """Blocks that came late because the processor was given to others, or taken away by the host of a virtual
    machine."""
    xruns_host: int = 0
    """Those of `xruns_system` that even the thread's own clock takes for computing: one short stage of the block took
    many times what it takes, and never again."""
    callbacks: int = 0
    """Blocks since the device was opened."""
    moves: int = 0
    """How many of them ran on another processor than the one before."""
    xruns_driver: int = 0
    """Gaps that the audio system reported although the engine was in time."""
    device: str = NO_DEVICE_ID
    device_name: str = ""
    input: str = ""
    """The input that is open, "" for none."""
    recording: bool = False
    counting_in: bool = False
    alternative: str = ""
    """Name of the prepared alternative that plays, "" for the plan itself."""
    input_peak: tuple[float, float] = (0.0, 0.0)
    """Peaks of the input of late, linear; mono is on both sides."""
    lost_sources: tuple[str, ...] = ()
    """Paths of the sounds that are gone, and silent until they are back."""
    notice: str = ""
    """What a person should know, "" when all is well."""


class Meters(msgspec.Struct, frozen=True, kw_only=True):
    """Levels of what is heard now; linear unless named otherwise."""

    tracks: dict[str, tuple[float, float, float, float]] = {}
    """By id of track or bus, after the fader: peak left, peak right, RMS left, RMS right."""
    reduction_db: dict[str, float] = {}
    """By id: what the strip's compressor takes away, 0 or less."""
    muted_bad: frozenset[str] = frozenset()
    """Ids of those whose sound was not a number and was muted, since play-back started."""
    master: tuple[float, float] = (0.0, 0.0)
    """Peaks after the limiter, left and right."""
    master_reduction_db: float = 0.0
    lufs_m: float = float("-inf")
    lufs_s: float = float("-inf")
    lufs_i: float = float("-inf")
    """Since play-back started."""
    correlation: float = 0.0
    """Of left and right over the last 0.3 s: 1 is mono, -1 vanishes in mono; 0 for silence."""
    true_peak_dbtp: float = float("-inf")
    """Highest since play-back started."""


class Pass(msgspec.Struct, frozen=True):
    """One time through the loop within a recording."""

    start_s: float
    """Where it belongs on the timeline."""
    offset_s: float
    """Where it begins in the file."""
    length_s: float


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that is finished: its first frame belongs at `start_s` of the timeline, latency taken out."""

    path: str
    start_s: float
    frames: int
    rate: int
    channels: int
    latency_s: float
    """What was taken out."""
    lost_frames: int = 0
    """Frames that the computer was too slow to keep; they are silent in the file."""
    passes: tuple[Pass, ...] = ()
    """Of a recording through the loop, in order; the file holds one after the other."""
    notice: str = ""
    """Why it ended before it was stopped, "" when it did not."""


class Begin(msgspec.Struct, frozen=True):
    """The first message to an engine process: open this and publish from now on. A spare one waits for it, warm."""

    audio: SetAudio
    rate: int


class SetPlan(msgspec.Struct, frozen=True):
    """Play this from now on; `serial` names it in the telemetry."""

    plan: MixPlan
    serial: int


class Prepare(msgspec.Struct, frozen=True):
    """Compile an alternative and keep it ready."""

    name: str
    plan: MixPlan
    serial: int


class Switch(msgspec.Struct, frozen=True):
    """Go over to a prepared alternative; "" is the plan of the last `SetPlan`."""

    name: str
    at: SwitchPoint


class Drop(msgspec.Struct, frozen=True):
    """Forget an alternative; one that plays gives way to the plan."""

    name: str


class SetLoop(msgspec.Struct, frozen=True):
    """Loop here, or nowhere."""

    loop: LoopPlan | None


class SetMetronome(msgspec.Struct, frozen=True):
    """Click on the beats, or not."""

    enabled: bool
    gain_db: float


class Play(msgspec.Struct, frozen=True):
    """Start, from a frame or from where the play-head is, after some bars of clicks."""

    frame: int | None = None
    count_in_bars: int = 0


class Pause(msgspec.Struct, frozen=True):
    """Stop and stay."""


class Stop(msgspec.Struct, frozen=True):
    """Stop and go back to where it was started; when stopped, to the beginning."""


class Seek(msgspec.Struct, frozen=True):
    """Put the play-head on a frame."""

    frame: int


class SetAudio(msgspec.Struct, frozen=True):
    """Play through this device; None is the system's default, "none" the silent clock."""

    device: str | None
    input: str | None = None
    """Device to record from; None records nothing, "" is the system's default."""
    input_channels: tuple[int, ...] = (0, 1)
    """Which of its channels, from 0: one is mono. What it does not have is left out."""
    block_frames: int | None = None
    """None leaves it to the device."""
    rate: int | None = None
    """None is the plan's."""


class SetTap(msgspec.Struct, frozen=True):
    """Let the spectrum show this track; None is the master."""

    track: str | None


class Record(msgspec.Struct, frozen=True):
    """Play from `start_frame` and keep what comes in, until stopped; answered with a `Recorded`."""

    request: int
    path: str
    start_frame: int
    punch_in_frame: int | None
    punch_out_frame: int | None
    latency_s: float | None
    count_in_bars: int
    loop: bool = False
    """True goes round the loop, where there is one ahead and nothing is punched; else the loop is left aside."""


class StopRecord(msgspec.Struct, frozen=True):
    """End the recording; play-back goes on."""


class Capture(msgspec.Struct, frozen=True):
    """Write what is handed to the device into a file, until a `Capture` of None; answered when it has begun, or has
    ended with the number of frames.
    """

    request: int
    path: str | None


class ListDevices(msgspec.Struct, frozen=True):
    """Answer with the devices."""

    request: int


class TestTone(msgspec.Struct, frozen=True):
    """Sound a tone through the device; answered when it is over."""

    __test__ = False
    request: int
    seconds: float


class MeasureLatency(msgspec.Struct, frozen=True):
    """Sound a chirp and find it in the input; answered with seconds."""

    request: int


class Plugin(msgspec.Struct, frozen=True):
    """Ask something of the plug-ins; answered with what that method of `engine.plugins.rack.Rack` gives."""

    request: int
    what: PluginQuestion
    insert: str = ""


class Quit(msgspec.Struct, frozen=True):
    """End the process."""


class Answer(msgspec.Struct, frozen=True):
    """What came of a request: a value, or an `EngineError`."""

    request: int
    value: Any = None
    error: Exception | None = None


class SourcesLost(msgspec.Struct, frozen=True):
    """These sounds are gone now; those that were and are not named are back."""

    paths: tuple[str, ...]


class DeviceLost(msgspec.Struct, frozen=True):
    """The device vanished; the process ends, since the audio library only finds devices when it starts."""

    name: str


Command = (
    SetPlan
    | Prepare
    | Switch
    | Drop
    | SetLoop
    | SetMetronome
    | Play
    | Pause
    | Stop
    | Seek
    | SetAudio
    | SetTap
    | Record
    | StopRecord
    | Plugin
    | Capture
    | ListDevices
    | TestTone
    | MeasureLatency
    | Quit
)
