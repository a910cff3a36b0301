"""TFC-TDF v3, known as MDX23C (Kim, Lee, Jung 2023, https://arxiv.org/abs/2306.09382)."""

from __future__ import annotations

from engine.inference.families.protocol import Call, Plan, Track, checked, faded, rate_of, unsuitable
from engine.inference.families.transform import analyse_centred, from_channels, synthesise_centred, to_channels
from engine.inference.packs import Pack
from engine.types import Audio

OVERLAP = 0.5
FADE = 0.1


class Mdx23c:
    """``(1, 4, dim_f, dim_t)``, channels L.re, L.im, R.re, R.im, to ``(1, stems, 4, dim_f, dim_t)``, or
    ``(1, 4, dim_f, dim_t)`` where there is one stem."""

    def __init__(self, pack: Pack, call: Call, track: Track):
        shape = pack.inputs[0].shape
        if pack.stft is None or pack.chunk is None or len(shape) != 4 or shape[1] != 4:
            raise unsuitable(pack)
        times, bins = shape[3] or (pack.chunk.hops or 256), shape[2] or pack.stft.bins
        self._n_fft, self._hop = pack.stft.n_fft, pack.stft.hop
        if bins is None or bins > self._n_fft // 2 + 1 or not pack.stems:
            raise unsuitable(pack)
        self.stems, self.rate = pack.stems, rate_of(pack)
        self._call, self._bins = call, bins
        self.plan = border_plan(self._hop * (times - 1), pack, OVERLAP)

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage of full length."""
        spectra = analyse_centred(passage, n_fft=self._n_fft, hop=self._hop)
        feed = to_channels(spectra, bins=self._bins)[None]
        result = self._call([feed])[0]
        if result.ndim == 4:
            result = result[:, None]
        planes = checked(result, (1, len(self.stems), *feed.shape[1:]))[0]
        back = from_channels(planes, bins=self._n_fft // 2 + 1)
        return synthesise_centred(back, n_fft=self._n_fft, hop=self._hop, length=passage.shape[1])


def border_plan(length: int, pack: Pack, overlap: float) -> Plan:
    """The passages that both MDX23C and the RoFormers are run in: mirrored borders as long as two passages share, and
    linear fades of a tenth of a passage."""
    if pack.chunk is not None and pack.chunk.overlap is not None:
        overlap = pack.chunk.overlap
    step = max(1, round(length * (1 - overlap)))
    border = length - step
    return Plan(
        length=length,
        step=step,
        window=faded(length, int(length * FADE), "linear"),
        offset=-border,
        edge="reflect",
        reflect=border,
    )
