"""Notes of the selected clip."""

from __future__ import annotations

from ui.actions.row import Group, has_chosen_notes, has_notes, has_scores

_notes = Group("Notes")

NOTES = (
    _notes("notes.all", "Choose all notes", "Alt+A", lambda w: w.ws.notes.choose_all(), has_notes),
    _notes("notes.next", "Choose the next note", "Alt+.", lambda w: w.ws.notes.choose_beside(1), has_notes),
    _notes("notes.last", "Choose the note before", "Alt+,", lambda w: w.ws.notes.choose_beside(-1), has_notes),
    _notes("notes.copy", "Copy notes", "Alt+C", lambda w: w.ws.notes.copy(), has_chosen_notes),
    _notes("notes.cut", "Cut notes", "Alt+X", lambda w: w.ws.notes.cut(), has_chosen_notes),
    _notes("notes.paste", "Paste notes at the play-head", "Alt+V", lambda w: w.ws.notes.paste(), has_notes),
    _notes("notes.duplicate", "Duplicate notes", "Alt+D", lambda w: w.ws.notes.duplicate(), has_chosen_notes),
    _notes("notes.delete", "Delete notes", "Alt+Backspace", lambda w: w.ws.notes.remove(), has_chosen_notes),
    _notes("notes.draw", "Draw notes by pressing", "D", lambda w: w.draw_notes(), has_notes),
    _notes("notes.add", "Add a note at the play-head", "Alt+N", lambda w: w.ws.notes.add_at_playhead(), has_notes),
    _notes("notes.higher", "Notes a step higher", "Ctrl+Alt+Up", lambda w: w.ws.notes.transpose(1), has_chosen_notes),
    _notes("notes.lower", "Notes a step lower", "Ctrl+Alt+Down", lambda w: w.ws.notes.transpose(-1), has_chosen_notes),
    _notes(
        "notes.octave_up",
        "Notes an octave higher",
        "Ctrl+Alt+Shift+Up",
        lambda w: w.ws.notes.octave(1),
        has_chosen_notes,
    ),
    _notes(
        "notes.octave_down",
        "Notes an octave lower",
        "Ctrl+Alt+Shift+Down",
        lambda w: w.ws.notes.octave(-1),
        has_chosen_notes,
    ),
    _notes("notes.right", "Move notes right", "Ctrl+Alt+Right", lambda w: w.ws.notes.move(1), has_chosen_notes),
    _notes("notes.left", "Move notes left", "Ctrl+Alt+Left", lambda w: w.ws.notes.move(-1), has_chosen_notes),
    _notes("notes.longer", "Longer notes", "Ctrl+Shift+Right", lambda w: w.ws.notes.resize(1), has_chosen_notes),
    _notes("notes.shorter", "Shorter notes", "Ctrl+Shift+Left", lambda w: w.ws.notes.resize(-1), has_chosen_notes),
    _notes("notes.harder", "Strike notes harder", "Alt+PgUp", lambda w: w.ws.notes.strike(1), has_chosen_notes),
    _notes("notes.softer", "Strike notes softer", "Alt+PgDown", lambda w: w.ws.notes.strike(-1), has_chosen_notes),
    _notes("notes.quantise", "Quantise notes", "Q", lambda w: w.ws.notes.quantise(), has_notes),
    _notes("notes.humanise", "Humanise notes", "Shift+Q", lambda w: w.ws.notes.humanise(), has_notes),
    _notes(
        "notes.import", "Notes from a MIDI file …", "Ctrl+Alt+I", lambda w: w.files.ask_notes(), has_notes, in_text=True
    ),
    _notes(
        "notes.export",
        "Write notes to a MIDI file …",
        "Ctrl+Alt+E",
        lambda w: w.files.ask_midi(),
        has_scores,
        in_text=True,
    ),
)
