"""Hybrid Transformer Demucs (Rouard, Massa, Défossez 2022, https://arxiv.org/abs/2211.08553) in its three exports: the
waveform alone, the core without transforms, and OpenVINO's, which leaves the normalisation outside too."""

from __future__ import annotations

import numpy as np

from engine.inference.families.protocol import Array, Call, Plan, Track, checked, rate_of, triangle, unsuitable
from engine.inference.families.transform import Spectrum, analyse, from_channels, synthesise, to_channels
from engine.inference.packs import Pack
from engine.types import Audio

SAMPLES, OVERLAP = 343_980, 0.25
N_FFT, HOP = 4096, 1024
_EPS = np.float32(1e-5)


class HtDemucs:
    """``(1, 2, n)`` to ``(1, stems, 2, n)``: everything is in the graph but the normalisation of the track."""

    def __init__(self, pack: Pack, call: Call, track: Track):
        ports = {len(each.shape): each for each in pack.inputs}
        wave = ports.get(3)
        if wave is None or pack.chunk is None or not pack.stems:
            raise unsuitable(pack)
        self.stems, self.rate = pack.stems, rate_of(pack)
        self._call = call
        # Demucs leaves silence alone; a deviation of zero would make it noise.
        self._mean, self._deviation = np.float32(track.mean), np.float32(track.deviation + 1e-8)
        length = wave.shape[2] or pack.chunk.samples or SAMPLES
        overlap = OVERLAP if pack.chunk.overlap is None else pack.chunk.overlap
        self.plan = Plan(
            length=length,
            step=int((1 - overlap) * length),
            window=triangle(length),
            centred=True,
            fill=track.mean,
        )

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage of full length."""
        stems = self._normalised((passage - self._mean) / self._deviation)
        return stems * self._deviation + self._mean

    def _normalised(self, passage: Audio) -> Audio:
        return checked(self._call([passage[None]])[0], (1, len(self.stems), *passage.shape))[0]


class HtDemucsCore(HtDemucs):
    """Waveform and spectrum in, both out; the stems are the waveforms plus the inverse transform of the spectra."""

    def __init__(self, pack: Pack, call: Call, track: Track):
        super().__init__(pack, call, track)
        ranks = [len(each.shape) for each in pack.inputs]
        self._wave_first = ranks == [3, 4]
        if sorted(ranks) != [3, 4] or len(pack.outputs) < 2:
            raise unsuitable(pack)
        stft = pack.stft
        self._n_fft, self._hop = (stft.n_fft, stft.hop) if stft else (N_FFT, HOP)
        self._size = np.float32(1.0 / np.sqrt(self._n_fft))

    def _normalised(self, passage: Audio) -> Audio:
        planes = to_channels(self._analyse(passage), bins=self._n_fft // 2)[None]
        spectra, waves = self._both(passage[None], planes)
        return self._synthesise(spectra, passage.shape[1]) + waves

    def _both(self, wave: Array, planes: Array) -> tuple[Array, Array]:
        """Spectra ``(stems, 4, bins, times)`` and waveforms ``(stems, 2, n)``, whatever the order and rank of the
        outputs."""
        outputs = self._call([wave, planes] if self._wave_first else [planes, wave])
        count = len(self.stems)
        spectral = max(outputs[:2], key=lambda each: each.size)
        timed = min(outputs[:2], key=lambda each: each.size)
        spectral = checked(spectral.reshape(1, count, -1, *planes.shape[2:]), (1, count, *planes.shape[1:]))
        timed = checked(timed.reshape(1, count, -1, wave.shape[2]), (1, count, *wave.shape[1:]))
        return spectral[0], timed[0]

    def _analyse(self, passage: Audio) -> Spectrum:
        """As many frames as the passage has whole hops, the highest bin left out by the caller, unit energy."""
        hop, length = self._hop, passage.shape[1]
        frames, pad = -(-length // hop), hop // 2 * 3
        padded = np.pad(passage, ((0, 0), (pad, pad + frames * hop - length)), mode="reflect")
        # The transform is centred on its hops and its first and last two frames are not used: what is left begins
        # half a window before the second hop of the padded passage.
        whole = np.pad(padded, ((0, 0), (self._n_fft // 2, self._n_fft // 2)), mode="reflect")
        return analyse(whole, n_fft=self._n_fft, hop=hop)[:, 2 : 2 + frames] * self._size

    def _synthesise(self, planes: Array, length: int) -> Audio:
        hop, pad = self._hop, self._hop // 2 * 3
        spectra = from_channels(planes, bins=self._n_fft // 2 + 1) / self._size
        edge = np.zeros((*spectra.shape[:-2], 2, spectra.shape[-1]), np.complex64)
        samples = synthesise(np.concatenate([edge, spectra, edge], axis=-2), n_fft=self._n_fft, hop=hop)
        start = self._n_fft // 2 + pad
        return samples[..., start : start + length]


class HtDemucsOpenVino(HtDemucsCore):
    """Like the core, with both inputs normalised outside of the graph."""

    def _both(self, wave: Array, planes: Array) -> tuple[Array, Array]:
        wave_mean, wave_deviation = _statistics(wave)
        mean, deviation = _statistics(planes)
        spectra, waves = super()._both(
            (wave - wave_mean) / (_EPS + wave_deviation), (planes - mean) / (_EPS + deviation)
        )
        return spectra * deviation + mean, waves * wave_deviation + wave_mean


def _statistics(values: Array) -> tuple[np.float32, np.float32]:
    """Mean and deviation (n - 1) over everything."""
    return np.float32(values.mean(dtype=np.float64)), np.float32(values.std(dtype=np.float64, ddof=1))
