"""What is done with stems once they are there: bleed taken out, lows made mono, parts balanced anew. All of it passes
through files block by block, so that length costs no memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from engine.errors import Cancelled, InferenceError
from engine.inference.families.transform import Spectrum, analyse, synthesise
from engine.inference.passages import TrackReader
from engine.io.pcm import PcmWriter
from engine.types import Audio, PcmRef, Progress
from engine.types import Cancelled as CancelledPoll

N_FFT, HOP = 2048, 512
BLOCK = 1 << 19
SLOPE = 3.0
"""How much faster than the level falls below the threshold the gain falls: a 1:4 expander, in dB per dB."""
FLOOR_DB = -80.0
Floats = npt.NDArray[np.float32]


def clean(stems: Audio, *, threshold_db: float) -> Audio:
    """Take out of each stem what is far below the others at the same time and frequency, and give it to the loudest of
    them there, so that the sum stays what it was.

    A spectral expander: where a stem has less than `threshold_db` of the power of all stems together, it falls by
    3 dB more for each dB below. Smoothing over three bins and three frames keeps single bins from chirping.

    Args:
        stems: ``(stems, 2, frames)``.
        threshold_db: -60 (only the faintest) to -6 (most of what is not the loudest).
    """
    count, sides, frames = stems.shape
    threshold_db = float(np.clip(threshold_db, -60.0, -6.0))
    rest = -frames % HOP
    # Windows hang over both ends, so that every sample is covered in full.
    padded = np.pad(stems, ((0, 0), (0, 0), (N_FFT, N_FFT + rest)))
    spectra = analyse(padded.reshape(count * sides, -1), n_fft=N_FFT, hop=HOP).reshape(count, sides, -1, N_FFT // 2 + 1)
    power: Floats = (spectra.real**2 + spectra.imag**2).sum(1)
    power = _smooth(power)
    share = power / np.maximum(power.sum(0), np.float32(1e-20))
    below = np.minimum(10.0 * np.log10(np.maximum(share, np.float32(1e-12))) - threshold_db, 0.0)
    gain = (10.0 ** (np.maximum(SLOPE * below, FLOOR_DB) / 20.0)).astype(np.float32)
    loudest = power.argmax(0)
    out: Spectrum = spectra * gain[:, None]
    removed = (spectra - out).sum(0)
    for index in range(count):
        out[index] += removed * (loudest == index)
    made = synthesise(out, n_fft=N_FFT, hop=HOP)[..., N_FFT : N_FFT + frames]
    # What rounding took away goes to the loudest stem, where it is least.
    energy: Floats = np.einsum("scn,scn->s", made, made)
    top = int(energy.argmax())
    made[top] += (stems.sum(0, dtype=np.float64) - made.sum(0, dtype=np.float64)).astype(np.float32)
    return made


def _smooth(power: Floats) -> Floats:
    """Mean over three frames and three bins; ends are repeated."""
    wide = np.pad(power, ((0, 0), (1, 1), (0, 0)), mode="edge")
    power = (wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]) / np.float32(3)
    wide = np.pad(power, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return (wide[..., :-2] + wide[..., 1:-1] + wide[..., 2:]) / np.float32(3)


def mono_below(stem: Audio, *, rate: int, hz: float) -> Audio:
    """Take the side signal out below `hz` (a linear-phase cut over half an octave), so that the lows sit in the middle;
    the middle signal stays bit for bit."""
    frames = stem.shape[1]
    side = (stem[:1] - stem[1:]) * np.float32(0.5)
    middle = (stem[:1] + stem[1:]) * np.float32(0.5)
    rest = -frames % HOP
    padded = np.pad(side, ((0, 0), (N_FFT, N_FFT + rest)))
    spectra = analyse(padded, n_fft=N_FFT, hop=HOP)
    bins = np.arange(N_FFT // 2 + 1) * rate / N_FFT
    octaves = np.log2(np.maximum(bins, 1e-3) / max(hz, 1.0))
    spectra *= np.clip((octaves + 0.25) * 2.0, 0.0, 1.0).astype(np.float32)
    cut = synthesise(spectra, n_fft=N_FFT, hop=HOP)[:, N_FFT : N_FFT + frames]
    return np.concatenate([middle + cut, middle - cut])


def balanced(stems: Audio, gains_db: Sequence[float]) -> Audio:
    """The stems added up with these gains; -inf mutes."""
    gains = np.array([0.0 if gain <= FLOOR_DB else 10.0 ** (gain / 20.0) for gain in gains_db], np.float32)
    return np.einsum("s,scn->cn", gains, stems).astype(np.float32)


class Stems(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool made, by name."""

    stems: dict[str, PcmRef]
    sum_error_db: float
    """Largest difference between the sum of what went in and of what came out, dBFS; -200 where there is none."""


class _Readers:
    """Stems of one recording, side by side."""

    def __init__(self, stems: Sequence[PcmRef]):
        if not stems or len({(ref.rate, ref.frames) for ref in stems}) != 1:
            raise InferenceError(
                "These stems are not of one length and rate.",
                remedy="Choose stems of one recording.",
                code="stems-differ",
            )
        self.rate, self.frames = stems[0].rate, stems[0].frames
        self._readers: list[TrackReader] = []
        try:
            for ref in stems:
                self._readers.append(TrackReader(ref))
        except BaseException:
            self.close()
            raise

    def read(self, start: int, count: int) -> Audio:
        return np.stack([reader.read(start, count) for reader in self._readers])

    def close(self) -> None:
        for reader in self._readers:
            reader.close()


def _blockwise(
    stems: Sequence[PcmRef],
    outputs: Sequence[str],
    work: Callable[[Audio], Audio],
    *,
    context: int,
    note: str,
    progress: Progress,
    cancelled: CancelledPoll,
) -> tuple[list[PcmRef], float]:
    """``work((stems, 2, n)) -> (outputs, 2, n)`` over the whole length, with `context` frames beside each block (a
    multiple of the transform's step, so that blocks are cut where windows begin)."""
    readers = _Readers(stems)
    writers: list[PcmWriter] = []
    worst = 0.0
    try:
        writers.extend(PcmWriter(path, rate=readers.rate) for path in outputs)
        for start in range(0, readers.frames, BLOCK):
            if cancelled():
                raise Cancelled
            count = min(BLOCK, readers.frames - start)
            given = readers.read(start - context, count + 2 * context)
            made = work(given)[:, :, context : context + count]
            for writer, stem in zip(writers, made, strict=True):
                writer.write(np.ascontiguousarray(stem))
            inner = given[:, :, context : context + count]
            off = inner.sum(0, dtype=np.float64) - made.sum(0, dtype=np.float64)
            worst = max(worst, float(np.abs(off).max()))
            progress((start + count) / readers.frames, note)
        return [writer.close() for writer in writers], worst
    except BaseException:
        for writer in writers:
            writer.abort()
        for path in outputs:
            Path(path).unlink(missing_ok=True)
        raise
    finally:
        readers.close()


def _db(worst: float) -> float:
    return max(20.0 * float(np.log10(worst)), -200.0) if worst > 0 else -200.0


def clean_task(
    *,
    stems: dict[str, PcmRef],
    out_dir: str,
    threshold_db: float,
    progress: Progress,
    cancelled: CancelledPoll,
) -> Stems:
    """Worker task: `clean` the stems of a recording into ``out_dir/<name>.f32``.

    Raises:
        InferenceError: stems-differ.
        EncodeError: disk-full, path-not-writable.
        Cancelled: nothing is left.
    """
    Path(out_dir).mkdir(parents=True, exist_ok=True)
    outputs = [str(Path(out_dir) / f"{name}.f32") for name in stems]
    made, worst = _blockwise(
        list(stems.values()),
        outputs,
        lambda block: clean(block, threshold_db=threshold_db),
        context=8 * N_FFT,
        note="Removing bleed",
        progress=progress,
        cancelled=cancelled,
    )
    return Stems(stems=dict(zip(stems, made, strict=True)), sum_error_db=_db(worst))


def mono_task(*, stem: PcmRef, out_path: str, hz: float, progress: Progress, cancelled: CancelledPoll) -> PcmRef:
    """Worker task: `mono_below` of a whole stem.

    Raises:
        EncodeError: disk-full, path-not-writable.
        Cancelled: nothing is left.
    """
    made, _ = _blockwise(
        [stem],
        [out_path],
        lambda block: mono_below(block[0], rate=stem.rate, hz=hz)[None],
        context=4 * N_FFT,
        note="Centring the lows",
        progress=progress,
        cancelled=cancelled,
    )
    return made[0]


def mix_task(
    *, stems: list[PcmRef], gains_db: list[float], out_path: str, progress: Progress, cancelled: CancelledPoll
) -> PcmRef:
    """Worker task: the stems added up with gains into one file.

    Raises:
        InferenceError: stems-differ.
        EncodeError: disk-full, path-not-writable.
        Cancelled: nothing is left.
    """
    made, _ = _blockwise(
        stems,
        [out_path],
        lambda block: balanced(block, gains_db)[None],
        context=0,
        note="Mixing",
        progress=progress,
        cancelled=cancelled,
    )
    return made[0]
