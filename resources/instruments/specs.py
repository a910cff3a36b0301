"""Which recordings of the sample kit make which instrument."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from resources.instruments.synthesis import clap, closed_hat, open_hat, sub_bass, synth_shaker

Generator = Callable[[int, np.random.Generator], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of a kit: files per layer as glob patterns (softest first), or a generator; level in dBFS."""

    pitch: int
    layers: tuple[str, ...]
    level_db: float
    choke: str = ""
    chokes: tuple[str, ...] = ()
    pan: float = 0.0
    seconds: float = 1.2
    takes: int = 2
    make: Generator | None = None
    lead_limit_s: float = 0.12


@dataclasses.dataclass(frozen=True)
class Kit:
    id: str
    name: str
    pieces: dict[str, Piece]


@dataclasses.dataclass(frozen=True)
class Melodic:
    """A melodic instrument: folders with their key ranges, and how it sustains and ends."""

    id: str
    name: str
    folders: tuple[tuple[str, int, int], ...]
    seconds: float = 3.0
    release_s: float = 0.12
    loop: bool = False
    stereo: bool = False
    level_db: float = -17.0
    takes: int = 2
    legato_offset_s: float = 0.07
    layers: tuple[str, ...] = ("soft", "medium", "hard")
    lead_limit_s: float = 0.08
    make: Callable[[int, float], np.ndarray] | None = None
    """Makes the tone of a pitch (rate, MIDI number), for an instrument that is synthesised at `roots`."""
    roots: tuple[int, ...] = ()
    """Only these recorded pitches are taken; empty takes all."""


def _layers(folder: str, piece: str, names: tuple[str, ...] = ("soft", "medium", "hard")) -> tuple[str, ...]:
    return tuple(f"{folder}/{piece}_{name}_*" for name in names)


_STUDIO = "drums/gogodze_studio"
_MULD = "drums/muldjord"
_JAZZ = "drums/virtuosity_jazz_kit"
_ELEC = "drums/sonicpi_electronic"
_PERC = "drums/vcsl_small_percussion"

ACOUSTIC_KIT = Kit(
    "kit_acoustic",
    "Studio drum kit",
    {
        "kick": Piece(36, _layers(_STUDIO, "kick"), -13.0, seconds=0.8),
        "snare": Piece(38, _layers(_STUDIO, "snare"), -14.0, seconds=0.8),
        "snare_edge": Piece(40, _layers(_STUDIO, "snare_edge"), -14.0, seconds=0.8, takes=2),
        "rim": Piece(37, _layers(_STUDIO, "sidestick"), -20.0, seconds=0.5),
        "hat_closed": Piece(
            42, _layers(_STUDIO, "hihat_tight"), -25.0, chokes=("hat",), pan=0.25, seconds=0.5, takes=3
        ),
        "hat_half": Piece(
            92, _layers(_STUDIO, "hihat_half"), -23.0, choke="hat", chokes=("hat",), pan=0.25, seconds=0.9, takes=2
        ),
        "hat_foot": Piece(44, _layers(_STUDIO, "hihat_foot"), -27.0, chokes=("hat",), pan=0.25, seconds=0.4, takes=2),
        "hat_open": Piece(
            46, _layers(_STUDIO, "hihat_open"), -22.0, choke="hat", chokes=("hat",), pan=0.25, seconds=1.6
        ),
        "ride": Piece(51, _layers(_MULD, "ride"), -25.0, pan=-0.3, seconds=2.0, takes=2),
        "ride_bell": Piece(53, _layers(_MULD, "ride_bell", ("medium",)), -24.0, pan=-0.3, seconds=1.6, takes=1),
        "crash": Piece(49, _layers(_MULD, "crash"), -18.0, pan=-0.2, seconds=2.6, takes=2),
        "tom_high": Piece(50, _layers(_STUDIO, "tom_high"), -15.0, pan=0.3, seconds=1.0, takes=1),
        "tom_mid": Piece(47, _layers(_STUDIO, "tom_mid"), -15.0, pan=0.0, seconds=1.0, takes=1),
        "tom_low": Piece(45, _layers(_STUDIO, "tom_low"), -15.0, pan=-0.35, seconds=1.2, takes=1),
    },
)

ELECTRONIC_KIT = Kit(
    "kit_electronic",
    "Club drum machine",
    {
        "kick": Piece(36, (f"{_ELEC}/kick_klub_hard_1*",), -10.0, seconds=0.6),
        "kick_deep": Piece(35, (f"{_ELEC}/kick_808_hard_1*",), -11.0, seconds=0.9),
        "kick_haus": Piece(34, (f"{_ELEC}/kick_haus_hard_1*",), -11.0, seconds=0.5),
        "snare": Piece(38, (f"{_ELEC}/snare_generic_hard_1*",), -14.0, seconds=0.5),
        "snare_deep": Piece(40, (f"{_ELEC}/snare_lo_hard_1*",), -14.0, seconds=0.5),
        "clap": Piece(39, (), -15.0, seconds=0.5, make=clap),
        "rim": Piece(37, (f"{_ELEC}/tick_hard_1*",), -20.0, seconds=0.2),
        "hat_closed": Piece(42, (), -25.0, chokes=("hat",), pan=0.12, seconds=0.25, make=closed_hat),
        "hat_open": Piece(46, (), -21.0, choke="hat", chokes=("hat",), pan=0.12, seconds=0.6, make=open_hat),
        "shaker": Piece(70, (), -25.0, pan=-0.25, seconds=0.2, make=synth_shaker),
        "tom_low": Piece(45, (f"{_ELEC}/fuzz_tom_hard_1*",), -15.0, seconds=0.7),
        "crash": Piece(49, (f"{_ELEC}/cymbal_elec_hard_1*",), -19.0, seconds=2.5),
        "snap": Piece(93, ("drums/sonicpi_percussion/snap*_medium_1*",), -18.0, seconds=0.5),
        "clap_group": Piece(94, ("drums/vcsl_claps/group_medium_*",), -17.0, seconds=0.4),
    },
)

JAZZ_KIT = Kit(
    "kit_jazz",
    "Jazz kit with brushes",
    {
        "kick": Piece(36, _layers(_JAZZ, "kick"), -17.0, seconds=1.0, takes=2),
        "snare": Piece(38, _layers(_JAZZ, "snare"), -17.0, seconds=1.0, takes=2),
        "brush": Piece(
            40,
            tuple(f"drums/swirly_brush_snare/brush_snare_{v}*" for v in ("soft", "medium", "hard")),
            -21.0,
            seconds=0.9,
        ),
        "hat_closed": Piece(42, _layers(_JAZZ, "hihat_closed"), -26.0, chokes=("hat",), pan=0.25, seconds=0.6, takes=2),
        "hat_foot": Piece(44, _layers(_STUDIO, "hihat_foot"), -26.0, chokes=("hat",), pan=0.25, seconds=0.4, takes=2),
        "hat_open": Piece(
            46, _layers(_JAZZ, "hihat_open"), -23.0, choke="hat", chokes=("hat",), pan=0.25, seconds=1.5, takes=2
        ),
        "ride": Piece(
            51, tuple(f"{_JAZZ}/ride_{v}*" for v in ("soft", "medium", "hard")), -24.0, pan=-0.25, seconds=2.5
        ),
        "crash": Piece(
            49, tuple(f"{_JAZZ}/crash_{v}*" for v in ("soft", "medium", "hard")), -19.0, pan=-0.2, seconds=2.5
        ),
        "rim": Piece(37, _layers(_STUDIO, "sidestick"), -21.0, seconds=0.5, takes=2),
    },
)

PERCUSSION = Kit(
    "percussion",
    "Hand percussion",
    {
        "shaker": Piece(
            70,
            ("drums/vcsl_shakers/small_lowfaster_down*", "drums/vcsl_shakers/large_shake1d*"),
            -25.0,
            pan=0.35,
            seconds=0.3,
        ),
        "shaker_up": Piece(
            82,
            ("drums/vcsl_shakers/small_lowfaster_up*", "drums/vcsl_shakers/large_shake1u*"),
            -26.0,
            pan=0.35,
            seconds=0.3,
        ),
        "cabasa": Piece(69, ("drums/vcsl_shakers/cabasa_hit*",), -23.0, pan=-0.3, seconds=0.3),
        "rim": Piece(37, _layers(_STUDIO, "sidestick"), -20.0, seconds=0.5, takes=2),
        "conga": Piece(
            63,
            tuple(f"drums/vcsl_congas/conga_open_{v}*" for v in ("soft", "medium", "hard")),
            -17.0,
            pan=-0.3,
            seconds=0.9,
        ),
        "conga_muted": Piece(
            62, tuple(f"drums/vcsl_congas/conga_muted_{v}*" for v in ("soft", "medium")), -20.0, pan=-0.3, seconds=0.5
        ),
        "conga_low": Piece(
            64,
            ("drums/vcsl_congas/tumba_open_medium*", "drums/vcsl_congas/tumba_open_hard*"),
            -17.0,
            pan=-0.15,
            seconds=0.9,
        ),
        "bongo_high": Piece(
            60,
            tuple(f"drums/vcsl_bongos/high_open_{v}*" for v in ("soft", "medium", "hard")),
            -19.0,
            pan=0.3,
            seconds=0.6,
        ),
        "bongo_low": Piece(
            61,
            tuple(f"drums/vcsl_bongos/low_open_{v}*" for v in ("soft", "medium", "hard")),
            -19.0,
            pan=0.2,
            seconds=0.7,
        ),
        "tambourine": Piece(
            54, tuple(f"drums/vcsl_tambourine/tamb1_hit_{v}*" for v in ("soft", "medium")), -22.0, pan=0.3, seconds=0.8
        ),
        "claves": Piece(
            75, tuple(f"{_PERC}/claves1_{v}*" for v in ("soft", "medium", "hard")), -22.0, pan=0.25, seconds=0.5
        ),
        "cowbell": Piece(
            56, tuple(f"{_PERC}/cowbell1_normal_{v}*" for v in ("medium", "hard")), -20.0, pan=0.2, seconds=0.7
        ),
        "woodblock": Piece(
            76, tuple(f"{_PERC}/woodblock_click_{v}*" for v in ("soft", "medium")), -22.0, pan=-0.2, seconds=0.4
        ),
        "triangle": Piece(
            81,
            tuple(f"drums/vcsl_cymbals_metal/triangle1_{v}*" for v in ("medium", "hard")),
            -27.0,
            pan=0.4,
            seconds=2.0,
        ),
        "cajon": Piece(
            35, tuple(f"drums/vcsl_cajon/hit1_{v}*" for v in ("soft", "medium", "hard")), -16.0, seconds=0.6
        ),
        "clap": Piece(39, ("drums/vcsl_claps/group_medium_*",), -17.0, seconds=0.4),
        "swell": Piece(95, ("drums/vcsl_cymbals_metal/swell_medium_1*",), -20.0, seconds=4.5, lead_limit_s=4.0),
    },
)

KITS: tuple[Kit, ...] = (ACOUSTIC_KIT, ELECTRONIC_KIT, JAZZ_KIT, PERCUSSION)

MELODIC: tuple[Melodic, ...] = (
    Melodic("bass_finger", "Finger bass", (("bass/killerbass_finger", 23, 67),), 2.1, 0.09, level_db=-16.0),
    Melodic("bass_upright", "Upright bass", (("bass/upright_pizz", 24, 62),), 2.0, 0.12, takes=1, level_db=-16.0),
    Melodic("bass_synth", "Synth bass", (("bass/lately_bass", 24, 72),), 1.8, 0.05, loop=True, level_db=-16.0),
    Melodic("epiano", "Pianet electric piano", (("keys/pianet_t", 29, 94),), 2.8, 0.12),
    Melodic("wurlitzer", "Wurlitzer electric piano", (("keys/wurlitzer_ep200", 33, 96),), 2.2, 0.12),
    Melodic("piano", "Grand piano", (("keys/salamander_grand", 24, 108),), 3.4, 0.22, stereo=True),
    Melodic("guitar_nylon", "Nylon guitar", (("guitar/spanish_nylon", 31, 88),), 2.6, 0.15),
    Melodic("guitar_clean", "Clean electric guitar", (("guitar/gretsch_clean", 40, 88),), 2.0, 0.08),
    Melodic(
        "strings",
        "String section",
        (("strings/cello_viola_section", 36, 59), ("strings/violin_section", 60, 92)),
        3.4,
        0.35,
        loop=True,
        stereo=True,
        layers=("soft", "medium"),
        legato_offset_s=0.12,
    ),
    Melodic("pad", "Warm pad", (("keys/synth_pad_new_age", 36, 96),), 4.4, 0.6, loop=True, stereo=True),
    Melodic("organ", "Drawbar organ", (("keys/freepats_drawbar_organ", 36, 88),), 2.6, 0.06, loop=True),
    Melodic(
        "flute",
        "Flute",
        (("winds/ixox_flute", 58, 96),),
        2.2,
        0.12,
        loop=True,
        legato_offset_s=0.09,
        layers=("soft", "hard"),
    ),
    Melodic("sax", "Tenor saxophone", (("winds/tenor_sax", 44, 79),), 2.2, 0.12, loop=True, legato_offset_s=0.08),
    Melodic("brass", "Brass section", (("winds/built_brass_section", 46, 74),), 1.4, 0.1),
    Melodic("vibraphone", "Vibraphone", (("keys/vcsl_vibraphone", 53, 91),), 2.6, 0.4),
    Melodic("marimba", "Marimba", (("keys/vcsl_marimba", 41, 96),), 1.2, 0.2, takes=1, layers=("soft", "hard")),
    Melodic("bass_sub", "Sub bass", (("", 22, 52),), 2.4, 0.06, level_db=-16.0, make=sub_bass, roots=(26, 33, 40, 47)),
    Melodic("lead_saw", "Saw lead", (("keys/synth_lead_bass", 29, 100),), 1.6, 0.08, loop=True),
    Melodic("guitar_steel", "Steel-string guitar", (("guitar/martin_steel", 38, 88),), 2.2, 0.14),
    Melodic("guitar_muted", "Muted electric guitar", (("guitar/gretsch_staccato", 40, 88),), 0.6, 0.05, level_db=-21.0),
    Melodic(
        "guitar_power",
        "Distorted power chords",
        (("guitar/dist_power_chords", 34, 55),),
        2.2,
        0.07,
        roots=(36, 39, 42, 45, 48, 51),
    ),
    Melodic(
        "guitar_chug",
        "Palm-muted power chords",
        (("guitar/dist_power_chords_palm_mute", 34, 55),),
        0.5,
        0.04,
        roots=(36, 38, 40, 42, 44, 46, 48, 50, 52),
    ),
    Melodic("pizzicato", "Pizzicato strings", (("strings/pizzicato_ensemble", 28, 90),), 1.2, 0.2),
    Melodic("spiccato", "Short cellos and violas", (("strings/bigcat_cello_staccato", 36, 86),), 0.7, 0.1),
    Melodic(
        "horn",
        "French horn",
        (("winds/vsco_french_horn", 36, 79),),
        2.0,
        0.2,
        takes=1,
        loop=True,
        layers=("soft", "hard"),
    ),
    Melodic("harp", "Celtic harp", (("strings/celtic_harp", 36, 93),), 1.8, 0.4),
    Melodic("glockenspiel", "Glockenspiel", (("keys/glockenspiel", 77, 107),), 1.4, 0.5, level_db=-20.0),
    Melodic("timpani", "Timpani", (("drums/vcsl_timpani", 40, 57),), 1.8, 0.5, layers=("soft", "hard"), takes=1),
)
