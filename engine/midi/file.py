"""Standard MIDI files: parts out with their tempo map, notes in from any program.

Format 0 and 1 are read, with ticks per beat or in SMPTE time; format 1 is written. RP-001, "Standard MIDI Files 1.0",
MIDI Manufacturers Association 1996.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator, Sequence

import msgspec

from engine.midi.score import MAX_NOTES, ScoreError

PPQ = 480
DRUM_CHANNEL = 9
MAX_BYTES = 16 << 20
_DEFAULT_US = 500_000


class FileNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note of a file: seconds, MIDI pitch, velocity 0 to 1."""

    start_s: float
    duration_s: float
    pitch: int
    velocity: float


class FileTrack(msgspec.Struct, frozen=True, kw_only=True):
    """One track of a file, or one channel of it where a track holds several."""

    name: str
    notes: tuple[FileNote, ...]
    channel: int = 0
    """0 to 15; 9 is that of drums."""


class TempoAt(msgspec.Struct, frozen=True):
    """From `at_s` seconds, `beat` beats from the start, a beat lasts `beat_s` seconds."""

    at_s: float
    beat: float
    beat_s: float


def tempo_of_beats(beats_s: Sequence[float], *, beats_per_bar: int = 4) -> tuple[TempoAt, ...]:
    """A tempo map that puts each beat of a song where it was heard, bar by bar no more than needed: beats that lie
    within 2 ms of an even tempo share one entry. What lies before the first beat is whole beats at the first tempo,
    stretched to fit.
    """
    if len(beats_s) < 2:
        return (TempoAt(0.0, 0.0, 0.5),)
    found: list[TempoAt] = []
    first_s, step_s = beats_s[0], beats_s[1] - beats_s[0]
    lead = max(1, round(first_s / step_s)) if first_s > 1e-3 else 0
    if lead:
        # Bars of the file begin with the bars of the song as nearly as whole beats allow.
        found.append(TempoAt(0.0, 0.0, first_s / lead))
    index, last = 0, len(beats_s) - 1
    while index < last:
        stop = min(index + max(beats_per_bar, 1), last)
        step = (beats_s[stop] - beats_s[index]) / (stop - index)
        if any(abs(beats_s[index] + (k - index) * step - beats_s[k]) > 0.002 for k in range(index + 1, stop)):
            stop = index + 1
            step = beats_s[stop] - beats_s[index]
        before = found[-1] if found else None
        if (
            before is None
            or abs(before.at_s + (lead + index - before.beat + stop - index) * before.beat_s - beats_s[stop]) > 0.001
        ):
            found.append(TempoAt(beats_s[index], float(lead + index), max(step, 1e-3)))
        index = stop
    return tuple(found)


def write_midi(
    tracks: Sequence[FileTrack], *, tempo: Sequence[TempoAt], beats_per_bar: int = 4, beat_unit: int = 4
) -> bytes:
    """The bytes of a format 1 file: a track with tempo and metre, then one for each of `tracks`.

    Args:
        tracks: at least one.
        tempo: ascending, the first entry at 0 s.
        beats_per_bar: of the time signature, 1 to 32.
        beat_unit: 1, 2, 4, 8 or 16.
    """
    places = [entry.at_s for entry in tempo]

    def tick(at_s: float) -> int:
        entry = tempo[max(bisect.bisect_right(places, at_s) - 1, 0)]
        return max(0, round((entry.beat + (at_s - entry.at_s) / entry.beat_s) * PPQ))

    head: list[tuple[int, int, bytes]] = [
        (0, 0, b"\xff\x58\x04" + bytes([min(max(beats_per_bar, 1), 32), beat_unit.bit_length() - 1, 24, 8]))
    ]
    for entry in tempo:
        micro = min(max(round(entry.beat_s * 1e6), 1), 0xFFFFFF)
        head.append((max(0, round(entry.beat * PPQ)), 1, b"\xff\x51\x03" + micro.to_bytes(3, "big")))
    chunks = [_chunk(head)]
    for track in tracks:
        channel = track.channel & 0x0F
        events: list[tuple[int, int, bytes]] = [(0, 0, b"\xff\x03" + _text(track.name))]
        for note in track.notes:
            start = tick(note.start_s)
            stop = max(tick(note.start_s + note.duration_s), start + 1)
            key = min(max(note.pitch, 0), 127)
            events.append((start, 2, bytes([0x90 | channel, key, min(max(round(note.velocity * 127), 1), 127)])))
            # A note ends before the next one of its key begins.
            events.append((stop, 1, bytes([0x80 | channel, key, 64])))
        chunks.append(_chunk(events))
    return struct.pack(">4sIHHH", b"MThd", 6, 1, len(chunks), PPQ) + b"".join(chunks)


def read_midi(raw: bytes) -> tuple[FileTrack, ...]:
    """The tracks with notes of a MIDI file, in seconds by its own tempo map.

    Raises:
        ScoreError: midi-invalid, for what is no MIDI file, is cut off, is of format 2, or holds no notes.
    """
    if len(raw) > MAX_BYTES:
        raise _invalid("it is larger than 16 MB")
    if raw[:4] == b"RIFF" and raw[8:12] == b"RMID":
        raw = raw[20:]
    if raw[:4] != b"MThd" or len(raw) < 14:
        raise _invalid("it is no MIDI file")
    size, kind, count, division = struct.unpack(">IHHH", raw[4:14])
    if size < 6 or kind > 1:
        raise _invalid("it holds patterns instead of a song (format 2)" if kind == 2 else "its head is damaged")
    at, bodies = 8 + size, list[bytes]()
    while at + 8 <= len(raw) and len(bodies) < count:
        length = int.from_bytes(raw[at + 4 : at + 8], "big")
        if raw[at : at + 4] == b"MTrk":
            if at + 8 + length > len(raw):
                raise _invalid("it is cut off")
            bodies.append(raw[at + 8 : at + 8 + length])
        at += 8 + length
    if not bodies:
        raise _invalid("it holds no track")
    parsed = [list(_events(body)) for body in bodies]
    seconds = _clock(division, [each for events in parsed for each in events if each[1] == 0x51])
    found: list[FileTrack] = []
    for number, events in enumerate(parsed):
        name = next((data.decode("utf-8", "replace") for _, kind_, data in events if kind_ == 0x03), "")
        for channel, notes in _notes(events, seconds):
            found.append(FileTrack(name=name.strip() or f"Track {number + 1}", notes=notes, channel=channel))
    if not found:
        raise _invalid("it holds no notes")
    if sum(len(track.notes) for track in found) > MAX_NOTES:
        raise _invalid(f"it holds more than {MAX_NOTES} notes")
    return tuple(found)


def _text(text: str) -> bytes:
    raw = text.encode("utf-8")[:120]
    return _length(len(raw)) + raw


def _length(value: int) -> bytes:
    """A number in groups of seven bits, the first ones marked."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | (value & 0x7F))
    return bytes(reversed(groups))


def _chunk(events: list[tuple[int, int, bytes]]) -> bytes:
    body, last = bytearray(), 0
    for at, _, data in sorted(events):
        body += _length(at - last) + data
        last = at
    body += b"\x00\xff\x2f\x00"
    return struct.pack(">4sI", b"MTrk", len(body)) + bytes(body)


Event = tuple[int, int, bytes]
"""Ticks from the start; a status byte (0x80 on) or the number of a meta event; data."""


def _events(body: bytes) -> Iterator[Event]:
    at, tick, running = 0, 0, 0
    end = len(body)

    def number() -> int:
        nonlocal at
        value = 0
        for _ in range(4):
            if at >= end:
                raise _invalid("a track ends in the middle of an event")
            byte = body[at]
            at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise _invalid("a number in it is too long")

    def take(count: int) -> bytes:
        nonlocal at
        if at + count > end:
            raise _invalid("a track ends in the middle of an event")
        at += count
        return body[at - count : at]

    while at < end:
        tick += number()
        if at >= end:
            raise _invalid("a track ends in the middle of an event")
        status = body[at]
        if status >= 0x80:
            at += 1
        elif running:
            status = running
        else:
            raise _invalid("an event in it has no kind")
        if status == 0xFF:
            kind = take(1)[0]
            data = take(number())
            if kind == 0x2F:
                return
            if kind < 0x80:
                yield tick, kind, data
        elif status in (0xF0, 0xF7):
            take(number())
        elif status >= 0xF0:
            raise _invalid("it holds messages that have no place in a file")
        else:
            running = status
            yield tick, status, take(1 if status & 0xF0 in (0xC0, 0xD0) else 2)


class _Clock:
    """Ticks to seconds."""

    def __init__(self, ticks: list[int], seconds: list[float], per_tick: list[float]):
        self._ticks, self._seconds, self._per_tick = ticks, seconds, per_tick

    def __call__(self, tick: int) -> float:
        k = bisect.bisect_right(self._ticks, tick) - 1
        return self._seconds[k] + (tick - self._ticks[k]) * self._per_tick[k]


def _clock(division: int, tempi: list[Event]) -> _Clock:
    if division & 0x8000:
        rate = {24: 24.0, 25: 25.0, 29: 30_000 / 1001, 30: 30.0}.get(256 - (division >> 8))
        if rate is None or not division & 0xFF:
            raise _invalid("its time base is damaged")
        return _Clock([0], [0.0], [1.0 / (rate * (division & 0xFF))])
    if division == 0:
        raise _invalid("its time base is damaged")
    ticks, seconds, per_tick = [0], [0.0], [_DEFAULT_US / 1e6 / division]
    for tick, _, data in sorted(tempi, key=lambda each: each[0]):
        micro = int.from_bytes(data, "big") if len(data) == 3 else 0
        if not micro:
            continue
        now_s = seconds[-1] + (tick - ticks[-1]) * per_tick[-1]
        if tick == ticks[-1]:
            per_tick[-1] = micro / 1e6 / division
        else:
            ticks.append(tick)
            seconds.append(now_s)
            per_tick.append(micro / 1e6 / division)
    return _Clock(ticks, seconds, per_tick)


def _notes(events: list[Event], seconds: _Clock) -> list[tuple[int, tuple[FileNote, ...]]]:
    """Notes by channel; one that is never let go ends with its track."""
    held: dict[tuple[int, int], list[tuple[int, int]]] = {}
    found: dict[int, list[FileNote]] = {}

    def done(channel: int, key: int, start: int, velocity: int, stop: int) -> None:
        start_s = seconds(start)
        note = FileNote(
            start_s=start_s, duration_s=max(seconds(stop) - start_s, 0.0), pitch=key, velocity=velocity / 127
        )
        found.setdefault(channel, []).append(note)

    last = 0
    for tick, status, data in events:
        last = tick
        kind, channel = status & 0xF0, status & 0x0F
        if status < 0x80 or kind not in (0x80, 0x90):
            continue
        key, velocity = data[0] & 0x7F, data[1] & 0x7F
        if kind == 0x90 and velocity:
            held.setdefault((channel, key), []).append((tick, velocity))
        elif held.get((channel, key)):
            start, was = held[channel, key].pop(0)
            done(channel, key, start, was, tick)
    for (channel, key), open_ in held.items():
        for start, was in open_:
            done(channel, key, start, was, last)
    return [
        (channel, tuple(sorted(notes, key=lambda n: (n.start_s, n.pitch)))) for channel, notes in sorted(found.items())
    ]


def _invalid(why: str) -> ScoreError:
    return ScoreError(
        f"This MIDI file cannot be used: {why}.",
        remedy="Export it again from the program that it comes from, as a standard MIDI file (format 0 or 1).",
        code="midi-invalid",
    )
