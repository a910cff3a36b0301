"""MIDI controllers at the session's desk."""

from __future__ import annotations

from collections.abc import Callable

from engine.midi import MidiInput, MidiMessage, MidiPort, available
from studio.base.errors import StudioError
from studio.midi import TRANSPORT, Binding, Bindings, Control
from studio.midi.control import Desk as ControlledDesk
from studio.project import edits
from studio.project.model import Project
from studio.project.parameters import MASTER, parameter_of
from studio.session.audition import Audition
from studio.session.values import Notice


class Controllers(Audition):
    """Controllers move parameters and the transport. A move is one step of the history."""

    _control: Control | None = None
    _midi: MidiInput | None = None
    focus: Callable[[], str | None] = staticmethod(lambda: None)
    """Says which track is in focus; the window sets it."""

    def start_controllers(self) -> None:
        """Begin to listen to the ports, where the extra is installed."""
        bindings = Bindings(self.paths.config / "midi.json")
        if bindings.notice:
            self.events.notice.emit(Notice(level="warning", text=bindings.notice))
        self._control = Control(
            bindings,
            _Hands(self),
            pick_up=lambda: bool(self.settings.get("midi.pick_up")),
            learnt=lambda binding: self.events.midi_learnt.emit(binding),
        )
        if available():
            self._midi = MidiInput(self._control.heard, lambda ports: self.events.midi_ports.emit(ports))
            self._midi.start()

    def stop_controllers(self) -> None:
        """Stop listening."""
        if self._midi is not None:
            self._midi.close()
        if self._control is not None:
            self._control.close()

    @property
    def midi_ports(self) -> tuple[MidiPort, ...]:
        """The ports that are there or waited for; none without the extra."""
        return () if self._midi is None else self._midi.ports

    @property
    def midi_bindings(self) -> tuple[Binding, ...]:
        """What is bound to which control."""
        return () if self._control is None else self._control.bindings.all

    @property
    def midi_learning(self) -> str | None:
        """The target that waits for a control, or None."""
        return None if self._control is None else self._control.learning

    def midi_learn(self, target: str, track_id: str = MASTER) -> None:
        """Bind the next control that is moved to a parameter of a track (its id, ``master``, or ``selected`` for the
        one in focus), or to one of `studio.midi.TRANSPORT`.

        Raises:
            ProjectError: edit-invalid for a parameter that the track does not have.
            StudioError: midi-off in a headless session or without the extra.
        """
        where = (self.focus() or "") if track_id == "selected" else track_id
        if target not in TRANSPORT:
            parameter_of(self.project, where, target)
        self._require_control().learn(target, "" if target in TRANSPORT else track_id)

    def midi_forget(self) -> None:
        """Do not wait for a control any more."""
        if self._control is not None:
            self._control.forget()

    def midi_bind(self, binding: Binding) -> None:
        """Bind as given: to change a mode that was guessed wrong, or to bring one back.

        Raises:
            StorageError: disk-full or path-not-writable.
        """
        self._require_control().bindings.add(binding)

    def midi_unbind(self, binding: Binding) -> None:
        """Take a binding away.

        Raises:
            StorageError: disk-full or path-not-writable.
        """
        self._require_control().bindings.remove(binding)

    def midi_heard(self, message: MidiMessage) -> None:
        """Take a message as if a port had given it."""
        self._require_control().heard(message)

    def _require_control(self) -> Control:
        if self._control is None:
            raise StudioError(
                "Controllers are not listened to here.",
                remedy="Open the window; controllers need the extra contrafact[midi].",
                code="midi-off",
            )
        return self._control


class _Hands(ControlledDesk):
    """The session as controllers reach it."""

    def __init__(self, session: Controllers):
        self._session = session
        self._own_gesture = False

    def project_now(self) -> Project:
        return self._session.project

    def track_in_focus(self) -> str | None:
        return self._session.focus()

    def move(self, label: str, change: Callable[[Project], Project]) -> None:
        session = self._session
        if not session.history.in_gesture:
            session.begin_gesture(label)
            self._own_gesture = True
        # Within a drag of the mouse the move is part of that drag.
        session.update_gesture(change(session.project))

    def rest(self) -> None:
        if self._own_gesture:
            self._own_gesture = False
            self._session.end_gesture()

    def act(self, action: str) -> None:
        session = self._session
        if action == "transport.play":
            if session.player.status().playing:
                session.pause()
            else:
                session.play()
        elif action == "transport.stop":
            session.stop()
        elif action == "transport.to_start":
            session.player.seek(0.0)
        elif action == "transport.record":
            if session.recording is None:
                session.record_start(session.focus() or "")
            else:
                session.record_stop()
        elif action == "transport.loop":
            project = session.project
            session.commit("Loop", edits.set_loop(project, enabled=not project.loop.enabled))
        elif action == "transport.metronome":
            session.settings.set("transport.metronome", not session.settings.get("transport.metronome"))
