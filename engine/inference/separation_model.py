"""A separation graph of the family "spectrum in, spectra out": passages, cross-fades and level around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import InferenceError, PackError
from engine.inference import runtime
from engine.inference.packs import Pack
from engine.inference.stft import Spectrum, Synthesis, analyse
from engine.types import Audio, Cancelled


class Model:
    """Runs one track through a session, in passages of the length that the pack asks for.

    The graph takes ``(1, 4, bins, times)``, channels L.re, L.im, R.re, R.im; it returns ``(1, stems, 4, bins, times)``.
    """

    def __init__(self, pack: Pack, session: Any, *, power: float, cancelled: Cancelled):
        """`power` is the mean square of the track, to which the level of the input is brought."""
        if pack.audio is None or pack.stft is None or pack.chunk is None:
            raise PackError(
                "The pack is no separation model.", remedy="Choose a separation model.", code="model-unsuitable"
            )
        shape = pack.inputs[0].shape
        if len(shape) != 4 or shape[1] != 4 or shape[2] != pack.stft.n_fft // 2 + 1 or pack.audio.channels != 2:
            raise PackError(
                f"{pack.title} is built in a way that this version cannot run.",
                remedy="Choose another model.",
                code="model-unsuitable",
            )
        self.stems = pack.stems
        self.rate = pack.audio.rate
        self._session, self._cancelled = session, cancelled
        self._stft, self._chunk = pack.stft, pack.chunk
        self._input, self._output = pack.inputs[0].name, pack.outputs[0].name
        self._fixed = shape[3]
        level = 1.0 / float(np.sqrt(power)) if pack.audio.normalisation == "track-rms" else 1.0
        self._scale = np.float32(pack.stft.scale * level)
        size = pack.chunk.overlap_hops
        ramp = (np.arange(size, dtype=np.float32) + 0.5) / max(size, 1)
        self._fade = 0.5 - 0.5 * np.cos(np.pi * ramp) if pack.chunk.window == "hann" else ramp

    def separate(self, blocks: Iterable[Audio], *, frames: int) -> Iterator[Audio]:
        """Stems ``(stems, 2, n)`` of a stereo stream at the model's rate, in order, `frames` samples in all."""
        stft = self._stft
        synthesis = Synthesis((len(self.stems), 2), n_fft=stft.n_fft, hop=stft.hop, frames=frames)
        step = self._chunk.hops - self._chunk.overlap_hops
        spectra = analyse(blocks, n_fft=stft.n_fft, hop=stft.hop, channels=2, batch=step)
        for passage in self._joined(spectra):
            out = synthesis.push(passage)
            if out.shape[-1]:
                yield out
        rest = synthesis.finish()
        if rest.shape[-1]:
            yield rest

    def _joined(self, spectra: Iterable[Spectrum]) -> Iterator[Spectrum]:
        """Spectra of the stems, cross-faded where two passages have seen the same frames."""
        overlap = self._chunk.overlap_hops
        held: Spectrum | None = None
        tail: Spectrum | None = None
        stream = iter(spectra)
        waiting = next(stream, None)
        while waiting is not None:
            following = next(stream, None)
            passage = waiting if held is None else np.concatenate([held, waiting], axis=-1)
            out = self._run(passage)
            if tail is not None:
                fade = self._fade[: tail.shape[-1]].astype(np.float32)
                out[..., : tail.shape[-1]] = tail * (1 - fade) + out[..., : tail.shape[-1]] * fade
            if following is None:
                yield out
                return
            keep = min(overlap, passage.shape[-1])
            held, tail = (
                passage[..., -keep:] if keep else None,
                out[..., out.shape[-1] - keep :].copy() if keep else None,
            )
            yield out[..., : out.shape[-1] - keep]
            waiting = following

    def _run(self, passage: Spectrum) -> Spectrum:
        bins, times = passage.shape[1:]
        size = self._fixed or times
        feed = np.zeros((1, 4, bins, size), np.float32)
        feed[0, 0::2, :, :times] = passage.real * self._scale
        feed[0, 1::2, :, :times] = passage.imag * self._scale
        if not np.any(feed):
            return np.zeros((len(self.stems), 2, bins, times), np.complex64)
        result = runtime.run(self._session, {self._input: feed}, [self._output], cancelled=self._cancelled)[0]
        if result.shape != (1, len(self.stems), 4, bins, size):
            raise InferenceError(
                "The model returned something else than stems.",
                remedy="Install the model again.",
                code="inference-failed",
            )
        if not np.isfinite(result).all():
            raise InferenceError(
                "The model returned values that are no sound.",
                remedy="Choose the CPU in the settings, then split again.",
                code="inference-failed",
            )
        parts: npt.NDArray[np.float32] = result[0, ..., :times] / self._scale
        out = np.empty((len(self.stems), 2, bins, times), np.complex64)
        out.real, out.imag = parts[:, 0::2], parts[:, 1::2]
        return out
