"""Production style: the shipped model looks at a stem and at a style's target and decides the settings of the stem's
strip.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.loudness import integrated_lufs
from engine.errors import PackError
from engine.inference import runtime
from engine.inference.packs import Pack, load_pack
from engine.inference.production_chain import IDS, Vector, apply_strip, blend, to_strip
from engine.inference.production_features import FEATURES_VERSION, SIZE, features
from engine.inference.production_fit import Scatter, fitted, read_scatter
from engine.inference.production_refine import refined
from engine.inference.styles import InsertRecipe, Style
from engine.types import Audio

EXCERPT_S = 12.0
PROBE_S = 6.0
"""Enough to learn how the sound moves with a setting."""
SILENT_LUFS = -60.0
CORRECTED_BY = 0.3
"""Most that the equaliser is corrected towards a style, of a setting's range: 6 dB. The style's target is of other
instruments than the stem."""
_GAIN_RANGE_DB = (-24.0, 12.0)


class ProductionModel:
    """The model of a ``production`` pack, opened on a provider.

    Raises:
        PackError: ``pack-invalid`` when the pack is not a production pack of this program's format.
        InferenceError: the graph does not run.
    """

    def __init__(self, pack_dir: str | Path, *, provider: str = "auto"):
        self.pack: Pack = load_pack(Path(pack_dir))
        settings = self.pack.settings
        fits = (
            self.pack.kind == "production"
            and settings.get("features_version") == FEATURES_VERSION
            and settings.get("features_size") == SIZE
            and tuple(settings.get("settings", ())) == IDS
        )
        if not fits:
            raise PackError(
                f"The model {self.pack.title} does not decide this program's mixing settings.",
                remedy="Choose the style model that came with the program.",
                code="pack-invalid",
            )
        opened = runtime.open_session(self.pack, provider)
        self._session = opened.session
        self.scatter: Scatter | None = read_scatter(self.pack.folder)
        self.provider: str = opened.provider
        self.notice: str | None = opened.notice

    def decide(self, given: Audio, *, rate: int, target: tuple[float, ...]) -> np.ndarray:
        """Coded settings (`engine.inference.production_chain.SETTINGS`) that bring a sound towards a target.

        Args:
            given: ``(channels, frames) float32``.
            rate: frames per second.
            target: features of the reference.
        """
        return self.settings(features(given, rate=rate), np.asarray(target, dtype=np.float32))

    def settings(self, given: Vector, reference: Vector) -> Vector:
        """Coded settings from the features of a sound and of its reference, ``(SIZE,)`` each."""
        feeds = {self.pack.inputs[0].name: given[None, :], self.pack.inputs[1].name: reference[None, :]}
        (coded,) = runtime.run(self._session, feeds, [self.pack.outputs[0].name])
        return np.clip(coded[0], 0.0, 1.0).astype(np.float32)


def excerpt(audio: Audio, *, rate: int, seconds: float = EXCERPT_S) -> Audio:
    """The loudest `seconds` of a sound as a stereo copy: enough to measure what a strip does to its level."""
    frames = audio.shape[-1]
    length = int(seconds * rate)
    stereo = np.asarray(audio if audio.shape[0] == 2 else np.repeat(np.asarray(audio)[:1], 2, axis=0), dtype=np.float32)
    if frames <= length:
        return np.array(stereo, dtype=np.float32, order="C")
    hop = rate
    power = np.add.reduceat(np.square(stereo[0, ::8]), np.arange(0, stereo[0, ::8].size, hop // 8))
    total = np.convolve(power, np.ones(max(int(seconds), 1)), mode="valid")
    start = min(int(np.argmax(total)) * hop, frames - length)
    return np.array(stereo[:, start : start + length], dtype=np.float32, order="C")


def strip_for(
    model: ProductionModel,
    audio: Audio,
    *,
    rate: int,
    style: Style,
    role: str,
    amount: float,
    tempo_bpm: float,
    wanted_lufs: float | None = None,
    peak: float | None = None,
    finely: bool = False,
) -> tuple[dict[str, Any], float]:
    """The strip that brings a stem or a part towards a style, at a wanted loudness.

    Args:
        model: an opened production model.
        audio: the whole stem ``(channels, frames) float32``.
        rate: frames per second.
        style: whose target to take.
        role: vocals, drums, bass or other.
        amount: 0 leaves the sound alone, 1 goes as far as the style does.
        tempo_bpm: for effects in time.
        wanted_lufs: integrated loudness after the strip; None keeps the loudness that it has.
        peak: sample peak that the result may reach; sparse strokes have little loudness and would be raised
            without end.
        finely: put all settings right by listening, not the equaliser alone; worth its two seconds where the target
            was heard in a recording.

    Returns:
        The strip as a plain dict, and the true-to-measure loudness of the sound before it (-inf for silence).
    """
    lufs = integrated_lufs(audio, rate=rate)
    target = style.production.targets.get(role) or style.production.targets.get("other")
    if not np.isfinite(lufs) or lufs < SILENT_LUFS or target is None:
        return to_strip(blend(np.zeros(len(IDS), dtype=np.float32), 0.0), lufs=-24.0), lufs
    sample = excerpt(audio, rate=rate)
    wanted = np.asarray(target, dtype=np.float32)
    said = model.decide(audio, rate=rate, target=target)

    def behind(settings: Vector, sound: Audio = sample) -> Vector:
        return features(apply_strip(sound, to_strip(settings, lufs=lufs), rate=rate), rate=rate)

    better, heard = said, behind(said)
    if finely and model.scatter is not None:
        short = excerpt(sample, rate=rate, seconds=PROBE_S)
        better, heard = fitted(
            said,
            heard=heard,
            target=wanted,
            scatter=model.scatter,
            listen=behind,
            probe=lambda settings: behind(settings, short),
        )
    better = refined(better, heard=heard, target=wanted, rate=rate)
    coded = np.clip(better, said - CORRECTED_BY, said + CORRECTED_BY)
    strip = to_strip(blend(coded, amount * style.production.amount), lufs=lufs)
    if amount > 0.0:
        for recipe in style.production.inserts.get(role, ()):
            strip["inserts"].append(_extra(recipe, amount=amount, tempo_bpm=tempo_bpm))
    before = integrated_lufs(sample, rate=rate)
    processed = apply_strip(sample, strip, rate=rate)
    after = integrated_lufs(processed, rate=rate)
    gain = (before - after) + ((wanted_lufs - lufs) if wanted_lufs is not None else 0.0)
    if not np.isfinite(gain):
        gain = 0.0
    if peak is not None:
        gain = min(gain, 20.0 * float(np.log10(peak / (float(np.max(np.abs(processed))) + 1e-9))))
    strip["gain_db"] = float(np.clip(gain, *_GAIN_RANGE_DB))
    return strip, lufs


def _extra(recipe: InsertRecipe, *, amount: float, tempo_bpm: float) -> dict[str, Any]:
    """An effect of the recipe; at a small amount it is mixed in less."""
    parameters = dict(recipe.parameters)
    if recipe.sync_beats is not None:
        parameters["time_s"] = float(np.clip(recipe.sync_beats * 60.0 / max(tempo_bpm, 30.0), 0.01, 2.0))
    if "mix" in parameters:
        parameters["mix"] *= amount
    return {"id": f"style-{recipe.kind}", "kind": recipe.kind, "parameters": parameters, "bypass": False}
