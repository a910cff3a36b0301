"""Night Ferry: nu-disco house in F sharp minor, 120 BPM, no voice."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np

from engine.dsp import eq
from resources.catalogue.recipe.band import Band
from resources.catalogue.recipe.harmony import Chord, pitch, voicings
from resources.catalogue.recipe.mixing import RATE, Space, Track, ramp, side_chain, sweep_low_pass
from resources.catalogue.recipe.score import Event, Grid, Hand, Section, chord_events, hits, line, play, steps
from resources.catalogue.recipe.song import Arrangement

GRID = Grid(
    tempo_bpm=120.0,
    beats_per_bar=4,
    swing=0.53,
    sections=(
        Section("intro", 8),
        Section("verse", 8),
        Section("lift", 4),
        Section("chorus", 8),
        Section("break", 8),
        Section("build", 4),
        Section("chorus", 16),
        Section("outro", 4),
    ),
)
_VERSE = ("F#m9", "Dmaj9", "Bm9", "E13")
_CHORUS = ("Dmaj9", "E6", "C#m7", "F#m9", "Dmaj9", "E6", "F#m9", "A/C#")
_BREAK = ("Bm9", "C#m7", "Dmaj9", "E9sus4")


def _chord_bars() -> list[str]:
    bars: list[str] = []
    for name, first, end in GRID.spans():
        count = end - first
        source = {"chorus": _CHORUS, "break": _BREAK, "build": ("Bm9", "C#m7", "Dmaj9", "E9sus4")}.get(name, _VERSE)
        bars += [source[i % len(source)] for i in range(count)]
    bars[-1] = "F#m9"
    return bars


def arrange(band: Band) -> Arrangement:
    """Write and play every part."""
    frames = round((GRID.seconds(GRID.bars * 4) + 3.0) * RATE)
    symbols = _chord_bars()
    chords = [Chord(s) for s in symbols]
    starts = [first for _, first, _ in GRID.spans()]
    verse, lift, chorus1, breakdown, build, chorus2, outro = starts[1:]
    full = [*range(chorus1, breakdown), *range(chorus2, outro)]
    tracks: list[Track] = []

    # Drums ---------------------------------------------------------------------------------------------------
    kit = band.instrument("kit_electronic")
    p = kit.pitch_of
    kick_bars = [*range(2, lift + 3), *range(chorus1, breakdown), *range(chorus2, GRID.bars - 1)]
    kicks: list[Event] = []
    for bar in kick_bars:
        last = bar + 1 in starts or bar == lift + 2
        kicks += hits("X---X---X---X---" if not last else "X---X---X-----x-", bar, p("kick"))
    for k, bar in enumerate(range(build, build + 3)):
        kicks += hits("X---X---X---X---" if k < 2 else "X-X-X-X-XXXXXXXX", bar, p("kick"), scale=0.55 + 0.12 * k)
    # The drum sounds on G sharp; two semitones lower it stands on the tonic.
    kicks = [dataclasses.replace(kick, bend=((0.0, -2.0), (1.0, -2.0))) for kick in kicks]
    kick_notes = play(GRID, kicks, Hand(0.0008, 0.015), seed=11)
    kick_audio = band.play("kit_electronic", kick_notes, frames=frames, seed=1)
    tracks.append(
        Track(
            "kick",
            "drums",
            kick_audio,
            -23.0,
            bands=[
                eq.low_shelf(78, -9.0, rate=RATE),
                eq.peak(105, 2.5, 1.0, rate=RATE),
                eq.peak(280, -2.5, 1.0, rate=RATE),
                eq.high_shelf(2500, 4.0, rate=RATE),
            ],
            compress=(-4, 2, 0.012, 0.09),
        )
    )
    # A second, shorter drum gives the beat its knock above the sub.
    knock = [msgspec.structs.replace(note, pitch=float(p("kick_haus")), bend=()) for note in kick_notes]
    knocks = band.play("kit_electronic", knock, frames=frames, seed=16)
    tracks.append(Track("knock", "drums", knocks, -20.5, high_pass_hz=70, bands=[eq.peak(2800, 3.0, 0.8, rate=RATE)]))
    claps: list[Event] = []
    for bar in [*range(verse, lift + 4), *full]:
        claps += hits("----X-------X---", bar, p("clap"), scale=0.95)
        if bar in full:
            claps += hits("----X-------X---", bar, p("clap_group"), scale=0.6)
            if bar % 4 == 3:
                claps += hits("---------------o", bar, p("clap"))
    for bar in range(build, chorus2):
        density = ("X---X---X---X---", "X---X---X---X---", "X-X-X-X-X-X-X-X-", "XXXXXXXXXXXXXXXX")[bar - build]
        claps += hits(density, bar, p("snare"), scale=0.35 + 0.14 * (bar - build))
    tracks.append(
        Track(
            "clap",
            "drums",
            band.play("kit_electronic", play(GRID, claps, Hand(0.003, 0.03, 0.004), seed=12), frames=frames, seed=2),
            -23.5,
            bands=[eq.high_shelf(7000, 1.5, rate=RATE)],
            high_pass_hz=180,
            sends={"plate": -13},
        )
    )
    hats: list[Event] = []
    for bar in range(GRID.bars):
        if bar < 4 or breakdown <= bar < breakdown + 4 or bar >= GRID.bars - 1:
            continue
        hats += hits(
            "x.oxx.oxx.oxx.oX" if bar % 2 else "x.oxx.oxx.oxx.ox",
            bar,
            p("hat_closed"),
            scale=0.85 if bar in full else 0.68,
        )
        if bar in [*range(verse + 4, lift + 4), *full]:
            hats += hits("--X---X---X---X-", bar, p("hat_open"), scale=0.8)
    tracks.append(
        Track(
            "hats",
            "drums",
            band.play("kit_electronic", play(GRID, hats, Hand(0.002, 0.05), seed=13), frames=frames, seed=3),
            -27.5,
            high_pass_hz=500,
            bands=[eq.high_shelf(10000, 1.0, rate=RATE)],
            sends={"plate": -22},
        )
    )
    hand: list[Event] = []
    q = band.instrument("percussion").pitch_of
    for bar in range(GRID.bars - 1):
        if bar >= 2 and not breakdown <= bar < breakdown + 2:
            hand += hits("xoxoxoxoxoxoxoxo", bar, q("shaker"), scale=0.62)
        if bar in full or verse + 4 <= bar < lift + 4:
            hand += hits("---x--x----x--o-" if bar % 2 else "---x--x---o-x---", bar, q("conga"), scale=0.75)
            hand += hits("------o---x-----", bar, q("conga_low"), scale=0.8)
            hand += hits("x--x--x---x--x--" if bar % 4 == 3 else "----------------", bar, q("cowbell"), scale=0.4)
        if bar in full:
            hand += hits("----x-------x---", bar, q("tambourine"), scale=0.7)
    tracks.append(
        Track(
            "percussion",
            "drums",
            band.play("percussion", play(GRID, hand, Hand(0.004, 0.06, 0.002), seed=14), frames=frames, seed=4),
            -27.5,
            high_pass_hz=160,
            sends={"plate": -16},
        )
    )
    cymbals = [
        Event(bar * 4, 1, p("crash"), 0.75)
        for bar in (verse, chorus1, chorus1 + 4, breakdown, chorus2, chorus2 + 8, outro)
    ]
    tracks.append(
        Track(
            "crash",
            "drums",
            band.play("kit_electronic", play(GRID, cymbals, Hand(0.001, 0.02), seed=15), frames=frames, seed=5),
            -27.0,
            high_pass_hz=300,
            sends={"plate": -12},
        )
    )
    # A riser of filtered noise for the build, as any club record has it.
    tracks.append(
        Track(
            "riser",
            "drums",
            _riser(frames, GRID.seconds(build * 4), GRID.seconds(chorus2 * 4)),
            -27.0,
            high_pass_hz=400,
            sends={"plate": -10},
        )
    )

    duck = side_chain([n.start_s for n in kick_notes], frames, depth_db=6.5, release_s=0.26)
    soft_duck = side_chain([n.start_s for n in kick_notes], frames, depth_db=4.0, release_s=0.24)

    # Bass ----------------------------------------------------------------------------------------------------
    bass: list[Event] = []
    for bar, chord in enumerate(chords):
        if bar < verse - 2 or breakdown <= bar < breakdown + 4 or bar >= GRID.bars - 1:
            continue
        root = chord.bass_pitch(28)
        fifth = root + 7 if root + 7 < 44 else root - 5
        if bar in full:
            shape = [
                (0.5, 0.4, root, 0.8),
                (1.0, 0.2, root, 0.5),
                (1.5, 0.4, root + 12, 0.72),
                (2.5, 0.4, root, 0.8),
                (3.0, 0.2, fifth, 0.55),
                (3.5, 0.4, root + 12, 0.75),
            ]
            if bar % 4 == 3:
                shape += [(3.25, 0.2, root + 10, 0.6), (3.75, 0.2, fifth, 0.66)]
            if bar % 2 == 0:
                shape += [(0.0, 0.3, root, 0.85)]
        else:
            shape = [
                (0.0, 0.7, root, 0.8),
                (0.75, 0.2, root, 0.55),
                (1.5, 0.4, root + 12, 0.66),
                (2.25, 0.2, root, 0.6),
                (2.5, 0.7, root, 0.76),
                (3.5, 0.35, fifth, 0.62),
            ]
            if bar % 4 == 3:
                shape += [(3.75, 0.2, root + 10, 0.6)]
        bass += [Event(bar * 4 + b, d, n, v) for b, d, n, v in shape]
    bass.append(Event((GRID.bars - 1) * 4, 3.5, pitch("F#1"), 0.8))
    bass_notes = play(GRID, bass, Hand(0.003, 0.04, 0.001), seed=21)
    tracks.append(
        Track(
            "bass",
            "bass",
            band.play("bass_round", bass_notes, frames=frames, seed=6),
            -19.0,
            high_pass_hz=34,
            bands=[
                eq.peak(90, 1.5, 0.9, rate=RATE),
                eq.peak(330, -3, 1.0, rate=RATE),
                eq.peak(1100, 2.0, 0.8, rate=RATE),
            ],
            compress=(-9, 4, 0.008, 0.12),
            duck=duck,
            inserts=[
                ("saturation", {"drive_db": 5.0, "output_db": -3.0, "mix": 0.45}),
                ("width", {"width": 0.2, "bass_mono_hz": 200.0}),
            ],
        )
    )
    tracks.append(
        Track(
            "synth bass",
            "bass",
            band.play(
                "bass_synth",
                [
                    n
                    for n in bass_notes
                    if n.start_s >= GRID.seconds(chorus1 * 4)
                    and not GRID.seconds(breakdown * 4) <= n.start_s < GRID.seconds(chorus2 * 4)
                ],
                frames=frames,
                seed=7,
            ),
            -26.0,
            high_pass_hz=60,
            bands=[eq.low_pass(2600, rate=RATE)],
            duck=duck,
        )
    )

    # Keys, pads, guitars -------------------------------------------------------------------------------------
    stab_voices = voicings(chords, low=54, high=74, count=4, top=70)
    stabs: list[Event] = []
    for bar, notes in enumerate(stab_voices):
        if bar >= GRID.bars - 1:
            continue
        pattern = "--x--x---x----x-" if bar in full or verse <= bar < lift + 4 else "--x--x----x-----"
        if breakdown <= bar < breakdown + 8:
            stabs += chord_events([(bar * 4, 3.6, 0.5)], notes, strum_beats=0.02)
            continue
        rhythm = [(beat, 0.32, 0.6 + 0.2 * (velocity - 0.7)) for beat, velocity in steps(pattern, bar)]
        if bar % 4 == 3:
            rhythm.append((bar * 4 + 3.75, 0.2, 0.5))
        stabs += chord_events(rhythm, notes)
    stabs += chord_events([((GRID.bars - 1) * 4, 4.0, 0.62)], stab_voices[-1], strum_beats=0.03)
    keys = band.play("epiano", play(GRID, stabs, Hand(0.004, 0.05), seed=31), frames=frames, seed=8)
    opening = [
        (0.0, 500.0),
        (GRID.seconds(verse * 4), 3200.0),
        (GRID.seconds(lift * 4), 3800.0),
        (GRID.seconds(chorus1 * 4), 13000.0),
        (GRID.seconds(breakdown * 4), 13000.0),
        (GRID.seconds(breakdown * 4) + 0.1, 2500.0),
        (GRID.seconds(chorus2 * 4), 12000.0),
        (GRID.seconds(outro * 4), 12000.0),
        (GRID.seconds(GRID.bars * 4), 1500.0),
    ]
    tracks.append(
        Track(
            "electric piano",
            "other",
            sweep_low_pass(keys, opening),
            -21.5,
            high_pass_hz=150,
            bands=[eq.peak(320, -2.0, 0.9, rate=RATE), eq.high_shelf(4500, 2.5, rate=RATE)],
            duck=soft_duck,
            inserts=[("chorus", {"rate_hz": 0.55, "depth_s": 0.002, "mix": 0.35})],
            sends={"hall": -14, "echo": -17},
        )
    )
    piano: list[Event] = []
    piano_voices = voicings(chords, low=62, high=84, count=4, top=79)
    for bar in full:
        rhythm = [
            (beat, 0.3, 0.68) for beat, _ in steps("x--x--x---x--x--" if bar % 2 == 0 else "--x--x-x--x--x--", bar)
        ]
        piano += chord_events(rhythm, piano_voices[bar])
        piano += chord_events([(b, d, v * 0.8) for b, d, v in rhythm[::2]], [piano_voices[bar][0] - 12])
    tracks.append(
        Track(
            "piano",
            "other",
            band.play("piano", play(GRID, piano, Hand(0.004, 0.05), seed=32), frames=frames, seed=9),
            -25.0,
            high_pass_hz=220,
            bands=[eq.peak(450, -2.5, 0.8, rate=RATE), eq.high_shelf(5000, 4.0, rate=RATE)],
            duck=soft_duck,
            compress=(-10, 3, 0.01, 0.15),
            sends={"hall": -16},
        )
    )
    string_voices = voicings(chords, low=59, high=81, count=3, top=76)
    strings: list[Event] = []
    for bar in [*range(lift, GRID.bars - 4)]:
        level = 0.62 if bar in full else 0.42
        strings += chord_events([(bar * 4, 4.02, level)], string_voices[bar])
    tracks.append(
        Track(
            "strings",
            "other",
            band.play("strings", play(GRID, strings, Hand(0.01, 0.03), seed=33), frames=frames, seed=10),
            -25.5,
            high_pass_hz=260,
            bands=[eq.peak(2800, -2.0, 0.8, rate=RATE), eq.high_shelf(8000, 2.0, rate=RATE)],
            duck=soft_duck,
            inserts=[("width", {"width": 1.4, "bass_mono_hz": 250.0})],
            sends={"hall": -9},
            automation=ramp(
                [
                    (0, -6),
                    (GRID.seconds(lift * 4), -6),
                    (GRID.seconds(chorus1 * 4), 0),
                    (GRID.seconds(breakdown * 4), 0),
                    (GRID.seconds(breakdown * 4 + 2), -4),
                    (GRID.seconds(build * 4), -3),
                    (GRID.seconds(chorus2 * 4), 1),
                    (1000, 1),
                ],
                frames,
            ),
        )
    )
    pad_voices = voicings(chords, low=50, high=69, count=3, top=64)
    pads = [e for bar in range(GRID.bars) for e in chord_events([(bar * 4, 4.1, 0.5)], pad_voices[bar])]
    pad = band.play("sweep_pad", play(GRID, pads, Hand(0.004, 0.02), seed=34), frames=frames, seed=11)
    tracks.append(
        Track(
            "pad",
            "other",
            sweep_low_pass(
                pad,
                [
                    (0, 350),
                    (GRID.seconds(verse * 4), 1600),
                    (GRID.seconds(breakdown * 4), 1400),
                    (GRID.seconds(build * 4), 2600),
                    (GRID.seconds(chorus2 * 4), 5200),
                    (GRID.seconds(outro * 4), 2500),
                    (GRID.seconds(GRID.bars * 4), 700),
                ],
            ),
            -27.0,
            high_pass_hz=180,
            duck=soft_duck,
            inserts=[("width", {"width": 1.5, "bass_mono_hz": 250.0})],
            sends={"hall": -12},
        )
    )
    guitar: list[Event] = []
    guitar_voices = voicings(chords, low=64, high=81, count=3, top=76)
    for bar in [*range(verse, lift + 4), *full]:
        pattern = "--o-x-o-.-o-x-ox" if bar % 2 else "o-o-x-.-o-o-x-o-"
        rhythm = [(beat, 0.16, v * 0.85) for beat, v in steps(pattern, bar)]
        guitar += chord_events(rhythm, guitar_voices[bar], strum_beats=0.012, down=bar % 2 == 0)
    tracks.append(
        Track(
            "guitar",
            "other",
            band.play("guitar_clean", play(GRID, guitar, Hand(0.003, 0.06), seed=35), frames=frames, seed=12),
            -28.0,
            0.45,
            high_pass_hz=320,
            bands=[eq.peak(2200, 1.5, 0.8, rate=RATE), eq.high_shelf(6000, 2.0, rate=RATE)],
            compress=(-12, 4, 0.004, 0.1),
            sends={"echo": -16, "hall": -18},
        )
    )

    # Lead: a three-note motif that climbs, answered a bar later, opened out in the last chorus -----------------
    motif = (
        "r .5, C#5 .5, >F#5 .75, ~E5 .25, ~C#5 .5, r 1.5,"
        "r .5, B4 .5, >E5 .75, ~C#5 .25, ~B4 1, r 1,"
        "r .5, G#4 .5, B4 .75, ~C#5 .25, ~E5 .5, ~C#5 1, r .5,"
        "A4 .75, ~B4 .25, ~C#5 1.5, r 1.5"
    )
    answer = (
        "r .5, C#5 .5, >F#5 .75, ~G#5 .25, ~A5 .5, r 1.5,"
        "r .5, >B5 .5, ~A5 .5, ~G#5 .5, ~E5 1, r 1,"
        "r .5, C#5 .5, F#5 .5, ~A5 .5, ~G#5 .75, ~F#5 .75, r .5,"
        "E5 .5, ~C#5 .5, ~E5 .5, ~C#5 .5, ~B4 .5, r 1.5"
    )
    lead = line(motif, chorus1 * 4, velocity=0.7) + line(answer, (chorus1 + 4) * 4, velocity=0.74)
    lead += (
        line(motif, chorus2 * 4)
        + line(answer, (chorus2 + 4) * 4)
        + line(motif, (chorus2 + 8) * 4, velocity=0.8)
        + line(answer, (chorus2 + 12) * 4, velocity=0.84)
    )
    lead_notes = play(GRID, lead, Hand(0.004, 0.03), seed=41)
    tracks.append(
        Track(
            "lead",
            "other",
            band.play("synth_lead", lead_notes, frames=frames, seed=13),
            -23.5,
            -0.1,
            high_pass_hz=250,
            bands=[eq.low_pass(6500, rate=RATE), eq.peak(1800, 1.5, 0.8, rate=RATE)],
            inserts=[("chorus", {"rate_hz": 0.8, "depth_s": 0.0015, "mix": 0.4})],
            sends={"echo": -11, "hall": -14},
        )
    )
    vibes_line = (
        "F#5 1.5, E5 .5, C#5 2, | E5 1.5, C#5 .5, B4 2, | A4 1, C#5 1, F#5 1, E5 1, | D5 .5, E5 1.5, F#5 2,"
        "r .5, F#5 1, A5 .5, G#5 2, | r .5, E5 1, G#5 .5, F#5 2, | A4 .5, C#5 .5, E5 .5, F#5 .5, A5 2,"
        "A5 1, F#5 1, E5 2"
    )
    vibes = line(vibes_line, breakdown * 4, velocity=0.62)
    arp: list[Event] = []
    for bar in [*range(build, chorus2), *range(chorus2 + 8, outro)]:
        tones = sorted({*piano_voices[bar], piano_voices[bar][0] + 12})
        order = [tones[k % len(tones)] for k in (0, 2, 1, 3, 2, 4, 3, 1) * 2]
        arp += [Event(bar * 4 + i / 4, 0.22, note, 0.54 if i % 4 == 0 else 0.42) for i, note in enumerate(order)]
    tracks.append(
        Track(
            "vibraphone",
            "other",
            band.play("vibraphone", play(GRID, vibes, Hand(0.006, 0.04), seed=42), frames=frames, seed=14),
            -23.0,
            -0.25,
            high_pass_hz=200,
            sends={"hall": -10, "echo": -12},
        )
    )
    tracks.append(
        Track(
            "arpeggio",
            "other",
            band.play("marimba", play(GRID, arp, Hand(0.002, 0.05), seed=43), frames=frames, seed=15),
            -29.0,
            -0.5,
            high_pass_hz=350,
            duck=soft_duck,
            sends={"echo": -12, "hall": -16},
        )
    )
    spaces = {
        "plate": Space("reverb", {"decay_s": 1.1, "predelay_s": 0.012, "damping_hz": 8000.0, "low_cut_hz": 300.0}),
        "hall": Space("reverb", {"decay_s": 2.4, "predelay_s": 0.025, "damping_hz": 6500.0, "low_cut_hz": 260.0}),
        "echo": Space(
            "delay", {"time_s": 0.375, "feedback": 0.38, "tone_hz": 4800.0, "low_cut_hz": 320.0, "ping_pong": 1.0}
        ),
    }
    return Arrangement(
        GRID,
        tracks,
        spaces,
        frames,
        glue_db=2.0,
        fade_out_s=1.0,
        silent_stems=("vocals",),
        master_bands=(eq.peak(330, -1.5, 0.8, rate=RATE), eq.high_shelf(3500, 2.5, rate=RATE)),
    )


def _riser(frames: int, start_s: float, end_s: float) -> np.ndarray:
    rng = np.random.default_rng(77)
    x = np.zeros((2, frames), np.float32)
    first, last = round(start_s * RATE), round(end_s * RATE)
    noise = rng.standard_normal((2, last - first)).astype(np.float32) * 0.3
    noise *= np.linspace(0.02, 1.0, last - first, dtype=np.float32) ** 1.6
    noise[:, -200:] *= np.linspace(1, 0, 200, dtype=np.float32)
    x[:, first:last] = noise
    return sweep_low_pass(x, [(0, 700), (start_s, 700), (end_s, 11000), (end_s + 0.01, 11000)])
