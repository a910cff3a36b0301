"""A plug-in in the signal path: it never raises, never waits long, and is dry where the plug-in fails."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

import msgspec
import numpy as np

from engine.plugins import wire
from engine.plugins.model import ParameterInfo, PluginError, PluginInfo, PluginSpec, Snapshot
from engine.plugins.output import DryLine, Output
from engine.plugins.process import LOAD_S, Outcome, PluginProcess
from engine.types import Audio

LIVE_DEADLINE_S = 0.1
"""How long a block may take while the look-ahead plays from it: a third of what lies ahead."""

HANG_S = 2.0
"""A plug-in that owes an answer for this long is ended."""

MUTED_S = 0.25
"""A plug-in that sent values which are no sound is heard again after this much sound."""


class Condition(Enum):
    """How a plug-in does; the value is the badge of its slot."""

    WELL = ""
    LATE = "Late"
    MUTED = "Muted"
    STARTING = "Starting"
    STOPPED = "Stopped"


def _effect(info: PluginInfo) -> PluginInfo:
    if info.instrument:
        raise PluginError(
            f"{info.name} is an instrument: it plays notes and has no sound to work on here.",
            remedy="Choose an effect.",
            code="plugin-instrument",
        )
    return info


class PluginProcessor:
    """One insert. `process`, `reset` and `set_parameters` are for the thread that renders, the rest for any.

    Args:
        spec: what to load.
        deadline_s: how long a block may take before it is played dry.
        hang_s: a plug-in that owes an answer for this long is ended.
        on_state: called on another thread whenever the plug-in's state was saved.
        on_editor_closed: called on another thread, with "" or why the window never came.
    """

    def __init__(
        self,
        spec: PluginSpec,
        *,
        deadline_s: float = LIVE_DEADLINE_S,
        hang_s: float = HANG_S,
        on_state: Callable[[Snapshot], None] | None = None,
        on_editor_closed: Callable[[str], None] | None = None,
    ):
        self._spec = spec
        self._deadline_s = deadline_s
        self._hang_s = hang_s
        self._on_state = on_state
        self._on_editor_closed = on_editor_closed
        self._lock = threading.Lock()
        self._notices: list[str] = []
        self._condition = Condition.STARTING
        self._snapshot = Snapshot(state=spec.state, values=dict(spec.values))
        self._wanted: dict[str, float] = dict(spec.values)
        self._pending: dict[int, float] = {}
        self._index: dict[str, int] = {}
        self._parameters: tuple[ParameterInfo, ...] = ()
        self._output = Output(spec.rate)
        self._hold = 0
        self._muted = False
        self._clean = 0
        self.latency_frames = 0
        """By how much the result lags behind, also where it is dry."""
        self._dry = DryLine(0)
        self._closed = False
        self._behind = False
        self._process = self._start(spec)

    # -- life

    def _start(self, spec: PluginSpec) -> PluginProcess:
        return PluginProcess(spec, on_saved=self._saved, on_editor_closed=self._editor_closed)

    def wait_ready(self, timeout_s: float = LOAD_S) -> None:
        """Wait until the plug-in is loaded and can be heard.

        Raises:
            PluginError: as the plug-in's process says; it is closed then.
        """
        if self._condition is not Condition.STARTING or self._behind:
            return
        try:
            info = _effect(self._process.wait_ready(timeout_s))
        except PluginError:
            self.close()
            raise
        self.latency_frames = info.latency_frames
        self._dry = DryLine(info.latency_frames)
        self._taken_up(info.parameters)

    def wait_or_go_on(self, timeout_s: float, latency_frames: int) -> None:
        """Wait for a while; a plug-in that takes longer is dry until it is loaded.

        Args:
            latency_frames: the latency that it is taken to have meanwhile.

        Raises:
            PluginError: as the plug-in's process says within that time; it is closed then.
        """
        if self._behind or self._process.settled_within(timeout_s):
            self.wait_ready()
            return
        self._behind = True
        self.latency_frames = latency_frames
        self._dry = DryLine(latency_frames)
        process = self._process
        threading.Thread(target=self._join_later, args=(process,), name="plugin-start", daemon=True).start()

    def _taken_up(self, parameters: tuple[ParameterInfo, ...]) -> None:
        self._parameters = parameters
        self._index = {parameter.id: parameter.index for parameter in parameters}
        self._condition = Condition.WELL
        with self._lock:
            self._pending = {self._index[name]: value for name, value in self._wanted.items() if name in self._index}

    def revive(self) -> None:
        """Start the plug-in again with its last state and values, in the background; the insert is dry until then.
        Nothing happens to one that is well."""
        with self._lock:
            if self._closed or self._condition is not Condition.STOPPED:
                return
            self._condition = Condition.STARTING
            spec = msgspec.structs.replace(
                self._spec, state=self._snapshot.state, values=self._snapshot.values | self._wanted
            )
        threading.Thread(target=self._revive, args=(spec,), name="plugin-revival", daemon=True).start()

    def _revive(self, spec: PluginSpec) -> None:
        self._join_later(self._start(spec))

    def _join_later(self, process: PluginProcess) -> None:
        try:
            info = _effect(process.wait_ready())
        except PluginError as error:
            process.kill()
            with self._lock:
                self._condition = Condition.STOPPED
            self._say(f"{error.message} {error.remedy}")
            return
        with self._lock:
            self._behind = False
            closed = self._closed
            if not closed:
                self._process = process
                self._hold = info.latency_frames
                self._muted = False
        if closed:
            process.kill()
            return
        self._taken_up(info.parameters)
        if info.latency_frames != self.latency_frames:
            self._say(f"{self.name} has another latency than before; change anything beside it to have it in time.")

    def accept_latency(self) -> None:
        """Take over the latency that the plug-in has now; the place for this is a new plan, or a jump."""
        now = self._process.latency_frames
        if self._condition is Condition.WELL and now != self.latency_frames:
            self.latency_frames = now
            self._dry = DryLine(now)

    def close(self) -> None:
        """End the plug-in's process."""
        with self._lock:
            self._closed = True
            self._condition = Condition.STOPPED
        self._process.kill()

    # -- what a person is told

    @property
    def name(self) -> str:
        """What the plug-in is called."""
        return self._spec.name or Path(self._spec.path).stem

    @property
    def condition(self) -> Condition:
        """How the plug-in does."""
        return self._condition

    @property
    def badge(self) -> str:
        """A word for the insert's slot, "" while all is well."""
        return self._condition.value

    def notices(self) -> list[str]:
        """Sentences for the person since the last call."""
        with self._lock:
            found, self._notices = self._notices, []
        return found

    def _say(self, sentence: str) -> None:
        with self._lock:
            if sentence not in self._notices:
                self._notices.append(sentence)

    # -- state

    @property
    def pid(self) -> int | None:
        """Id of the plug-in's process."""
        return self._process.pid

    @property
    def snapshot(self) -> Snapshot:
        """How the plug-in stood when it last told; it does so 5 s after a change at the latest, and with its
        window."""
        with self._lock:
            return self._snapshot

    def save(self, timeout_s: float = 1.0) -> Snapshot:
        """How the plug-in stands now, or stood if it does not answer in time."""
        self._process.snapshot(timeout_s)
        return self.snapshot

    def load_state(self, state: bytes, values: Mapping[str, float]) -> None:
        """Have the plug-in take up another state, and values after it."""
        with self._lock:
            self._snapshot = Snapshot(state=state, values=dict(values))
            self._wanted = dict(values)
        self._process.order(wire.LoadState(msgspec.structs.replace(self._spec, state=state, values=dict(values))))

    def parameters(self, timeout_s: float = 1.0) -> tuple[ParameterInfo, ...]:
        """The parameters with their present values, as the plug-in writes them."""
        return self._process.parameters(timeout_s) or self._parameters

    def open_editor(self) -> bool:
        """Show the plug-in's own window; False if its process is gone."""
        return self._process.order(wire.OpenEditor())

    def close_editor(self) -> None:
        """Close the plug-in's own window."""
        self._process.order(wire.CloseEditor())

    def _saved(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._snapshot = snapshot
        if self._on_state is not None:
            self._on_state(snapshot)

    def _editor_closed(self, problem: str) -> None:
        with self._lock:
            # What was turned in the window counts, also after a crash.
            self._wanted = {name: self._snapshot.values.get(name, value) for name, value in self._wanted.items()}
        if problem:
            self._say(problem)
        if self._on_editor_closed is not None:
            self._on_editor_closed(problem)

    # -- sound

    def set_parameters(self, values: Mapping[str, float]) -> None:
        """Set parameters by id to normalised values, before the next block. Values are clamped to 0..1; unknown ids and
        values that are no numbers are ignored. What has not changed since the last call is left as the plug-in has
        it."""
        with self._lock:
            for name, value in values.items():
                if not math.isfinite(value):
                    continue
                value = min(max(float(value), 0.0), 1.0)
                if self._wanted.get(name) != value:
                    self._wanted[name] = value
                    if name in self._index:
                        self._pending[self._index[name]] = value

    def process(self, block: Audio) -> None:
        """Run the plug-in on a block of shape ``(2, frames)``, in place."""
        for start in range(0, block.shape[1], wire.MAX_FRAMES):
            self._piece(block[:, start : start + wire.MAX_FRAMES])

    def reset(self) -> None:
        """Forget all sound: tails, and what is on its way."""
        self._dry.clear()
        self._output.clear()
        if self._condition in (Condition.WELL, Condition.LATE, Condition.MUTED):
            self._judge(self._process.reset(self._deadline_s))
            self.accept_latency()

    def _piece(self, block: Audio) -> None:
        dry = self._dry.push(block)
        wet: Audio | None = None
        muted = False
        if self._condition in (Condition.WELL, Condition.LATE, Condition.MUTED):
            with self._lock:
                values, self._pending = self._pending, {}
            outcome, result = self._process.exchange(block, values, self._deadline_s)
            if values and outcome in (Outcome.BUSY, Outcome.GONE):
                with self._lock:
                    self._pending = values | self._pending
            self._judge(outcome)
            if outcome is Outcome.DONE:
                wet = result
                muted = not self._sound(wet)
        if muted:
            self._output.replace(block, np.zeros_like(block), "muted")
        elif wet is None:
            self._output.replace(block, dry, "dry")
        elif self._hold > 0:
            # What a plug-in with latency gives first is from before the gap.
            self._hold -= block.shape[1]
            self._output.replace(block, dry, "dry")
        else:
            self._output.play(block, dry, wet)

    def _sound(self, wet: Audio) -> bool:
        """Whether the result may be heard: it is finite, and has been for a while."""
        # One sum tells: a value that is not finite makes it so too.
        if not math.isfinite(float(np.sum(wet, dtype=np.float64))):
            if self._condition is not Condition.MUTED:
                self._say(f"{self.name} sent values that are no sound, so it is muted until they end.")
            if not self._muted or self._clean:
                # Most such values circle in a filter for ever, unless it is emptied.
                self._process.reset(self._deadline_s)
            self._condition = Condition.MUTED
            self._muted, self._clean = True, 0
            return False
        if self._muted:
            self._clean += wet.shape[1]
            if self._clean < MUTED_S * self._spec.rate:
                return False
            self._muted = False
            self._condition = Condition.WELL
        return True

    def _judge(self, outcome: Outcome) -> None:
        match outcome:
            case Outcome.DONE:
                if self._condition is Condition.LATE:
                    self._condition = Condition.WELL
                    self._hold = self.latency_frames
            case Outcome.LATE | Outcome.BUSY:
                if self._process.silent_s > self._hang_s:
                    self._process.kill()
                    self._stopped(
                        f"{self.name} does not answer any more, so it was stopped and the sound is dry there."
                    )
                elif self._condition is not Condition.LATE:
                    self._condition = Condition.LATE
                    self._say(f"{self.name} is too slow at times, and the sound is dry there meanwhile.")
            case Outcome.RAISED:
                if self._condition is Condition.WELL:
                    self._condition = Condition.LATE
                    self._say(f"{self.name} reported an error, and the sound is dry there meanwhile.")
            case Outcome.GONE:
                self._stopped(f"{self.name} has crashed, and the sound is dry there. Start it again from its slot.")

    def _stopped(self, sentence: str) -> None:
        with self._lock:
            if self._closed or self._condition in (Condition.STOPPED, Condition.STARTING):
                return
            self._condition = Condition.STOPPED
        self._say(sentence)
