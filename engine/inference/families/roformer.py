"""BS-RoFormer and Mel-Band RoFormer (Lu et al. 2023, https://arxiv.org/abs/2309.02612; Wang et al. 2023,
https://arxiv.org/abs/2310.01809): a complex mask for every bin, the transform outside of the graph."""

from __future__ import annotations

import numpy as np

from engine.inference.families.mdx23c import border_plan
from engine.inference.families.protocol import Call, Track, checked, rate_of, unsuitable
from engine.inference.families.transform import analyse_centred, synthesise_centred
from engine.inference.packs import Pack
from engine.types import Audio

OVERLAP = 0.5


class RoFormer:
    """``(1, 2 bins, times, 2)``, left and right of a bin side by side, then real and imaginary part, to masks
    ``(1, stems, 2 bins, times, 2)``. The constant part of the result is taken out."""

    def __init__(self, pack: Pack, call: Call, track: Track):
        shape = pack.inputs[0].shape
        if pack.stft is None or pack.chunk is None or len(shape) != 4 or shape[3] != 2 or not pack.stems:
            raise unsuitable(pack)
        self._n_fft, self._hop = pack.stft.n_fft, pack.stft.hop
        bins = self._n_fft // 2 + 1
        times = shape[2] or pack.chunk.hops
        if times is None or shape[1] not in (None, 2 * bins):
            raise unsuitable(pack)
        self.stems, self.rate = pack.stems, rate_of(pack)
        self._call, self._bins = call, bins
        self.plan = border_plan(self._hop * (times - 1), pack, OVERLAP)

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage of full length."""
        spectra = analyse_centred(passage, n_fft=self._n_fft, hop=self._hop)
        times = spectra.shape[1]
        feed = np.empty((1, self._bins, 2, times, 2), np.float32)
        feed[0, ..., 0] = spectra.real.transpose(2, 0, 1)
        feed[0, ..., 1] = spectra.imag.transpose(2, 0, 1)
        result = self._call([feed.reshape(1, 2 * self._bins, times, 2)])[0]
        if result.ndim == 4:
            result = result[:, None]
        count = len(self.stems)
        planes = checked(result, (1, count, 2 * self._bins, times, 2)).reshape(count, self._bins, 2, times, 2)
        masks = (planes[..., 0] + 1j * planes[..., 1]).astype(np.complex64).transpose(0, 2, 3, 1)
        parts = masks * spectra[None]
        parts[..., 0] = 0
        return synthesise_centred(parts, n_fft=self._n_fft, hop=self._hop, length=passage.shape[1])
