"""What the player and the engine process say to each other, and what both publish."""

from __future__ import annotations

import msgspec

from engine.plan import LoopPlan, MixPlan


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An output device."""

    id: str
    """Stable for `Player.set_device`; "none" is the silent clock."""
    name: str
    host: str
    """The audio system that offers it: ALSA, JACK, Core Audio, WASAPI ..."""
    channels: int
    rate: int
    """Its own rate in Hz."""
    default: bool = False


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
    """Time to render over time rendered; 1 cannot keep up."""
    xruns: int = 0
    """Gaps since the engine started."""
    device: str = "none"
    device_name: str = ""
    notice: str = ""
    """What a person should know, "" when all is well."""


class Meters(msgspec.Struct, frozen=True, kw_only=True):
    """Levels of what is heard now; linear unless named otherwise."""

    tracks: dict[str, tuple[float, float, float, float]] = {}
    """By track id, after the fader: peak left, peak right, RMS left, RMS right."""
    master: tuple[float, float] = (0.0, 0.0)
    """Peaks after the limiter, left and right."""
    lufs_m: float = float("-inf")
    lufs_s: float = float("-inf")
    true_peak_dbtp: float = float("-inf")
    """Highest since play-back started."""


class SetPlan(msgspec.Struct, frozen=True):
    """Play this from now on; `serial` names it in the telemetry."""

    plan: MixPlan
    serial: int


class SetLoop(msgspec.Struct, frozen=True):
    """Loop here, or nowhere."""

    loop: LoopPlan | None


class Play(msgspec.Struct, frozen=True):
    """Start, from a frame or from where the play-head is."""

    frame: int | None = None


class Pause(msgspec.Struct, frozen=True):
    """Stop and stay."""


class Stop(msgspec.Struct, frozen=True):
    """Stop and go back to where it was started; when stopped, to the beginning."""


class Seek(msgspec.Struct, frozen=True):
    """Put the play-head on a frame."""

    frame: int


class SetDevice(msgspec.Struct, frozen=True):
    """Play through this device; None is the system's default, "none" the silent clock."""

    id: str | None


class ListDevices(msgspec.Struct, frozen=True):
    """Answer with a `Devices`."""


class Quit(msgspec.Struct, frozen=True):
    """End the process."""


class Devices(msgspec.Struct, frozen=True):
    """Answer to `ListDevices`."""

    devices: tuple[DeviceInfo, ...]


class DeviceLost(msgspec.Struct, frozen=True):
    """The device vanished; the process ends, since the audio library only finds devices when it starts."""

    name: str


Command = SetPlan | SetLoop | Play | Pause | Stop | Seek | SetDevice | ListDevices | Quit
