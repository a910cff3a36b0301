"""Paper Lanterns: a sung indie-pop ballad in D major, 92 BPM."""

from __future__ import annotations

import dataclasses

from engine.dsp import eq
from resources.catalogue.recipe.band import Band
from resources.catalogue.recipe.harmony import Chord, voicings
from resources.catalogue.recipe.mixing import RATE, Space, Track, ramp
from resources.catalogue.recipe.score import Event, Grid, Hand, Section, chord_events, hits, line, play, steps
from resources.catalogue.recipe.song import Arrangement
from resources.catalogue.recipe.songs import paper_lanterns_tune as tune
from resources.catalogue.recipe.voice import Delivery, Singer, SungNote, read_lyric

GRID = Grid(
    tempo_bpm=92.0,
    beats_per_bar=4,
    sections=(
        Section("intro", 4),
        Section("verse", 8),
        Section("chorus", 8),
        Section("verse", 4),
        Section("chorus", 8),
        Section("bridge", 4),
        Section("chorus", 8),
        Section("outro", 4),
    ),
)
_CHORUS = ("G", "A", "Bm7", "F#m7", "G", "A", "Dadd9", "D")
_FORM = {
    "intro": ("Dadd9", "A/C#", "Bm7", "G"),
    "verse": ("D", "A/C#", "Bm7", "G", "D/F#", "G", "Em7", "A7sus4"),
    "chorus": _CHORUS,
    "bridge": ("Em9", "F#m7", "Gmaj7", "A7sus4"),
    "outro": ("G", "A", "Dadd9", "D"),
}
_SCALE = (2, 4, 6, 7, 9, 11, 1)


def arrange(band: Band) -> Arrangement:
    """Write and play every part."""
    frames = round((GRID.seconds(GRID.bars * 4) + 3.5) * RATE)
    symbols = [_FORM[name][i % len(_FORM[name])] for name, first, end in GRID.spans() for i in range(end - first)]
    chords = [Chord(s) for s in symbols]
    _, verse1, chorus1, verse2, chorus2, bridge, chorus3, outro = [first for _, first, _ in GRID.spans()]
    choruses = [*range(chorus1, verse2), *range(chorus2, bridge), *range(chorus3, outro)]
    tracks = [
        *_vocals(band, frames, chords, (verse1, chorus1, verse2, chorus2, bridge, chorus3, outro)),
        *_drums(band, frames, (verse1, chorus1, verse2, chorus2, bridge, chorus3, outro)),
        *_bass(band, frames, chords, (verse1, bridge, outro), choruses),
        *_others(band, frames, chords, (verse1, chorus1, verse2, chorus2, bridge, chorus3, outro), choruses),
    ]
    spaces = {
        "room": Space("reverb", {"decay_s": 0.7, "predelay_s": 0.006, "damping_hz": 7000.0, "low_cut_hz": 200.0}),
        "hall": Space("reverb", {"decay_s": 2.3, "predelay_s": 0.028, "damping_hz": 6500.0, "low_cut_hz": 240.0}),
        "echo": Space(
            "delay",
            {"time_s": 60 / 92 * 0.75, "feedback": 0.28, "tone_hz": 3800.0, "low_cut_hz": 350.0, "ping_pong": 1.0},
        ),
    }
    return Arrangement(
        GRID, tracks, spaces, frames, glue_db=2.0, fade_out_s=1.2, master_bands=(eq.high_shelf(4500, 1.5, rate=RATE),)
    )


def _vocals(band: Band, frames: int, chords: list[Chord], at: tuple[int, ...]) -> list[Track]:
    verse1, chorus1, verse2, chorus2, bridge, chorus3, outro = at
    singer = Singer(band)
    verse = read_lyric(tune.VERSE_1, GRID, verse1 * 4, velocity=0.68) + read_lyric(
        tune.VERSE_2, GRID, verse2 * 4, velocity=0.72
    )
    quiet = read_lyric(tune.BRIDGE, GRID, bridge * 4, velocity=0.74)
    quiet += read_lyric(tune.OUTRO, GRID, outro * 4, velocity=0.64)
    loud = [read_lyric(tune.CHORUS_1, GRID, bar * 4, velocity=0.82) for bar in (chorus1, chorus2)]
    loud.append(read_lyric(tune.CHORUS_LAST, GRID, chorus3 * 4, velocity=0.88))
    chorus = [note for part in loud for note in part]
    lead = sorted([*verse, *quiet, *chorus], key=lambda n: n.start_s)
    harmony = [_below(note, chords) for part in loud[1:] for note in part] + [_below(n, chords) for n in quiet]
    later = [note for part in loud[1:] for note in part]

    def sing(notes: list[SungNote], delivery: Delivery) -> object:
        return singer.sing(notes, frames=frames, delivery=delivery)

    bands = [
        eq.peak(260, -2.5, 1.0, rate=RATE),
        eq.peak(900, -1.0, 1.0, rate=RATE),
        eq.peak(3400, 2.0, 0.8, rate=RATE),
        eq.high_shelf(9000, 2.5, rate=RATE),
    ]
    squeeze = (-12.0, 3.5, 0.006, 0.11)
    tracks = [
        Track(
            "lead voice",
            "vocals",
            sing(lead, Delivery(1, timing_s=0.008)),
            -20.3,
            high_pass_hz=130,
            bands=bands,
            compress=squeeze,
            sends={"hall": -13, "echo": -19, "room": -18},
        ),
        Track(
            "double left",
            "vocals",
            sing(chorus, Delivery(2, timing_s=0.014, drift_cents=10, tract=1.015, vibrato_cents=24, soft=0.3)),
            -28.0,
            -0.6,
            high_pass_hz=180,
            bands=bands,
            compress=squeeze,
            sends={"hall": -12},
        ),
        Track(
            "double right",
            "vocals",
            sing(chorus, Delivery(3, timing_s=0.014, drift_cents=10, tract=0.985, vibrato_cents=24, soft=0.3)),
            -28.0,
            0.6,
            high_pass_hz=180,
            bands=bands,
            compress=squeeze,
            sends={"hall": -12},
        ),
        Track(
            "harmony left",
            "vocals",
            sing(harmony, Delivery(4, timing_s=0.012, tract=1.03, vibrato_cents=22, soft=0.4)),
            -27.0,
            -0.4,
            high_pass_hz=180,
            bands=bands,
            compress=squeeze,
            sends={"hall": -11},
        ),
        Track(
            "harmony right",
            "vocals",
            sing(
                [_below(n, chords, steps=2) for n in later],
                Delivery(5, timing_s=0.012, tract=0.97, vibrato_cents=22, soft=0.4),
            ),
            -28.5,
            0.45,
            high_pass_hz=180,
            bands=bands,
            compress=squeeze,
            sends={"hall": -11},
        ),
    ]
    voices = voicings(chords, low=57, high=76, count=3, top=71)
    oohs = [
        e
        for bar in [
            *range(verse1 + 4, chorus1),
            *range(verse2, chorus2),
            *range(bridge, chorus3),
            *range(outro, outro + 4),
        ]
        for e in chord_events([(bar * 4, 4.0, 0.5)], voices[bar])
    ]
    aahs = [
        e
        for bar in [*range(chorus2, bridge), *range(chorus3, outro)]
        for e in chord_events([(bar * 4, 4.0, 0.55)], voices[bar])
    ]
    for name, events, level in (("choir_oo", oohs, -31.0), ("choir_aa", aahs, -30.5)):
        audio = band.play(name, play(GRID, events, Hand(0.015, 0.04), seed=7), frames=frames, seed=17)
        tracks.append(
            Track(
                name,
                "vocals",
                audio,
                level,
                high_pass_hz=220,
                bands=[eq.peak(2500, -2.0, 0.7, rate=RATE)],
                inserts=[("chorus", {"rate_hz": 0.4, "depth_s": 0.003, "mix": 0.5}), ("width", {"width": 1.6})],
                sends={"hall": -8},
            )
        )
    return tracks


def _below(note: SungNote, chords: list[Chord], *, steps: int = 1) -> SungNote:
    """The harmony under a sung note: the nearest chord tone at least a third below, or the second one."""
    bar = min(len(chords) - 1, int(note.start_s * GRID.tempo_bpm / 60.0 / 4 + 0.02))
    tones = [
        p
        for p in range(int(note.pitch) - 14, int(note.pitch) - 2)
        if p % 12 in chords[bar].classes and p % 12 in _SCALE
    ]
    return dataclasses.replace(note, pitch=float(tones[-min(steps, len(tones))]), velocity=note.velocity - 0.05)


def _drums(band: Band, frames: int, at: tuple[int, ...]) -> list[Track]:
    verse1, chorus1, verse2, chorus2, bridge, chorus3, outro = at
    p = band.instrument("kit_acoustic").pitch_of
    kick: list[Event] = []
    snare: list[Event] = []
    top: list[Event] = []
    toms: list[Event] = []
    full = [*range(chorus1, verse2), *range(chorus2, bridge), *range(chorus3, outro)]
    for bar in range(verse1 + 4, outro + 3):
        last_of_phrase = bar + 1 in (chorus1, verse2, chorus2, bridge, chorus3, outro) or (
            bar in full and (bar + 1) % 8 == chorus1 % 8
        )
        if bridge <= bar < bridge + 2:
            top += hits("x-------x-------", bar, p("ride"), scale=0.7)
            continue
        if bar in full:
            kick += hits(("X-----x-X-x-----", "X--x----X-x---x-")[bar % 2], bar, p("kick"))
            snare += hits("----X-------X---" if not last_of_phrase else "----X-----", bar, p("snare"))
            snare += (
                hits(("---------o-----o", "-------o-o------")[bar % 2], bar, p("snare"), scale=0.72)
                if not last_of_phrase
                else []
            )
            piece = (
                p("ride")
                if bar >= chorus3 or bar >= chorus2 + 4
                else p("hat_half")
                if bar in range(chorus2, bridge)
                else p("hat_closed")
            )
            top += hits("X-x-X-x-X-x-X-x-" if piece != p("hat_closed") else "X-xoX-x-X-xoX-xo", bar, piece, scale=0.82)
            if bar >= chorus3:
                top += hits("----x-------x---", bar, p("hat_foot"), scale=0.8)
        elif bar >= outro:
            kick += hits("X---------------", bar, p("kick"), scale=0.7)
            top += hits("x---x---x---x---", bar, p("ride"), scale=0.55)
        else:
            kick += hits(("X-------x-x-----", "X---------x---o-")[bar % 2], bar, p("kick"), scale=0.85)
            snare += hits("----X-------X---", bar, p("rim"), scale=0.85)
            top += hits("x-o-x-o-x-o-x-oo" if bar % 2 else "x-o-x-o-x-o-x-o-", bar, p("hat_closed"), scale=0.75)
        if last_of_phrase:
            fill = (
                [
                    (2.5, "snare", 0.6),
                    (2.75, "snare", 0.68),
                    (3.0, "tom_high", 0.75),
                    (3.25, "tom_high", 0.6),
                    (3.5, "tom_mid", 0.8),
                    (3.75, "tom_low", 0.85),
                ]
                if bar + 1 in (verse2, bridge, outro, chorus3)
                else [(3.0, "snare", 0.62), (3.25, "snare", 0.5), (3.5, "tom_mid", 0.76), (3.75, "tom_low", 0.8)]
            )
            toms += [Event(bar * 4 + b, 0.3, p(name), v) for b, name, v in fill]
    for bar in (chorus1, chorus2, chorus2 + 4, chorus3, chorus3 + 4, outro):
        top.append(Event(bar * 4, 1, p("crash"), 0.72 if bar != outro else 0.6))
    shake: list[Event] = []
    q = band.instrument("percussion").pitch_of
    for bar in [*range(verse1, chorus1), *full, *range(verse2, chorus2)]:
        shake += hits("xoXoxoXoxoXoxoXo", bar, q("shaker"), scale=0.6 if bar in full else 0.45)
        if bar in full:
            shake += hits("----x-------x---", bar, q("tambourine"), scale=0.85)
    swell = [Event(bar * 4, 1, q("swell"), 0.8) for bar in (chorus1, chorus2, chorus3)]
    hand = Hand(0.004, 0.035, 0.003)
    spread = {"room": -12.0, "hall": -22.0}

    def part(name: str, kit: str, events: list[Event], lufs: float, seed: int, **fields: object) -> Track:
        audio = band.play(kit, play(GRID, events, hand, seed=seed), frames=frames, seed=seed)
        return Track(name, "drums", audio, lufs, sends=spread, **fields)  # type: ignore[arg-type]

    return [
        part(
            "kick",
            "kit_acoustic",
            kick,
            -22.5,
            51,
            bands=[
                eq.peak(65, 2.5, 1.0, rate=RATE),
                eq.peak(350, -5.0, 1.0, rate=RATE),
                eq.peak(3500, 3.0, 0.9, rate=RATE),
            ],
            compress=(-6, 3, 0.012, 0.1),
        ),
        part(
            "snare",
            "kit_acoustic",
            snare,
            -24.0,
            52,
            high_pass_hz=110,
            bands=[
                eq.peak(200, 2.0, 1.0, rate=RATE),
                eq.peak(700, -2.0, 1.0, rate=RATE),
                eq.high_shelf(6000, 2.0, rate=RATE),
            ],
            compress=(-6, 3, 0.008, 0.1),
        ),
        part(
            "hats and cymbals",
            "kit_acoustic",
            top,
            -29.5,
            53,
            high_pass_hz=350,
            bands=[eq.peak(900, -3.0, 0.8, rate=RATE), eq.high_shelf(9000, 1.5, rate=RATE)],
        ),
        part("toms", "kit_acoustic", toms, -23.0, 54, high_pass_hz=60, bands=[eq.peak(400, -4.0, 1.0, rate=RATE)]),
        part("shaker", "percussion", shake, -32.0, 55, high_pass_hz=400),
        part("swell", "percussion", swell, -31.0, 56, high_pass_hz=300),
    ]


def _bass(band: Band, frames: int, chords: list[Chord], at: tuple[int, ...], choruses: list[int]) -> list[Track]:
    verse1, bridge, outro = at
    events: list[Event] = []
    for bar in range(verse1 + 4, len(chords)):
        chord = chords[bar]
        root = chord.bass_pitch(28)
        following = chords[bar + 1].bass_pitch(28) if bar + 1 < len(chords) else root
        if bar in choruses:
            shape = [
                (0, 0.9, root, 0.82),
                (1, 0.4, root, 0.62),
                (1.5, 0.45, root, 0.72),
                (2, 0.9, root, 0.76),
                (3, 0.45, root + 7 if root < 36 else root - 5, 0.64),
            ]
            step = following + (2 if following < root else -2)
            shape.append((3.5, 0.45, step if abs(step - root) < 8 else root, 0.66))
        elif bridge <= bar < bridge + 2 or bar >= outro + 2:
            shape = [(0, 3.7, root, 0.7)]
        else:
            shape = [
                (0, 1.4, root, 0.78),
                (1.5, 0.45, root, 0.55),
                (2, 1.3, root if bar % 2 else root + 7 if root < 36 else root, 0.68),
                (3.5, 0.45, root, 0.55),
            ]
            if bar % 4 == 3:
                shape[-1] = (3.5, 0.45, following + 2 if following < root else following - 1, 0.6)
        events += [Event(bar * 4 + b, d, n, v) for b, d, n, v in shape]
    audio = band.play("bass_finger", play(GRID, events, Hand(0.004, 0.035, 0.002), seed=61), frames=frames, seed=61)
    track = Track(
        "bass",
        "bass",
        audio,
        -20.0,
        high_pass_hz=36,
        bands=[eq.peak(80, 1.5, 0.9, rate=RATE), eq.peak(260, -2.5, 0.9, rate=RATE), eq.peak(900, 2.5, 0.8, rate=RATE)],
        compress=(-9, 4, 0.012, 0.14),
        inserts=[("saturation", {"drive_db": 4.0, "output_db": -2.0, "mix": 0.35})],
    )
    return [track]


def _others(band: Band, frames: int, chords: list[Chord], at: tuple[int, ...], choruses: list[int]) -> list[Track]:
    verse1, chorus1, verse2, chorus2, bridge, chorus3, outro = at
    bars = len(chords)
    low = voicings(chords, low=50, high=69, count=3, top=65)
    wide = voicings(chords, low=57, high=76, count=4, top=72)
    piano: list[Event] = []
    for bar, chord in enumerate(chords):
        root = chord.bass_pitch(38)
        if bar in choruses:
            piano += [Event(bar * 4, 1.9, root, 0.6), Event(bar * 4 + 2, 1.9, root, 0.52)]
            piano += chord_events(
                [(bar * 4, 0.95, 0.66), (bar * 4 + 1, 0.95, 0.5), (bar * 4 + 2, 0.95, 0.6), (bar * 4 + 3, 0.9, 0.52)],
                wide[bar][1:],
                strum_beats=0.008,
            )
            if bar % 2:
                piano += chord_events([(bar * 4 + 3.5, 0.45, 0.5)], wide[bar][-2:])
        elif bar < bars - 1:
            tones = [root, *low[bar]]
            order = (0, 2, 1, 3, 2, 1, 3, 2) if bar % 2 == 0 else (0, 2, 3, 2, 1, 2, 3, 1)
            soft = 0.46 if bar < verse1 or bar >= outro else 0.5
            for i, k in enumerate(order):
                piano.append(
                    Event(bar * 4 + i / 2, 1.6 if i % 4 == 0 else 0.9, tones[k], soft + (0.1 if i % 4 == 0 else 0.0))
                )
        else:
            piano += chord_events([(bar * 4, 6.0, 0.5)], [root, *low[bar], wide[bar][-1]], strum_beats=0.06)
    piano += line(
        "F#5 1.5, E5 .5, A5 2 | E5 1.5, C#5 .5, A4 2 | D5 1, F#5 1, ~E5 .5, D5 1.5 | B4 1, D5 1, A4 2", 0, velocity=0.52
    )
    piano += line("r 3, A5 .5, B5 .5", (outro + 1) * 4, velocity=0.42) + line(
        "D6 2, A5 2 | F#5 4", (outro + 2) * 4, velocity=0.4
    )
    guitar: list[Event] = []
    strum = voicings(chords, low=50, high=76, count=5, top=71)
    for bar in [*choruses, *range(verse2, chorus2), *range(bridge + 2, chorus3)]:
        pattern = "X---x-x---o-x-xo" if bar in choruses else "x-------o---x---"
        for beat, velocity in steps(pattern, bar, scale=0.72):
            up = (beat * 2) % 2 >= 1
            notes = strum[bar][-3:] if up else strum[bar]
            guitar += chord_events([(beat, 0.9, velocity)], notes, strum_beats=0.022, down=not up)
    strings: list[Event] = []
    string_voices = voicings(chords, low=57, high=79, count=3, top=74)
    for bar in [*range(verse1 + 6, verse2), *range(chorus2, bars)]:
        level = 0.62 if bar in choruses else 0.45
        strings += chord_events([(bar * 4, 4.05, level)], string_voices[bar])
    # The cello answers the singer where she breathes, and leads through the bridge.
    cello = line("r 2, F#3 1, ~A3 1 | ~G3 3, r 1", (verse1 + 3) * 4, velocity=0.55)
    cello += line(
        "r 1.5, A3 .5, ~B3 .5, ~C#4 .5, ~D4 1 | ~C#4 1, ~A3 2, r 1 | r 2, D4 1, ~C#4 1 | ~B3 2, ~D4 1, ~E4 1",
        verse2 * 4,
        velocity=0.58,
    )
    cello += line(
        "E3 2, ~G3 1, ~B3 1 | A3 2, ~C#4 1, ~E4 1 | D4 2, ~B3 1, ~D4 1 | E4 3, ~D4 .5, ~C#4 .5",
        bridge * 4,
        velocity=0.66,
    )
    for bar in (chorus2, chorus3):
        cello += line(
            "B3 3, ~D4 1 | ~C#4 2, ~E4 2 | ~D4 3, ~B3 1 | ~A3 2, ~C#4 2 | B3 3, ~D4 1 | ~C#4 2, ~E4 2 | ~F#4 3, "
            "~E4 1 | ~D4 4",
            bar * 4,
            velocity=0.56,
        )
    sparkle: list[Event] = []
    for bar in range(chorus3, outro):
        tones = sorted(t + 24 for t in wide[bar][-3:])
        sparkle += [Event(bar * 4 + b, 0.9, tones[k % 3], 0.42) for k, b in enumerate((0.5, 1.5, 2.0, 3.0, 3.5))]
    pads = [e for bar in range(bars) for e in chord_events([(bar * 4, 4.1, 0.5)], low[bar])]
    hand = Hand(0.006, 0.04, 0.002)

    def part(name: str, instrument: str, events: list[Event], lufs: float, seed: int, **fields: object) -> Track:
        audio = band.play(instrument, play(GRID, events, hand, seed=seed), frames=frames, seed=seed)
        return Track(name, "other", audio, lufs, **fields)  # type: ignore[arg-type]

    seconds = GRID.seconds
    ride = ramp(
        [
            (0, 4),
            (seconds(verse1 * 4) - 1.0, 4),
            (seconds(verse1 * 4) + 1.0, 1),
            (seconds(chorus1 * 4) - 0.5, 0),
            (seconds(chorus1 * 4), -2),
            (seconds(verse2 * 4), 0),
            (seconds(chorus2 * 4), -2),
            (seconds(bridge * 4), 0),
            (seconds(chorus3 * 4), -2),
            (seconds(outro * 4), 0),
            (1000, 0),
        ],
        frames,
    )
    return [
        part(
            "piano",
            "piano",
            piano,
            -23.5,
            71,
            high_pass_hz=70,
            bands=[
                eq.peak(300, -2.5, 0.8, rate=RATE),
                eq.peak(2200, 1.0, 0.7, rate=RATE),
                eq.high_shelf(6000, 2.5, rate=RATE),
            ],
            compress=(-12, 2.5, 0.015, 0.2),
            inserts=[("width", {"width": 0.65, "bass_mono_hz": 120.0})],
            sends={"hall": -15, "room": -16},
            automation=ride,
        ),
        part(
            "guitar",
            "guitar_steel",
            guitar,
            -28.0,
            72,
            pan=0.5,
            high_pass_hz=160,
            bands=[eq.peak(300, -3.0, 0.8, rate=RATE), eq.high_shelf(5000, 3.0, rate=RATE)],
            compress=(-12, 3, 0.006, 0.12),
            sends={"room": -13, "hall": -20},
        ),
        part(
            "strings",
            "strings",
            strings,
            -27.5,
            73,
            pan=-0.15,
            high_pass_hz=220,
            bands=[eq.peak(3000, -2.0, 0.8, rate=RATE), eq.high_shelf(8000, 2.5, rate=RATE)],
            inserts=[("width", {"width": 1.4})],
            sends={"hall": -8},
        ),
        part(
            "cello",
            "cello",
            cello,
            -26.0,
            74,
            pan=-0.3,
            high_pass_hz=90,
            bands=[eq.peak(350, -2.0, 0.9, rate=RATE)],
            sends={"hall": -9, "room": -14},
        ),
        part(
            "glockenspiel",
            "glockenspiel",
            sparkle,
            -35.0,
            75,
            pan=0.35,
            high_pass_hz=600,
            sends={"hall": -10, "echo": -14},
        ),
        part(
            "pad",
            "sweep_pad",
            pads,
            -33.0,
            76,
            high_pass_hz=200,
            bands=[eq.low_pass(3000, rate=RATE)],
            inserts=[("width", {"width": 1.5})],
            sends={"hall": -10},
        ),
    ]
