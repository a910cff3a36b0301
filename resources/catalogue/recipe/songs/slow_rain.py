"""Slow Rain: an instrumental bossa in F major, 76 BPM, felt in two at 152; flute and tenor saxophone share the tune."""

from __future__ import annotations

import numpy as np

from engine.dsp import eq
from resources.catalogue.recipe.band import Band
from resources.catalogue.recipe.harmony import Chord, voicings
from resources.catalogue.recipe.mixing import RATE, Space, Track
from resources.catalogue.recipe.score import Event, Grid, Hand, Section, hits, line, play
from resources.catalogue.recipe.song import Arrangement

GRID = Grid(
    tempo_bpm=76.0,
    beats_per_bar=4,
    sections=(
        Section("intro", 4),
        Section("verse", 8),
        Section("verse", 8),
        Section("bridge", 8),
        Section("verse", 8),
        Section("outro", 4),
    ),
)
# Two chords to a bar, each as long as a bar of the two-feel.
_A = "Fmaj9 F69 | Fmaj9 D7b9 | Gm9 Gm9 | Gm9 C13 | Am7 Am7 | D7b9 D7b9 | Gm9 C13 | {turn}"
_B = "Bbmaj9 Bbmaj9 | Bbm6 Eb9 | Fmaj9 F69 | Em7b5 A7b9 | Dm9 Dm9 | G9 G9 | Gm9 Gm9 | C9sus4 C13"
_INTRO = "Gm9 C13 | Am7 D7b9 | Gm9 C13 | Fmaj9 C9sus4"
_OUTRO = "Gm9 C13 | Am7 D7b9 | Gm9 C13 | F69 F69"
_TUNE = """
r 1, C5 .5, ~D5 .5, >A5 1.5, ~G5 .5 | ~E5 2, r .5, >F#5 .5, ~A5 .5, ~C6 .5 | >Bb5 1.5, ~A5 .5, ~G5 .5, ~F5 .5,
~D5 1 | ~E5 .5, ~D5 .5, ~A4 2, r 1,
r 1, C5 .5, ~E5 .5, >G5 1.5, ~A5 .5 | ~F#5 1, ~Eb5 1, ~D5 1, r 1 | D5 .5, ~F5 .5, ~A5 .5, ~Bb5 .5, >A5 .5, ~G5 .5,
~E5 1 | {end}
"""
_END_1 = "~F5 2.5, r 1.5"
_END_2 = "~F5 1, ~G5 .5, ~A5 .5, ~C6 1.5, r .5"
_BRIDGE = """
r .5, D4 .5, ~F4 .5, ~A4 .5, >C5 1.5, ~A4 .5 | ~G4 1, ~Db5 1, ~C5 .5, ~Bb4 .5, ~G4 1 | A4 2.5, r .5, C5 .5,
~A4 .5 | >Bb4 1, ~G4 1, ~C#5 1, ~Bb4 1,
A4 1.5, ~F4 .5, ~E4 1.5, r .5 | r .5, B3 .5, ~D4 .5, ~F4 .5, >A4 1.5, ~B4 .5 | >Bb4 1, ~A4 .5, ~G4 .5, ~F4 1,
~D4 1 | ~F4 1.5, ~G4 .5, ~E4 1.5, r .5
"""


def _form() -> list[tuple[Chord, Chord]]:
    text = " | ".join(
        [_INTRO, _A.format(turn="F69 C9sus4"), _A.format(turn="F69 F9"), _B, _A.format(turn="F69 C9sus4"), _OUTRO]
    )
    bars: list[tuple[Chord, Chord]] = []
    for bar in text.split("|"):
        first, second = bar.split()
        bars.append((Chord(first), Chord(second)))
    return bars


def arrange(band: Band) -> Arrangement:
    """Write and play every part."""
    frames = round((GRID.seconds(GRID.bars * 4) + 3.5) * RATE)
    form = _form()
    halves = [chord for bar in form for chord in bar]
    verse1, verse2, bridge, verse3, outro = [first for _, first, _ in GRID.spans()][1:]
    last = GRID.bars - 1
    hand = Hand(0.006, 0.045, 0.003)
    tracks: list[Track] = []

    def part(
        name: str, stem: str, instrument: str, events: list[Event], lufs: float, seed: int, **fields: object
    ) -> None:
        player = fields.pop("hand", hand)
        audio = band.play(instrument, play(GRID, events, player, seed=seed), frames=frames, seed=seed)  # type: ignore[arg-type]
        tracks.append(Track(name, stem, audio, lufs, **fields))  # type: ignore[arg-type]

    p = band.instrument("kit_jazz").pitch_of
    q = band.instrument("percussion").pitch_of
    rim: list[Event] = []
    kick: list[Event] = []
    hats: list[Event] = []
    brush: list[Event] = []
    shaker: list[Event] = []
    cymbals: list[Event] = []
    congas: list[Event] = []
    for bar in range(2, last):
        fill = bar + 1 in (verse1, verse2, bridge, verse3, outro)
        rim += hits(
            "X--X--X---X--X--" if not fill else "X--X--X---------", bar, p("rim"), scale=0.8 if bar >= verse1 else 0.6
        )
        kick += hits("x--xx--xx--xx--x", bar, p("kick"), scale=0.72)
        if bar >= verse1:
            hats += hits(
                "x-o-x-o-x-o-x-oo" if bar % 2 else "x-o-x-oox-o-x-o-",
                bar,
                p("hat_closed") if not bridge <= bar < verse3 else p("ride"),
                scale=0.7,
            )
            hats += hits("----x-------x---", bar, p("hat_foot"), scale=0.6)
        shaker += hits("XoxoXoxoXoxoXoxo", bar, q("shaker"), scale=0.55)
        brush += hits("o-.-o-.oo-.-o-.-", bar, p("brush"), scale=0.55) if bar >= verse2 else []
        if bar >= verse2:
            congas += hits(("------x---x---xx", "--o---x---x-o-x-")[bar % 2], bar, q("conga"), scale=0.62)
            congas += hits(("---o--------o---", "---o----o-------")[bar % 2], bar, q("conga_low"), scale=0.6)
        if fill:
            brush += [
                Event(bar * 4 + b, 0.2, p("snare"), v)
                for b, v in ((2.5, 0.35), (2.75, 0.42), (3.0, 0.5), (3.25, 0.38), (3.5, 0.55), (3.75, 0.45))
            ]
    for bar in (verse1, verse2, bridge, verse3, outro):
        cymbals.append(Event(bar * 4, 1, p("crash"), 0.5))
        cymbals.append(Event(bar * 4 - 0.01, 1, q("triangle"), 0.45))
    cymbals.append(Event(last * 4, 1, p("ride"), 0.5))
    room = {"room": -9.0}
    part("rim", "drums", "kit_jazz", rim, -29.0, 81, pan=-0.2, high_pass_hz=200, sends=room)
    part(
        "kick",
        "drums",
        "kit_jazz",
        kick,
        -29.0,
        82,
        bands=[eq.peak(75, 2.0, 1.0, rate=RATE), eq.peak(400, -4.0, 1.0, rate=RATE)],
        sends=room,
    )
    part(
        "hats",
        "drums",
        "kit_jazz",
        hats,
        -33.0,
        83,
        high_pass_hz=500,
        bands=[eq.high_shelf(9000, 2.0, rate=RATE)],
        sends=room,
    )
    part("brush", "drums", "kit_jazz", brush, -34.0, 84, high_pass_hz=180, sends=room)
    part(
        "shaker",
        "drums",
        "percussion",
        shaker,
        -34.0,
        85,
        high_pass_hz=600,
        bands=[eq.high_shelf(8000, 2.0, rate=RATE)],
        sends=room,
    )
    part("congas", "drums", "percussion", congas, -32.0, 86, high_pass_hz=120, sends=room)
    part(
        "cymbals",
        "drums",
        "kit_jazz",
        [e for e in cymbals if e.pitch != q("triangle")],
        -33.0,
        87,
        high_pass_hz=300,
        sends=room,
    )
    part(
        "triangle",
        "drums",
        "percussion",
        [e for e in cymbals if e.pitch == q("triangle")],
        -38.0,
        88,
        high_pass_hz=800,
        sends=room,
    )

    # Upright bass: root on one, fifth on three of each two-feel bar, both picked up an eighth before.
    bass: list[Event] = []
    for index, chord in enumerate(halves):
        beat = index * 2.0
        if beat < 4 or index >= len(halves) - 2:
            continue
        root = chord.bass_pitch(29)
        fifth = root + 7 if root + 7 <= 43 else root - 5
        if "b5" in chord.symbol:
            fifth -= 1
        following = halves[index + 1].bass_pitch(29)
        bass += [
            Event(beat, 0.72, root, 0.78),
            Event(beat + 0.75, 0.22, fifth, 0.5),
            Event(beat + 1.0, 0.7, fifth, 0.7),
        ]
        step = following + (1 if index % 4 == 3 else -1 if following > root else 2)
        bass.append(Event(beat + 1.75, 0.22, following if index % 3 else step, 0.52))
    bass.append(Event((len(halves) - 2) * 2, 3.8, 29, 0.75))
    part(
        "bass",
        "bass",
        "bass_upright",
        bass,
        -21.0,
        91,
        high_pass_hz=38,
        bands=[
            eq.peak(90, 1.5, 0.9, rate=RATE),
            eq.peak(240, -3.0, 0.9, rate=RATE),
            eq.peak(1200, 3.0, 0.8, rate=RATE),
        ],
        compress=(-9, 2.5, 0.015, 0.15),
        sends={"room": -18},
        hand=Hand(0.005, 0.04, 0.004),
    )

    # Nylon guitar: the thumb goes with the bass, the fingers with the rim.
    guitar: list[Event] = []
    shapes = voicings(halves, low=52, high=72, count=3, top=67)
    for bar in range(GRID.bars - 1):
        for beat, velocity in [(0.0, 0.6), (0.75, 0.55), (1.5, 0.62), (2.5, 0.58), (3.25, 0.56)]:
            half = bar * 2 + int(beat >= 1.75)
            length = 0.62 if beat != 2.5 else 0.5
            guitar += [
                Event(bar * 4 + beat + 0.004 * k, length, n, velocity - 0.02 * k) for k, n in enumerate(shapes[half])
            ]
        for k in range(4):
            chord = halves[bar * 2 + k // 2]
            root = chord.bass_pitch(41)
            guitar.append(
                Event(bar * 4 + k, 0.8, root if k % 2 == 0 else (root + 7 if root + 7 < 52 else root - 5), 0.46)
            )
    guitar += [Event(last * 4 + 0.05 * k, 5.0, n, 0.5) for k, n in enumerate((41, *shapes[-1], 76))]
    part(
        "guitar",
        "other",
        "guitar_nylon",
        guitar,
        -24.0,
        92,
        pan=-0.35,
        high_pass_hz=90,
        bands=[
            eq.peak(250, -2.5, 0.8, rate=RATE),
            eq.peak(2500, 2.0, 0.8, rate=RATE),
            eq.high_shelf(6500, 3.0, rate=RATE),
        ],
        compress=(-12, 2.5, 0.008, 0.15),
        sends={"room": -10, "hall": -20},
    )

    keys: list[Event] = []
    colours = voicings(halves, low=57, high=77, count=4, top=72)
    for index in range(8, len(halves)):
        beat = index * 2.0
        bar = int(beat // 4)
        if bar >= last:
            continue
        if bar in range(verse1, verse2):
            rhythm = [(0.0, 1.6, 0.42)] if index % 2 == 0 else [(0.5, 1.2, 0.4)]
        elif bar in range(bridge, verse3):
            rhythm = [(0.0, 0.7, 0.48), (1.25, 0.6, 0.42)]
        else:
            rhythm = [(0.25, 0.4, 0.42), (0.75, 1.0, 0.46)] if index % 2 else [(0.0, 1.2, 0.46), (1.5, 0.4, 0.4)]
        keys += [Event(beat + b + 0.006 * k, d, n, v) for b, d, v in rhythm for k, n in enumerate(colours[index])]
    keys += [Event(last * 4 + 0.1 * k, 5.0, n, 0.42) for k, n in enumerate(colours[-1])]
    part(
        "electric piano",
        "other",
        "wurlitzer",
        keys,
        -27.0,
        93,
        pan=0.35,
        high_pass_hz=150,
        bands=[eq.peak(350, -2.0, 0.8, rate=RATE), eq.high_shelf(5000, 2.0, rate=RATE)],
        inserts=[("chorus", {"rate_hz": 0.7, "depth_s": 0.0015, "mix": 0.3})],
        sends={"room": -11, "hall": -18},
    )

    flute = line(
        "r 2, C6 .5, ~A5 .5, ~G5 1 | ~E5 1.5, ~F#5 .5, ~Eb5 2 | r 2, D5 .5, ~F5 .5, ~A5 1 | ~G5 2.5, r 1.5",
        0,
        velocity=0.6,
    )
    flute += line(_TUNE.format(end=_END_1), verse1 * 4, velocity=0.7)
    # In the second verse the saxophone takes the tune an octave lower and the flute answers in its gaps.
    tenor = line(_TUNE.format(end=_END_2), verse2 * 4, velocity=0.72, shift=-12)
    flute += line(
        "r 4 | r 2.5, A5 .5, ~C6 .5, ~A5 .5 | r 4 | r 2.5, D6 .5, ~C6 .5, ~A5 .5 | r 4 | r 3, A5 .5, ~C6 .5 | "
        "r 4 | r 2.5, C6 .5, ~D6 .5, ~Eb6 .5",
        verse2 * 4,
        velocity=0.56,
    )
    tenor += line(_BRIDGE, bridge * 4, velocity=0.76)
    flute += line(
        "r 4 | r 4 | r 2, F5 .5, ~A5 .5, ~C6 1 | ~Bb5 2, ~A5 1, ~G5 1 | r 2, F5 1, ~E5 1 | ~D5 2, r 2 | r 1, "
        "F5 1, ~A5 1, ~C6 1 | ~D6 2, ~C6 1.5, r .5",
        bridge * 4,
        velocity=0.56,
    )
    flute += line(_TUNE.format(end=_END_1), verse3 * 4, velocity=0.76)
    tenor += line(
        "r 1, A4 .5, ~Bb4 .5, C5 1.5, ~Bb4 .5 | ~A4 2, r .5, C5 .5, ~D5 .5, ~Eb5 .5 | "
        "D5 1.5, ~D5 .5, ~Bb4 .5, ~A4 .5, ~Bb4 1 | ~G4 .5, ~F4 .5, ~E4 2, r 1,"
        "r 1, G4 .5, ~A4 .5, C5 1.5, ~C5 .5 | ~A4 1, ~C5 1, ~A4 1, r 1 | Bb4 .5, ~A4 .5, ~D5 .5, ~D5 .5, C5 .5, "
        "~Bb4 .5, ~G4 1 | ~A4 2.5, r 1.5",
        verse3 * 4,
        velocity=0.58,
    )
    flute += line(
        "r 2, C6 .5, ~A5 .5, ~G5 1 | ~E5 1.5, ~F#5 .5, ~Eb5 2 | r 1, D5 .5, ~F5 .5, ~A5 1, ~C6 1 | ~G5 4",
        outro * 4,
        velocity=0.58,
    )
    tenor += line("r 4 | r 2, A4 1, ~C5 1 | ~Bb4 2, ~E4 2 | ~A4 4", outro * 4, velocity=0.5)
    part(
        "flute",
        "other",
        "flute",
        [_breathe(e) for e in flute],
        -23.5,
        94,
        pan=0.12,
        high_pass_hz=220,
        bands=[eq.peak(3000, -1.0, 0.8, rate=RATE), eq.high_shelf(8000, 1.5, rate=RATE)],
        sends={"hall": -10, "room": -12},
        hand=Hand(0.008, 0.03, 0.006),
    )
    part(
        "saxophone",
        "other",
        "sax",
        [_breathe(e) for e in tenor],
        -24.0,
        95,
        pan=-0.1,
        high_pass_hz=110,
        bands=[eq.peak(500, -2.0, 0.8, rate=RATE), eq.peak(2400, -1.5, 0.8, rate=RATE)],
        compress=(-9, 2, 0.01, 0.15),
        sends={"hall": -11, "room": -12},
        hand=Hand(0.009, 0.03, 0.012),
    )
    pads: list[Event] = []
    low = voicings(halves, low=55, high=74, count=3, top=69)
    for index in range(bridge * 2, len(halves) - 2):
        pads += [Event(index * 2.0, 2.05, n, 0.45) for n in low[index]]
    part(
        "strings",
        "other",
        "muted_strings",
        pads,
        -32.0,
        96,
        high_pass_hz=200,
        bands=[eq.low_pass(5500, rate=RATE)],
        inserts=[("width", {"width": 1.5})],
        sends={"hall": -8},
    )
    spaces = {
        "room": Space("reverb", {"decay_s": 0.6, "predelay_s": 0.004, "damping_hz": 6000.0, "low_cut_hz": 180.0}),
        "hall": Space("reverb", {"decay_s": 1.9, "predelay_s": 0.02, "damping_hz": 5500.0, "low_cut_hz": 240.0}),
    }
    return Arrangement(
        GRID,
        tracks,
        spaces,
        frames,
        glue_db=1.0,
        fade_out_s=1.2,
        master_bands=(eq.peak(220, -3.0, 0.8, rate=RATE), eq.high_shelf(3500, 4.0, rate=RATE)),
        silent_stems=("vocals",),
    )


def _breathe(event: Event) -> Event:
    """A wind player's pitch: a small scoop on fresh notes and a vibrato that comes late on long ones."""
    seconds = event.beats * 60.0 / GRID.tempo_bpm
    t = np.arange(0.0, seconds + 0.3, 0.02)
    depth = 0.16 * np.clip((t - 0.35) / 0.4, 0, 1)
    cents = depth * np.sin(2 * np.pi * 5.1 * t)
    if not event.legato:
        cents = cents - 0.35 * np.exp(-t / 0.035)
    bend = tuple((round(float(a), 3), round(float(b), 4)) for a, b in zip(t, cents, strict=True))
    return Event(event.beat, event.beats, event.pitch, event.velocity, event.legato, bend)
