"""Pictures of sounds, kept on disk: waveforms and spectra."""

from __future__ import annotations

from pathlib import Path

from engine.io import pyramid, spectrogram
from engine.io.pyramid import Pyramid
from engine.io.spectrogram import Spectrogram
from studio.base.events import Event
from studio.flows.media import MediaCache
from studio.project.model import Source
from studio.session.prepared import Prepared, kept


def waveforms(folder: Path, media: MediaCache, ready: Event[str]) -> Prepared[Pyramid]:
    """Min/max pyramids of sounds."""

    def make(source: Source, rate: int) -> Pyramid:
        return kept(
            folder / f"{source.blob}.peaks", Pyramid.load, lambda: pyramid.build(media.pcm(source, rate), rate=rate)
        )

    return Prepared("peaks", make, ready)


def spectra(folder: Path, media: MediaCache, ready: Event[str]) -> Prepared[Spectrogram]:
    """Spectrograms of sounds."""

    def make(source: Source, rate: int) -> Spectrogram:
        return kept(
            folder / f"{source.blob}.spectrum",
            Spectrogram.load,
            lambda: spectrogram.build(media.pcm(source, rate), rate=rate),
        )

    return Prepared("spectra", make, ready)
