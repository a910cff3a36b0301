"""Sounds on their way between the library and the engine.

The library keeps blobs (encrypted where they are licensed); the engine plays PCM at the project's rate. `MediaCache`
makes the latter from the
former once per session, in the scratch folder that is removed at exit.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from engine.types import Cancelled, PcmRef, Progress
from engine.worker import Worker
from studio.base.errors import StudioError
from studio.flows.derived import DerivedCache
from studio.library import Library
from studio.project.model import Project, Source, WarpMarker
from studio.project.warp import WarpMap

STRETCHED_BYTES = 4 << 30
"""Room for sounds at other tempos and pitches; what is beyond it is made again when it is needed."""
IDLE_S = 900.0
"""A render that still reads a sound asked for it within this time."""
PLAYED = "score-"
"""How the key of a sound begins that is played from notes when it is wanted; the key of the notes follows."""


class TaskContext(Protocol):
    """The part of a job that a flow needs."""

    def progress(self, fraction: float, note: str = "") -> None: ...

    def checkpoint(self) -> None: ...

    @property
    def cancelled(self) -> bool: ...


class Silent:
    """A context for callers who neither watch nor cancel."""

    cancelled = False

    def progress(self, fraction: float, note: str = "") -> None:
        """Nobody watches."""

    def checkpoint(self) -> None:
        """Nobody cancels."""


class NotReady(StudioError):
    """A sound that would have to be stretched first, where only what is ready was asked for. Code: media-not-ready."""

    code = "media-not-ready"


class ReadyOnly(Silent):
    """A context for callers who would rather go without than wait for a sound to be stretched: in the middle of a drag
    every place of the mouse would be another one."""


def span(context: TaskContext, start: float, end: float) -> Progress:
    """A progress function that maps 0..1 to `start`..`end` of the whole job."""

    def report(fraction: float, note: str) -> None:
        context.progress(start + (end - start) * fraction, note)

    return report


class _Share:
    def __init__(self, context: TaskContext, start: float, end: float):
        self._context, self._start, self._end = context, start, end

    @property
    def cancelled(self) -> bool:
        return self._context.cancelled

    def checkpoint(self) -> None:
        self._context.checkpoint()

    def progress(self, fraction: float, note: str = "") -> None:
        self._context.progress(self._start + (self._end - self._start) * fraction, note)


def share_of(context: TaskContext, start: float, end: float) -> TaskContext:
    """The part `start`..`end` of a job's progress as a context of its own."""
    return _Share(context, start, end)


def stop_of(context: TaskContext) -> Cancelled:
    """The job's cancel flag as the engine polls it."""
    return lambda: context.cancelled


@dataclass
class MediaCache:
    """Decoded, and where asked stretched, sounds at a given rate; one file each in `folder`."""

    library: Library
    worker: Worker
    folder: Path
    _refs: dict[str, PcmRef] = field(default_factory=dict[str, PcmRef])
    _locks: dict[str, threading.Lock] = field(default_factory=dict[str, threading.Lock])
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _used_at_s: dict[str, float] = field(default_factory=dict[str, float])
    derived: DerivedCache | None = None
    """Where it is noted which sound of the library was played from which notes."""
    fresh_scores: set[str] = field(default_factory=set[str])
    """Keys of notes that were written in this session: more of them will come, so their sounds are not kept."""

    def has(self, source: Source) -> bool:
        """Whether a sound is in the library, or the notes that it can be played from again."""
        blobs = self.library.blobs
        return blobs.has(source.blob) or (source.score is not None and blobs.has(source.score))

    def trim(self, in_use: Container[str], *, most_bytes: int = STRETCHED_BYTES, idle_s: float = IDLE_S) -> None:
        """Remove stretched sounds, the longest unused first, until they take at most `most_bytes`: none whose path is
        `in_use`, and none that was asked for in the last `idle_s` seconds. They are made again when they are needed."""
        now = time.monotonic()
        with self._guard:
            made = {key: ref for key, ref in self._refs.items() if "*" in key or "~" in key or key.startswith(PLAYED)}
            total = sum(ref.frames * ref.channels * 4 for ref in made.values())
            for key in sorted(made, key=lambda each: self._used_at_s.get(each, 0.0)):
                if total <= most_bytes:
                    return
                if made[key].path in in_use or now - self._used_at_s.get(key, 0.0) < idle_s:
                    continue
                del self._refs[key]
                Path(made[key].path).unlink(missing_ok=True)
                total -= made[key].frames * made[key].channels * 4

    def _once(self, key: str, make: Callable[[Path], PcmRef]) -> PcmRef:
        """The cached sound of this key, made by `make(path)` if it is not there; concurrent callers wait for the
        first."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            known = self._refs.get(key)
            self._used_at_s[key] = time.monotonic()
            if known is not None and Path(known.path).exists():
                return known
            self.folder.mkdir(parents=True, exist_ok=True)
            name = hashlib.sha256(key.encode()).hexdigest()[:32]
            made = make(self.folder / f"{name}.f32")
            self._refs[key] = made
            return made

    def _run(self, task: str, context: TaskContext, **kwargs: Any) -> Any:
        return self.worker.run(
            f"studio.flows.tasks:{task}", kwargs, progress=context.progress, cancelled=stop_of(context)
        )

    def probe(self, blob: str) -> Any:
        """Rate, channels (after folding to stereo), frames and duration of an encoded blob, from its header."""
        path = self.library.blobs.open_file(blob)
        try:
            return self._run("probe", Silent(), path=str(path))
        finally:
            self.library.blobs.release(blob)

    def known(self, source: Source, rate: int) -> PcmRef | None:
        """The sound if it is already decoded, without any work."""
        return self._refs.get(f"{source.blob}@{rate}")

    def lend(self, blob: str, rate: int, pcm: PcmRef) -> None:
        """Know the samples of a sound that is not in the library (yet)."""
        self._refs[f"{blob}@{rate}"] = pcm

    def take_back(self, blob: str, rate: int) -> None:
        """Know them no more."""
        self._refs.pop(f"{blob}@{rate}", None)

    def pcm(self, source: Source, rate: int, context: TaskContext | None = None) -> PcmRef:
        """The source's samples at `rate`.

        Raises:
            RightsError: no valid grant for a licensed source.
            LibraryError: the blob is missing or was changed.
        """
        context = context or Silent()
        blobs = self.library.blobs

        def make(path: Path) -> PcmRef:
            if source.score is not None and not blobs.has(source.blob):
                return self._play(source.score, path, rate, context)
            if blobs.info(source.blob).kind == "file":
                encoded = blobs.open_file(source.blob)
                try:
                    imported = self._run("import_file", context, path=str(encoded), out_path=str(path), rate=rate)
                finally:
                    blobs.release(source.blob)
                return imported.pcm
            stored = blobs.open_pcm(source.blob)
            if stored.rate == rate:
                return stored
            return self._run("resample_pcm", context, pcm=stored, out_path=str(path), rate=rate)

        return self._once(f"{source.blob}@{rate}", make)

    def _play(self, score: str, path: Path, rate: int, context: TaskContext) -> PcmRef:
        """The sound of notes, at `path` or in the library; the latter once nobody is at work on them any more."""
        blobs = self.library.blobs
        # The notes rest under the licence of the recording: who may not open them may not hear them.
        notes = blobs.open_file(score)
        try:
            raw = notes.read_bytes()
        finally:
            blobs.release(score)
        key = DerivedCache.key(what="played", score=score, version=1)
        record = self.derived.get(key) if self.derived is not None else None
        blob = str(record.get("blob", "")) if record is not None else ""
        if blob and blobs.has(blob):
            made = blobs.open_pcm(blob)
        else:
            made = self.worker.run(
                "engine.inference.performance:render_task",
                {"score": raw, "out_path": str(path)},
                progress=context.progress,
                cancelled=stop_of(context),
            )
            if self.derived is not None and score not in self.fresh_scores:
                blob = blobs.put_pcm(made, assets=blobs.info(score).assets)
                self.derived.put(key, {"blob": blob})
        if made.rate == rate:
            return made
        other = path.with_name(f"{path.stem}-{rate}.f32")
        return self._run("resample_pcm", context, pcm=made, out_path=str(other), rate=rate)

    def stretched(
        self,
        project: Project,
        source: Source,
        rate: int,
        *,
        tempo_ratio: float,
        semitones: float,
        context: TaskContext | None = None,
    ) -> PcmRef:
        """The source at another tempo or pitch.

        Stems of one recording are stretched together in one pass, channels side by side, so that they still sum to
        it without phasing.
        """
        shape = f"@{rate}*{tempo_ratio:.9f}^{semitones:.4f}"
        how = {"tempo_ratio": tempo_ratio, "semitones": semitones}
        return self._together(project, source, rate, shape, how, context or Silent())

    def warped(
        self,
        project: Project,
        source: Source,
        rate: int,
        *,
        markers: Sequence[tuple[float, float]],
        semitones: float,
        context: TaskContext | None = None,
    ) -> PcmRef:
        """The source with its places moved: `markers` are ``(seconds of the source, seconds of the result)``, at least
        two; the result begins with the source's first frame, wherever the markers have it. Stems go together as in
        `stretched`.
        """
        # To a tenth of a microsecond: clips that were cut from one another share what they play.
        start_s = WarpMap([WarpMarker(source_s=at, clip_s=out) for at, out in markers]).clip_at(0.0)
        fixed = [(round(at, 7), round(out - start_s, 7)) for at, out in markers]
        named = hashlib.sha256(repr(fixed).encode()).hexdigest()[:24]
        how = {"markers": fixed, "semitones": semitones}
        return self._together(project, source, rate, f"@{rate}~{named}^{semitones:.4f}", how, context or Silent())

    def _together(
        self, project: Project, source: Source, rate: int, shape: str, how: dict[str, Any], context: TaskContext
    ) -> PcmRef:
        family = _siblings(project, source)
        if isinstance(context, ReadyOnly) and source.blob + shape not in self._refs:
            raise NotReady("That sound is not stretched yet.", remedy="Wait until it is.")

        def make(path: Path) -> PcmRef:
            inputs = [self.pcm(member, rate, context) for member in family]
            outputs = [
                path if m.id == source.id else path.with_name(f"{path.stem}-{i}.f32") for i, m in enumerate(family)
            ]
            made: list[PcmRef] = self._run(
                "stretch_together", context, inputs=inputs, outputs=[str(out) for out in outputs], **how
            )
            for member, ref in zip(family, made, strict=True):
                self._refs[member.blob + shape] = ref
                self._used_at_s[member.blob + shape] = time.monotonic()
            return self._refs[source.blob + shape]

        return self._once(source.blob + shape, make)


def _siblings(project: Project, source: Source) -> list[Source]:
    """All stems that came from the same recording in the same way, this one included, in a stable order."""
    if not source.parents or not any(step.operation.startswith("stem:") for step in source.steps):
        return [source]
    family = [
        other
        for other in project.sources.values()
        if other.parents == source.parents
        and other.delivered == source.delivered
        and any(s.operation.startswith("stem:") for s in other.steps)
    ]
    return sorted(family, key=lambda other: (other.role, other.id)) or [source]
