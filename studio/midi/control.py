"""From messages to moves: a thread of its own takes what the controllers say and hands on what is to be set."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Protocol

from engine.errors import EngineError
from engine.midi import MidiMessage
from studio.base.errors import ProjectError, StudioError
from studio.midi.bindings import SELECTED, SYSTEM, TRANSPORT, Binding, Bindings, learnt
from studio.project import edits
from studio.project.model import Project
from studio.project.parameters import Parameter, parameter_of, value_of

REST_S = 0.5
"""A control that was still for this long has ended its move: what comes then is another step of the history."""
LEARN_S = 0.4
"""How long the first messages of a control are looked at to tell an endless encoder from a knob."""
STEP = 1.0 / 127.0
"""Of a knob's way for one step of an endless encoder."""
NEAR = 1.5 / 127.0
"""A fader this near to the value on the screen has picked it up."""

_log = logging.getLogger(__name__)


class Desk(Protocol):
    """What the controllers act upon; the session is one."""

    def project_now(self) -> Project:
        """The project as it is now."""
        ...

    def track_in_focus(self) -> str | None:
        """Id of the track in focus."""
        ...

    def move(self, label: str, change: Callable[[Project], Project]) -> None:
        """Show a change within a move of a control."""
        ...

    def rest(self) -> None:
        """The move is over: one step of the history."""
        ...

    def act(self, action: str) -> None:
        """Do one of `TRANSPORT`."""
        ...


class Control:
    """Bindings at work. `heard` may be called from any thread and returns at once; `desk` is called on one thread."""

    def __init__(
        self,
        bindings: Bindings,
        desk: Desk,
        *,
        pick_up: Callable[[], bool],
        learnt: Callable[[Binding], None] | None = None,
    ):
        self.bindings = bindings
        self._desk = desk
        self._pick_up = pick_up
        self._told = learnt
        self._queue: queue.SimpleQueue[MidiMessage | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._learning: tuple[str, str] | None = None
        self._first: list[MidiMessage] = []
        self._moving: tuple[str, str] | None = None
        self._held: dict[Binding, float] = {}
        self._caught: dict[Binding, float] = {}
        self._thread = threading.Thread(target=self._run, name="contrafact-controllers", daemon=True)
        self._thread.start()

    def heard(self, message: MidiMessage) -> None:
        """Take a message in."""
        if message.kind != "clock":
            self._queue.put(message)

    def learn(self, target: str, track: str = "") -> None:
        """Bind the next control that is moved to `target` on `track`; an earlier wish is forgotten."""
        with self._lock:
            self._learning = (target, track)
            self._first = []

    def forget(self) -> None:
        """Do not learn any more."""
        with self._lock:
            self._learning = None
            self._first = []

    @property
    def learning(self) -> str | None:
        """The target that waits for a control, or None."""
        learning = self._learning
        return None if learning is None else learning[0]

    def close(self) -> None:
        """Stop."""
        self._queue.put(None)
        self._thread.join(5.0)

    def _run(self) -> None:
        while True:
            try:
                message = self._queue.get(timeout=self._wait())
            except queue.Empty:
                self._settle()
                continue
            if message is None:
                self._end_move()
                return
            try:
                self._take(message)
            except (StudioError, EngineError) as problem:
                _log.info("a controller asked for what cannot be: %s", problem.message)

    def _wait(self) -> float | None:
        if self._first:
            return LEARN_S
        return REST_S if self._moving is not None else None

    def _settle(self) -> None:
        """Nothing came for a while."""
        if self._first:
            self._bind()
        else:
            self._end_move()

    def _take(self, message: MidiMessage) -> None:
        if self._learn(message):
            return
        if message.kind in SYSTEM:
            self._desk.act(SYSTEM[message.kind])
            return
        binding = self.bindings.of(message)
        if binding is None:
            return
        pressed = message.value >= 0.5 if message.kind == "control" else message.value > 0.0
        if binding.target in TRANSPORT:
            if pressed:
                self._desk.act(binding.target)
            return
        track = (self._desk.track_in_focus() or "") if binding.track == SELECTED else binding.track
        project = self._desk.project_now()
        try:
            parameter = parameter_of(project, track, binding.target)
        except ProjectError:
            return
        value = self._value(binding, message, parameter, value_of(project, track, binding.target), pressed)
        if value is None:
            return
        key = (track, binding.target)
        if self._moving not in (None, key):
            self._end_move()
        self._moving = key
        self._desk.move(parameter.title, lambda now: edits.set_parameter(now, track, binding.target, value))

    def _value(
        self, binding: Binding, message: MidiMessage, parameter: Parameter, present: float, pressed: bool
    ) -> float | None:
        """What the parameter is to be; None where the message changes nothing."""
        if binding.mode in ("toggle", "trigger"):
            if not pressed:
                return None
            middle = (parameter.minimum + parameter.maximum) / 2.0
            return parameter.minimum if present > middle else parameter.maximum
        if binding.mode == "relative":
            return parameter.at(parameter.fraction(present) + binding.steps(message.raw) * STEP)
        place = (message.value + 1.0) / 2.0 if binding.kind == "pitch" else message.value
        before, self._held[binding] = self._held.get(binding), place
        if self._pick_up() and not self._reaches(binding, before, place, parameter.fraction(present)):
            return None
        value = parameter.at(place)
        self._caught[binding] = parameter.fraction(value)
        return value

    def _reaches(self, binding: Binding, before: float | None, place: float, wanted: float) -> bool:
        """Whether a fader has hold of its parameter: it moved it last, or it comes past the value on the screen."""
        caught = self._caught.get(binding)
        if caught is not None and abs(caught - wanted) < 1e-6:
            return True
        self._caught.pop(binding, None)
        if abs(place - wanted) <= NEAR:
            return True
        return before is not None and (before - wanted) * (place - wanted) <= 0.0

    def _learn(self, message: MidiMessage) -> bool:
        with self._lock:
            if self._learning is None:
                return False
            if message.kind not in ("control", "note", "pitch") or (message.kind == "note" and message.value == 0.0):
                return True
            if self._first and (self._first[0].kind, self._first[0].number) != (message.kind, message.number):
                return True
            self._first.append(message)
            enough = message.kind != "control" or len(self._first) >= 4
        if enough:
            self._bind()
        return True

    def _bind(self) -> None:
        with self._lock:
            learning, first = self._learning, self._first
            self._learning, self._first = None, []
        if learning is None or not first:
            return
        target, track = learning
        made = learnt(first, target=target, track=track, switch=self._is_switch(target, track))
        if made is None:
            return
        self.bindings.add(made)
        if self._told is not None:
            self._told(made)

    def _is_switch(self, target: str, track: str) -> bool:
        where = (self._desk.track_in_focus() or "") if track == SELECTED else track
        try:
            return parameter_of(self._desk.project_now(), where, target).scale == "switch"
        except ProjectError:
            return False

    def _end_move(self) -> None:
        if self._moving is not None:
            self._moving = None
            self._desk.rest()
