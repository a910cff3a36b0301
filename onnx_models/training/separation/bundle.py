"""Training on another machine: the kit packed small, and one command there that unpacks, renders, trains and returns.

A machine with a graphics card is often lent for minutes, and little can be sent to it. What travels is the decoded kit
as two Ogg Vorbis streams (one of its mono, one of its stereo files) and the real clips that judge: some 45 MB instead
of gigabytes of songs, which the processors there render again in a minute or two.

    python -m onnx_models.training.separation.bundle pack --audio DIR --out DIR
    python -m onnx_models.training.separation.bundle train --bundle DIR --cache DIR --out DIR --minutes 8 --device cuda

The second command is run once for each slice of time. It goes on from ``checkpoint.pt`` in ``--out`` or in the bundle,
whichever is there, and leaves there the small checkpoint and the log; what it unpacked and rendered is used again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation import library as kit
from onnx_models.training.separation import pool

GAP = 2048
"""Silence between the files of a stream, so that the codec does not smear one into the next."""
QUALITY = 0.12
"""Vorbis quality, 0 to 1; at this one the kit takes about 40 kbit/s a channel, below which hats lose their top."""
BLOCK = 1 << 16
BUDGET = 64 * 1024 * 1024


def _streams(entries: list[kit.Entry]) -> dict[int, list[kit.Entry]]:
    """The entries of each stream by its number of channels, in the order of the kit."""
    return {count: [entry for entry in entries if entry.channels == count] for count in (1, 2)}


def pack(cache: Path, audio: Path, out: Path, *, quality: float = QUALITY) -> int:
    """Write the bundle of the built kit in `cache` and of the clips in `audio` to `out`; returns its bytes."""
    import soundfile

    out.mkdir(parents=True, exist_ok=True)
    flat = np.memmap(cache / "library.i16", dtype="<i2", mode="r")
    entries = kit.Library(cache).entries
    for channels, found in _streams(entries).items():
        name = str(out / f"kit-{channels}.ogg")
        with soundfile.SoundFile(
            name, "w", kit.RATE, channels, format="OGG", subtype="VORBIS", compression_level=1.0 - quality
        ) as stream:
            for entry in found:
                part = np.asarray(flat[entry.start : entry.start + entry.frames * channels]).reshape(-1, channels)
                # The encoder keeps a block on its stack: one of a minute is more than that holds.
                for start in range(0, entry.frames, BLOCK):
                    stream.write(part[start : start + BLOCK])
                stream.write(np.zeros((GAP, channels), np.int16))
    shutil.copyfile(cache / "library.json", out / "library.json")
    for folder in (audio, *(path for path in sorted(audio.iterdir()) if path.is_dir())):
        target = out / "audio" / folder.relative_to(audio)
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.ogg")):
            shutil.copyfile(path, target / path.name)
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def _voice(job: tuple[str, str]) -> None:
    cache, path = Path(job[0]), job[1]
    library = kit.Library(cache)
    entry = next(entry for entry in library.entries if entry.path == path)
    kit.world(library.samples(entry).mean(0).astype(np.float64), cache / entry.world)


def unpack(bundle: Path, cache: Path, *, processes: int) -> None:
    """Build the kit's cache from a bundle; does nothing where that is done already."""
    import soundfile

    if (cache / "library.json").exists():
        return
    (cache / "world").mkdir(parents=True, exist_ok=True)
    entries = [kit.Entry(**row) for row in json.loads((bundle / "library.json").read_text(encoding="utf-8"))]
    size = max(entry.start + entry.frames * entry.channels for entry in entries)
    flat: npt.NDArray[np.int16] = np.memmap(cache / "library.i16", dtype="<i2", mode="w+", shape=(size,))
    for channels, found in _streams(entries).items():
        with soundfile.SoundFile(bundle / f"kit-{channels}.ogg") as stream:
            for entry in found:
                part = stream.read(entry.frames, dtype="int16", always_2d=True)
                if part.shape[0] != entry.frames:
                    raise SystemExit(f"{bundle} ends before {entry.path}: pack it again")
                flat[entry.start : entry.start + entry.frames * channels] = part.reshape(-1)
                stream.read(GAP, dtype="int16")
    flat.flush()
    part = cache / "library.json.part"
    shutil.copyfile(bundle / "library.json", part)
    part.replace(cache / "library.json")
    with ProcessPoolExecutor(processes) as workers:
        list(workers.map(_voice, [(str(cache), entry.path) for entry in entries if entry.world]))


def render(cache: Path, *, songs: int, leads: int, voices: int, sung: int, processes: int, seconds: float) -> int:
    """Render on all processors for some `seconds` at most, leads and voices first; returns how many songs there are."""
    pool.album_songs(cache)
    end = time.monotonic() + seconds
    with ProcessPoolExecutor(processes) as workers:
        list(workers.map(pool.render_lead, [cache] * leads, range(leads)))
        list(workers.map(pool.render_voice, [cache] * voices, range(voices)))
        list(workers.map(pool.render_sung, [cache] * sung, range(sung)))
        step = processes * 4
        for first in range(0, songs, step):
            seeds = range(first, min(first + step, songs))
            list(workers.map(pool.produce_voice, [cache] * len(seeds), seeds))
            if time.monotonic() > end:
                break
    return len(pool.listing(cache))


def train(options: argparse.Namespace) -> None:
    """One slice: unpack, render, train, and leave the checkpoint and the log in `--out`."""
    from onnx_models.training.separation.trainer import Settings, begin

    begun = time.monotonic()
    processes = options.processes or os.cpu_count() or 1
    unpack(options.bundle, options.cache, processes=processes)
    songs = render(
        options.cache,
        songs=options.songs,
        leads=options.leads,
        voices=options.voices,
        sung=options.sung,
        processes=processes,
        seconds=options.minutes * 60 * options.render_share,
    )
    spent = (time.monotonic() - begun) / 60
    print(f"{songs} songs after {spent:.1f} min", flush=True)
    settings = Settings(
        cache=options.cache,
        out=options.out,
        minutes=max(options.minutes - spent, 0.0),
        model=options.model,
        sizes={"width": options.width} if options.width else {},
        batch=options.batch,
        rate=options.rate,
        workers=options.workers if options.workers is not None else max(processes - 1, 1),
        audio=options.bundle / "audio" if options.judge else None,
        device=options.device,
        threads=options.threads,
        final_rate=options.final_rate,
    )
    known = [folder / "checkpoint.pt" for folder in (options.out, options.bundle)]
    source = next((path for path in known if path.exists()), None)
    run = begin(settings, source)
    run.train()
    run.save(options.out / "checkpoint.pt", small=True)
    (options.out / "last.pt").unlink()
    (options.out / "best.pt").unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack", help="write the bundle")
    packing.add_argument("--samples", type=Path, help="the sample kit; needed where --cache does not hold it decoded")
    packing.add_argument("--cache", type=Path, default=Path(".cache/separation"))
    packing.add_argument("--audio", type=Path, required=True, help="the real clips that judge")
    packing.add_argument("--checkpoint", type=Path, help="where training is to go on from")
    packing.add_argument("--out", type=Path, required=True)
    packing.add_argument("--quality", type=float, default=QUALITY)
    training = commands.add_parser("train", help="one slice of training from a bundle")
    training.add_argument("--bundle", type=Path, required=True)
    training.add_argument(
        "--cache", type=Path, required=True, help="what is unpacked and rendered; kept between slices"
    )
    training.add_argument("--out", type=Path, required=True, help="checkpoint.pt and training.log")
    training.add_argument("--minutes", type=float, required=True, help="of the whole slice, rendering included")
    training.add_argument("--songs", type=int, default=1500)
    training.add_argument("--leads", type=int, default=400)
    training.add_argument("--voices", type=int, default=600)
    training.add_argument("--sung", type=int, default=200)
    training.add_argument("--render-share", type=float, default=0.4, help="of the slice, at most, for new songs")
    training.add_argument("--processes", type=int, help="all of the machine's unless given")
    training.add_argument("--workers", type=int, help="processes that mix while training runs")
    training.add_argument("--threads", type=int, default=2)
    training.add_argument("--model", default="default", choices=("default", "u-net", "bands", "live"))
    training.add_argument("--width", type=int)
    training.add_argument("--batch", type=int, default=16)
    training.add_argument("--rate", type=float, default=1.5e-3)
    training.add_argument("--final-rate", type=float, default=0.0, help="rate at the end; 0 in the last slice")
    training.add_argument("--device", default="cuda", choices=("cpu", "cuda"))
    training.add_argument("--judge", action="store_true", help="judge the averaged weights at the end")
    options = parser.parse_args()
    if options.command == "train":
        train(options)
        return
    if options.samples is not None:
        kit.build(options.samples, options.cache)
    size = pack(options.cache, options.audio, options.out, quality=options.quality)
    if options.checkpoint is not None:
        shutil.copyfile(options.checkpoint, options.out / "checkpoint.pt")
        size += options.checkpoint.stat().st_size
    print(f"{options.out}: {size / 1e6:.1f} MB")
    if size > BUDGET:
        raise SystemExit("The bundle is larger than 64 MiB: pack it again with a lower --quality.")


if __name__ == "__main__":
    main()
