"""Bars and steps of a style laid on the beats of a song, steady or drifting."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import numpy.typing as npt

from engine.analysis import Analysis, Chord
from engine.analysis.harmony import QUALITIES
from engine.analysis.model import PITCH_NAMES
from engine.instruments import Note

_DENSITY = {"intro": 1, "verse": 2, "chorus": 3, "bridge": 2, "break": 1, "outro": 1}
PHRASE_BARS = 8
_PICK_UP_S = 0.05
_SHORTEST_S = 0.04
_SURE = 0.5
"""Confidence from which a chord is taken as it was heard."""
_CLEARER = 0.1
_REFITTED = ("", "m", "maj7", "m7", "7", "sus4", "5")
_ABSENT, _PRESENT, _HEARD = 0.25, 0.8, 0.12
"""Shares of the strongest pitch class: a root that is not there, a note that may stand in for it, and one that a bass
may touch."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of the style: where it lies, and what the form asks of it."""

    index: int
    """0 is the first full bar; a pick-up has -1."""
    first_beat: float
    """In beats of the song."""
    density: int
    """1 (thin) to 3 (full); 0 is silence."""
    section: int
    opens_section: bool
    closes_phrase: bool


class Grid:
    """Maps bars and beats of a style onto seconds of a song.

    Args:
        analysis: of the song, with a beat.
        tempo_bpm: range in which the style is at home.
        swing: where the second of two steps lies between the first (0.5 is straight) and the next pair.
        swing_steps_per_beat: 2 swings eighths, 4 sixteenths.
    """

    def __init__(self, analysis: Analysis, *, tempo_bpm: tuple[float, float], swing: float, swing_steps_per_beat: int):
        self._beats = np.asarray(analysis.beats_s, dtype=np.float64)
        self._swing, self._swing_steps = swing, swing_steps_per_beat
        self.metric_level = metric_level(analysis.tempo_bpm, tempo_bpm)
        """Beats of the style in one beat of the song: 0.5, 1 or 2."""
        self.beats_per_bar = analysis.beats_per_bar
        self.felt_bpm = analysis.tempo_bpm * self.metric_level
        self.duration_s = analysis.duration_s
        phase = 0
        if analysis.downbeats_s:
            phase = int(np.argmin(np.abs(self._beats - analysis.downbeats_s[0])))
        self._phase = phase
        self.bars = self._bars(analysis, phase)

    def _bars(self, analysis: Analysis, phase: int) -> tuple[Bar, ...]:
        length = self.beats_per_bar / self.metric_level
        bars: list[Bar] = []
        # What sounds before the first full bar is a pick-up, be it less than a beat.
        index = -1 if self.seconds(phase) > _PICK_UP_S else 0
        spans = _form(analysis)
        while True:
            first = phase + index * length
            start = self.seconds(first)
            if start >= analysis.duration_s - 0.05:
                break
            middle = self.seconds(first + 0.5 * length)
            section = next((i for i, (_, end, _) in enumerate(spans) if middle < end), len(spans) - 1)
            density = spans[section][2]
            opens = bool(bars) and bars[-1].section != section
            bars.append(
                Bar(
                    index=index,
                    first_beat=first,
                    density=density,
                    section=section,
                    opens_section=opens or (not bars and index == 0),
                    closes_phrase=False,
                )
            )
            index += 1
        return _phrases(bars)

    def seconds(self, beat: float) -> float:
        """Time of a beat of the song; fractions lie between the beats, beyond the ends the last interval goes on."""
        beats = self._beats
        if beat < 0.0:
            return float(beats[0] + beat * (beats[1] - beats[0]))
        last = beats.size - 1
        if beat >= last:
            return float(beats[last] + (beat - last) * (beats[last] - beats[last - 1]))
        return float(np.interp(beat, np.arange(beats.size), beats))

    def step_s(self, bar: Bar, position: float) -> float:
        """Time of a position in a bar, in beats of the style, with the swing."""
        return self.seconds(bar.first_beat + self.swung(position) / self.metric_level)

    def swung_s(self, time_s: float) -> float:
        """A time of the song, on straight steps, where the style plays it."""
        beats = self._beats
        last = beats.size - 1
        if time_s < beats[0]:
            beat = (time_s - beats[0]) / (beats[1] - beats[0])
        elif time_s > beats[last]:
            beat = last + (time_s - beats[last]) / (beats[last] - beats[last - 1])
        else:
            beat = float(np.interp(time_s, beats, np.arange(beats.size)))
        position = (beat - self._phase) * self.metric_level
        return self.seconds(self._phase + self.swung(float(position)) / self.metric_level)

    def swung(self, position: float) -> float:
        """A straight position with swing: pairs of steps are stretched to `swing` and the rest."""
        if self._swing == 0.5:
            return position
        pair = 2.0 / self._swing_steps
        whole = np.floor(position / pair + 1e-9)
        inside = position / pair - whole
        bent = inside * 2.0 * self._swing if inside < 0.5 else self._swing + (inside - 0.5) * 2.0 * (1.0 - self._swing)
        return float((whole + bent) * pair)

    def steps(self, text: str, *, steps_per_beat: int, bar: Bar) -> str:
        """The part of a pattern that this bar plays: patterns of several bars go on, metres other than 4 are re-
        barred.
        """
        full = 4 * steps_per_beat
        if len(text) % full == 0:
            count = len(text) // full
            piece = text[(bar.index % count) * full :][:full]
        else:
            piece = (text * (full // len(text) + 1))[:full]
        return rebar(piece, steps_per_beat=steps_per_beat, beats=self.beats_per_bar)


def within(note: Note, duration_s: float) -> list[Note]:
    """The part of a note that falls into a song; none where that is hardly anything."""
    start, end = max(note.start_s, 0.0), min(note.start_s + note.duration_s, duration_s)
    if end - start < _SHORTEST_S or start > duration_s - 0.05:
        return []
    return [Note(start, end - start, note.pitch, note.velocity, bend=note.bend, legato=note.legato)]


def metric_level(tempo_bpm: float, wanted: tuple[float, float]) -> float:
    """Half, same or double time: the one that brings the tempo into the range, or nearest to it."""
    centre = float(np.sqrt(wanted[0] * wanted[1]))

    def cost(level: float) -> float:
        felt = tempo_bpm * level
        # Too fast is worse than too slow: hands have their limits.
        outside = max(0.0, np.log2(wanted[0] / felt), 2.2 * np.log2(felt / wanted[1]))
        return float(10.0 * outside + 0.05 * abs(np.log2(felt / centre)) + (0.2 if level != 1.0 else 0.0))

    return min((1.0, 0.5, 2.0), key=cost)


_GROUPS = {5: (0, 2, 2, 3, 2), 6: (0, 1, 2, 0, 3, 2), 7: (0, 2, 2, 2, 3, 2, 2)}
"""Beats of the four that a longer bar is made of: 3+2, 3+3 and 2+2+3 with the back-beat where the last group starts."""


def rebar(piece: str, *, steps_per_beat: int, beats: int) -> str:
    """A bar of four beats as one of another length: the back-beat stays on the start of the last group."""
    groups = [piece[i : i + steps_per_beat] for i in range(0, len(piece), steps_per_beat)]
    if beats == len(groups):
        return piece
    if beats < len(groups):
        return "".join([groups[0], *groups[len(groups) - beats + 1 :]])
    order = _GROUPS.get(beats, tuple(k % 4 for k in range(beats)))
    return "".join(groups[k % len(groups)] for k in order)


def _form(analysis: Analysis) -> list[tuple[float, float, int]]:
    """Start, end and density of the sections."""
    if not analysis.sections:
        return [(0.0, analysis.duration_s, 2)]
    spans: list[tuple[float, float, int]] = []
    for section in analysis.sections:
        density = _DENSITY.get(section.name, 2)
        if len(analysis.sections) == 1 or (section.name in ("verse", "bridge") and section.energy > 0.8):
            density = 3
        elif section.name in ("intro", "outro") and section.energy > 0.45:
            density = 2
        spans.append((section.start_s, section.end_s, density))
    return spans


def _phrases(bars: list[Bar]) -> tuple[Bar, ...]:
    """Mark the last bar of each phrase of eight and of each section of at least four bars."""
    out: list[Bar] = []
    since = 0
    for i, bar in enumerate(bars):
        if bar.opens_section:
            since = 0
        since += 1
        ends = i + 1 == len(bars) or bars[i + 1].opens_section
        closes = (since % PHRASE_BARS == 0) or (ends and since >= 4)
        out.append(msgspec.structs.replace(bar, closes_phrase=closes))
    return tuple(out)


class Changes:
    """The chords of a song by time, without gaps: where none was heard the one before goes on, and the key's tonic at
    the start.
    """

    def __init__(self, analysis: Analysis):
        self._heard = analysis.heard
        self._weights: dict[tuple[float, float], tuple[float, ...]] = {}
        self.scale = scale_of(analysis.key)
        tonic = self.scale[0]
        minor = analysis.key.endswith("minor")
        held = Chord(start_s=0.0, end_s=0.0, label="", root=tonic, quality="m" if minor else "", confidence=0.0)
        heard = next((c for c in analysis.chords if c.root >= 0 and c.confidence > 0.25), None)
        if heard is not None and not analysis.key:
            held = heard
        filled: list[Chord] = []
        for chord in self._by_bar(analysis):
            # A guess that lasts a beat and is hardly better than the next one would make a part stumble.
            if chord.root >= 0 and chord.confidence > 0.12:
                held = chord
            fitted = msgspec.structs.replace(held, start_s=chord.start_s, end_s=chord.end_s)
            if chord.root < 0 or chord.confidence < _SURE:
                fitted = self._fitted(fitted)
            filled.append(fitted)
        self._chords = filled or [msgspec.structs.replace(held, end_s=analysis.duration_s)]
        self._starts: npt.NDArray[np.float64] = np.array([c.start_s for c in self._chords])

    def at(self, time_s: float) -> Chord:
        """The chord that sounds just after a time."""
        index = int(np.searchsorted(self._starts, time_s + 0.04, side="right")) - 1
        return self._chords[max(index, 0)]

    def _by_bar(self, analysis: Analysis) -> list[Chord]:
        """The chords, doubtful ones cut at bar lines where it is known what sounds in each bar."""
        if self._heard is None:
            return list(analysis.chords)
        out: list[Chord] = []
        for chord in analysis.chords:
            inside = [d for d in analysis.downbeats_s if chord.start_s + 0.2 < d < chord.end_s - 0.2]
            if chord.root >= 0 and chord.confidence >= _SURE:
                inside = []
            edges = [chord.start_s, *inside, chord.end_s]
            out += [msgspec.structs.replace(chord, start_s=a, end_s=b) for a, b in itertools.pairwise(edges)]
        return out

    def _fitted(self, chord: Chord) -> Chord:
        """A doubtful chord, or the one that the pitch classes of its time speak for more clearly."""
        weights = self.weights(chord)
        if not weights:
            return chord
        length = float(np.linalg.norm(weights))

        def fit(root: int, quality: str) -> float:
            notes = QUALITIES[quality]
            shares = (1.2, 1.0, 0.8, 0.6)[: len(notes)]
            met = sum(share * weights[(root + n) % 12] for share, n in zip(shares, notes, strict=True))
            inside = sum((root + n) % 12 in self.scale for n in notes) / len(notes)
            return met / (length * float(np.linalg.norm(shares))) + 0.06 * inside

        best = max(((root, quality) for root in range(12) for quality in _REFITTED), key=lambda c: fit(*c))
        if fit(*best) < fit(chord.root, chord.quality) + _CLEARER:
            return chord
        return msgspec.structs.replace(chord, root=best[0], quality=best[1], label=PITCH_NAMES[best[0]] + best[1])

    def bass_of(self, chord: Chord) -> int:
        """Pitch class of the lowest note: the root, or the note of the chord that the song has instead."""
        weights = self.weights(chord)
        notes = [(chord.root + n) % 12 for n in QUALITIES.get(chord.quality, (0, 7))]
        if not weights or weights[chord.root] >= _ABSENT:
            return chord.root
        loudest = max(notes, key=lambda c: weights[c])
        return loudest if weights[loudest] >= _PRESENT else chord.root

    def holds(self, chord: Chord, pitch_class: int) -> bool:
        """Whether the song has a pitch class while a chord sounds; True where that is not known."""
        weights = self.weights(chord)
        return not weights or weights[pitch_class % 12] >= _HEARD

    def weights(self, chord: Chord) -> tuple[float, ...]:
        """How much of C to B the song holds while a chord sounds, the strongest 1; none where that is not known."""
        if self._heard is None:
            return ()
        key = (chord.start_s, chord.end_s)
        if key not in self._weights:
            self._weights[key] = self._heard.between(*key)
        return self._weights[key]

    def between(self, start_s: float, end_s: float) -> list[Chord]:
        """Chords that begin within a stretch of time, cut to it."""
        cut = [
            msgspec.structs.replace(c, start_s=max(c.start_s, start_s), end_s=min(c.end_s, end_s))
            for c in self._chords
            if c.end_s > start_s + 0.02 and c.start_s < end_s - 0.02
        ]
        merged: list[Chord] = []
        for chord in cut:
            if merged and (merged[-1].root, merged[-1].quality) == (chord.root, chord.quality):
                merged[-1] = msgspec.structs.replace(merged[-1], end_s=chord.end_s)
            else:
                merged.append(chord)
        return merged


def scale_of(key: str) -> tuple[int, ...]:
    """Pitch classes of a key, tonic first; C major where none was found."""
    if not key:
        return (0, 2, 4, 5, 7, 9, 11)
    tonic, mode = key.split(" ")
    steps = (0, 2, 4, 5, 7, 9, 11) if mode == "major" else (0, 2, 3, 5, 7, 8, 10)
    return tuple((PITCH_NAMES.index(tonic) + s) % 12 for s in steps)
