"""More voices over more real instrumentals than the judges: ``python -m onnx_models.training.separation.voices``.

The kit's cuts of the two recordings that judge were never trained on (`library.EXCLUDED`); its sung phrases were. Each
voice lies 2 dB below an instrumental of 20 s; the figure is what the vocals gain in SI-SDR over the mixture, dB.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation import judge
from onnx_models.training.separation.evaluate import pack_separator

SECONDS, BELOW_DB = 20, 2.0
UNHEARD = {
    "lithium aaah": "eif_lithium/*",
    "caesium lead": "eif_caesium/vox_lead*",
    "caesium": "eif_caesium/bgvox_main_1*",
}
"""Voices that no run has heard, as patterns below the kit's ``voice`` folder."""
HEARD = {
    "vocadito": "vocadito/*",
    "vocalset": "vocalset/*",
    "sms": "sms/*",
    "legato": "legato_hadzifia_phrases/*",
    "vowels": "berklee_femalevoice_aa/*",
}
"""Sung phrases, and vowels that a choir holds."""

Samples = npt.NDArray[np.float32]


def _read(path: Path) -> Samples:
    """``(2, frames)`` at 44.1 kHz."""
    import soundfile
    import soxr

    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != judge.RATE:
        audio = soxr.resample(audio, rate, judge.RATE)
    return np.repeat(audio.T, 2 // audio.shape[1], 0).astype(np.float32)


def phrases(paths: list[Path], frames: int) -> Samples:
    """The files one after another with pauses of 0.3 s, again from the first until `frames` are full."""
    pause = np.zeros((2, int(0.3 * judge.RATE)), np.float32)
    once = np.concatenate([part for path in paths for part in (_read(path), pause)], 1)
    return np.tile(once, -(-frames // once.shape[1]))[:, :frames]


def instrumentals(audio: Path) -> dict[str, Samples]:
    """Four of 20 s: the two judges without their voice, and two mixes that have none."""
    size = SECONDS * judge.RATE
    caesium, lithium = judge.load_clips(audio)[:2]
    mixes = {
        name: _read(audio / f"kevin_macleod_{name}.ogg")[:, size // 2 :] for name in ("vibe_ace", "sugar_plum_fairy")
    }
    found = {"lithium": lithium.mixture, "caesium": caesium.stems[1:].sum(0)[:, size:]} | mixes
    return {name: part[:, :size] for name, part in found.items()}


def gains(samples: Path, audio: Path, separate: judge.Separate) -> dict[str, dict[str, float]]:
    """Gain in SI-SDR, dB, by voice and instrumental."""
    rows: dict[str, dict[str, float]] = {}
    for name, pattern in (UNHEARD | HEARD).items():
        paths = sorted((samples / "voice").glob(pattern))
        if not paths:
            raise SystemExit(f"{samples / 'voice' / pattern} is not there: --samples is the folder of the sound kit")
        for title, instrumental in instrumentals(audio).items():
            voice = phrases(paths, instrumental.shape[1])
            voice *= np.float32(10 ** (-BELOW_DB / 20) * np.sqrt((instrumental**2).mean() / (voice**2).mean()))
            mixture = voice + instrumental
            gain = judge.si_sdr(voice, separate(mixture)[0]) - judge.si_sdr(voice, mixture)
            rows.setdefault(name, {})[title] = round(gain, 1)
    return rows


def whereabouts(song: Path, separate: judge.Separate) -> dict[str, float]:
    """Share of the true voice of a song, a folder with a file for each stem, that lies in each of the stems made."""
    paths = {name: song / f"{name}.ogg" for name in judge.STEMS}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        raise SystemExit(
            f"{missing[0]} is not there: --song is a folder with {', '.join(p.name for p in paths.values())}"
        )
    parts = [_read(path) for path in paths.values()]
    frames = min(part.shape[1] for part in parts)
    stems = np.stack([part[:, :frames] for part in parts])
    made = separate(stems.sum(0))
    power = float((stems[0].astype(np.float64) ** 2).sum())
    return {
        name: round(float((estimate.astype(np.float64) * stems[0]).sum() / power), 2)
        for name, estimate in zip(judge.STEMS, made, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--pack", type=Path, default=Path("onnx_models/separation-default"))
    parser.add_argument("--song", type=Path, default=Path("resources/catalogue/paper-lanterns"), help="folder of stems")
    options = parser.parse_args()
    separate = pack_separator(options.pack)
    print("the voice of", options.song.name, "goes to", whereabouts(options.song, separate))
    for name, row in gains(options.samples, options.audio, separate).items():
        heard = "trained on" if name in HEARD else "unheard"
        print(f"{name} ({heard}): mean {np.mean(list(row.values())):.1f};", *(f"{k} {v:.1f}" for k, v in row.items()))


if __name__ == "__main__":
    main()
