"""Makes the instrument packs from the sample kit: `python -m resources.instruments.build --samples DIR`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import msgspec
import numpy as np

from engine.instruments.model import InstrumentInfo, Region
from resources.instruments.assemble import RATE, Assembled, SampleKit, assemble
from resources.instruments.ogg import write_ogg
from resources.instruments.specs import KITS, MELODIC, Kit

_QUALITY = 0.33
_GAP_FRAMES = 3072
"""Silence between two sounds: longer than the longest block of Vorbis, so that none smears into the other."""
_README_HEAD = """# Instruments

Sampled instruments that the styles play. Each folder has an `instrument.json` (regions, levels, tuning, loops, sources)
and its sounds, one after the other, as Ogg Vorbis at 44.1 kHz. Everything here is CC0, public domain or CC BY; the
sources below must stay named wherever the sounds go. This page and the packs are written by

    python -m resources.instruments.build --samples DIR

from the project's sample kit. A single note at velocity 0.8 lies near -20 dBFS (K-weighted, loudest 300 ms) on every
melodic instrument, and tones are tuned within a few cents of A = 440 Hz.
"""


def build(samples: Path, out: Path, only: str | None = None) -> int:
    """Write every pack (or `only` one) under `out` and return the bytes written."""
    kit = SampleKit(samples)
    total = 0
    for spec in (*KITS, *MELODIC):
        if only is not None and spec.id != only:
            continue
        made = assemble(spec, kit)
        folder = out / spec.id
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        regions = _write_sounds(made, folder)
        info = msgspec.structs.replace(made.info, regions=regions)
        text = msgspec.json.format(msgspec.json.encode(info, order="deterministic"), indent=1) + b"\n"
        (folder / "instrument.json").write_bytes(text)
        size = sum(path.stat().st_size for path in folder.iterdir())
        kind = "kit" if isinstance(spec, Kit) else "melodic"
        print(f"{spec.id:16} {kind:8} {len(made.sounds):4} sounds {size / 1e6:6.2f} MB")
        total += size
    return total


def _write_sounds(made: Assembled, folder: Path) -> tuple[Region, ...]:
    """Write the sounds one after the other, mono and stereo ones apart: the head of a Vorbis file is as large as a
    drum stroke.

    Returns:
        The regions with their places in those files.
    """
    places: dict[str, Region] = {}
    for channels in (1, 2):
        sounds = [sound for sound in made.sounds if sound.samples.shape[0] == channels]
        if not sounds:
            continue
        file = "mono.ogg" if channels == 1 else "stereo.ogg"
        gap = np.zeros((channels, _GAP_FRAMES), np.float32)
        pieces: list[np.ndarray] = []
        start = 0
        for sound in sounds:
            pieces += [gap, sound.samples]
            start += _GAP_FRAMES
            places[sound.file] = msgspec.structs.replace(
                sound.region, file=file, start=start, frames=sound.samples.shape[1]
            )
            start += sound.samples.shape[1]
        write_ogg(folder / file, np.concatenate([*pieces, gap], axis=1), rate=RATE, quality=_QUALITY)
    return tuple(places[sound.file] for sound in made.sounds)


def write_readme(out: Path) -> None:
    """List every pack under `out` with the sources that its licences ask to be named."""
    lines = [_README_HEAD]
    for path in sorted(out.glob("*/instrument.json")):
        info = msgspec.json.decode(path.read_bytes(), type=InstrumentInfo)
        pieces = f" Pieces: {', '.join(info.pieces)}." if info.pieces else ""
        lines.append(f"## {info.id}: {info.name}\n\n{len(info.regions)} sounds.{pieces}\n")
        lines += [
            f"- {a.text}. {a.source}. Licence: {a.licence}. Changes: {a.changes or 'none'}." for a in info.attributions
        ]
        lines.append("")
    (out / "README.md").write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, required=True, help="folder of the sample kit (with samples.csv)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where the packs go")
    parser.add_argument("--only", help="build this instrument alone")
    args = parser.parse_args()
    print(f"{build(args.samples, args.out, args.only) / 1e6:.2f} MB in all")
    write_readme(args.out)


if __name__ == "__main__":
    main()
