"""Open-Unmix (Stöter et al. 2019, https://doi.org/10.21105/joss.01667): magnitude in, magnitude out, a graph a stem,
the phase of the mixture."""

from __future__ import annotations

import numpy as np

from engine.errors import PackError
from engine.inference.families.protocol import Call, Plan, Track, checked, faded, rate_of, unsuitable
from engine.inference.families.transform import analyse, analyse_centred, square_sum, synthesise, synthesise_centred
from engine.inference.packs import Pack
from engine.types import Audio

SECONDS, OVERLAP = 30.0, 0.1


class OpenUnmix:
    """``(1, 2, bins, times)`` magnitudes to the same, one call for each stem."""

    def __init__(self, pack: Pack, calls: dict[str, Call], track: Track):
        if pack.stft is None or pack.chunk is None or any(stem not in calls for stem in pack.stems):
            raise unsuitable(pack)
        shape = pack.inputs[0].shape
        self._n_fft, self._hop = pack.stft.n_fft, pack.stft.hop
        self._bins = self._n_fft // 2 + 1
        if len(shape) != 4 or shape[1] != 2 or shape[2] not in (None, self._bins) or not pack.stems:
            raise unsuitable(pack)
        self.stems, self.rate = pack.stems, rate_of(pack)
        self._calls = calls
        fixed = shape[3]
        length = (fixed - 1) * self._hop if fixed else pack.chunk.samples or round(SECONDS * self.rate)
        overlap = OVERLAP if pack.chunk.overlap is None else pack.chunk.overlap
        fade = round(length * overlap)
        self.plan = Plan(
            length=length,
            step=length - fade,
            window=faded(length, fade, pack.chunk.window),
            short=fixed is None,
            lean=True,
        )

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage."""
        length = passage.shape[1]
        spectra = analyse_centred(passage, n_fft=self._n_fft, hop=self._hop)
        size = np.abs(spectra)
        feed = np.ascontiguousarray(size.transpose(0, 2, 1))[None]
        stems = np.empty((len(self.stems), 2, length), np.float32)
        for index, stem in enumerate(self.stems):
            made = checked(self._calls[stem]([feed])[0], feed.shape)[0].transpose(0, 2, 1)
            gain = made / np.maximum(size, np.float32(1e-10))
            stems[index] = synthesise_centred(spectra * gain, n_fft=self._n_fft, hop=self._hop, length=length)
        return stems


class Spleeter:
    """Spleeter as sherpa-onnx exports it (Hennequin et al. 2020, https://doi.org/10.21105/joss.02154): magnitudes of
    512 frames and 1,024 bins, ``(2, passages, 512, 1024)``, a graph a stem, joined to ratio masks of the power. The
    transform has no padding; above the highest bin there is nothing."""

    def __init__(self, pack: Pack, calls: dict[str, Call], track: Track):
        if pack.stft is None or any(stem not in calls for stem in pack.stems) or not pack.stems:
            raise unsuitable(pack)
        shape = pack.inputs[0].shape
        if len(shape) != 4 or shape[2] is None or shape[3] is None:
            raise unsuitable(pack)
        self._times, self._bins = shape[2], shape[3]
        self._n_fft, self._hop = pack.stft.n_fft, pack.stft.hop
        self.stems, self.rate = pack.stems, rate_of(pack)
        self._calls = calls
        if self._bins > self._n_fft // 2 + 1:
            raise PackError(
                f"{pack.title} wants more bins than its transform has.",
                remedy="Add the model again with the right size of the transform.",
                code="model-unsuitable",
            )
        length = (self._times - 1) * self._hop + self._n_fft
        weight = square_sum(self._times, n_fft=self._n_fft, hop=self._hop)
        # Passages join in the overlap-add itself: each sample is weighted by the windows that cover it. A window of
        # silence stands before the track, as no window would cover its first samples in full.
        self.plan = Plan(
            length=length,
            step=self._times * self._hop,
            window=np.maximum(weight, np.float32(1e-9)),
            offset=-self._n_fft,
        )

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage of full length."""
        spectra = analyse(passage, n_fft=self._n_fft, hop=self._hop)
        size = np.abs(spectra[:, :, : self._bins])[:, None]
        made = [checked(self._calls[stem]([size])[0], size.shape)[:, 0] for stem in self.stems]
        power = [each * each for each in made]
        total = np.sum(power, axis=0) + np.float32(1e-10)
        parts = np.zeros((len(self.stems), *spectra.shape), np.complex64)
        for index, each in enumerate(power):
            mask = (each + np.float32(1e-10 / len(self.stems))) / total
            parts[index, :, :, : self._bins] = spectra[:, :, : self._bins] * mask
        return synthesise(parts, n_fft=self._n_fft, hop=self._hop)
