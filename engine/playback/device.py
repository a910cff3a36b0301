"""Audio devices through PortAudio: the only module that knows sounddevice."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from typing import Any

from engine.errors import DeviceError
from engine.playback.callback import CALLBACK
from engine.playback.deck import Deck
from engine.playback.messages import DeviceInfo

RATES = (44_100, 48_000, 88_200, 96_000, 192_000)


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Audio systems that are not there complain on the standard error stream, past Python; a command line must stay
    clean.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(null)
        os.close(saved)


def _library() -> Any:
    try:
        with _quiet():
            import sounddevice  # pyright: ignore[reportMissingTypeStubs]
    except OSError as error:
        raise DeviceError(
            "The PortAudio library is missing, so there is no sound.",
            remedy="Install it (Debian and Ubuntu: libportaudio2) and start again.",
            code="device-missing",
        ) from error
    return sounddevice


def list_devices(*, busy: str = "") -> tuple[DeviceInfo, ...]:
    """The devices that were there when the process started.

    Args:
        busy: id of one that is open: it is not asked which rates it takes.

    Raises:
        DeviceError: code ``device-missing`` without PortAudio.
    """
    sd = _library()
    hosts = sd.query_hostapis()
    output, input_ = _default_index(sd, 1), _default_index(sd, 0)
    found: list[DeviceInfo] = []
    for index, device in enumerate(sd.query_devices()):
        host = hosts[device["hostapi"]]["name"]
        name = f"{host}: {device['name']}"
        own = round(device["default_samplerate"])
        found.append(
            DeviceInfo(
                id=name,
                name=device["name"],
                host=host,
                channels=device["max_output_channels"],
                rate=own,
                default=index == output,
                inputs=device["max_input_channels"],
                default_input=index == input_,
                latency_s=max(float(device["default_low_output_latency"]), 0.0),
                input_latency_s=max(float(device["default_low_input_latency"]), 0.0),
                rates=(own,) if name == busy else _rates(sd, index, device),
            )
        )
    return tuple(found)


def _rates(sd: Any, index: int, device: Any) -> tuple[int, ...]:
    check = sd.check_output_settings if device["max_output_channels"] else sd.check_input_settings
    channels = min(2, device["max_output_channels"] or device["max_input_channels"])
    found: list[int] = []
    for rate in RATES:
        with contextlib.suppress(sd.PortAudioError, ValueError), _quiet():
            check(device=index, channels=channels, dtype="float32", samplerate=rate)
            found.append(rate)
    return tuple(found) or (round(device["default_samplerate"]),)


def _default_index(sd: Any, direction: int) -> int:
    """The default input (0) or output (1) of the first audio system that has one; -1 for none."""
    wanted = sd.default.device[direction]
    if wanted is not None and wanted >= 0:
        return int(wanted)
    key = ("default_input_device", "default_output_device")[direction]
    return next((int(host[key]) for host in sd.query_hostapis() if host[key] >= 0), -1)


def _find(sd: Any, device_id: str | None, direction: int) -> int:
    if not device_id:
        index = _default_index(sd, direction)
        if index < 0:
            what = "input" if direction == 0 else "audio device"
            raise DeviceError(
                f"No {what} was found.",
                remedy="Connect one and choose it in the settings; until then the transport runs without sound.",
                code="device-missing",
            )
        return index
    hosts = sd.query_hostapis()
    key = ("max_input_channels", "max_output_channels")[direction]
    for index, device in enumerate(sd.query_devices()):
        if f"{hosts[device['hostapi']]['name']}: {device['name']}" == device_id and device[key] > 0:
            return index
    raise DeviceError(
        f"The audio device “{device_id}” is not there.",
        remedy="Connect it, or choose another one in the settings.",
        code="device-missing",
    )


class DeviceOutput:
    """An open device that runs the deck from its own thread, without the interpreter lock; with an input it is one
    stream both ways, so that what comes in and what goes out are counted by one clock.

    Args:
        device_id: of `list_devices`; None is the system's default.
        deck: what it plays and records.
        rate: wanted Hz; the device's own where it refuses that.
        input_id: device to record from, "" the system's default, None for none.
        input_channels: which of its channels to keep; those that it does not have are left out.
        block_frames: of a callback; None leaves it to the device.

    Raises:
        DeviceError: codes ``device-missing`` and ``device-lost``.
    """

    def __init__(
        self,
        device_id: str | None,
        deck: Deck,
        *,
        rate: int,
        input_id: str | None = None,
        input_channels: tuple[int, ...] = (0, 1),
        block_frames: int | None = None,
    ):
        sd = self._sd = _library()
        index = _find(sd, device_id, 1)
        info = sd.query_devices(index)
        hosts = sd.query_hostapis()
        self.id: str = f"{hosts[info['hostapi']]['name']}: {info['name']}"
        self.name: str = info["name"]
        self.input_id = ""
        channels = min(2, info["max_output_channels"])
        inputs = 0
        kept = (0, 0)
        source = -1
        if input_id is not None:
            source = _find(sd, input_id, 0)
            found = sd.query_devices(source)
            if found["hostapi"] != info["hostapi"]:
                raise DeviceError(
                    f"“{found['name']}” and “{info['name']}” belong to different audio systems, with no common clock.",
                    remedy="Choose an input and an output of the same audio system in the settings.",
                    code="device-input",
                )
            there = [channel for channel in input_channels if 0 <= channel < found["max_input_channels"]] or [0]
            kept = (there[0], there[1] if len(there) > 1 else there[0])
            inputs = max(kept) + 1
            self.input_id = f"{hosts[found['hostapi']]['name']}: {found['name']}"
        both = inputs > 0
        error: Exception | None = None
        for tried in dict.fromkeys((rate, round(info["default_samplerate"]))):
            deck.open(rate=tried, channels=channels, inputs=inputs, kept=kept)
            try:
                with _quiet():
                    self._stream = sd._StreamBase(
                        kind="duplex" if both else "output",
                        samplerate=tried,
                        blocksize=block_frames or 0,
                        device=(source, index) if both else index,
                        channels=(inputs, channels) if both else channels,
                        dtype="float32",
                        latency="low" if block_frames else "high",
                        callback=sd._ffi.cast("void *", CALLBACK.address),
                        userdata=sd._ffi.cast("void *", deck.address),
                    )
                    self._stream.start()
            except sd.PortAudioError as refused:
                error = refused
                continue
            self.rate = tried
            latency = self._stream.latency
            self.input_latency_s, self.latency_s = (
                (float(latency[0]), float(latency[1])) if both else (0.0, float(latency))
            )
            return
        raise DeviceError(
            f"The audio device “{self.name}” cannot be opened.",
            remedy="Close other programs that use it, or choose another device in the settings.",
            code="device-lost",
        ) from error

    @property
    def alive(self) -> bool:
        """False once the device has stopped by itself."""
        try:
            return bool(self._stream.active)
        except self._sd.PortAudioError:
            return False

    def close(self) -> None:
        """Stop and close the device; no callback runs afterwards."""
        with contextlib.suppress(self._sd.PortAudioError), _quiet():
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
