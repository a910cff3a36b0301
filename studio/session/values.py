"""What a session tells: who is signed in, notices, the state of the outbox, and the events that carry them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.midi import MidiPort
from studio.base.events import Event
from studio.jobs import Job
from studio.midi.bindings import Binding
from studio.project.history import Change


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in. `subject` is how licences name the account; it is kept on disk, so that licences hold
    offline."""

    name: str
    email: str
    subject: str
    territory: str
    demo: bool = False


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should know."""

    level: Literal["info", "warning", "error"]
    text: str
    remedy: str = ""


class SyncState(msgspec.Struct, frozen=True, kw_only=True):
    """What the sync chip shows."""

    state: Literal["saved", "queued", "synced", "needs-you"]
    queued: int = 0
    note: str = ""


class SessionEvents:
    """Emitted from any thread."""

    def __init__(self) -> None:
        self.project_changed: Event[Change | None] = Event("project_changed")
        """None when another project was opened."""
        self.history_changed: Event[None] = Event("history_changed")
        self.jobs_changed: Event[Job[Any]] = Event("jobs_changed")
        self.account_changed: Event[Account | None] = Event("account_changed")
        self.library_changed: Event[None] = Event("library_changed")
        self.sync_changed: Event[SyncState] = Event("sync_changed")
        self.peaks_ready: Event[str] = Event("peaks_ready")
        """The id of a source whose waveform can be drawn now."""
        self.spectrum_ready: Event[str] = Event("spectrum_ready")
        """The id of a source whose spectrum can be drawn now."""
        self.analysis_ready: Event[str] = Event("analysis_ready")
        """The id of a source whose tempo, key, chords and sections are known now."""
        self.forming_changed: Event[None] = Event("forming_changed")
        """Stems that a model is making have grown, landed or were given up."""
        self.shares_changed: Event[None] = Event("shares_changed")
        self.recording_changed: Event[bool] = Event("recording_changed")
        """Whether a recording is being made."""
        self.audition_changed: Event[int | None] = Event("audition_changed")
        """The take that is compared now; None for the original, and when comparing ended."""
        self.midi_learnt: Event[Binding] = Event("midi_learnt")
        """A control was bound."""
        self.midi_ports: Event[tuple[MidiPort, ...]] = Event("midi_ports")
        self.notice: Event[Notice] = Event("notice")
