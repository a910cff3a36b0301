"""Style recipes: what there is, and what each asks of the production model and of the arranger.

A recipe is a JSON file of the schema ``style/1``, closed: unknown fields, values out of range and newer versions
are refused by name. Importing this module is cheap; it belongs in menus.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from importlib import resources as package_resources
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from engine.dsp.effects import EFFECTS
from engine.errors import StyleError

SCHEMA = "style/1"
PRODUCTION, ARRANGEMENT = "style:production", "style:arrangement"
OPERATORS: tuple[str, ...] = (PRODUCTION, ARRANGEMENT)
TARGET_SIZE = 100
"""Numbers of a production target (`engine.inference.production_features.SIZE`)."""
TYPICAL_BELOW_MIX_DB: dict[str, float] = {"drums": 5.0, "bass": 7.0, "other": 7.0, "vocals": 4.0}
"""Loudness of a part under the mix where there is no stem to take it from."""
_ID = re.compile(r"[a-z][a-z0-9-]{1,31}")
_DRUM_STEPS = frozenset("Xxo-")
_BASS_STEPS = frozenset("RrFfOoTtSsAa=-")
_CHORD_STEPS = frozenset("Xxo=-")
_MAX_BYTES = 1_000_000


class StyleInfo(msgspec.Struct, frozen=True):
    """A style as a menu shows it."""

    id: str
    name: str
    description: str
    operators: tuple[str, ...]


class _Closed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts of a recipe."""


class InsertRecipe(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An effect that the style always adds to a role; `sync_beats` sets ``time_s`` from the tempo."""

    kind: str
    parameters: dict[str, float] = {}
    sync_beats: float | None = None


class Production(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How each role should sound: the features of a reference, made by script, and how much of the way to go."""

    targets: dict[str, tuple[float, ...]]
    balance_db: dict[str, float] = {}
    inserts: dict[str, tuple[InsertRecipe, ...]] = {}
    amount: float = 0.85
    low_ceiling: float = 0.42
    """Largest share of the mix's energy below 120 Hz: more is turned down."""
    reference: dict[str, dict[str, float]] = {}
    """The settings that made the reference from dry kit material: what the target was meant to be."""


class DrumLane(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One piece of the kit: steps ``X`` accent, ``x`` plain, ``o`` ghost, ``-`` rest; plays from section density
    `since` to `until`.
    """

    piece: str
    steps: str
    instrument: str = ""
    since: int = 1
    until: int = 9
    level: float = 1.0
    late_s: float = 0.0


class Drums(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Drum lanes on a grid of `steps_per_beat`, and what ends a phrase; a fill names ``piece`` or
    ``instrument/piece``."""

    instrument: str
    steps_per_beat: int
    lanes: tuple[DrumLane, ...]
    fills: tuple[dict[str, str], ...] = ()
    section_start: str = ""
    fill_chance: float = 0.7


class BassLine(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps: ``R`` root, ``F`` fifth, ``O`` octave, ``T`` third, ``S`` seventh, ``A`` approach to the next chord;
    small letters are soft; ``=`` holds, ``-`` rests.
    """

    instrument: str
    steps_per_beat: int
    patterns: tuple[str, ...]
    low: int
    high: int
    since: int = 1
    gate: float = 0.92
    lift_octaves: bool = False


class HarmonyLayer(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chord instrument, or one that leads: it plays the song's own theme. Steps: ``X``, ``x``, ``o`` strike, ``=``
    holds, ``-`` rests; pads and leads have none."""

    title: str
    instrument: str
    kind: Literal["chord", "arpeggio", "pad", "lead"]
    steps_per_beat: int = 4
    patterns: tuple[str, ...] = ("x===============",)
    colour: Literal["triad", "seventh", "ninth", "power", "open"] = "seventh"
    low: int = 52
    high: int = 76
    voices: int = 4
    since: int = 1
    until: int = 9
    strum_s: float = 0.0
    level_db: float = 0.0
    pan: float = 0.0
    late_s: float = 0.0


class Arrangement(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parts a style writes."""

    drums: Drums | None = None
    bass: BassLine | None = None
    harmony: tuple[HarmonyLayer, ...] = ()
    mutes: tuple[str, ...] = ()
    """Roles that fall silent although nothing replaces them."""
    sidechain_db: float = 0.0
    noise_db: float | None = None
    """Level of vinyl noise in dBFS."""


class Style(_Closed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named, versioned recipe."""

    schema: str
    id: str
    version: int
    name: str
    description: str
    operators: tuple[str, ...]
    needs_beat: bool
    tempo_bpm: tuple[float, float]
    production: Production
    swing: float = 0.5
    swing_steps_per_beat: int = 4
    arrangement: Arrangement | None = None

    @property
    def info(self) -> StyleInfo:
        return StyleInfo(self.id, self.name, self.description, self.operators)


def shipped_root() -> Path:
    """The folder of the styles that come with the program."""
    return Path(str(package_resources.files("resources"))) / "styles"


def list_styles(root: Path | None = None) -> list[StyleInfo]:
    """All styles under `root` (default: the shipped ones), by name; files that are no valid style are left out."""
    found: list[StyleInfo] = []
    for path in sorted((root or shipped_root()).glob("*.json")):
        try:
            found.append(read_style(path).info)
        except StyleError:
            continue
    return sorted(found, key=lambda s: s.name.lower())


def load_style(style_id: str, root: Path | None = None) -> Style:
    """The style with this id.

    Raises:
        StyleError: ``style-unknown``, or ``style-invalid`` when its file is broken.
    """
    folder = root or shipped_root()
    path = folder / f"{style_id}.json"
    if not _ID.fullmatch(style_id) or not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.json"))) or "none are installed"
        raise StyleError(
            f"There is no style called “{style_id}”.", remedy=f"Choose one of: {known}.", code="style-unknown"
        )
    return read_style(path)


def read_style(path: Path) -> Style:
    """Read and check a style file.

    Raises:
        StyleError: ``style-invalid``: unreadable, from a newer version, or with a value that makes no sense.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _invalid(path.stem, "the file is far too large")
        raw = path.read_bytes()
    except OSError as error:
        raise _invalid(path.stem, f"it cannot be read ({error.strerror})") from error
    try:
        stated = msgspec.json.decode(raw, type=_Stated).schema
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _invalid(path.stem, f"it is not a style file ({error})") from error
    if stated != SCHEMA:
        newer = stated.startswith("style/")
        raise StyleError(
            f"The style “{path.stem}” was made by {'a newer' if newer else 'another'} version "
            f"of the program ({stated}).",
            remedy="Update Contrafact, or export the style again for this version.",
            code="style-invalid",
        )
    try:
        style = msgspec.json.decode(raw, type=Style)
    except msgspec.DecodeError as error:
        raise _invalid(path.stem, str(error)) from error
    if style.id != path.stem:
        raise _invalid(path.stem, f"its id is “{style.id}”, not the name of its file")
    check_style(style)
    return style


class _Stated(msgspec.Struct):
    """Only the version of a style file."""

    schema: str


def _invalid(name: str, why: str) -> StyleError:
    return StyleError(
        f"The style “{name}” cannot be used: {why}.",
        remedy="Take the style from its source again, or correct the named value in a text editor.",
        code="style-invalid",
    )


def check_style(style: Style) -> None:
    """Check what types alone cannot: ranges, steps, effects.

    Raises:
        StyleError: ``style-invalid``, naming the value.
    """

    def must(condition: bool, why: str) -> None:
        if not condition:
            raise _invalid(style.id, why)

    must(bool(_ID.fullmatch(style.id)), "its id must be small letters, digits and hyphens")
    must(0 < len(style.name) <= 60 and len(style.description) <= 400, "its name or description is empty or too long")
    must(
        bool(style.operators) and set(style.operators) <= set(OPERATORS),
        f"its operators must be of {', '.join(OPERATORS)}",
    )
    must(
        (ARRANGEMENT in style.operators) == (style.arrangement is not None), "its operators and its parts do not agree"
    )
    low, high = style.tempo_bpm
    must(30.0 <= low <= high <= 300.0, "its tempo range must lie within 30 to 300 beats a minute")
    must(
        0.5 <= style.swing <= 0.75 and style.swing_steps_per_beat in (2, 4),
        "its swing must be 0.5 to 0.75 of 2 or 4 steps a beat",
    )
    _check_production(style.production, must)
    if style.arrangement is not None:
        _check_arrangement(style.arrangement, must)


Must: TypeAlias = Callable[[bool, str], None]
"""Raises when its first argument is false, with the second as the reason."""


def _check_production(production: Production, must: Must) -> None:
    roles = {"vocals", "drums", "bass", "other"}
    must(set(production.targets) <= roles and bool(production.targets), "its production targets name an unknown stem")
    for role, target in production.targets.items():
        must(len(target) == TARGET_SIZE, f"the target of {role} has {len(target)} numbers instead of {TARGET_SIZE}")
        # The sum tells of NaN, which comparisons do not; a window lists all styles before it opens.
        sane = math.isfinite(sum(target)) and min(target) >= -200.0 and max(target) <= 200.0
        must(sane, f"the target of {role} has an absurd number")
    must(0.0 <= production.amount <= 1.0, "its production amount must be 0 to 1")
    must(0.05 <= production.low_ceiling <= 1.0, "the share of its low end must be 0.05 to 1")
    for role, value in production.balance_db.items():
        must(
            role in roles and math.isfinite(value) and abs(value) <= 12.0, f"the balance of {role} must be within 12 dB"
        )
    for role, inserts in production.inserts.items():
        must(role in roles and len(inserts) <= 4, f"the effects of {role} are too many or of an unknown stem")
        for insert in inserts:
            spec = EFFECTS.get(insert.kind)
            must(spec is not None, f"there is no effect “{insert.kind}”")
            assert spec is not None
            known = {p.id: p for p in spec.parameters}
            for name, value in insert.parameters.items():
                fits = name in known and math.isfinite(value) and known[name].minimum <= value <= known[name].maximum
                must(fits, f"“{name}” of the effect {insert.kind} cannot be {value}")
            if insert.sync_beats is not None:
                must(
                    "time_s" in known and 0.05 <= insert.sync_beats <= 4.0,
                    "a synchronised effect needs a time of 0.05 to 4 beats",
                )


def _check_arrangement(arrangement: Arrangement, must: Must) -> None:

    def steps(text: str, allowed: frozenset[str], where: str) -> None:
        must(4 <= len(text) <= 64 and set(text) <= allowed, f"the steps “{text}” of {where} are not playable")

    must(0.0 <= arrangement.sidechain_db <= 12.0, "its side-chain must be 0 to 12 dB")
    must(arrangement.noise_db is None or -90.0 <= arrangement.noise_db <= -30.0, "its noise must be -90 to -30 dB")
    must(set(arrangement.mutes) <= {"vocals", "drums", "bass", "other"}, "it mutes an unknown stem")
    if arrangement.drums is not None:
        drums = arrangement.drums
        must(drums.steps_per_beat in (2, 3, 4, 6, 8), "its drum grid must be 2, 3, 4, 6 or 8 steps a beat")
        must(1 <= len(drums.lanes) <= 24 and 0.0 <= drums.fill_chance <= 1.0, "its drums have no lanes, or too many")
        for lane in drums.lanes:
            steps(lane.steps, _DRUM_STEPS, lane.piece)
            must(0.0 <= lane.level <= 1.5 and abs(lane.late_s) <= 0.08, f"the level or delay of {lane.piece} is absurd")
        for fill in drums.fills:
            for piece, text in fill.items():
                steps(text, _DRUM_STEPS, f"the fill of {piece}")
    if arrangement.bass is not None:
        bass = arrangement.bass
        must(bass.steps_per_beat in (2, 3, 4, 6), "its bass grid must be 2, 3, 4 or 6 steps a beat")
        must(
            20 <= bass.low <= bass.high - 11 and bass.high <= 72,
            "the range of its bass must span an octave within 20 to 72",
        )
        must(bool(bass.patterns) and 0.05 <= bass.gate <= 1.0, "its bass has no pattern")
        for text in bass.patterns:
            steps(text, _BASS_STEPS, "the bass")
    must(len(arrangement.harmony) <= 8, "it has more than 8 harmony layers")
    for layer in arrangement.harmony:
        must(
            30 <= layer.low <= layer.high - 11 and layer.high <= 108, f"the range of {layer.title} must span an octave"
        )
        must(
            1 <= layer.voices <= 6 and layer.steps_per_beat in (2, 3, 4, 6),
            f"{layer.title} has too many voices or an odd grid",
        )
        must(
            bool(layer.patterns) and abs(layer.level_db) <= 24.0 and abs(layer.pan) <= 1.0,
            f"{layer.title} is out of range",
        )
        must(0.0 <= layer.strum_s <= 0.05 and abs(layer.late_s) <= 0.08, f"the timing of {layer.title} is absurd")
        for text in layer.patterns:
            steps(text, _CHORD_STEPS, layer.title)
