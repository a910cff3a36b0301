"""The sound of a restyle: parts are played, given strips by the production model, and levelled so that the whole is as
loud as the source, the low end is not too much and the singer has room.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.analysis import Analysis
from engine.beside import each
from engine.dsp.loudness import integrated_lufs
from engine.inference.arrangement import Layer, Score, surface_noise, written_part
from engine.inference.arrangement_chords import Voice
from engine.inference.performance import perform, with_room
from engine.inference.production import ProductionModel, excerpt, strip_for
from engine.inference.production_balance import CHANGE_DB, balance, shares
from engine.inference.production_chain import apply_strip, neutral, to_strip
from engine.inference.restyle_result import Part
from engine.inference.restyle_room import band_power, needed_gain, step_back
from engine.inference.styles import ARRANGEMENT, TYPICAL_BELOW_MIX_DB, Style
from engine.io.pcm import write_pcm
from engine.types import STEMS, Audio

PRODUCTION_FULL = 0.3
FADE = 0.1
FADES_FROM: dict[str, float] = {"drums": 0.3, "bass": 0.5, "other": 0.7}
QUIETEST_STEM_DB = 22.0
"""A stem further below the mix than this sets no level for the part that replaces it."""
PART_PEAK = 0.6
LONG_S = 900.0
"""Of longer songs one part is made at a time, for the sake of memory."""
_AFTER_ROOM_DB = (-12.0, 0.3)

Step = Callable[[float, str], None]
"""Says how far the work is; may raise to stop it."""


def weight_of(role: str, intensity: float, keep: frozenset[str]) -> float:
    """How far a role is replaced, 0 to 1."""
    if role in keep:
        return 0.0
    return float(np.clip((intensity - FADES_FROM[role]) / FADE, 0.0, 1.0))


class Mixer(msgspec.Struct, kw_only=True):
    """One restyle at the desk."""

    style: Style
    model: ProductionModel
    audio: dict[str, Audio]
    """The source by role."""
    analysis: Analysis
    singer: Voice
    rate: int
    frames: int
    mix_lufs: float
    """Loudness of the source."""
    intensity: float
    keep: frozenset[str]
    seed: int
    step: Step
    cancelled: Callable[[], bool]

    def _level_for(self, role: str) -> float:
        """Loudness that a role's new sound should have."""
        balance = self.style.production.balance_db.get(role, 0.0)
        stem = self.audio.get(role)
        lufs = integrated_lufs(stem, rate=self.rate) if stem is not None else -np.inf
        if not np.isfinite(lufs) or lufs < self.mix_lufs - QUIETEST_STEM_DB:
            lufs = self.mix_lufs - TYPICAL_BELOW_MIX_DB[role]
        return float(lufs + balance)

    def parts(self, score: Score, staging: Path) -> list[Part]:
        """Let the instruments play a score and give every part its strip; the samples go to `staging`."""
        jobs: list[tuple[Layer, int, float]] = []
        for role in ("drums", "bass", "other"):
            layers = [layer for layer in score.layers if layer.role == role]
            if not layers:
                continue
            level = self._level_for(role)
            levels = shares([-60.0 if layer.noise_db is not None else layer.level_db for layer in layers])
            jobs += [
                (layer, n, level + share_db) for n, (layer, share_db) in enumerate(zip(layers, levels, strict=True))
            ]

        def made(job: tuple[Layer, int, float]) -> Part | None:
            return self._part(job[0], job[1], job[2], score, staging)

        parts: list[Part] = []
        played = each(made, iter(jobs), threads=self._threads)
        for number, (layer, _, _) in enumerate(jobs):
            self.step(0.32 + 0.4 * number / len(jobs), f"Playing: {layer.title}")
            part = next(played)
            if part is not None:
                parts.append(part)
        return parts

    @property
    def _threads(self) -> int:
        """Parts that are worked on at once: each takes memory by its length."""
        return 1 if self.frames > LONG_S * self.rate else min(2, os.cpu_count() or 1)

    def _part(self, layer: Layer, number: int, level: float, score: Score, staging: Path) -> Part | None:
        """One layer, played and given its strip; None where nothing is heard of it. Runs on any thread."""
        arrangement = self.style.arrangement
        role = layer.role
        conditioned = [r for r in STEMS if r in self.audio]
        if layer.noise_db is not None:
            noise = surface_noise(layer.noise_db, rate=self.rate, length_frames=self.frames, seed=self.seed)
            return self._noise_part(layer, noise, staging, conditioned)
        written = written_part(
            layer,
            score,
            rate=self.rate,
            length_frames=self.frames,
            seed=self.seed,
            sidechain_db=arrangement.sidechain_db if arrangement is not None else 0.0,
            analysis=self.analysis,
        )
        sound, scale = perform(written, cancelled=self.cancelled)
        strip, lufs = strip_for(
            self.model,
            sound,
            rate=self.rate,
            style=self.style,
            role=role,
            amount=1.0,
            tempo_bpm=score.felt_bpm or self.analysis.tempo_bpm,
            wanted_lufs=level + _fade_in_db(weight_of(role, self.intensity, self.keep)),
            peak=PART_PEAK,
        )
        if not np.isfinite(lufs):
            return None
        return Part(
            role=role,
            title=layer.title,
            pcm=write_pcm(sound, str(staging / f"{role}-{number}.f32"), rate=self.rate),
            replaces=role,
            operation=ARRANGEMENT,
            strip=strip,
            conditioned_on=conditioned,
            score=msgspec.structs.replace(written, scale=scale),
        )

    def _noise_part(self, layer: Layer, sound: Audio, staging: Path, conditioned: list[str]) -> Part:
        """Surface noise has its own level and goes through nothing."""
        strip = to_strip(neutral(), lufs=-24.0, gain_db=_fade_in_db(weight_of(layer.role, self.intensity, self.keep)))
        pcm = write_pcm(sound, str(staging / "noise.f32"), rate=self.rate)
        return Part(
            role=layer.role,
            title=layer.title,
            pcm=pcm,
            replaces=layer.role,
            operation=ARRANGEMENT,
            strip=strip,
            conditioned_on=conditioned,
        )

    def level(
        self, parts: list[Part], strips: dict[str, dict[str, Any]], muted: list[str], staging: Path
    ) -> list[Part]:
        """Bring the whole to the loudness of the source, then let what is new make room for the singer.

        Strips are changed in place; the parts come back, those that step back with new samples.
        """

        self._balance(parts, strips, muted, CHANGE_DB, done=0.95)
        roomy = self._make_room(parts, strips.get("vocals"), muted, staging)
        if roomy is not parts:
            # Less of the middle is more of the low end, and a little less loud.
            self._balance(roomy, strips, muted, _AFTER_ROOM_DB, done=0.975)
        return roomy

    def _balance(
        self,
        parts: list[Part],
        strips: dict[str, dict[str, Any]],
        muted: list[str],
        change_db: tuple[float, float],
        *,
        done: float,
    ) -> None:
        balance(
            self.audio,
            [(part.pcm.open(), part.strip) for part in parts if part.strip is not None],
            strips=strips,
            muted=muted,
            rate=self.rate,
            # What the song had in the low end is its own; only what is new can be too much.
            low_ceiling=self.style.production.low_ceiling if parts else 1.0,
            change_db=change_db,
            tick=lambda: self.step(done, "Balancing the mix"),
        )

    def _make_room(
        self, parts: list[Part], vocal_strip: dict[str, Any] | None, muted: list[str], staging: Path
    ) -> list[Part]:
        """Harmony and bass step back in the voice's octaves as far as the voice needs it."""
        vocals = self.audio.get("vocals")
        if vocals is None or self.singer.centre is None or "vocals" in muted or not parts:
            return parts
        step_s = self.singer.step_s

        def heard(sound: tuple[Audio, dict[str, Any] | None]) -> np.ndarray:
            audio, strip = sound
            power = band_power(audio, rate=self.rate, step_s=step_s)
            return power if strip is None else power * self._band_gain(audio, strip)

        sounds = [(vocals, vocal_strip), *((np.asarray(part.pcm.open()), part.strip) for part in parts)]
        powers: list[np.ndarray] = []
        for power in each(heard, iter(sounds), threads=self._threads):
            self.step(0.96, "Making room for the voice")
            powers.append(power)
        voice = powers.pop(0)
        movable = [part.role in ("other", "bass") for part in parts]
        nothing = np.zeros_like(voice)
        gain = needed_gain(
            voice,
            sum((p for p, moves in zip(powers, movable, strict=True) if not moves), start=nothing),
            sum((p for p, moves in zip(powers, movable, strict=True) if moves), start=nothing),
            self.singer,
        )
        if float(gain.min(initial=1.0)) > 0.98:
            return parts
        # As the scores will keep it.
        gain = np.round(gain, 4)

        def lowered(numbered: tuple[int, Part]) -> Part:
            number, part = numbered
            if not movable[number]:
                return part
            sound = step_back(np.asarray(part.pcm.open()), gain, rate=self.rate, step_s=step_s)
            pcm = write_pcm(sound, str(staging / f"{part.role}-{number}-room.f32"), rate=self.rate)
            score = None if part.score is None else with_room(part.score, gain, step_s=step_s)
            return msgspec.structs.replace(part, pcm=pcm, score=score)

        made: list[Part] = []
        for part in each(lowered, enumerate(parts), threads=self._threads):
            self.step(0.97, "Making room for the voice")
            made.append(part)
        return made

    def _band_gain(self, sound: Audio, strip: dict[str, Any]) -> float:
        """What a strip does to the power of a sound in the voice's band."""
        sample = excerpt(sound, rate=self.rate)
        before = float(band_power(sample, rate=self.rate, step_s=self.singer.step_s).sum())
        after = float(
            band_power(apply_strip(sample, strip, rate=self.rate), rate=self.rate, step_s=self.singer.step_s).sum()
        )
        return after / before if before > 0.0 else 1.0

    def strips(
        self, parts: list[Part], *, produces: bool, arranges: bool
    ) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Strips of the stems that stay, and the stems that fall silent."""
        amount = float(np.clip(self.intensity / PRODUCTION_FULL, 0.0, 1.0))
        replaced = {part.replaces for part in parts}
        arrangement = self.style.arrangement
        if arranges and parts and arrangement is not None:
            replaced |= set(arrangement.mutes)
        strips: dict[str, dict[str, Any]] = {}
        muted: list[str] = []
        for number, (role, stem) in enumerate(self.audio.items()):
            self.step(0.75 + 0.2 * number / len(self.audio), "Setting the mix")
            if role in self.keep or self.intensity <= 0.0:
                continue
            weight = weight_of(role, self.intensity, self.keep) if role in replaced and role in FADES_FROM else 0.0
            if weight >= 1.0:
                muted.append(role)
                continue
            strip: dict[str, Any] | None = None
            if produces:
                lufs = integrated_lufs(stem, rate=self.rate)
                balance = 0.0 if weight > 0.0 else self.style.production.balance_db.get(role, 0.0) * amount
                strip, lufs = strip_for(
                    self.model,
                    stem,
                    rate=self.rate,
                    style=self.style,
                    role=role,
                    amount=amount,
                    tempo_bpm=self.analysis.tempo_bpm,
                    wanted_lufs=lufs + balance if np.isfinite(lufs) else None,
                    # A target without settings was heard in a recording.
                    finely=role not in self.style.production.reference,
                )
            if weight > 0.0:
                strip = strip or to_strip(neutral(), lufs=-24.0)
                fade_db = 20.0 * float(np.log10(np.cos(weight * np.pi / 2.0)))
                strip["gain_db"] = max(-96.0, strip["gain_db"] + fade_db)
            if strip is not None:
                strips[role] = strip
        return strips, muted


def _fade_in_db(weight: float) -> float:
    """Level of a part that is `weight` of the way in."""
    return 20.0 * float(np.log10(max(np.sin(weight * np.pi / 2.0), 1e-3)))
