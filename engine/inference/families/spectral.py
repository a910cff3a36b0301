"""Our own graphs: the spectrum of a passage in, spectra of the stems or masks out. See ``docs/separation.md``."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np

from engine.inference.families.protocol import Array, Call, Plan, Track, checked, faded, rate_of, unsuitable
from engine.inference.families.transform import (
    BLOCK,
    Spectrum,
    analyse,
    from_channels,
    planes_by_time,
    synthesise,
    synthesise_into,
    to_channels,
)
from engine.inference.packs import Pack
from engine.types import Audio


class Spectral:
    """What the two forms share: windows without padding, so that every sample of a passage is covered in full."""

    either_way: ClassVar[bool] = False
    """Whether the graph may have times before bins, which is how transforms lie in memory."""

    def __init__(self, pack: Pack, call: Call, track: Track):
        if pack.stft is None or pack.chunk is None or pack.post is None or pack.chunk.hops is None:
            raise unsuitable(pack)
        self.stems, self.rate = pack.stems, rate_of(pack)
        self._call, self._pack = call, pack
        self._n_fft, self._hop = pack.stft.n_fft, pack.stft.hop
        self._bins = self._n_fft // 2 + 1
        self._seen = pack.stft.bins or self._bins
        shape = pack.inputs[0].shape
        if len(shape) != 4 or shape[1] != 4 or self._seen > self._bins:
            raise unsuitable(pack)
        self._by_time = self.either_way and shape[2] != self._seen
        if shape[3 if self._by_time else 2] != self._seen:
            raise unsuitable(pack)
        self._fixed = shape[2 if self._by_time else 3]
        level = 1.0 / float(np.sqrt(track.power)) if pack.audio and pack.audio.normalisation == "track-rms" else 1.0
        self._scale = np.float32(pack.stft.scale * level)
        hops, edge = pack.chunk.hops, self._n_fft - self._hop
        length = (hops + 1) * self._hop - self._n_fft
        step = (hops - pack.chunk.overlap_hops) * self._hop
        if length <= 0 or step <= 0 or (self._fixed is not None and self._fixed != hops):
            raise unsuitable(pack)
        step = min(step, length)
        self.plan = Plan(
            length=length,
            step=step,
            window=faded(length, length - step, pack.chunk.window),
            lead=edge,
            tail=edge,
            short=self._fixed is None,
            lean=True,
        )

    def _spectra(self, passage: Audio) -> tuple[Spectrum, int]:
        """Spectra of a passage, and how many samples it has without its surroundings."""
        wanted = passage.shape[1] - self.plan.lead - self.plan.tail
        rest = -(passage.shape[1] - self._n_fft) % self._hop
        if rest:
            passage = np.pad(passage, ((0, 0), (0, rest)))
        return analyse(passage, n_fft=self._n_fft, hop=self._hop), wanted

    def _back(self, spectra: Spectrum, wanted: int) -> Audio:
        samples = synthesise(spectra, n_fft=self._n_fft, hop=self._hop)
        return samples[..., self.plan.lead : self.plan.lead + wanted]


class SpectralStems(Spectral):
    """``(1, 4, bins, times)``, channels L.re, L.im, R.re, R.im, to ``(1, stems, 4, bins, times)``."""

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage; silence is not worth a run of the graph."""
        spectra, wanted = self._spectra(passage)
        if not np.any(spectra):
            return np.zeros((len(self.stems), 2, wanted), np.float32)
        feed = to_channels(spectra, bins=self._seen) * self._scale
        (result,) = self._call([feed[None]])[:1]
        planes = checked(result, (1, len(self.stems), *feed.shape))[0] / self._scale
        return self._back(from_channels(planes, bins=self._bins), wanted)


class SpectralMasks(Spectral):
    """``(1, 4, times, seen bins)`` to ``(1, stems, 2, times, seen bins)``, or both with bins before times.

    The masks are what the graph gives, or its softmax over the stems. Above the bins that the graph sees stands the
    mean mask of its highest ones. The last stem is what the others leave.
    """

    either_way = True

    def __init__(self, pack: Pack, call: Call, track: Track):
        super().__init__(pack, call, track)
        if pack.post is None or pack.post.mask is None or pack.post.mask.top > self._seen:
            raise unsuitable(pack)
        self._top, self._logits = pack.post.mask.top, pack.post.mask.activation == "softmax"

    def run(self, passage: Audio) -> Audio:
        """Stems of a passage; silence is not worth a run of the graph."""
        spectra, wanted = self._spectra(passage)
        count = len(self.stems)
        if not np.any(spectra):
            return np.zeros((count, 2, wanted), np.float32)
        feed = (planes_by_time if self._by_time else to_channels)(spectra, bins=self._seen)
        feed *= self._scale
        (result,) = self._call([feed[None]])[:1]
        masks = checked(result, (1, count, 2, *feed.shape[1:]))[0]
        if self._logits:
            masks = _softmax(masks)
        if not self._by_time:
            masks = np.ascontiguousarray(np.swapaxes(masks, -1, -2))
        stems = np.empty((count, 2, wanted), np.float32)
        stems[-1] = passage[:, self.plan.lead : self.plan.lead + wanted]
        times = spectra.shape[1]
        scratch = np.empty((min(BLOCK, times), self._bins), np.complex64)
        for stem in range(count - 1):
            for side in range(2):
                part = partial(self._masked, spectra[side], masks[stem, side], scratch)
                synthesise_into(
                    stems[stem, side], part, times=times, n_fft=self._n_fft, hop=self._hop, skip=self.plan.lead
                )
            stems[-1] -= stems[stem]
        return stems

    def _masked(self, spectra: Spectrum, masks: Array, scratch: Spectrum, at: slice) -> Spectrum:
        """The spectra ``(times, bins)`` of a side there, with the masks ``(times, seen bins)`` of a stem; overwrites
        `scratch`."""
        given, mask, made = spectra[at], masks[at], scratch[: at.stop - at.start]
        seen = self._seen
        # Twice as quick as a product of complex and real numbers.
        np.multiply(given.real[:, :seen], mask, out=made.real[:, :seen])
        np.multiply(given.imag[:, :seen], mask, out=made.imag[:, :seen])
        top = mask[:, -self._top :].mean(1, keepdims=True)
        np.multiply(given[:, seen:].view(np.float32), top, out=made[:, seen:].view(np.float32))
        return made


def _softmax(logits: Array) -> Array:
    """Over the first axis, in place."""
    logits = np.array(logits, np.float32)
    logits -= logits.max(0)
    np.exp(logits, out=logits)
    logits /= logits.sum(0)
    return logits
