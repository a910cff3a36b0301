"""The player that the window's process holds. It owns the engine process, and starts it again should it die.

No method waits for the engine but `devices`; what takes its time returns a future. This module imports neither numba
nor a device library.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from typing import Any

import msgspec

from engine.plan import LoopPlan, MixPlan
from engine.plan.kernel.stages import class_name
from engine.playback import late
from engine.playback.late import LateBlock
from engine.playback.link import ANSWER_S
from engine.playback.matching import matched
from engine.playback.messages import (
    DeviceInfo,
    Drop,
    ListDevices,
    MeasureLatency,
    Meters,
    Pause,
    Play,
    Plugin,
    PluginQuestion,
    Prepare,
    Seek,
    SetAudio,
    SetLoop,
    SetMetronome,
    SetPlan,
    SetTap,
    Status,
    Stop,
    Switch,
    SwitchPoint,
    TestTone,
)
from engine.playback.reading import read_meters, read_status
from engine.playback.recording import Recording

STARTING = "The audio engine is starting."
FAILED = "The audio engine keeps stopping. Save your project, then start the program again."


class Player(Recording):
    """Play-back of plans: transport, loop, alternatives, recording, device, meters. Thread-safe.

    Args:
        device: see `set_audio`.
    """

    # -- transport
    # ------------------------------------------------------------------------------------------------------

    def set_plan(self, plan: MixPlan) -> None:
        """Play `plan` from now on; while it plays, the change is heard within a block, without a gap."""
        with self._lock:
            self._plan = SetPlan(plan, self._remember(plan))
            self._engine.send(self._plan)

    def play(self, from_s: float | None = None, count_in_bars: int = 0) -> None:
        """Start, at `from_s` seconds or where the play-head is, after `count_in_bars` bars of clicks.

        Before the engine is up, or before there is a plan with something in it, this starts as soon as it can.
        """
        with self._lock:
            self._asked = Play(None if from_s is None else self._frame(from_s), count_in_bars)
            self._engine.send(self._asked)

    def pause(self) -> None:
        """Stop and stay where it is; reverbs ring out."""
        with self._lock:
            self._asked = None
            self._engine.send(Pause())

    def stop(self) -> None:
        """Stop and go back to where play-back was started; when stopped already, to the beginning."""
        with self._lock:
            self._asked = None
            self._engine.send(Stop())

    def seek(self, position_s: float) -> None:
        """Put the play-head at `position_s` seconds; play-back goes on from there. It ends a recording."""
        with self._lock:
            self._engine.send(Seek(self._frame(position_s)))

    def set_loop(self, start_s: float, end_s: float, enabled: bool) -> None:
        """Loop from `start_s` to `end_s` seconds while `enabled`."""
        with self._lock:
            loop = None
            if enabled and end_s > start_s:
                loop = LoopPlan(start_frame=self._frame(start_s), end_frame=self._frame(end_s))
            if self._plan is not None:
                self._plan = SetPlan(msgspec.structs.replace(self._plan.plan, loop=loop), self._plan.serial)
            for name, each in self._prepared.items():
                plan = msgspec.structs.replace(each.plan, loop=loop)
                self._prepared[name] = msgspec.structs.replace(each, plan=plan)
            self._engine.send(SetLoop(loop))

    def set_metronome(self, enabled: bool, gain_db: float = -12.0) -> None:
        """Click on the beats of the plan's tempo, while `enabled`; it is in no export and no meter."""
        with self._lock:
            self._metronome = SetMetronome(enabled, gain_db)
            self._engine.send(self._metronome)

    # -- alternatives
    # ---------------------------------------------------------------------------------------------------

    def prepare(self, name: str, plan: MixPlan, gain_db: float = 0.0) -> None:
        """Keep a version of the mix ready in the engine, to `switch` to without a gap.

        Args:
            name: any but "", which is the plan of `set_plan`.
            plan: of the same rate. What it shares with the plan, by the ids of tracks and inserts, goes on sounding.
            gain_db: makes versions equally loud; it acts before the limiter at the end.
        """
        with self._lock:
            self._prepared[name] = Prepare(name, matched(plan, gain_db), self._remember(plan))
            self._engine.send(self._prepared[name])

    def switch(self, name: str, at: SwitchPoint = "now") -> None:
        """Go over to the version `name`, or with "" to the plan itself, at the same place of the timeline: at once, or
        on the next beat or bar.
        """
        with self._lock:
            self._alternative = name
            self._engine.send(Switch(name, at))

    def drop(self, name: str) -> None:
        """Forget a version; one that plays gives way to the plan."""
        with self._lock:
            self._prepared.pop(name, None)
            if self._alternative == name:
                self._alternative = ""
            self._engine.send(Drop(name))

    # -- devices
    # --------------------------------------------------------------------------------------------------------

    def set_audio(
        self,
        device: str | None = None,
        input: str | None = None,
        block_frames: int | None = None,
        rate: int | None = None,
        input_channels: tuple[int, ...] | None = None,
    ) -> None:
        """Choose the device; play-back goes on through it.

        Args:
            device: id of an output, None the system's default, "none" runs silently.
            input: id of an input of the same audio system, "" the system's default, None for none.
            block_frames: of a callback; None leaves it to the device.
            rate: Hz; None is the project's. Where the device refuses, it runs at its own and the sound is converted.
            input_channels: which of its channels, from 0; one is mono. None takes the first two.
        """
        with self._lock:
            self._audio = SetAudio(device, input, input_channels or (0, 1), block_frames, rate)
            self._lost_device = ""
            self._engine.send(self._audio)

    def set_device(self, device: str | None) -> None:
        """Play through the device with this id; None is the system's default, "none" runs silently. All else stays."""
        with self._lock:
            self._audio = msgspec.structs.replace(self._audio, device=device)
            self._lost_device = ""
            self._engine.send(self._audio)

    def devices(self) -> list[DeviceInfo]:
        """Outputs and inputs, the silent one last. Waits for the engine for at most 5 s, then tells what it knew."""
        with contextlib.suppress(Exception):
            self._devices = self._requests.ask(ListDevices).result(ANSWER_S)
        return list(self._devices)

    def test_tone(self, seconds: float = 1.0) -> Future[None]:
        """Sound a tone of 440 Hz at -18 dBFS through the device; done when it is over."""
        return self._requests.ask(lambda request: TestTone(request, seconds))

    def measure_latency(self) -> Future[float]:
        """Measure the round trip in seconds, with a cable from the output to the open input.

        Fails with `DeviceError`: device-input without an input, device-loopback when nothing came back.
        """
        return self._requests.ask(MeasureLatency)

    # -- plug-ins
    # ------------------------------------------------------------------------------------------------------

    def _ask_plugins(self, what: PluginQuestion, insert_id: str = "") -> Any:
        return self._requests.ask(lambda request: Plugin(request, what, insert_id)).result(ANSWER_S)

    def plugin_states(self) -> dict[str, Any]:
        """What plug-ins have to remember, by insert id, as far as it has changed since the last call."""
        return self._ask_plugins("take_states")

    def plugin_badges(self) -> dict[str, str]:
        """A word for the slot of each plug-in that is not well, by insert id."""
        return self._ask_plugins("badges")

    def plugin_parameters(self, insert_id: str) -> tuple[Any, ...]:
        """The parameters of a plug-in, as `engine.plugins.rack.Rack.parameters` gives them."""
        return self._ask_plugins("parameters", insert_id)

    def revive_plugin(self, insert_id: str) -> None:
        """Start a plug-in that has stopped again, with its state."""
        self._ask_plugins("revive", insert_id)

    def open_plugin_editor(self, insert_id: str) -> None:
        """Show the plug-in's own window."""
        self._ask_plugins("open_editor", insert_id)

    # -- telemetry
    # ------------------------------------------------------------------------------------------------------

    def status(self) -> Status:
        """Where the transport is and how the device does; cheap."""
        seen = self._engine.telemetry.read()
        notice = seen["notice"].decode()
        if self._engine.failed:
            notice = FAILED
        elif not self._engine.ready.is_set():
            notice = STARTING
        elif self._lost_device:
            notice = f"The audio device “{self._lost_device}” was lost. {notice}".strip()
        if seen["playing"]:
            self._asked = None
        return read_status(seen, notice=notice, lost_sources=self._engine.lost_sources)

    def late_blocks(self, since: int = 0) -> tuple[list[LateBlock], int]:
        """What the engine knows of its late blocks from the one numbered `since` on, the last few of them at most, and
        where the next call goes on. Those in which others had the processor by the thread's own clock are left out.
        """
        seen = self._engine.telemetry.read()
        return late.read(seen["late"], int(seen["late_count"]), since)

    def stages(self) -> dict[str, float]:
        """Seconds that each class of stages took in all blocks since the engine began, by its name."""
        taken = self._engine.telemetry.read()["stages"].tolist()
        return {class_name(number): ns / 1e9 for number, ns in enumerate(taken) if ns > 0}

    def meters(self) -> Meters:
        """Levels of what is heard now; cheap."""
        seen = self._engine.telemetry.read()
        return read_meters(seen, self._ids.get(int(seen["serial"]), ()))

    def set_tap(self, track_id: str | None) -> None:
        """Let `spectrum` show the track or bus with this id, after its fader; None shows the master."""
        with self._lock:
            self._tap = track_id
            self._engine.send(SetTap(track_id))

    def spectrum(self) -> list[float]:
        """Levels in dB of 128 bands evenly spaced in octaves from 20 Hz to 20 kHz; a sine at full scale reads 0."""
        return self._engine.telemetry.read()["spectrum"].tolist()
