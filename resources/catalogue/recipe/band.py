"""The players: instruments made from the full sample kit, kept in memory, and the sources that they must name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from engine.instruments import Attribution, Instrument, Note, render_notes
from engine.types import Audio
from resources.catalogue.recipe.mixing import RATE
from resources.instruments.assemble import SampleKit, assemble
from resources.instruments.specs import KITS, MELODIC, Kit, Melodic

_MORE: tuple[Melodic, ...] = (
    Melodic("bass_round", "Round finger bass", (("bass/swagbass", 21, 70),), 3.8, 0.1, level_db=-16.0),
    Melodic("guitar_steel", "Steel guitar", (("guitar/martin_steel", 38, 86),), 2.4, 0.2, lead_limit_s=0.03),
    Melodic("guitar_electric", "Electric guitar", (("guitar/emily_electric", 36, 88),), 3.6, 0.1),
    Melodic("cello", "Cello", (("strings/bigcat_cello_sustain", 36, 84),), 3.6, 0.25, loop=True, legato_offset_s=0.15),
    Melodic("harp", "Harp", (("strings/celtic_harp", 36, 96),), 2.8, 0.6),
    Melodic("sweep_pad", "Sweep pad", (("keys/synth_pad_sweep", 36, 90),), 5.4, 0.7, loop=True),
    Melodic("synth_lead", "Synth lead", (("keys/synth_lead_bass", 36, 96),), 2.0, 0.12, loop=True),
    Melodic("choir_oo", "Voices, oo", (("voice/berklee_femalevoices_oo2", 50, 86),), 3.4, 0.35, loop=True),
    Melodic("choir_aa", "Voices, ah", (("voice/berklee_femalevoices_aa2", 50, 86),), 3.4, 0.35, loop=True),
    Melodic("glockenspiel", "Glockenspiel", (("keys/glockenspiel", 72, 107),), 2.6, 0.5),
    Melodic("alto_sax", "Alto saxophone", (("winds/alto_sax", 48, 83),), 3.1, 0.12, loop=True, legato_offset_s=0.09),
    Melodic(
        "muted_strings",
        "Cello and viola section",
        (("strings/cello_viola_section", 34, 90),),
        3.5,
        0.4,
        loop=True,
        stereo=True,
    ),
)


class Band:
    """Instruments by name, built from the kit when first asked for; remembers whose recordings were used."""

    def __init__(self, samples: Path):
        self.kit = SampleKit(samples)
        self._made: dict[str, Instrument] = {}
        self.used: set[Attribution] = set()

    def instrument(self, name: str) -> Instrument:
        if name not in self._made:
            made = assemble(_spec(name), self.kit)
            sounds = {sound.file: (sound.samples, RATE) for sound in made.sounds}
            self._made[name] = Instrument(made.info, self.kit.folder, sounds=sounds)
        instrument = self._made[name]
        self.used.update(dataclass_free(instrument.info.attributions))
        return instrument

    def credit(self, path: str, changes: str) -> None:
        """Name the source of a recording that is used without an instrument."""
        self.used.add(self.kit.attribution(path, changes))

    def play(self, name: str, notes: Iterable[Note], *, frames: int, seed: int) -> Audio:
        """Play notes on an instrument of the band, `(2, frames)`."""
        return render_notes(self.instrument(name), notes, rate=RATE, length_frames=frames, seed=seed)

    def match(self, pattern: str) -> list[str]:
        """Paths within the kit that match a glob pattern, sorted."""
        return self.kit.match(pattern)

    def sample(self, path: str, changes: str = "trimmed, levelled") -> Audio:
        """A single recording as stereo."""
        self.credit(path, changes)
        x = self.kit.read(path)
        return np.repeat(x, 2, axis=0) if x.shape[0] == 1 else x


def dataclass_free(attributions: Sequence[Attribution]) -> list[Attribution]:
    """The same sources, with the changes worded as they are in a song."""
    return [
        Attribution(source=a.source, licence=a.licence, text=a.text, changes="played, tuned and mixed into the song")
        for a in attributions
    ]


def _spec(name: str) -> Kit | Melodic:
    for spec in (*KITS, *_MORE):
        if spec.id == name:
            return _fuller(spec)
    for melodic in MELODIC:
        if melodic.id == name:
            return _fuller(melodic)
    raise ValueError(f"the band has no {name}")


def _fuller(spec: Kit | Melodic) -> Kit | Melodic:
    """The same instrument with every take and the full length, since here no size limit applies."""
    if isinstance(spec, Melodic):
        longer = spec if spec.loop else dataclasses.replace(spec, seconds=spec.seconds * 1.8)
        return dataclasses.replace(
            longer, takes=4, layers=("soft", "medium", "hard") if "strings" not in spec.id else spec.layers
        )
    pieces = {
        name: dataclasses.replace(piece, takes=max(4, piece.takes), seconds=piece.seconds * 1.5)
        for name, piece in spec.pieces.items()
    }
    return dataclasses.replace(spec, pieces=pieces)
