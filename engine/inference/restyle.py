"""Restyle: analyse the song, write and play the style's parts, let the production model set every strip.

Order of operators: B (arrangement) first, then A (production) on what is heard afterwards. Intensity follows the
styles' rule: 0 changes nothing, to 0.3 production alone grows, from 0.3 drums, from 0.5 bass, from 0.7 harmony are
replaced, each cross-faded over 0.1.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.analysis import Analysis, analyse
from engine.analysis.corrections import conformed
from engine.analysis.theme import theme_of
from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, EncodeError, StyleError
from engine.inference.arrangement import Score, compose
from engine.inference.arrangement_voice import NOBODY, singer_of
from engine.inference.production import ProductionModel
from engine.inference.restyle_mix import FADES_FROM, Mixer, weight_of
from engine.inference.restyle_result import RestyleResult, publish
from engine.inference.style_variation import varied
from engine.inference.styles import ARRANGEMENT, OPERATORS, PRODUCTION, Style, load_style
from engine.types import STEMS, Audio, PcmRef, Progress

SHORTEST_S = 1.0
REMEMBERED = 8
"""Songs whose analysis a worker remembers: a person tries several styles on one song."""

_heard: OrderedDict[tuple[tuple[str, str], ...], Analysis] = OrderedDict()
"""Analyses of this process by the digests of the stems."""


def warm_task(*, progress: Progress, cancelled: Callable[[], bool]) -> None:
    """Worker task: begin to load what a restyle needs, on a thread beside the tasks that follow, so that the first one
    does not wait for it."""
    threading.Thread(target=load, name="contrafact-warm-restyle", daemon=True).start()


def load() -> None:
    """Load what a restyle needs: its libraries take seconds, once a process."""
    rate = 44_100
    time_s = np.arange(4 * rate) / rate
    clicks = (np.sin(2 * np.pi * 220 * time_s) * np.exp(-12 * (time_s % 0.5))).astype(np.float32)
    analyse(np.stack([clicks, clicks]), rate=rate)


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
    stated: dict[str, Any] | None = None,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> RestyleResult:
    """Worker task: restyle a song from its stems. The same arguments write the same bytes.

    Args:
        stems: role (vocals, drums, bass, other; or ``mix`` alone) -> samples; all of one rate and length.
        out_dir: folder for the new parts, made when missing; nothing is left there when the task fails or is cancelled.
        style: id of a style.
        intensity: 0 (nothing changes) to 1.
        seed: 0 plays the style as it is written, any other varies it (`engine.inference.style_variation`).
        keep: roles that are not touched.
        operators: what the licence allows of ``style:production`` and ``style:arrangement``; None is both.
        pack_dir: folder of the production model.
        provider: auto, cpu or cuda.
        styles_dir: folder of style files; None is the shipped ones.
        analysis: of the song where it is known already; None listens first.
        stated: what a person or a label says of the song: ``tempo_bpm``, ``first_beat_s``, ``key``, each or none
            (`engine.analysis.corrections.conformed`).

    Raises:
        StyleError: ``style-unknown``, ``style-invalid``; ``style-unsuitable`` where nothing of the style can be
        done here. PackError, InferenceError: the model is broken or does not run.
        Cancelled: when the caller wants to stop.
    """
    recipe = varied(load_style(style, None if styles_dir is None else Path(styles_dir)), int(seed))
    _check_arguments(stems, intensity)
    job = _Job(recipe, stems, float(intensity), int(seed), tuple(keep), progress, cancelled, analysis, stated)
    return job.run(out_dir=Path(out_dir), operators=operators, pack_dir=pack_dir, provider=provider)


def unsuitable(style: Style, analysis: Analysis, *, operators: Sequence[str] | None) -> StyleError | None:
    """Why nothing of a style can be done for a song, or None where something can."""
    allowed = set(style.operators) if operators is None else set(style.operators) & set(operators)
    beatless = style.needs_beat and len(analysis.beats_s) < 4
    if PRODUCTION in allowed or (ARRANGEMENT in allowed and not beatless):
        return None
    return StyleError(
        f"{style.name} writes parts on a beat, and no steady beat was found."
        if ARRANGEMENT in allowed
        else f"The licence allows nothing of {style.name} here.",
        remedy="Choose Ambient, Orchestral or a style that treats the mix alone."
        if ARRANGEMENT in allowed
        else "Ask for a licence that allows restyling, or choose another style.",
        code="style-unsuitable",
    )


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
        stated: dict[str, Any] | None = None,
    ):
        self._known, self._stated = known, stated or {}
        self._style, self._stems, self._intensity, self._seed = style, stems, intensity, seed
        self._keep = frozenset(keep)
        self._progress, self._cancelled = progress, cancelled
        self._notices: list[str] = []
        self._timings: dict[str, float] = {}
        self._singer = NOBODY
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
        roles = tuple(
            r for r in ("drums", "bass", "other") if arranges and weight_of(r, self._intensity, self._keep) > 0.0
        )
        score = Score(layers=(), kicks_s=(), felt_bpm=analysis.tempo_bpm, metric_level=1.0)
        self._step(0.3, "Writing the parts")
        if roles:
            singer = self._singer = singer_of(audio, rate=self._rate)
            theme = theme_of(audio, rate=self._rate, beats_s=analysis.beats_s, cancelled=self._cancelled)
            ornament = float(np.clip((self._intensity - 0.2) / 0.8, 0.0, 1.0))
            score = compose(
                self._style, analysis, roles=roles, singer=singer, seed=self._seed, ornament=ornament, theme=theme
            )
            self._say_metric_level(score, analysis)
        staging = self._staging(out_dir)
        try:
            mixer = self._mixer(audio, model, analysis)
            parts = self._timed("arrangement", lambda: mixer.parts(score, staging))
            strips, muted = self._timed("production", lambda: mixer.strips(parts, produces=produces, arranges=arranges))
            parts = self._timed("levels", lambda: mixer.level(parts, strips, muted, staging))
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

    def _mixer(self, audio: dict[str, Audio], model: ProductionModel, analysis: Analysis) -> Mixer:
        return Mixer(
            style=self._style,
            model=model,
            audio=audio,
            analysis=analysis,
            singer=self._singer,
            rate=self._rate,
            frames=self._frames,
            mix_lufs=self._mix_lufs,
            intensity=self._intensity,
            keep=self._keep,
            seed=self._seed,
            step=self._step,
            cancelled=self._cancelled,
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
            return conformed(self._known, **self._stated)
        key = tuple(sorted((role, ref.digest) for role, ref in self._stems.items()))
        heard = _heard.get(key)
        if heard is None:
            heard = analyse(
                mix,
                rate=self._rate,
                harmonic=harmonic,
                progress=lambda f, note: self._step(0.02 + 0.26 * f, note),
                cancelled=self._cancelled,
            )
        if all(digest for _, digest in key):
            _heard[key] = heard
            _heard.move_to_end(key)
            while len(_heard) > REMEMBERED:
                _heard.popitem(last=False)
        return conformed(heard, **self._stated)

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
                "Ambient, Orchestral, Warm tape and Bright and wide need no beat."
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
