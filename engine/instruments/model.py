"""What an instrument is: notes to play, regions of recorded sound, and the pack that holds them."""

from __future__ import annotations

import functools
import math
import re
from importlib import resources as package_resources
from pathlib import Path

import msgspec
import numpy as np
import soundfile  # pyright: ignore[reportMissingTypeStubs]

from engine.errors import AudioFileError, PackError
from engine.types import Audio

SCHEMA = "instrument/1"
_KEPT = 6
"""Instruments that stay decoded for the next part."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")


class Note(msgspec.Struct, frozen=True):
    """One note to play.

    `pitch` is a MIDI number (60 = middle C), fractions are allowed; for a kit take it from `Instrument.pitch_of`.
    `velocity` is 0..1. `bend` bends the sounding pitch: (seconds after the start, semitones) points, joined by straight
    lines.
    `legato` starts inside the recorded tone, past its attack, for a note that is slurred from the one before.
    """

    start_s: float
    duration_s: float
    pitch: float
    velocity: float
    bend: tuple[tuple[float, float], ...] = ()
    legato: bool = False


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded sound and where on the keyboard and in which velocities it plays.

    `root` is the pitch at which the file sounds as recorded, in MIDI numbers with the fraction that its tuning needs.
    `velocity_low` is inclusive, `velocity_high` exclusive (but 1.0 belongs to the last layer). `loop_start` and
    `loop_end` are frames of the file; both 0 means that the sound ends where the file ends. `lead_s` is how long the
    sound takes to speak: it starts that much before the note, so that the ear hears it on the beat.
    """

    file: str
    root: float
    key_low: int
    key_high: int
    velocity_low: float = 0.0
    velocity_high: float = 1.0
    round_robin: int = 0
    gain_db: float = 0.0
    pan: float = 0.0
    release_s: float | None = None
    one_shot: bool = False
    choke: str = ""
    chokes: tuple[str, ...] = ()
    loop_start: int = 0
    loop_end: int = 0
    lead_s: float = 0.0
    start: int = 0
    frames: int = 0
    """Where in the file the sound lies; 0 frames is the whole file. Loops count from `start`."""

    @property
    def key(self) -> tuple[str, int]:
        """Which recording this is."""
        return self.file, self.start


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the recordings come from, and under which terms."""

    source: str
    licence: str
    text: str
    changes: str = ""


class InstrumentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of an `instrument.json`."""

    schema: str
    id: str
    name: str
    kind: str
    regions: tuple[Region, ...]
    attributions: tuple[Attribution, ...]
    pieces: dict[str, int] = {}
    release_s: float = 0.08
    gain_db: float = 0.0
    velocity_exponent: float = 1.6
    legato_offset_s: float = 0.07


class Instrument:
    """A loaded instrument pack: its description, and its sounds, decoded when first played.

    `sounds` gives samples and rate of files that are in memory already.
    """

    def __init__(self, info: InstrumentInfo, folder: Path, *, sounds: dict[str, tuple[Audio, int]] | None = None):
        self.info = info
        self.folder = folder
        self._sounds: dict[str, tuple[Audio, int]] = dict(sounds or {})

    @property
    def is_kit(self) -> bool:
        return self.info.kind == "kit"

    @property
    def pieces(self) -> dict[str, int]:
        """Names of a kit's pieces and the pitch that plays each; empty for a melodic instrument."""
        return self.info.pieces

    @property
    def key_range(self) -> tuple[int, int]:
        """Lowest and highest pitch with a region."""
        return min(r.key_low for r in self.info.regions), max(r.key_high for r in self.info.regions)

    def pitch_of(self, piece: str) -> int:
        """The pitch that plays a piece of a kit.

        Raises:
            PackError: (piece-unknown) the kit has no such piece.
        """
        try:
            return self.info.pieces[piece]
        except KeyError:
            raise PackError(
                f"The kit {self.info.name} has no {piece}.",
                remedy=f"Use one of: {', '.join(sorted(self.info.pieces)) or 'none'}.",
                code="piece-unknown",
            ) from None

    def sound(self, region: Region) -> tuple[Audio, int]:
        """Samples `(channels, frames)` and rate of a region; each file is decoded once.

        Raises:
            AudioFileError: the file is missing or cannot be read.
        """
        if region.file not in self._sounds:
            path = self.folder / region.file
            try:
                samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            except (OSError, soundfile.LibsndfileError) as error:
                raise AudioFileError(
                    f"A sound of {self.info.name} cannot be read: {region.file}.",
                    remedy="Install Contrafact again, its instruments are damaged.",
                    code="audio-missing" if not path.exists() else "audio-unreadable",
                ) from error
            self._sounds[region.file] = (np.ascontiguousarray(samples.T, dtype=np.float32), int(rate))
        samples, rate = self._sounds[region.file]
        if region.frames:
            samples = samples[:, region.start : region.start + region.frames]
        return samples, rate


def shipped_root() -> Path:
    """The folder of the instruments that come with the program."""
    return Path(str(package_resources.files("resources"))) / "instruments"


def list_instruments(root: Path | None = None) -> list[str]:
    """Names of the instruments under `root` (default: the shipped ones), sorted."""
    folder = root or shipped_root()
    return sorted(path.parent.name for path in folder.glob("*/instrument.json"))


def load(name: str, root: Path | None = None) -> Instrument:
    """Load the instrument `name` from `root` (default: the shipped ones).

    Raises:
        PackError: (instrument-unknown, pack-invalid) no such instrument, or its description is broken.
    """
    folder = (root or shipped_root()) / name
    path = folder / "instrument.json"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise PackError(
            f"There is no instrument called {name}.",
            remedy=f"Choose one of: {', '.join(list_instruments(root)) or 'none are installed'}.",
            code="instrument-unknown",
        )
    return _read(name, folder, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=_KEPT)
def _read(name: str, folder: Path, _changed_ns: int) -> Instrument:
    try:
        info = msgspec.json.decode((folder / "instrument.json").read_bytes(), type=InstrumentInfo)
        check(info)
    except (OSError, ValueError) as error:
        raise PackError(
            f"The instrument {name} is damaged: {error}.",
            remedy="Install Contrafact again, or take the instrument from its source once more.",
            code="pack-invalid",
        ) from error
    return Instrument(info, folder)


def check(info: InstrumentInfo) -> None:
    """Check what the types alone cannot.

    Raises:
        ValueError: a field contradicts another one.
    """
    if info.schema != SCHEMA:
        raise ValueError(f"schema {info.schema!r} is not {SCHEMA}")
    if info.kind not in ("melodic", "kit"):
        raise ValueError(f"kind {info.kind!r} is neither melodic nor kit")
    if not info.regions or not info.attributions:
        raise ValueError("it has no sounds or names no source")
    for region in info.regions:
        parts = Path(region.file).parts
        if Path(region.file).is_absolute() or ".." in parts or "\\" in region.file:
            raise ValueError(f"{region.file!r} lies outside the pack")
        if region.key_low > region.key_high or not 0 <= region.velocity_low < region.velocity_high <= 1:
            raise ValueError(f"{region.file!r} has an empty range")
        if not all(math.isfinite(v) for v in (region.root, region.gain_db, region.pan, region.lead_s)):
            raise ValueError(f"{region.file!r} has a number that is not finite")
        if region.start < 0 or region.frames < 0 or (region.start and not region.frames):
            raise ValueError(f"{region.file!r} has no such stretch")
        if region.loop_end and not 0 <= region.loop_start < region.loop_end:
            raise ValueError(f"{region.file!r} has an empty loop")
    for piece, pitch in info.pieces.items():
        if not any(r.key_low <= pitch <= r.key_high for r in info.regions):
            raise ValueError(f"piece {piece!r} has no sound")
