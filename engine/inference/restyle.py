"""Restyle: analyse the song, write and play the style's parts, let the production model set every strip.

Order of operators: B (arrangement) first, then A (production) on what is heard afterwards. Intensity follows the
styles' rule: 0 changes nothing, to 0.3 production alone grows, from 0.3 drums, from 0.5 bass, from 0.7 harmony are
replaced, each cross-faded over 0.1.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.analysis import Analysis, analyse
from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, EncodeError, StyleError
from engine.inference.arrangement import Layer, Score, compose, play
from engine.inference.arrangement_voice import find_voice
from engine.inference.production import ProductionModel, strip_for
from engine.inference.production_balance import balance, shares
from engine.inference.production_chain import neutral, to_strip
from engine.inference.restyle_result import Part, RestyleResult, publish
from engine.inference.styles import ARRANGEMENT, OPERATORS, PRODUCTION, Style, load_style
from engine.io.pcm import write_pcm
from engine.types import STEMS, Audio, PcmRef, Progress

PRODUCTION_FULL = 0.3
FADE = 0.1
FADES_FROM: dict[str, float] = {"drums": 0.3, "bass": 0.5, "other": 0.7}
TYPICAL_BELOW_MIX_DB: dict[str, float] = {"drums": 5.0, "bass": 7.0, "other": 7.0, "vocals": 4.0}
"""Loudness of a part under the mix where there is no stem to take it from."""
QUIETEST_STEM_DB = 22.0
"""A stem further below the mix than this sets no level for the part that replaces it."""
PART_PEAK = 0.6
SHORTEST_S = 1.0


def restyle_task(
    *,
    stems: dict[str, PcmRef],
    out_dir: str,
    style: str,
    intensity: float = 1.0,
    seed: int = 0,
    keep: list[str] | tuple[str, ...] = (),
    operators: list[str] | tuple[str, ...] | None = None,
    pack_dir: str,
    provider: str = "auto",
    styles_dir: str | None = None,
    analysis: Analysis | None = None,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> RestyleResult:
    """Worker task: restyle a song from its stems. The same arguments write the same bytes.

    Args:
        stems: role (vocals, drums, bass, other; or ``mix`` alone) -> samples; all of one rate and length.
        out_dir: folder for the new parts, made when missing; nothing is left there when the task fails or is cancelled.
        style: id of a style.
        intensity: 0 (nothing changes) to 1.
        seed: chooses among equally good variations.
        keep: roles that are not touched.
        operators: what the licence allows of ``style:production`` and ``style:arrangement``; None is both.
        pack_dir: folder of the production model.
        provider: auto, cpu or cuda.
        styles_dir: folder of style files; None is the shipped ones.
        analysis: of the song where it is known already, or as a person corrected it; None listens first.

    Raises:
        StyleError: ``style-unknown``, ``style-invalid``; ``style-unsuitable`` where nothing of the style can be
        done here. PackError, InferenceError: the model is broken or does not run.
        Cancelled: when the caller wants to stop.
    """
    recipe = load_style(style, None if styles_dir is None else Path(styles_dir))
    _check_arguments(stems, intensity)
    job = _Job(recipe, stems, float(intensity), int(seed), tuple(keep), progress, cancelled, analysis)
    return job.run(out_dir=Path(out_dir), operators=operators, pack_dir=pack_dir, provider=provider)


def _check_arguments(stems: dict[str, PcmRef], intensity: float) -> None:
    if not stems or not set(stems) <= {*STEMS, "mix"}:
        raise StyleError(
            "There is nothing to restyle: no stems were given.",
            remedy="Split the song into stems first, then restyle it.",
            code="style-unsuitable",
        )
    shapes = {(ref.rate, ref.frames) for ref in stems.values()}
    if len(shapes) != 1:
        raise StyleError(
            "The stems are not of one length and sample rate.",
            remedy="Split the song again, so that all stems come from the same source.",
            code="style-unsuitable",
        )
    if not 0.0 <= intensity <= 1.0:
        raise StyleError(
            f"An intensity of {intensity:g} makes no sense.", remedy="Choose a value from 0 to 1.", code="style-invalid"
        )


class _Job:
    """One restyle."""

    def __init__(
        self,
        style: Style,
        stems: dict[str, PcmRef],
        intensity: float,
        seed: int,
        keep: tuple[str, ...],
        progress: Progress,
        cancelled: Callable[[], bool],
        known: Analysis | None = None,
    ):
        self._known = known
        self._style, self._stems, self._intensity, self._seed = style, stems, intensity, seed
        self._keep = frozenset(keep)
        self._progress, self._cancelled = progress, cancelled
        self._notices: list[str] = []
        self._timings: dict[str, float] = {}
        self._singer = find_voice(None, rate=1)
        first = next(iter(stems.values()))
        self._rate, self._frames = first.rate, first.frames

    def run(
        self, *, out_dir: Path, operators: list[str] | tuple[str, ...] | None, pack_dir: str, provider: str
    ) -> RestyleResult:
        began = time.perf_counter()
        audio = {role: np.asarray(ref.open()) for role, ref in self._stems.items()}
        allowed = self._allowed(operators)
        self._step(0.02, "Listening to the song")
        analysis = self._timed("analysis", lambda: self._analyse(audio))
        model = ProductionModel(pack_dir, provider=provider)
        if model.notice:
            self._notices.append(model.notice)
        arranges = self._arranges(allowed, analysis)
        produces = PRODUCTION in allowed
        self._refuse_if_nothing(arranges, produces, analysis)
        roles = tuple(r for r in ("drums", "bass", "other") if arranges and self._weight(r) > 0.0)
        score = Score(layers=(), kicks_s=(), felt_bpm=analysis.tempo_bpm, metric_level=1.0)
        self._step(0.3, "Writing the parts")
        if roles:
            singer = self._singer = find_voice(audio.get("vocals"), rate=self._rate)
            ornament = float(np.clip((self._intensity - 0.2) / 0.8, 0.0, 1.0))
            score = compose(self._style, analysis, roles=roles, singer=singer, seed=self._seed, ornament=ornament)
            self._say_metric_level(score, analysis)
        staging = self._staging(out_dir)
        try:
            parts = self._timed("arrangement", lambda: self._parts(score, audio, staging, model, analysis))
            strips, muted = self._timed(
                "production", lambda: self._strips(audio, model, parts, produces, arranges, analysis)
            )
            self._timed("levels", lambda: self._balance(audio, parts, strips, muted))
            self._step(0.98, "Finishing")
            parts = publish(parts, out_dir)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        self._timings["total"] = time.perf_counter() - began
        self._progress(1.0, "Restyled")
        return RestyleResult(
            style=self._style.id,
            style_version=self._style.version,
            seed=self._seed,
            intensity=self._intensity,
            parts=parts,
            strips=strips,
            muted=muted,
            notices=self._notices,
            tempo_bpm=analysis.tempo_bpm,
            tempo_confidence=analysis.tempo_confidence,
            felt_tempo_bpm=score.felt_bpm or analysis.tempo_bpm,
            first_beat_s=analysis.first_beat_s,
            beats_s=list(analysis.beats_s),
            downbeats_s=list(analysis.downbeats_s),
            key=analysis.key,
            chords=list(analysis.chords),
            sections=list(analysis.sections),
            model_id=model.pack.id,
            model_version=model.pack.version,
            model_digest=model.pack.digest,
            provider=model.provider,
            timings_s={name: round(value, 3) for name, value in self._timings.items()},
        )

    def _step(self, fraction: float, note: str) -> None:
        if self._cancelled():
            raise Cancelled
        self._progress(fraction, note)

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        done = work()
        self._timings[name] = time.perf_counter() - began
        return done

    def _allowed(self, operators: list[str] | tuple[str, ...] | None) -> frozenset[str]:
        """Operators of the style that the licence allows; a notice for each that it does not."""
        wanted = frozenset(self._style.operators)
        allowed = wanted if operators is None else wanted & frozenset(operators)
        words = {PRODUCTION: "its mixing settings", ARRANGEMENT: "its new parts"}
        for operator in OPERATORS:
            if operator in wanted and operator not in allowed:
                self._notices.append(f"The licence does not allow {operator}: {words[operator]} were left out.")
        return allowed

    def _analyse(self, audio: dict[str, Audio]) -> Analysis:
        mix = np.zeros((2, self._frames), dtype=np.float32)
        harmonic = np.zeros((2, self._frames), dtype=np.float32)
        for role, stem in audio.items():
            mix += stem
            if role in ("bass", "other", "mix"):
                harmonic += stem
            elif role == "vocals":
                harmonic += np.float32(0.4) * stem
        self._mix_lufs = integrated_lufs(mix, rate=self._rate)
        if self._known is not None:
            return self._known
        return analyse(
            mix,
            rate=self._rate,
            harmonic=harmonic,
            progress=lambda f, note: self._step(0.02 + 0.26 * f, note),
            cancelled=self._cancelled,
        )

    def _arranges(self, allowed: frozenset[str], analysis: Analysis) -> bool:
        """Whether new parts can be written here; a notice says why not."""
        if ARRANGEMENT not in allowed or self._intensity <= min(FADES_FROM.values()):
            return False
        if set(self._stems) == {"mix"}:
            self._notices.append(
                "The song is not split into stems, so nothing can be replaced: only the mix was treated."
            )
            return False
        if self._style.needs_beat and len(analysis.beats_s) < 4:
            self._notices.append(
                f"No steady beat was found, so {self._style.name} writes no parts here; "
                "its mixing settings were applied. "
                "Ambient, Warm tape and Bright and wide need no beat."
            )
            return False
        return True

    def _refuse_if_nothing(self, arranges: bool, produces: bool, analysis: Analysis) -> None:
        silent = not np.isfinite(self._mix_lufs)
        too_short = self._frames < SHORTEST_S * self._rate
        if silent or too_short:
            raise StyleError(
                "There is nothing to hear in this." if silent else "This is shorter than a second.",
                remedy="Choose a recording with music in it." if silent else "Choose a longer piece.",
                code="style-unsuitable",
            )
        if not arranges and not produces and self._intensity > 0.0:
            beatless = len(analysis.beats_s) < 4
            raise StyleError(
                f"Nothing of {self._style.name} can be done here: "
                + " ".join(self._notices or ["the intensity is too low."]),
                remedy="Choose Ambient, Warm tape or another style that needs no beat."
                if beatless
                else "Ask for a licence that allows restyling, or raise the intensity above 0.3.",
                code="style-unsuitable",
            )

    def _say_metric_level(self, score: Score, analysis: Analysis) -> None:
        if score.metric_level != 1.0:
            word = "half" if score.metric_level < 1.0 else "double"
            self._notices.append(
                f"{self._style.name} is played in {word} time: "
                f"{score.felt_bpm:.0f} against {analysis.tempo_bpm:.0f} beats a minute."
            )
        low, high = self._style.tempo_bpm
        if score.felt_bpm and not 0.97 * low <= score.felt_bpm <= 1.03 * high:
            self._notices.append(
                f"{self._style.name} is at home at {low:.0f} to {high:.0f} beats a minute; "
                f"here it runs at {score.felt_bpm:.0f}."
            )

    def _weight(self, role: str) -> float:
        """How far a role is replaced, 0 to 1."""
        if role in self._keep:
            return 0.0
        return float(np.clip((self._intensity - FADES_FROM[role]) / FADE, 0.0, 1.0))

    def _staging(self, out_dir: Path) -> Path:
        try:
            out_dir.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=".restyle-", dir=out_dir))
        except OSError as error:
            raise EncodeError(
                f"The folder {out_dir} cannot be written.",
                remedy="Choose another folder, or make room on the disk.",
                code="path-not-writable",
            ) from error

    def _level_for(self, role: str, audio: dict[str, Audio]) -> float:
        """Loudness that a role's new sound should have."""
        balance = self._style.production.balance_db.get(role, 0.0)
        stem = audio.get(role)
        lufs = integrated_lufs(stem, rate=self._rate) if stem is not None else -np.inf
        if not np.isfinite(lufs) or lufs < self._mix_lufs - QUIETEST_STEM_DB:
            lufs = self._mix_lufs - TYPICAL_BELOW_MIX_DB[role]
        return float(lufs + balance)

    def _parts(
        self, score: Score, audio: dict[str, Audio], staging: Path, model: ProductionModel, analysis: Analysis
    ) -> list[Part]:
        arrangement = self._style.arrangement
        sidechain = arrangement.sidechain_db if arrangement is not None else 0.0
        parts: list[Part] = []
        conditioned = [r for r in STEMS if r in audio]
        for role in ("drums", "bass", "other"):
            layers = [layer for layer in score.layers if layer.role == role]
            if not layers:
                continue
            level = self._level_for(role, audio)
            levels = shares([-60.0 if layer.noise_db is not None else layer.level_db for layer in layers])
            for number, (layer, share_db) in enumerate(zip(layers, levels, strict=True)):
                self._step(0.32 + 0.4 * len(parts) / max(len(score.layers), 1), f"Playing: {layer.title}")
                sound = play(
                    layer,
                    score,
                    rate=self._rate,
                    length_frames=self._frames,
                    seed=self._seed,
                    sidechain_db=sidechain,
                    singer=self._singer if role == "other" else None,
                    cancelled=self._cancelled,
                )
                if layer.noise_db is not None:
                    parts.append(self._noise_part(layer, sound, staging, conditioned))
                    continue
                wanted = level + share_db + _fade_in_db(self._weight(role))
                strip, lufs = strip_for(
                    model,
                    sound,
                    rate=self._rate,
                    style=self._style,
                    role=role,
                    amount=1.0,
                    tempo_bpm=score.felt_bpm or analysis.tempo_bpm,
                    wanted_lufs=wanted,
                    peak=PART_PEAK,
                )
                if not np.isfinite(lufs):
                    continue
                path = staging / f"{role}-{number}.f32"
                pcm = write_pcm(sound, str(path), rate=self._rate)
                parts.append(
                    Part(
                        role=role,
                        title=layer.title,
                        pcm=pcm,
                        replaces=role,
                        operation=ARRANGEMENT,
                        strip=strip,
                        conditioned_on=conditioned,
                    )
                )
        return parts

    def _noise_part(self, layer: Layer, sound: Audio, staging: Path, conditioned: list[str]) -> Part:
        """Surface noise has its own level and goes through nothing."""
        strip = to_strip(neutral(), lufs=-24.0, gain_db=_fade_in_db(self._weight(layer.role)))
        pcm = write_pcm(sound, str(staging / "noise.f32"), rate=self._rate)
        return Part(
            role=layer.role,
            title=layer.title,
            pcm=pcm,
            replaces=layer.role,
            operation=ARRANGEMENT,
            strip=strip,
            conditioned_on=conditioned,
        )

    def _balance(
        self, audio: dict[str, Audio], parts: list[Part], strips: dict[str, dict[str, Any]], muted: list[str]
    ) -> None:
        """Bring the whole to the loudness of the source."""
        new = [(part.pcm.open(), part.strip) for part in parts if part.strip is not None]
        balance(
            audio,
            new,
            strips=strips,
            muted=muted,
            rate=self._rate,
            tick=lambda: self._step(0.96, "Balancing the mix"),
        )

    def _strips(
        self,
        audio: dict[str, Audio],
        model: ProductionModel,
        parts: list[Part],
        produces: bool,
        arranges: bool,
        analysis: Analysis,
    ) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Strips of the stems that stay, and the stems that fall silent."""
        amount = float(np.clip(self._intensity / PRODUCTION_FULL, 0.0, 1.0))
        replaced = {part.replaces for part in parts}
        arrangement = self._style.arrangement
        if arranges and arrangement is not None:
            replaced |= set(arrangement.mutes)
        strips: dict[str, dict[str, Any]] = {}
        muted: list[str] = []
        for number, (role, stem) in enumerate(audio.items()):
            self._step(0.75 + 0.2 * number / len(audio), "Setting the mix")
            if role in self._keep or self._intensity <= 0.0:
                continue
            weight = self._weight(role) if role in replaced and role in FADES_FROM else 0.0
            if weight >= 1.0:
                muted.append(role)
                continue
            strip: dict[str, Any] | None = None
            if produces:
                lufs = integrated_lufs(stem, rate=self._rate)
                balance = 0.0 if weight > 0.0 else self._style.production.balance_db.get(role, 0.0) * amount
                strip, lufs = strip_for(
                    model,
                    stem,
                    rate=self._rate,
                    style=self._style,
                    role=role,
                    amount=amount,
                    tempo_bpm=analysis.tempo_bpm,
                    wanted_lufs=lufs + balance if np.isfinite(lufs) else None,
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
