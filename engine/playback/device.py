"""Audio devices through PortAudio: the only module that knows sounddevice."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from typing import Any

from engine.errors import DeviceError
from engine.playback.messages import DeviceInfo
from engine.playback.ring import CALLBACK, Ring


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


def list_devices() -> tuple[DeviceInfo, ...]:
    """The output devices that were there when the process started.

    Raises:
        DeviceError: code ``device-missing`` without PortAudio.
    """
    sd = _library()
    hosts = sd.query_hostapis()
    preferred = _default_index(sd)
    return tuple(
        DeviceInfo(
            id=f"{hosts[device['hostapi']]['name']}: {device['name']}",
            name=device["name"],
            host=hosts[device["hostapi"]]["name"],
            channels=device["max_output_channels"],
            rate=round(device["default_samplerate"]),
            default=index == preferred,
        )
        for index, device in enumerate(sd.query_devices())
        if device["max_output_channels"] > 0
    )


def _default_index(sd: Any) -> int:
    """The default output of the first audio system that has one; -1 for none."""
    wanted = sd.default.device[1]
    if wanted is not None and wanted >= 0:
        return int(wanted)
    for host in sd.query_hostapis():
        if host["default_output_device"] >= 0:
            return int(host["default_output_device"])
    return -1


def _find(sd: Any, device_id: str | None) -> int:
    if device_id is None:
        index = _default_index(sd)
        if index < 0:
            raise DeviceError(
                "No audio device was found.",
                remedy="Connect one and choose it in the settings; until then the transport runs without sound.",
                code="device-missing",
            )
        return index
    hosts = sd.query_hostapis()
    for index, device in enumerate(sd.query_devices()):
        if f"{hosts[device['hostapi']]['name']}: {device['name']}" == device_id:
            return index
    raise DeviceError(
        f"The audio device “{device_id}” is not there.",
        remedy="Connect it, or choose another one in the settings.",
        code="device-missing",
    )


class DeviceOutput:
    """An open device that plays a ring from its own thread, without the interpreter lock.

    Args:
        device_id: of `list_devices`; None is the system's default.
        rate: wanted Hz; the device's own where it refuses that.

    Raises:
        DeviceError: codes ``device-missing`` and ``device-lost``.
    """

    def __init__(self, device_id: str | None, *, rate: int):
        sd = self._sd = _library()
        index = _find(sd, device_id)
        info = sd.query_devices(index)
        hosts = sd.query_hostapis()
        self.id: str = f"{hosts[info['hostapi']]['name']}: {info['name']}"
        self.name: str = info["name"]
        channels = min(2, info["max_output_channels"])
        error: Exception | None = None
        for tried in dict.fromkeys((rate, round(info["default_samplerate"]))):
            self.ring = Ring(rate=tried, channels=channels)
            try:
                with _quiet():
                    self._stream = sd._StreamBase(
                        kind="output",
                        samplerate=tried,
                        blocksize=0,
                        device=index,
                        channels=channels,
                        dtype="float32",
                        latency="high",
                        callback=sd._ffi.cast("void *", CALLBACK.address),
                        userdata=sd._ffi.cast("void *", self.ring.memory.ctypes.data),
                    )
                    self._stream.start()
            except sd.PortAudioError as refused:
                error = refused
                continue
            self.rate = tried
            self.latency_s = float(self._stream.latency)
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
        """Stop and close the device."""
        with contextlib.suppress(self._sd.PortAudioError), _quiet():
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
