"""MDX-Net as Ultimate Vocal Remover runs it (Kim et al. 2021, https://arxiv.org/abs/2111.12203): one stem a graph, the
other one is what it leaves."""

from __future__ import annotations

import numpy as np

from engine.inference.families.protocol import SMALLEST, Array, Call, Plan, Track, checked, rate_of, unsuitable
from engine.inference.families.transform import (
    analyse_centred,
    from_channels,
    synthesise_centred,
    to_channels,
)
from engine.inference.packs import Pack
from engine.types import Audio

OVERLAP = 0.25
LOW_BINS = 3
"""The lowest bins, which these networks were trained without."""


class UvrMdx:
    """``(1, 4, dim_f, dim_t)``, channels L.re, L.im, R.re, R.im, to the same: the first stem of the pack. The second
    one is the mixture less the first times ``compensate``."""

    def __init__(self, pack: Pack, call: Call, track: Track):
        shape = pack.inputs[0].shape
        if pack.stft is None or pack.chunk is None or pack.post is None or len(shape) != 4 or shape[1] != 4:
            raise unsuitable(pack)
        times = shape[3] or (pack.chunk.hops or 256)
        bins = shape[2] or pack.stft.bins
        self._n_fft, self._hop = pack.stft.n_fft, pack.stft.hop
        if bins is None or bins > self._n_fft // 2 + 1 or len(pack.stems) not in (1, 2):
            raise unsuitable(pack)
        self.stems, self.rate = pack.stems, rate_of(pack)
        self._call, self._denoise, self._compensate = call, pack.post.denoise, pack.post.compensate
        self._bins = bins
        length = self._hop * (times - 1)
        trim = pack.chunk.trim if pack.chunk.trim is not None else self._n_fft // 2
        overlap = OVERLAP if pack.chunk.overlap is None else pack.chunk.overlap
        self.plan = Plan(
            length=length,
            step=max(1, round((1 - overlap) * length)),
            window=np.maximum(np.hanning(length).astype(np.float32), SMALLEST),
            offset=-trim,
        )

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage of full length."""
        spectra = analyse_centred(passage, n_fft=self._n_fft, hop=self._hop)
        feed = to_channels(spectra, bins=self._bins)[None]
        feed[:, :, :LOW_BINS] = 0
        result = self._once(feed)
        if self._denoise:
            result = (result - self._once(-feed)) * np.float32(0.5)
        stem = synthesise_centred(
            from_channels(result[0], bins=self._n_fft // 2 + 1),
            n_fft=self._n_fft,
            hop=self._hop,
            length=passage.shape[1],
        )
        if len(self.stems) == 1:
            return stem[None]
        other = (passage - stem * np.float32(self._compensate)).astype(np.float32)
        return np.stack([stem, other])

    def _once(self, feed: Array) -> Array:
        return checked(self._call([feed])[0], feed.shape)
