"""Standard MIDI files, with mido as the other opinion."""

from __future__ import annotations

import io
import itertools
import random

import mido
import pytest

from engine.midi.file import FileNote, FileTrack, TempoAt, read_midi, tempo_of_beats, write_midi
from engine.midi.score import ScoreError

STEADY = (TempoAt(0.0, 0.0, 0.5),)


def note(start_s: float, duration_s: float = 0.25, pitch: int = 60, velocity: float = 100 / 127) -> FileNote:
    return FileNote(start_s=start_s, duration_s=duration_s, pitch=pitch, velocity=velocity)


def of_mido(raw: bytes) -> list[tuple[float, float, int, int]]:
    """(start, length, pitch, velocity) of all notes as mido plays them."""
    now, held, found = 0.0, {}, []
    for message in mido.MidiFile(file=io.BytesIO(raw)):
        now += message.time
        if message.type == "note_on" and message.velocity:
            held[message.channel, message.note] = (now, message.velocity)
        elif message.type in ("note_on", "note_off"):
            start, velocity = held.pop((message.channel, message.note))
            found.append((start, now - start, message.note, (message.velocity and velocity) or velocity))
    return sorted(found)


def test_mido_reads_what_is_written_and_so_do_we() -> None:
    drifting = [0.31]
    for step in range(40):
        drifting.append(drifting[-1] + 0.5 + 0.02 * (step % 5) / 5)
    tempo = tempo_of_beats(drifting)
    notes = tuple(note(at, 0.2, 36 + k % 12, (1 + 3 * k % 127) / 127) for k, at in enumerate(drifting))
    raw = write_midi(
        [FileTrack(name="Baß ♫", notes=notes, channel=2), FileTrack(name="Kit", notes=notes[:3], channel=9)],
        tempo=tempo,
    )
    heard = of_mido(raw)
    assert len(heard) == 44
    ours = read_midi(raw)
    assert [(track.name, track.channel, len(track.notes)) for track in ours] == [("Baß ♫", 2, 41), ("Kit", 9, 3)]
    for made, read in zip(notes, ours[0].notes, strict=True):
        assert read.start_s == pytest.approx(made.start_s, abs=0.003)
        assert read.duration_s == pytest.approx(0.2, abs=0.004)
        assert (read.pitch, read.velocity) == (made.pitch, made.velocity)
    for start, _, pitch, velocity in heard[4:10]:
        assert any(
            abs(start - n.start_s) < 0.003 and (pitch, velocity) == (n.pitch, round(n.velocity * 127)) for n in notes
        )


def test_beats_of_the_song_are_beats_of_the_file() -> None:
    beats = [0.4 + 0.5 * k + (0.03 if k > 8 else 0.0) for k in range(17)]
    raw = write_midi([FileTrack(name="x", notes=tuple(note(at) for at in beats))], tempo=tempo_of_beats(beats))
    file = mido.MidiFile(file=io.BytesIO(raw))
    ticks, now = [], 0
    for message in file.tracks[1]:
        now += message.time
        if message.type == "note_on":
            ticks.append(now)
    assert [tick % file.ticks_per_beat for tick in ticks] == [0] * 17
    assert [b - a for a, b in itertools.pairwise(ticks)] == [480] * 16


def test_a_steady_tempo_is_one_entry() -> None:
    assert tempo_of_beats([0.5 * k for k in range(100)]) == STEADY
    assert tempo_of_beats([]) == STEADY
    assert tempo_of_beats([1.0, 1.5, 2.0])[0] == TempoAt(0.0, 0.0, 0.5)


def test_files_of_other_programs_are_read() -> None:
    file = mido.MidiFile(type=0, ticks_per_beat=96)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000, time=0))
    track.append(mido.Message("program_change", program=3, time=0))
    track.append(mido.Message("sysex", data=(1, 2, 3), time=0))
    track.append(mido.Message("note_on", note=60, velocity=64, time=96))
    track.append(mido.Message("note_on", note=60, velocity=0, time=96))
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    track.append(mido.Message("note_on", note=62, velocity=127, channel=9, time=96))
    out = io.BytesIO()
    file.save(file=out)
    first, drums = read_midi(out.getvalue())
    assert (first.notes[0].start_s, first.notes[0].duration_s, first.notes[0].pitch) == (1.0, 1.0, 60)
    assert (drums.channel, drums.notes[0].start_s, drums.notes[0].velocity) == (9, 2.5, 1.0)


def test_bad_files_are_refused_with_a_remedy() -> None:
    good = write_midi([FileTrack(name="x", notes=(note(0.0), note(1.0)))], tempo=STEADY)
    empty = write_midi([FileTrack(name="x", notes=())], tempo=STEADY)
    patterns = good[:9] + b"\x02" + good[10:]
    for raw in (b"", b"RIFF....WAVE", good[:20], good[:-10], empty, patterns, good[:12] + b"\0\0" + good[14:]):
        with pytest.raises(ScoreError) as caught:
            read_midi(raw)
        assert caught.value.code == "midi-invalid"
        assert caught.value.remedy


def test_no_damage_does_more_than_be_refused() -> None:
    good = write_midi([FileTrack(name="x", notes=tuple(note(k / 4) for k in range(20)))], tempo=STEADY)
    rng = random.Random(3)
    refused = 0
    for _ in range(400):
        raw = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        try:
            assert read_midi(bytes(raw))
        except ScoreError:
            refused += 1
    assert 0 < refused < 400
