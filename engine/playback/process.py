"""The engine process: it owns the device and the render thread, and does what the player asks."""

from __future__ import annotations

import contextlib
import os
import signal
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from engine.errors import DeviceError
from engine.playback.clock import ClockOutput
from engine.playback.device import DeviceOutput, list_devices
from engine.playback.messages import (
    Command,
    DeviceInfo,
    DeviceLost,
    Devices,
    ListDevices,
    Pause,
    Play,
    Quit,
    Seek,
    SetDevice,
    SetLoop,
    SetPlan,
    Stop,
)
from engine.playback.telemetry import Telemetry
from engine.playback.transport import Transport
from engine.playback.warm import warm

POLL_S = 0.1
NO_DEVICE = DeviceInfo(id="none", name="No device (silent)", host="", channels=2, rate=48_000)
HIGHEST_PRIORITY = -11


class Engine:
    """Commands in, sound out.

    Args:
        memory: the telemetry's buffer.
    """

    def __init__(self, memory: Any):
        self._telemetry = Telemetry(memory)
        self._plan: SetPlan | None = None
        self._output: DeviceOutput | ClockOutput | None = None
        self._transport: Transport | None = None
        self._wanted: str | None = None
        self._notice = ""
        self._published: str | None = None

    def open(self, device_id: str | None, *, rate: int) -> None:
        """Play through a device, or on the clock with a notice when there is none; play-back stops where it is."""
        self.close()
        self._wanted, self._notice = device_id, ""
        output: DeviceOutput | ClockOutput
        if device_id == "none":
            output = ClockOutput(rate=rate)
            self._notice = "Sound is switched off: no device is chosen."
        else:
            try:
                output = DeviceOutput(device_id, rate=rate)
            except DeviceError as error:
                self._notice = f"{error.message} {error.remedy}"
                output = ClockOutput(rate=rate)
        self._output = output
        transport = Transport(output.ring, self._telemetry, rate=output.rate, latency_s=output.latency_s)
        if self._plan is not None:
            transport.set_plan(self._plan.plan, self._plan.serial)
        self._telemetry.publish(device=output.id, device_name=output.name)
        self._transport = transport
        self.refresh()
        transport.start()

    def close(self) -> None:
        """Stop the transport and close the device."""
        if self._transport is not None:
            self._transport.close()
        if self._output is not None:
            self._output.close()
        self._transport = self._output = None

    def refresh(self) -> None:
        """Publish what a person should know."""
        notice = (self._transport.notice if self._transport is not None else "") or self._notice
        if notice != self._published:
            self._published = notice
            self._telemetry.publish(notice=notice)

    @property
    def lost(self) -> str | None:
        """Name of the device when it has stopped by itself."""
        return None if self._output is None or self._output.alive else self._output.name

    def do(self, command: Command) -> Devices | None:
        """Carry out one command; the answer, where it has one."""
        transport = self._transport
        if transport is None:
            return None
        match command:
            case SetPlan(plan, serial):
                self._plan = command
                transport.set_plan(plan, serial)
            case SetLoop(loop):
                if self._plan is not None:
                    self._plan = SetPlan(msgspec.structs.replace(self._plan.plan, loop=loop), self._plan.serial)
                transport.set_loop(loop)
            case Play(frame):
                transport.play(frame)
            case Pause():
                transport.pause()
            case Stop():
                transport.stop()
            case Seek(frame):
                transport.seek(frame)
            case SetDevice(device_id):
                self._change(device_id)
            case ListDevices():
                return Devices(_devices())
            case Quit():
                pass
        return None

    def _change(self, device_id: str | None) -> None:
        before = self._telemetry.read()
        self.open(device_id, rate=self._plan.plan.rate if self._plan is not None else 48_000)
        if self._transport is not None:
            self._transport.seek(int(before["frame"]))
            if before["playing"]:
                self._transport.play()


def _devices() -> tuple[DeviceInfo, ...]:
    with contextlib.suppress(DeviceError):
        return (*list_devices(), NO_DEVICE)
    return (NO_DEVICE,)


def engine_main(connection: Connection, memory: Any, device_id: str | None, rate: int) -> None:
    """Run the engine until the player closes the pipe or asks to quit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        # Only where the system allows it; sound comes first.
        with contextlib.suppress(OSError):
            os.nice(HIGHEST_PRIORITY)
    warm(rate=rate)
    engine = Engine(memory)
    engine.open(device_id, rate=rate)
    try:
        while True:
            if connection.poll(POLL_S):
                command: Command = connection.recv()
                if isinstance(command, Quit):
                    return
                answer = engine.do(command)
                if answer is not None:
                    connection.send(answer)
            elif (name := engine.lost) is not None:
                connection.send(DeviceLost(name))
                return
            engine.refresh()
    except (EOFError, OSError):
        # The player is gone.
        return
    finally:
        engine.close()
