"""Makes the instrument packs from the sample kit: `python -m resources.instruments.build --samples DIR`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import msgspec

from engine.instruments.model import InstrumentInfo
from resources.instruments.assemble import RATE, SampleKit, assemble
from resources.instruments.ogg import write_ogg
from resources.instruments.specs import KITS, MELODIC, Kit

_QUALITY = 0.37
_README_HEAD = """# Instruments

Sampled instruments that the styles play. Each folder has an `instrument.json` (regions, levels, tuning, loops, sources)
and its sounds as Ogg Vorbis at 44.1 kHz. Everything here is CC0, public domain or CC BY; the sources below must stay
named wherever the sounds go. This page and the packs are written by

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
        for sound in made.sounds:
            write_ogg(folder / sound.file, sound.samples, rate=RATE, quality=_QUALITY)
        text = msgspec.json.format(msgspec.json.encode(made.info), indent=1) + b"\n"
        (folder / "instrument.json").write_bytes(text)
        size = sum(path.stat().st_size for path in folder.iterdir())
        kind = "kit" if isinstance(spec, Kit) else "melodic"
        print(f"{spec.id:16} {kind:8} {len(made.sounds):4} sounds {size / 1e6:6.2f} MB")
        total += size
    return total


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
