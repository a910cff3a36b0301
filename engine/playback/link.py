"""The window's end of the engine process: what it has been told, so that another engine can go on where one died."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any, Self

import msgspec

from engine.plan import MixPlan
from engine.playback.messages import (
    NO_DEVICE_ID,
    Command,
    DeviceInfo,
    Play,
    Prepare,
    Recorded,
    Seek,
    SetAudio,
    SetMetronome,
    SetPlan,
    SetTap,
    Switch,
)
from engine.playback.reading import DEFAULT_RATE
from engine.playback.requests import Requests
from engine.playback.supervisor import Supervisor

ANSWER_S = 5.0
PLANS_REMEMBERED = 512


class EngineLink:
    """Owns the engine process and starts it again should it die.

    Args:
        device: see `engine.playback.player.Player.set_audio`.
    """

    def __init__(self, *, device: str | None = None):
        self._lock = threading.RLock()
        self._audio = SetAudio(device)
        self._plan: SetPlan | None = None
        self._prepared: dict[str, Prepare] = {}
        self._alternative = ""
        self._metronome = SetMetronome(False, -12.0)
        self._tap: str | None = None
        self._asked: Play | None = None
        """Play-back that has been asked for and not been seen yet."""
        self._ids: dict[int, tuple[str, ...]] = {}
        self._serial = 0
        self._recording: Future[Recorded] | None = None
        self._devices: tuple[DeviceInfo, ...] = ()
        self._lost_device = ""
        self._requests = Requests(lambda command: self._engine.send(command))
        self._engine = Supervisor(
            resume=self._resume, answered=self._requests.answered, lost=self._lost, died=self._requests.fail
        )

    @property
    def _rate(self) -> int:
        return self._plan.plan.rate if self._plan is not None else DEFAULT_RATE

    def _frame(self, seconds: float) -> int:
        return round(max(seconds, 0.0) * self._rate)

    def _remember(self, plan: MixPlan) -> int:
        self._serial += 1
        self._ids[self._serial] = tuple(track.id for track in plan.tracks)
        for old in [serial for serial in self._ids if serial < self._serial - PLANS_REMEMBERED]:
            del self._ids[old]
        return self._serial

    @property
    def pid(self) -> int | None:
        """Process id of the engine while it runs."""
        return self._engine.pid

    def wait_ready(self, timeout_s: float = 30.0) -> bool:
        """Wait until the engine runs; False when it took longer. A window need not wait."""
        return self._engine.ready.wait(timeout_s)

    def _lost(self, device: str) -> None:
        with self._lock:
            self._lost_device = device
            self._audio = msgspec.structs.replace(self._audio, device=None)

    def _resume(self, seen: Any, *, without_device: bool) -> tuple[SetAudio, int, list[Command]]:
        """With what a new engine goes on where the last one was."""
        with self._lock:
            if without_device:
                self._audio = SetAudio(NO_DEVICE_ID)
            commands: list[Command] = [self._metronome, SetTap(self._tap)]
            if self._plan is not None:
                commands.append(self._plan)
            commands.extend(self._prepared.values())
            if self._alternative:
                commands.append(Switch(self._alternative, "now"))
            if self._plan is not None:
                commands.append(Seek(int(seen["frame"])))
            if seen["playing"]:
                commands.append(Play())
            elif self._asked is not None:
                commands.append(self._asked)
            return self._audio, self._rate, commands

    def close(self) -> None:
        """End the engine process. The player is of no use afterwards."""
        self._engine.close()
        self._requests.fail()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
