"""Turns a specification and the sample kit into an instrument: regions, levels, tuning, loops, attribution."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

from engine.instruments.model import SCHEMA, Attribution, InstrumentInfo, Region
from resources.instruments.measure import lead_s, make_loop, tuning_cents, weighted_level_db
from resources.instruments.specs import Kit, Melodic, Piece

Samples = npt.NDArray[np.float32]
RATE = 44100
_PEAK_DB = -3.5
_VELOCITY_BORDERS: dict[int, tuple[float, ...]] = {1: (0.0, 1.0), 2: (0.0, 0.6, 1.0), 3: (0.0, 0.42, 0.74, 1.0)}
OWN_WORK = Attribution(
    source="Contrafact",
    licence="CC0 1.0",
    text="Electronic hats, clap, shaker and sub bass synthesised by resources/instruments/synthesis.py",
)


@dataclasses.dataclass
class Sound:
    """One file of an instrument: its name within the pack, its samples `(channels, frames)` and its region."""

    file: str
    samples: Samples
    region: Region


@dataclasses.dataclass
class Assembled:
    """An instrument in memory."""

    info: InstrumentInfo
    sounds: list[Sound]


class SampleKit:
    """The folder of recordings with its table of sources."""

    def __init__(self, folder: Path):
        self.folder = folder
        with (folder / "samples.csv").open(newline="", encoding="utf-8") as file:
            self.rows = {row["path"]: row for row in csv.DictReader(file)}

    def match(self, pattern: str) -> list[str]:
        """Paths within the kit that match a glob pattern, sorted."""
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.glob(pattern) if p.is_file())

    def read(self, path: str) -> Samples:
        """Samples `(channels, frames)` at 44.1 kHz."""
        samples, rate = soundfile.read(self.folder / path, dtype="float32", always_2d=True)
        if rate != RATE:
            raise ValueError(f"{path} is not at {RATE} Hz")
        return np.ascontiguousarray(samples.T)

    def attribution(self, path: str, changes: str) -> Attribution:
        row = self.rows[path]
        return Attribution(
            source=f"github.com/{row['source_repo']}", licence=row["licence"], text=row["attribution"], changes=changes
        )


def assemble(spec: Kit | Melodic, kit: SampleKit) -> Assembled:
    """Build the instrument that `spec` describes."""
    return _assemble_kit(spec, kit) if isinstance(spec, Kit) else _assemble_melodic(spec, kit)


def _assemble_kit(spec: Kit, kit: SampleKit) -> Assembled:
    sounds: list[Sound] = []
    attributions: set[Attribution] = set()
    for name, piece in spec.pieces.items():
        layers = _piece_layers(spec, name, piece, kit)
        borders = _VELOCITY_BORDERS[len(layers)]
        for index, takes in enumerate(layers):
            for take, (source, samples) in enumerate(takes):
                if source:
                    attributions.add(kit.attribution(source, "trimmed, levelled, encoded"))
                else:
                    attributions.add(OWN_WORK)
                samples = _trim(samples, piece.seconds)
                level = weighted_level_db(samples, RATE, window_s=0.1)
                peak_db = 20 * np.log10(float(np.max(np.abs(samples))) + 1e-9)
                gain_db = min(piece.level_db - level, _PEAK_DB - peak_db)
                samples, gain_db = _normalised(samples, gain_db)
                file = f"{name}_{index}_{take}.ogg"
                region = Region(
                    file=file,
                    root=float(piece.pitch),
                    key_low=piece.pitch,
                    key_high=piece.pitch,
                    velocity_low=borders[index],
                    velocity_high=borders[index + 1],
                    round_robin=take,
                    gain_db=round(gain_db, 2),
                    pan=piece.pan,
                    lead_s=round(lead_s(samples, RATE, share=0.35, limit_s=piece.lead_limit_s), 4),
                    one_shot=True,
                    choke=piece.choke,
                    chokes=piece.chokes,
                )
                sounds.append(Sound(file, samples, region))
    pieces = {name: piece.pitch for name, piece in spec.pieces.items()}
    return _assembled(spec.id, spec.name, "kit", sounds, attributions, pieces=pieces)


def _piece_layers(spec: Kit, name: str, piece: Piece, kit: SampleKit) -> list[list[tuple[str, Samples]]]:
    if piece.make is not None:
        rng = np.random.default_rng([ord(c) for c in spec.id + name])
        return [[("", piece.make(RATE, rng)) for _ in range(4)]]
    layers: list[list[tuple[str, Samples]]] = []
    for pattern in piece.layers:
        paths = kit.match(pattern)[: piece.takes]
        if paths:
            layers.append([(path, kit.read(path)) for path in paths])
    if not layers:
        raise ValueError(f"{spec.id}: nothing matches {piece.layers} for {name}")
    return layers


def _assemble_melodic(spec: Melodic, kit: SampleKit) -> Assembled:
    sounds: list[Sound] = []
    attributions: set[Attribution] = set()
    if spec.make is not None:
        ((_, low, high),) = spec.folders
        made = _synthesised(spec, low, high)
        return _assembled(spec.id, spec.name, "melodic", made, {OWN_WORK}, release_s=spec.release_s)
    for folder, low, high in spec.folders:
        notes = [note for note in _notes(folder, kit, spec) if not spec.roots or note[0] in spec.roots]
        names = [v for v in spec.layers if any(layer == v for _, layer, _ in notes)]
        borders = _VELOCITY_BORDERS[len(names)]
        for index, layer in enumerate(names):
            roots = sorted({root for root, name, _ in notes if name == layer})
            for position, root in enumerate(roots):
                key_low = low if position == 0 else (roots[position - 1] + root) // 2 + 1
                key_high = high if position == len(roots) - 1 else (root + roots[position + 1]) // 2
                key_low, key_high = max(key_low, low), min(key_high, high)
                if key_low > key_high:
                    continue
                takes = [path for r, name, path in notes if r == root and name == layer][: spec.takes]
                for take, path in enumerate(takes):
                    attributions.add(kit.attribution(path, "trimmed, levelled, tuned, encoded"))
                    sound = _melodic_sound(spec, kit.read(path), root, f"{Path(folder).name}_{root}_{layer}_{take}.ogg")
                    region = msgspec.structs.replace(
                        sound.region,
                        key_low=key_low,
                        key_high=key_high,
                        velocity_low=borders[index],
                        velocity_high=borders[index + 1],
                        round_robin=take,
                    )
                    sounds.append(Sound(sound.file, sound.samples, region))
    return _assembled(
        spec.id,
        spec.name,
        "melodic",
        sounds,
        attributions,
        release_s=spec.release_s,
        legato_offset_s=spec.legato_offset_s,
    )


def _synthesised(spec: Melodic, low: int, high: int) -> list[Sound]:
    """Tones made at the roots of `spec`, each for the keys nearest to it."""
    assert spec.make is not None
    sounds: list[Sound] = []
    for index, root in enumerate(spec.roots):
        first = low if index == 0 else (spec.roots[index - 1] + root) // 2 + 1
        last = high if index == len(spec.roots) - 1 else (root + spec.roots[index + 1]) // 2
        sound = _melodic_sound(spec, spec.make(RATE, float(root)), root, f"{spec.id}_{root}.ogg")
        sound.region = msgspec.structs.replace(sound.region, key_low=first, key_high=last)
        sounds.append(sound)
    return sounds


def _notes(folder: str, kit: SampleKit, spec: Melodic) -> list[tuple[int, str, str]]:
    """(midi, layer, path) of each note in a folder."""
    found: list[tuple[int, str, str]] = []
    for path in kit.match(f"{folder}/*"):
        row = kit.rows[path]
        if row["midi_note"]:
            found.append((int(row["midi_note"]), row["velocity"], path))
    if not found:
        raise ValueError(f"{spec.id}: no notes in {folder}")
    return found


def _melodic_sound(spec: Melodic, samples: Samples, root: int, file: str) -> Sound:
    if not spec.stereo and samples.shape[0] > 1:
        samples = samples.mean(axis=0, keepdims=True)
    cents = tuning_cents(samples, RATE, root)
    loop = make_loop(samples[:, : round(spec.seconds * RATE)], RATE) if spec.loop else None
    start = end = 0
    if loop:
        samples, start, end = loop
    else:
        samples = _trim(samples, spec.seconds)
    level = weighted_level_db(samples, RATE, window_s=0.3)
    samples, gain_db = _normalised(samples, float(np.clip(spec.level_db - level, -40, 40)))
    region = Region(
        file=file,
        root=round(root + cents / 100.0, 2),
        key_low=root,
        key_high=root,
        gain_db=round(gain_db, 2),
        loop_start=start,
        loop_end=end,
        lead_s=round(lead_s(samples, RATE, share=0.35, limit_s=spec.lead_limit_s), 4),
    )
    return Sound(file, samples, region)


def _trim(samples: Samples, seconds: float) -> Samples:
    """At most `seconds`, with a fade over the last quarter where something was cut, and no direct current."""
    frames = round(seconds * RATE)
    cut = samples[:, :frames].astype(np.float32).copy()
    if samples.shape[1] > frames:
        fade = frames // 4
        cut[:, -fade:] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    return cut


def _normalised(samples: Samples, gain_db: float) -> tuple[Samples, float]:
    """Samples at a peak of 0.7, and the gain that is left to apply."""
    peak = float(np.max(np.abs(samples))) + 1e-9
    return samples * np.float32(0.7 / peak), float(gain_db - 20 * np.log10(0.7 / peak))


def _assembled(
    id: str,
    name: str,
    kind: str,
    sounds: list[Sound],
    attributions: set[Attribution],
    *,
    pieces: dict[str, int] | None = None,
    release_s: float = 0.05,
    legato_offset_s: float = 0.07,
) -> Assembled:
    info = InstrumentInfo(
        schema=SCHEMA,
        id=id,
        name=name,
        kind=kind,
        regions=tuple(sound.region for sound in sounds),
        attributions=tuple(sorted(attributions, key=lambda a: (a.source, a.text, a.changes))),
        pieces=pieces or {},
        release_s=release_s,
        legato_offset_s=legato_offset_s,
    )
    return Assembled(info, sounds)
